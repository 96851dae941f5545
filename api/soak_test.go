package api_test

import (
	"context"
	"encoding/json"
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

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

var soakFor = flag.Duration("soak", time.Second, "how long TestSoak runs")

// 100 callers of a server that fails at random in every way of the tables of faults, but for those that answer what nobody asked. In
// the end the books are compared: what the callers were told, and what the server did.
func TestSoak(t *testing.T) {
	const callers, mostCalls = 100, 1 << 22
	before := runtime.NumGoroutine()
	s := startFaultServer(t, tcp)
	s.cancel, s.expire = func() {}, func() {} // the callers have time-outs of their own
	var told, done [mostCalls]uint8           // by number of the call: 1 + outcome, and how often it was processed
	var untold atomic.Int64
	s.ledger = func(body string) {
		var contact gen.Contact
		if json.Unmarshal([]byte(body), &contact) != nil || contact.FirstName == nil {
			untold.Add(1)
			return
		}
		n, err := strconv.Atoi(*contact.FirstName)
		if err != nil {
			untold.Add(1)
			return
		}
		done[n]++
	}
	var answers, tokens []act
	for _, f := range slices.Concat(answerFaults(), redirectFaults("127.0.0.1:1"), retryFaults(), networkFaults()) {
		if f.base == nil && f.call == nil && f.api != nil && !f.unread && !f.twice {
			answers = append(answers, f.api)
		}
	}
	for _, f := range tokenFaults("127.0.0.1:1") {
		if f.token != nil {
			tokens = append(tokens, f.token)
		}
	}
	good := yesReply()
	s.api = func(v *visit) {
		v.nth = 1 + rand.IntN(4) // of those that act in turn
		if rand.IntN(3) == 0 {
			good(v)
			return
		}
		answers[rand.IntN(len(answers))](v)
	}
	s.token = func(v *visit) {
		lifetime := 2 * rand.Float64()
		if v.nth == 1 {
			lifetime = 2 // so that there are calls at all
		} else if rand.IntN(10) == 0 {
			tokens[rand.IntN(len(tokens))](v)
			return
		}
		reply(200, fmt.Sprintf(`{"access_token":"%s-%d","expires_in":%g}`, faultToken, v.nth, lifetime))(v)
	}
	client := s.client(t, s.url, false, api.WithTimeout(10*time.Second), api.WithTokenTimeout(10*time.Second), // long enough for retries
		api.WithHTTPClient(&http.Client{Transport: s.transport, Timeout: 250 * time.Millisecond}),
		api.WithSleep(func(ctx context.Context, _ time.Duration) error { return ctx.Err() }))

	var calls atomic.Int64
	call := func() {
		n := calls.Add(1) - 1
		if n >= mostCalls {
			return
		}
		contact := gen.Contact{FirstName: new(strconv.FormatInt(n, 10)), Email: new(faultEmail)}
		got, err := client.CreateAttribute(context.Background(), gen.AttributeTypeContacts, contact)
		if (got == nil) == (err == nil) {
			t.Errorf("result %v and error %v", got, err)
		}
		told[n] = uint8(1 + api.OutcomeOf(err))
		if errors.As(err, new(*api.AuthError)) {
			time.Sleep(10 * time.Millisecond) // its failure serves all for a second
		}
	}
	// load returns the size of the heap once all is quiet again.
	load := func(d time.Duration) int64 {
		end := time.Now().Add(d)
		var working sync.WaitGroup
		for range callers {
			working.Go(func() {
				for time.Now().Before(end) {
					call()
				}
			})
		}
		working.Wait()
		s.quiet(t, before)
		runtime.GC()
		runtime.GC() // the pools, too
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		return int64(memory.HeapAlloc)
	}
	early := load(*soakFor / 4)
	grown := load(*soakFor*3/4) - early
	const cached = 1 << 20 // the last failure to get a token is kept, with an answer of up to the limit
	if grown > cached+1<<20 {
		t.Errorf("the heap grew by %d KiB", grown>>10)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	var byOutcome, processed [3]int
	for n := range calls.Load() {
		outcome := api.Outcome(told[n] - 1)
		byOutcome[outcome]++
		processed[outcome] += int(done[n])
		if done[n] > 1 || outcome == api.Applied && done[n] == 0 || outcome == api.NotApplied && done[n] == 1 {
			t.Errorf("call %d: %v, and processed %d times", n, outcome, done[n])
		}
	}
	t.Logf("%d calls, %d requests, %d for a token in %v; heap %+d KiB", calls.Load(), s.arrived, s.tokens, *soakFor, grown>>10)
	for _, o := range []api.Outcome{api.Applied, api.NotApplied, api.Unknown} {
		t.Logf("%-11v %7d told, %7d processed", o, byOutcome[o], processed[o])
	}
	if sum := processed[0] + processed[1] + processed[2]; sum != s.processed || untold.Load() != 0 {
		t.Errorf("the books differ: the server processed %d, %d of them of known calls, %d of unknown", s.processed, sum, untold.Load())
	}
	if byOutcome[api.Applied] == 0 || byOutcome[api.NotApplied] == 0 || byOutcome[api.Unknown] == 0 {
		t.Errorf("not every outcome was met: %v", byOutcome)
	}
}

// quiet waits until connections and goroutines are gone.
func (s *faultServer) quiet(t *testing.T, goroutines int) {
	t.Helper()
	s.transport.CloseIdleConnections()
	for waited := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		open := s.open
		s.mu.Unlock()
		more := runtime.NumGoroutine() - goroutines
		if open == 0 && more <= 2 { // the server's own
			return
		}
		if time.Since(waited) > 10*time.Second {
			t.Errorf("%d connections and %d goroutines are left", open, more)
			return
		}
	}
}
