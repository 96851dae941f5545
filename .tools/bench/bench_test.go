package bench

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

var rounds = flag.Int("rounds", 0, "rounds of each benchmark")

// A round within this process has many short turns for each way.
const turnsOfRound, turn = 20, 20 * time.Millisecond

func TestWays_RefuseInvalidResponsesIfTheyValidate(t *testing.T) {
	const incomplete = `{"success":true,"data":{"amount":123}}`
	list := attributes(99 << 10)
	undated := strings.Replace(list, "2023-11-07T", "2023-11-07 ", 1)
	for _, w := range ways {
		created := overStub(w, success).create(t.Context())
		read := overStub(w, list).list(t.Context())
		if err := cmp.Or(created, read); err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		created = overStub(w, incomplete).create(t.Context())
		read = overStub(w, undated).list(t.Context())
		if w.validates && (created == nil || read == nil) {
			t.Errorf("%s accepts a response that does not conform to the spec", w.name)
		}
	}
}

func TestBenchCallWithoutNetwork(t *testing.T) {
	compareCalls(t, "One call, a stub in place of the network", func(w way) call {
		return overStub(w, success).create
	})
}

func TestBenchCallOverLoopback(t *testing.T) {
	needRounds(t)
	server := startServer(t)
	compareCalls(t, "One call over a kept-alive loopback socket", func(w way) call {
		transport := newTransport("")
		t.Cleanup(transport.CloseIdleConnections)
		return w.open(server.HTTP, &http.Client{Transport: transport}).create
	})
}

func TestBenchList(t *testing.T) {
	list := attributes(99 << 10)
	compareCalls(t, "A list of 99 KiB, a stub in place of the network", func(w way) call {
		return overStub(w, list).list
	})
}

func TestBenchMemory(t *testing.T) {
	needRounds(t)
	server := startServer(t)
	compare(t, "A process whose 64 callers read 3 lists of 1 MiB each", *rounds,
		[]string{"MiB at the peak"}, func(way int) []float64 {
			j := job{Way: way, Base: server.HTTP, List: true, Callers: 64, Calls: 3}
			return []float64{j.start(t).Peak}
		})
}

func TestBenchCallers(t *testing.T) {
	needRounds(t)
	const callers, warm, calls = 64, 10, 100 // the calls of warm open the connections
	server := startServer(t)
	for _, over := range []struct{ name, base string }{
		{"HTTP/1.1", server.TLS1}, {"HTTP/2", server.TLS2},
	} {
		compare(t, "A process whose 64 callers share a client, TLS, "+over.name, *rounds,
			[]string{"calls/s of client CPU", "calls/s"}, func(way int) []float64 {
				took := job{
					Way: way, Base: over.base, Certificate: server.Certificate,
					Callers: callers, Warm: warm, Calls: calls,
				}.start(t)
				return []float64{callers * calls / took.CPU, callers * calls / took.Wall}
			})
	}
}

// TestBenchCold starts processes that make two calls.
func TestBenchCold(t *testing.T) {
	needRounds(t)
	program := filepath.Join(t.TempDir(), "cold")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cold")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	initialised := regexp.MustCompile(`(?m)^init (\S+) @\S+ ms, (\S+) ms clock`)
	took := make(map[string][]float64) // ms, by step
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
			ms := must(strconv.ParseFloat(line[2], 64))
			total += ms
			took["import "+line[1]] = append(took["import "+line[1]], ms)
		}
		took["import"] = append(took["import"], total)
		for i, text := range strings.Fields(stdout.String()) {
			step := []string{"New", "first call", "second call"}[i]
			took[step] = append(took[step], must(strconv.ParseFloat(text, 64))/1e6)
		}
	}
	rows := [][]string{{"A process that starts", "ms"}}
	steps := []string{"import", "New", "first call", "second call"}
	packages := slices.SortedFunc(maps.Keys(took), func(a, b string) int {
		return cmp.Compare(median(took[b]), median(took[a]))
	})
	packages = slices.DeleteFunc(packages, func(s string) bool { return slices.Contains(steps, s) })
	for _, step := range append(steps, packages[:5]...) {
		rows = append(rows, []string{step, fmt.Sprintf("%.3f", median(took[step]))})
	}
	show(t, rows)
}

func needRounds(t *testing.T) {
	t.Helper()
	if *rounds == 0 {
		t.Skip("needs -rounds")
	}
}

// compareCalls compares the time and the allocations of a call within this process.
func compareCalls(t *testing.T, title string, open func(way) call) {
	t.Helper()
	needRounds(t)
	opened, calls := make([]func(), len(ways)), make([]int, len(ways)) // calls of a turn
	for i, w := range ways {
		c := open(w)
		opened[i] = func() {
			if err := c(t.Context()); err != nil {
				t.Fatalf("%s: %v", w.name, err)
			}
		}
		timeOf(opened[i], 100) // warms up
		calls[i] = max(1, int(turn.Seconds()/timeOf(opened[i], 20)))
	}
	figures := []string{"us", "allocations"}
	compare(t, title, *rounds*turnsOfRound, figures, func(way int) []float64 {
		us := 1e6 * timeOf(opened[way], calls[way])
		return []float64{us, testing.AllocsPerRun(1, opened[way])}
	})
}

// timeOf returns the mean time of a call, in seconds.
func timeOf(call func(), calls int) float64 {
	start := time.Now()
	for range calls {
		call()
	}
	return time.Since(start).Seconds() / float64(calls)
}

// compare measures each way once a round and starts each round with another way, so that other load
// slows all of them. It shows the median of each figure and the medians of its ratios within a
// round, which vary less.
func compare(
	t *testing.T, title string, rounds int, figures []string, measure func(way int) []float64,
) {
	t.Helper()
	measured := make([][][]float64, len(ways)) // by way, figure and round
	for round := range rounds {
		for i := range ways {
			w := (i + round) % len(ways)
			for f, value := range measure(w) {
				if round == 0 {
					measured[w] = append(measured[w], nil)
				}
				measured[w][f] = append(measured[w][f], value)
			}
		}
	}
	rows := [][]string{{title, "validates"}}
	for _, figure := range figures {
		rows[0] = append(rows[0], figure, "to the floor", "to the usual way")
	}
	for i, w := range ways {
		row := []string{w.name, map[bool]string{true: "yes", false: "-"}[w.validates]}
		for f := range figures {
			values := measured[i][f]
			row = append(row, fmt.Sprintf("%.1f", median(values)))
			for _, other := range []int{floorWay, usualWay} {
				ratios := slices.Clone(values)
				for round, base := range measured[other][f] {
					ratios[round] /= base
				}
				row = append(row, fmt.Sprintf("%.2f", median(ratios)))
			}
		}
		rows = append(rows, row)
	}
	show(t, rows)
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

func show(t *testing.T, rows [][]string) {
	t.Helper()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	_ = table.Flush()
	t.Log("\n" + text.String())
}

// overStub opens a way with a stub in place of the network.
func overStub(w way, body string) calls {
	return w.open("https://api.invalid", &http.Client{Transport: stub(body)})
}

// stub is a transport that responds with itself as the body.
type stub string

func (s stub) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Request: r, Body: io.NopCloser(strings.NewReader(string(s))), ContentLength: int64(len(s)),
	}, nil
}
