//go:build !race

package api_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// What a call takes in allocations is exact, so it is held to a figure; make bench tells times.
func TestCostOfACall(t *testing.T) {
	const want = 50
	if got := testing.AllocsPerRun(100, callWithLists(t, 1)); got > want {
		t.Errorf("%v allocations, want at most %d", got, want)
	}
}

// The allocations for a contact grow no faster than its lists.
func TestCostGrowsWithTheContact(t *testing.T) {
	of := func(lists int) float64 { return testing.AllocsPerRun(10, callWithLists(t, lists)) }
	few, some, many := of(10), of(1000), of(10_000)
	t.Logf("%v allocations for 10 lists, %v for 1000, %v for 10,000", few, some, many)
	if most := some + 10*(some-few); many > most {
		t.Errorf("%v allocations for 10,000 lists, want at most %v", many, most)
	}
}

// callWithLists sends the contact of the vendor's page with its list as many times.
func callWithLists(t *testing.T, lists int) func() {
	t.Helper()
	_, contact := pageContact(t)
	contact.Lists = slices.Repeat(contact.Lists, lists)
	client := newClient(t, "https://api.invalid", api.WithHTTPClient(&http.Client{Transport: stub{}}))
	return func() {
		if _, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact); err != nil {
			t.Fatal(err)
		}
	}
}

// stub answers without a network.
type stub struct{}

func (stub) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(yes)), ContentLength: int64(len(yes)),
	}, nil
}

// A good answer of a MiB is checked in bounded memory, one that the acceptor doubts too.
func TestCostOfAMiB(t *testing.T) {
	fill := func(element string, names bool) string {
		var text strings.Builder
		text.WriteString(strings.TrimSuffix(yes, "}") + `,"more":` + map[bool]string{true: "{", false: "["}[names])
		for i := 0; text.Len()+len(element) < 1<<20-64; i++ {
			if i > 0 {
				text.WriteByte(',')
			}
			if names {
				fmt.Fprintf(&text, `"%x":`, i)
			}
			text.WriteString(element)
		}
		return text.String() + map[bool]string{true: "}}", false: "]}"}[names]
	}
	for name, c := range map[string]struct {
		body string
		most uint64 // MiB, of all that is allocated
	}{
		"numbers":                 {fill("1", false), 10},
		"objects":                 {fill(`{"a":[null]}`, false), 10},
		"names":                   {fill("1", true), 64},
		"texts":                   {fill(`"`+strings.Repeat("x", 1<<18)+`"`, false), 10},
		"numbers in doubt":        {fill("1e100", false), 64},
		"names, and one in doubt": {fill(`"\ud83d\ude00"`, true), 64},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = fmt.Fprint(w, c.body)
			}))
			var err error
			took := allocated(func() { _, err = create(t, client) }) >> 20
			if err != nil || took > c.most {
				t.Errorf("%d MiB allocated, want at most %d: %v", took, c.most, err)
			}
			t.Logf("%d MiB allocated for an answer of %d KiB", took, len(c.body)>>10)
		})
	}
}

// 100,000 calls leave nothing behind.
func TestCostLeavesNothing(t *testing.T) {
	const calls, mostBytes = 100_000, 128 << 10
	call := callWithLists(t, 1)
	inUse := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // the first one leaves what pools hold
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for range 1000 {
		call()
	}
	before, goroutines := inUse(), runtime.NumGoroutine()
	for range calls {
		call()
	}
	grown := inUse() - before
	t.Logf("the heap grew by %d bytes", grown)
	if grown > mostBytes || runtime.NumGoroutine() > goroutines {
		t.Errorf("the heap grew by %d bytes, and there are %d goroutines after %d", grown, runtime.NumGoroutine(), goroutines)
	}
}
