package api_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
	"github.com/sakari-go/sakari-go/gen"
)

var soakFor = flag.Duration("soak", time.Second, "how long TestSoak runs")

const (
	soakCallers = 100
	// maxSoakCalls is the number of calls that a soak records. Further calls are not made.
	maxSoakCalls = 1 << 22
	// maxHeapGrowth is in bytes. The client keeps the last failure to get a token, with a response
	// up to the limit; the rest is for the runtime.
	maxHeapGrowth = bodyLimit + 1<<20
	// maxQuietWait is the time that connections and goroutines may take to end.
	maxQuietWait = 10 * time.Second
)

// 100 callers use a server that fails at random in every way of the tables of faults. In the end
// the outcomes that the callers got are compared with what the server did.
func TestSoak(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	s := startFaultServer(t, faultserver.TCP)
	books := newSoakBooks()
	s.OnProcess = books.process
	s.API, s.Token = soakActions()
	client := s.client(t,
		api.WithTimeout(10*time.Second), // long enough for the retries of a token call
		api.WithHTTPClient(&http.Client{Transport: s.transport, Timeout: 250 * time.Millisecond}),
		api.WithSleep(func(ctx context.Context, _ time.Duration) error { return ctx.Err() }))

	// heapAfter lets the callers work, waits until all has ended, and returns the size of the heap.
	heapAfter := func(d time.Duration) int64 {
		end := time.Now().Add(d)
		var working sync.WaitGroup
		for range soakCallers {
			working.Go(func() {
				for time.Now().Before(end) {
					books.call(t, client)
				}
			})
		}
		working.Wait()
		s.awaitQuiet(t, goroutines)
		runtime.GC()
		runtime.GC() // the first one only moves the pools to their second generation
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		return int64(memory.HeapAlloc)
	}
	early := heapAfter(*soakFor / 4)
	growth := heapAfter(*soakFor*3/4) - early
	if growth > maxHeapGrowth {
		t.Errorf("the heap grew by %d KiB", growth>>10)
	}

	counts := s.Counts()
	t.Logf("%d calls, %d requests, %d for a token in %v; heap %+d KiB",
		books.calls.Load(), counts.Requests, counts.Tokens, *soakFor, growth>>10)
	books.check(t, counts.Processed)
}

// soakActions returns actions that succeed in a third of the cases, and else fail at random.
func soakActions() (forAPI, forToken faultserver.Action) {
	const trap = "127.0.0.1:1" // nothing listens there
	var responses, tokens []faultserver.Action
	for _, f := range slices.Concat(responseFaults(), redirectFaults(trap), retryFaults(), networkFaults()) {
		if f.base == nil && f.call == nil && f.api != nil && !f.leaveBodyUnread && !f.twoResponses {
			responses = append(responses, f.api)
		}
	}
	for _, f := range tokenFaults(trap) {
		if f.token != nil {
			tokens = append(tokens, f.token)
		}
	}
	forAPI = func(x *faultserver.Exchange) {
		x.Number = 1 + rand.IntN(4) // for the actions that act in turn
		if rand.IntN(3) == 0 {
			faultserver.Succeed(x)
			return
		}
		responses[rand.IntN(len(responses))](x)
	}
	forToken = func(x *faultserver.Exchange) {
		lifetime := 2 * rand.Float64() // in seconds
		if x.Number == 1 {
			lifetime = 2 // so that there are calls in a short soak
		} else if rand.IntN(10) == 0 {
			tokens[rand.IntN(len(tokens))](x)
			return
		}
		faultserver.Reply(http.StatusOK, fmt.Sprintf(
			`{"access_token":"%s-%d","expires_in":%g}`, faultserver.AccessToken, x.Number, lifetime))(x)
	}
	return forAPI, forToken
}

// soakBooks records the outcome of each call, and what the server did.
type soakBooks struct {
	calls     atomic.Int64
	outcomes  []uint8      // by number of the call: its outcome, plus 1
	processed []uint8      // by number of the call: how often the server processed it
	unknown   atomic.Int64 // requests that are of no call
}

func newSoakBooks() *soakBooks {
	return &soakBooks{outcomes: make([]uint8, maxSoakCalls), processed: make([]uint8, maxSoakCalls)}
}

// call makes a call that carries its number.
func (b *soakBooks) call(t *testing.T, client *api.Client) {
	number := b.calls.Add(1) - 1
	if number >= maxSoakCalls {
		return
	}
	contact := gen.Contact{FirstName: new(strconv.FormatInt(number, 10)), Email: new(faultserver.Email)}
	got, err := client.CreateAttribute(context.Background(), gen.AttributeTypeContacts, contact)
	if (got == nil) == (err == nil) {
		t.Errorf("result %v and error %v: want exactly one", got, err)
	}
	b.outcomes[number] = uint8(1 + api.OutcomeOf(err))
	if errors.As(err, new(*api.AuthError)) {
		// All callers share the failure for a second, and would spin for as long.
		time.Sleep(10 * time.Millisecond)
	}
}

// process records a request that the server processes.
func (b *soakBooks) process(body string) {
	var contact gen.Contact
	if json.Unmarshal([]byte(body), &contact) != nil || contact.FirstName == nil {
		b.unknown.Add(1)
		return
	}
	number, err := strconv.Atoi(*contact.FirstName)
	if err != nil {
		b.unknown.Add(1)
		return
	}
	b.processed[number]++
}

// check compares the outcomes of the calls with what the server did.
func (b *soakBooks) check(t *testing.T, processedInAll int) {
	t.Helper()
	var calls, processed [3]int // by outcome
	for number := range min(b.calls.Load(), maxSoakCalls) {
		outcome, times := api.Outcome(b.outcomes[number]-1), int(b.processed[number])
		calls[outcome]++
		processed[outcome] += times
		if times > 1 || outcome == api.Applied && times == 0 || outcome == api.NotApplied && times == 1 {
			t.Errorf("call %d: %v, and processed %d times", number, outcome, times)
		}
	}
	for _, outcome := range []api.Outcome{api.Applied, api.NotApplied, api.Unknown} {
		t.Logf("%-11v %7d calls, %7d processed", outcome, calls[outcome], processed[outcome])
		if calls[outcome] == 0 {
			t.Errorf("no call has the outcome %v", outcome)
		}
	}
	if sum := processed[0] + processed[1] + processed[2]; sum != processedInAll || b.unknown.Load() != 0 {
		t.Errorf("the server processed %d, %d of them of known calls and %d of unknown ones",
			processedInAll, sum, b.unknown.Load())
	}
}

// awaitQuiet waits until no connection is open, and no more goroutines run than before. The runtime
// reports no event when a goroutine ends.
func (s *faultServer) awaitQuiet(t *testing.T, goroutines int) {
	t.Helper()
	const ownGoroutines = 2 // of the server
	s.transport.CloseIdleConnections()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		connections, more := s.Connections(), runtime.NumGoroutine()-goroutines
		if connections == 0 && more <= ownGoroutines {
			return
		}
		if time.Since(start) > maxQuietWait {
			t.Errorf("%d connections and %d goroutines are left", connections, more)
			return
		}
	}
}
