package api_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
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
		api.WithTimeout(time.Minute), // longer than a 429 may hold all callers, which WithSleep spares them
		api.WithHTTPClient(&http.Client{Transport: s.transport, Timeout: 250 * time.Millisecond}),
		api.WithSleep(func(ctx context.Context, _ time.Duration) error { return ctx.Err() }))

	// What the client reads once, for its first violation, is no growth.
	if _, err := client.CreateAttribute(t.Context(), "no-such-type", gen.Contact{}); err == nil {
		t.Error("an invalid request was sent")
	}

	// heapAfter lets the callers work, waits until all has ended, and returns the size of the heap.
	heapAfter := func(d time.Duration) int64 {
		end := time.Now().Add(d)
		var working sync.WaitGroup
		for range soakCallers {
			working.Go(func() {
				for time.Now().Before(end) {
					_ = books.call(t, client)
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
	for outcome, calls := range books.compare(t, counts.Processed) {
		if calls == 0 {
			t.Errorf("no call has the outcome %v", api.Outcome(outcome))
		}
	}
}

// Callers use an HTTP/2 server that ends each connection after 100 requests, refuses streams over
// its limit, and resets some streams in a way that may follow the processing. None of the refused
// requests is lost, none is processed twice.
func TestSoak_LosesNothingOverHTTP2(t *testing.T) {
	const (
		maxStreams = 10
		lastStream = 2*100 - 1
	)
	books := newSoakBooks()
	var mu sync.Mutex
	open := make(map[net.Conn]int)
	var refused, ended, reset, processed int
	respond := faultserver.WriteFrames(faultserver.Header, faultserver.LastData(successBody))
	goAway := faultserver.WriteFrames(faultserver.GoAway(lastStream, faultserver.NoError))
	server, transport := startHTTP2(t, true, func(c net.Conn, r faultserver.HTTP2Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Stream == lastStream {
			defer goAway(c, r)
		}
		isReset := rand.IntN(50) == 0
		switch {
		case r.Stream > lastStream:
			ended++
			return
		case open[c] == maxStreams:
			refused++
			resetStream(faultserver.RefusedStream)(c, r)
			return
		case isReset && r.Number%2 == 0: // not processed, but the client cannot know
			reset++
			resetStream(faultserver.ProtocolError)(c, r)
			return
		}
		open[c]++
		books.process(r.Body)
		processed++
		time.AfterFunc(time.Millisecond, func() { // other streams open meanwhile
			mu.Lock()
			defer mu.Unlock()
			open[c]--
			if isReset {
				reset++
				resetStream(faultserver.ProtocolError)(c, r)
			} else {
				respond(c, r)
			}
		})
	})
	server.MaxStreams = maxStreams
	const maxAttempts = 30 // about a quarter of the retries is refused again: none uses up so many
	client := newClient(t, server.URL, withTransport(transport), api.WithMaxAttempts(maxAttempts),
		api.WithRetryBackoff(100*time.Millisecond, time.Second))
	end := time.Now().Add(*soakFor / 2)
	var callers sync.WaitGroup
	for range soakCallers {
		callers.Go(func() {
			for time.Now().Before(end) {
				if err := books.call(t, client); api.OutcomeOf(err) == api.NotApplied {
					t.Errorf("a call is lost: %v", err)
				}
			}
		})
	}
	callers.Wait()
	mu.Lock() // the server may yet read requests behind a GOAWAY
	defer mu.Unlock()
	calls := books.compare(t, processed)
	notApplied, unknown := calls[api.NotApplied], calls[api.Unknown]
	t.Logf("%d calls, %d requests; %d refused, %d behind a GOAWAY, %d reset; %d lost",
		books.calls.Load(), server.Received(), refused, ended, reset, notApplied+max(0, unknown-reset))
	if notApplied != 0 || unknown != reset {
		t.Errorf("%d calls are not applied, want 0; %d are of unknown outcome after %d resets", notApplied, unknown, reset)
	}
	const enough = 10 * time.Second // for each of these to happen
	if *soakFor >= enough && (refused == 0 || ended == 0 || reset == 0) {
		t.Error("the server did not do all of it")
	}
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

// call makes a call that carries its number, and returns its error.
func (b *soakBooks) call(t *testing.T, client *api.Client) error {
	number := b.calls.Add(1) - 1
	if number >= maxSoakCalls {
		return nil
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
	return err
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

// compare compares the outcomes of the calls with what the server did. It returns the number of
// calls by outcome.
func (b *soakBooks) compare(t *testing.T, processedInAll int) (calls [3]int) {
	t.Helper()
	var processed [3]int // by outcome
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
	}
	if sum := processed[0] + processed[1] + processed[2]; sum != processedInAll || b.unknown.Load() != 0 {
		t.Errorf("the server processed %d, %d of them of known calls and %d of unknown ones",
			processedInAll, sum, b.unknown.Load())
	}
	return calls
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
