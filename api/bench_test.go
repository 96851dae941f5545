package api_test

import (
	"cmp"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

var rounds = flag.Int("rounds", 0, "rounds of each benchmark")

// TestBench compares the ways to make a call. They take turns within each round, so that what slows
// the machine slows them all; each ratio is the median over the rounds.
func TestBench(t *testing.T) {
	needRounds(t)
	const over = 2 * time.Millisecond // the least time that a way is measured for within a round
	for _, where := range []struct {
		name, base string
		transport  http.RoundTripper
	}{
		{"a stub in place of the network", "https://api.invalid", stub{}},
		{"a kept-alive loopback socket", serve(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, yes)
		}), api.NewTransport()},
	} {
		ways := waysOver(t, where.base, where.transport)
		times := make([][]float64, len(ways)) // of each way, by round, in seconds a call
		calls := make([]int, len(ways))
		for round := range *rounds * 20 {
			for i := range ways {
				i = (i + round) % len(ways)
				if calls[i] == 0 { // the first round only warms up
					calls[i] = max(1, int(over.Seconds()/timeOf(t, ways[i], 100)))
					continue
				}
				times[i] = append(times[i], timeOf(t, ways[i], calls[i]))
			}
		}
		report(t, "One call over "+where.name, []string{"", "time", "to the floor", "to the usual way", "allocations", "to the usual way"}, func(row func(...any)) {
			usual := allocations(t, ways[usualWay], 100)
			for i, w := range ways {
				n := allocations(t, w, 100)
				row(w.name, fmt.Sprintf("%.1f us", 1e6*median(times[i])), ratio(times[i], times[floorWay]), ratio(times[i], times[usualWay]), n, fmt.Sprintf("%.2f", n/usual))
			}
		})
	}
}

func needRounds(t *testing.T) {
	t.Helper()
	if *rounds == 0 {
		t.Skip("measures times: run make bench")
	}
}

func timeOf(t *testing.T, w way, calls int) float64 {
	t.Helper()
	start := time.Now()
	for range calls {
		if err := w.call(); err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
	}
	return time.Since(start).Seconds() / float64(calls)
}

func allocations(t *testing.T, w way, calls int) float64 {
	t.Helper()
	return testing.AllocsPerRun(calls, func() {
		if err := w.call(); err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
	})
}

// ratio is the median over the rounds of a to b.
func ratio(a, b []float64) string {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return fmt.Sprintf("%.2f", median(ratios))
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}

func report(t *testing.T, title string, head []string, rows func(row func(...any))) {
	t.Helper()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "%s\n%s\n", title, strings.Join(head, "\t"))
	rows(func(cells ...any) {
		for _, cell := range cells {
			_, _ = fmt.Fprintf(table, "%v\t", cell)
		}
		_, _ = fmt.Fprintln(table)
	})
	_ = table.Flush()
	t.Log(text.String())
}

// TestBenchContact sends contacts of the vendor's page with their list as many times.
func TestBenchContact(t *testing.T) {
	needRounds(t)
	report(t, "The size of the contact", []string{"", "time", "for each list", "allocations"}, func(row func(...any)) {
		for _, lists := range []int{1, 10, 100, 1000, 10_000} {
			call := callWithLists(t, lists)
			var times []float64
			for range *rounds {
				times = append(times, timeOf(t, call, 1+1000/lists))
			}
			row(call.name, fmt.Sprintf("%.0f us", 1e6*median(times)), fmt.Sprintf("%.1f us", 1e6*median(times)/float64(lists)), allocations(t, call, 5))
		}
	})
}

// callWithLists sends the contact of the vendor's page with its list as many times.
func callWithLists(t *testing.T, lists int) way {
	t.Helper()
	_, contact := pageContact(t)
	contact.Lists = slices.Repeat(contact.Lists, lists)
	client := newClient(t, "https://api.invalid", api.WithHTTPClient(&http.Client{Transport: stub{}}))
	return way{fmt.Sprintf("%d lists", lists), func() error {
		_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
		return err
	}}
}

// TestBenchCallers has 64 callers share a client, with the transport that clients have by default and with that of net/http.
func TestBenchCallers(t *testing.T) {
	needRounds(t)
	const callers, callsEach = 64, 40
	for _, http2 := range []bool{false, true} {
		var opened atomic.Int64
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, yes)
		}))
		server.EnableHTTP2 = http2
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened.Add(1)
			}
		}
		server.StartTLS()
		roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		var perSecond, connections [2][]float64
		for range 1 + *rounds/4 {
			for i, transport := range []*http.Transport{api.NewTransport(), http.DefaultTransport.(*http.Transport).Clone()} {
				transport.TLSClientConfig = &tls.Config{RootCAs: roots}
				client := newClient(t, server.URL, api.WithHTTPClient(&http.Client{Transport: transport}))
				opened.Store(0)
				start := time.Now()
				var calling sync.WaitGroup
				for range callers {
					calling.Go(func() {
						for range callsEach {
							if _, err := create(t, client); err != nil {
								t.Error(err)
							}
						}
					})
				}
				calling.Wait()
				perSecond[i] = append(perSecond[i], callers*callsEach/time.Since(start).Seconds())
				connections[i] = append(connections[i], float64(opened.Load()))
				transport.CloseIdleConnections()
			}
		}
		server.Close()
		title := fmt.Sprintf("%d calls of %d callers over TLS, HTTP/2 %v", callers*callsEach, callers, http2)
		report(t, title, []string{"", "calls a second", "connections"}, func(row func(...any)) {
			row("by default", fmt.Sprintf("%.0f", median(perSecond[0])), median(connections[0]))
			row("http.DefaultTransport", fmt.Sprintf("%.0f", median(perSecond[1])), median(connections[1]))
			row("ratio", ratio(perSecond[0], perSecond[1]), ratio(connections[0], connections[1]))
		})
	}
}

// TestBenchCold starts processes that make two calls.
func TestBenchCold(t *testing.T) {
	needRounds(t)
	program := filepath.Join(t.TempDir(), "cold")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./internal/cold").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	initialised := regexp.MustCompile(`(?m)^init (\S+) @\S+ ms, (\S+) ms clock`)
	steps := make([][]float64, 4) // import, New, first call, second call, in ms
	packages := make(map[string][]float64)
	for range *rounds * 5 {
		var stdout, stderr strings.Builder
		command := exec.CommandContext(t.Context(), program)
		command.Env = append(os.Environ(), "GODEBUG=inittrace=1")
		command.Stdout, command.Stderr = &stdout, &stderr
		if err := command.Run(); err != nil {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
		total := 0.0
		for _, line := range initialised.FindAllStringSubmatch(stderr.String(), -1) {
			ms, err := strconv.ParseFloat(line[2], 64)
			if err != nil {
				t.Fatal(err)
			}
			total += ms
			packages[line[1]] = append(packages[line[1]], ms)
		}
		steps[0] = append(steps[0], total)
		for i, text := range strings.Fields(stdout.String()) {
			ns, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			steps[1+i] = append(steps[1+i], ns/1e6)
		}
	}
	report(t, "A process that starts", []string{"", "ms"}, func(row func(...any)) {
		for i, name := range []string{"import", "New", "first call", "second call"} {
			row(name, fmt.Sprintf("%.3f", median(steps[i])))
		}
		names := slices.SortedFunc(maps.Keys(packages), func(a, b string) int {
			return cmp.Compare(median(packages[b]), median(packages[a]))
		})
		for _, name := range names[:5] {
			row("import: "+name, fmt.Sprintf("%.3f", median(packages[name])))
		}
	})
}
