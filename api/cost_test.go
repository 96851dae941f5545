//go:build !race

package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// The number of allocations is exact, so the test has a limit for it. Times vary: see make bench.
func TestCost_AllocationsOfACall(t *testing.T) {
	const maxAllocations = 54
	if got := testing.AllocsPerRun(100, callWithLists(t, 1)); got > maxAllocations {
		t.Errorf("%v allocations, want at most %d", got, maxAllocations)
	}
}

// The allocations for a contact grow at most in proportion to its lists.
func TestCost_GrowsLinearlyWithTheContact(t *testing.T) {
	of := func(lists int) float64 { return testing.AllocsPerRun(10, callWithLists(t, lists)) }
	few, some, many := of(10), of(1000), of(10_000)
	t.Logf("%v allocations for 10 lists, %v for 1000, %v for 10,000", few, some, many)
	if limit := some + 10*(some-few); many > limit {
		t.Errorf("%v allocations for 10,000 lists, want at most %v", many, limit)
	}
}

// callWithLists returns a function that sends the contact of the vendor's page. The contact has the
// list of the page as many times.
func callWithLists(t *testing.T, lists int) func() {
	t.Helper()
	_, contact := pageContact(t)
	contact.Lists = slices.Repeat(contact.Lists, lists)
	// The spec as it was once: the cost of a call is not that of what a later one validates.
	frozen, err := openapi3.NewLoader().LoadFromFile("../.tools/spec/testdata/spec.yaml")
	if err != nil {
		t.Fatal(err)
	}
	transport := withRoundTrip(func(r *http.Request) (*http.Response, error) { return respond(r, successBody), nil })
	client := newClient(t, "https://api.invalid", transport, api.WithSpec(frozen))
	return func() {
		if _, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact); err != nil {
			t.Fatal(err)
		}
	}
}

// A valid response of 1 MiB is validated in limited memory, also if the fast path leaves it to
// kin-openapi.
func TestCost_MemoryOfALargeResponse(t *testing.T) {
	fill := func(element string, isObject bool) string {
		opening, closing := "[", "]}"
		if isObject {
			opening, closing = "{", "}}"
		}
		var text strings.Builder
		text.WriteString(strings.TrimSuffix(successBody, "}") + `,"more":` + opening)
		for i := 0; text.Len()+len(element) < 1<<20-64; i++ {
			if i > 0 {
				text.WriteByte(',')
			}
			if isObject {
				fmt.Fprintf(&text, `"%x":`, i)
			}
			text.WriteString(element)
		}
		return text.String() + closing
	}
	for name, c := range map[string]struct {
		body         string
		maxAllocated uint64 // MiB
	}{
		"numbers":                          {fill("1", false), 10},
		"objects":                          {fill(`{"a":[null]}`, false), 10},
		"properties":                       {fill("1", true), 64},
		"strings":                          {fill(`"`+strings.Repeat("x", 1<<18)+`"`, false), 10},
		"numbers outside the fast path":    {fill("1e100", false), 64},
		"properties outside the fast path": {fill(`"\ud83d\ude00"`, true), 64},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
				writeJSON(w, c.body)
			}))
			// An invalid request makes the client read the spec, which is not what is measured.
			_, err := client.CreateAttribute(t.Context(), "no-such-type", gen.Contact{})
			if !errors.Is(err, api.ErrInvalidRequest) {
				t.Fatal(err)
			}
			took := allocated(func() { _, err = create(t, client) }) >> 20
			if err != nil || took > c.maxAllocated {
				t.Errorf("%d MiB allocated, want at most %d: %v", took, c.maxAllocated, err)
			}
			t.Logf("%d MiB allocated for a response of %d KiB", took, len(c.body)>>10)
		})
	}
}

// The memory of a call is freed: the heap does not grow with the number of calls.
func TestCost_FreesTheMemoryOfACall(t *testing.T) {
	const (
		calls     = 100_000
		maxGrowth = 128 << 10 // bytes
	)
	call := callWithLists(t, 1)
	inUse := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // a sync.Pool frees its values at the second collection only
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
	if grown > maxGrowth || runtime.NumGoroutine() > goroutines {
		t.Errorf("the heap grew by %d bytes, and the goroutines from %d to %d",
			grown, goroutines, runtime.NumGoroutine())
	}
}
