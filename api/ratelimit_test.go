package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
	"github.com/sakari-go/sakari-go/gen"
)

func TestWithRateLimit_LimitsRoundTrips(t *testing.T) {
	t.Run("of all clients together", func(t *testing.T) {
		t.Parallel()
		s := startFaultServer(t, faultserver.TCP)
		s.Token = faultserver.IssueToken
		var arrivals []time.Time
		var mu sync.Mutex
		s.API = faultserver.InTurn(faultserver.Refuse(401), func(x *faultserver.Exchange) {
			mu.Lock()
			arrivals = append(arrivals, time.Now())
			mu.Unlock()
			faultserver.Succeed(x)
		})
		client := s.client(t, api.WithRateLimit(50, 2))
		other, err := client.WithAccount("other")
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var callers sync.WaitGroup
		for i := range 12 {
			callers.Go(func() {
				if _, err := create(t, []*api.Client{client, other}[i%2]); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		// 13 round trips, one after a 401: 2 at once, 11 at 20 ms each.
		if took := time.Since(start); took < 215*time.Millisecond {
			t.Errorf("13 round trips took %v", took)
		}
		if len(arrivals) != 12 {
			t.Errorf("%d calls arrived", len(arrivals))
		}
	})
	t.Run("does not wait past the deadline", func(t *testing.T) {
		t.Parallel()
		s := startFaultServer(t, faultserver.TCP)
		s.API, s.Token = faultserver.Succeed, faultserver.IssueToken
		client := s.client(t, api.WithRateLimit(0.001, 1))
		if _, err := create(t, client); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err := create(t, client) // its turn would come after 1000 s, its time ends after 30 s
		checkFailure(t, err, api.NotApplied, context.DeadlineExceeded)
		if took := time.Since(start); took > 5*time.Second || !strings.Contains(err.Error(), "rate limit") {
			t.Errorf("%v after %v", err, took)
		}
		if arrived := s.Counts().Requests; arrived != 1 {
			t.Errorf("%d requests arrived, want 1", arrived)
		}
	})
	t.Run("ends with the context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			sent := 0
			client := limitedClient(t, &sent, 0.05) // the turn of the second call comes after 20 s
			if _, err := create(t, client); err != nil {
				t.Fatal(err)
			}
			ctx, leave := context.WithCancel(t.Context())
			failure := make(chan error, 1)
			go func() {
				failure <- second(client.CreateAttribute(ctx, gen.AttributeTypeContacts, faultContact))
			}()
			synctest.Wait() // until the call waits for its turn
			leave()
			checkFailure(t, <-failure, api.NotApplied, context.Canceled)
			if sent != 1 {
				t.Errorf("%d requests were sent, want 1", sent)
			}
		})
	})
	t.Run("a caller that leaves gives its turn to the next one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			sent := 0
			client := limitedClient(t, &sent, 5)
			if _, err := create(t, client); err != nil {
				t.Fatal(err)
			}
			ctx, leave := context.WithCancel(t.Context())
			var leaving sync.WaitGroup
			for range 50 {
				leaving.Go(func() {
					_, err := client.CreateAttribute(ctx, gen.AttributeTypeContacts, faultContact)
					if api.OutcomeOf(err) != api.NotApplied || !errors.Is(err, context.Canceled) {
						t.Errorf("got %v", err)
					}
				})
			}
			synctest.Wait() // until all wait for their turns
			leave()
			leaving.Wait()
			start := time.Now()
			if _, err := create(t, client); err != nil {
				t.Error(err)
			}
			if took := time.Since(start); took > 5*time.Second { // 50 turns are 10 s, one is 200 ms
				t.Errorf("waited %v", took)
			}
		})
	})
}

// limitedClient returns a client that makes a number of round trips a second, and counts them. It
// needs no network, so it works in a synctest bubble.
func limitedClient(t *testing.T, sent *int, perSecond float64) *api.Client {
	t.Helper()
	return newClient(t, "https://api.invalid", api.WithRateLimit(perSecond, 1),
		withRoundTrip(func(r *http.Request) (*http.Response, error) {
			*sent++
			return respond(r, successBody), nil
		}))
}

// A 429 with a Retry-After holds all callers of a client, and those of its other accounts.
func TestGate_HoldsAllCallers(t *testing.T) {
	const wait = 5 * time.Second
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sent []time.Duration
		start := time.Now()
		client := newClient(t, "https://api.invalid", withRoundTrip(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Since(start))
			response := respond(r, successBody)
			if len(sent) == 1 {
				response.StatusCode = 429
				response.Header.Set("Retry-After", "5")
			}
			return response, nil
		}))
		other, err := client.WithAccount("other")
		if err != nil {
			t.Fatal(err)
		}
		var callers sync.WaitGroup
		for i := range 10 {
			callers.Go(func() {
				time.Sleep(time.Duration(i) * time.Second / 2) // the first alone sends before the 429
				if _, err := create(t, []*api.Client{client, other}[i%2]); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err = client.CreateAttribute(ctx, gen.AttributeTypeContacts, gen.Contact{})
		checkFailure(t, err, api.NotApplied, context.DeadlineExceeded)
		if !errors.Is(err, api.ErrRateLimited) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		canceled, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		_, err = client.CreateAttribute(canceled, gen.AttributeTypeContacts, gen.Contact{})
		checkFailure(t, err, api.NotApplied, context.Canceled)
		callers.Wait()
		if len(sent) != 11 {
			t.Errorf("%d round trips, want 11", len(sent))
		}
		for _, at := range sent[1:] {
			if at < wait || at > wait+time.Second {
				t.Errorf("sent after %v, want %v", at, wait)
			}
		}
	})
}

// The calls that a 429 held are sent at the rate limit, also those that the limit had let pass. A
// shorter wait that another call is asked for does not count.
func TestGate_KeepsTheRateLimit(t *testing.T) {
	const opens = 10 * time.Second
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sent []time.Duration
		start := time.Now()
		client := newClient(t, "https://api.invalid", api.WithRateLimit(1, 2), api.WithTimeout(time.Hour),
			withRoundTrip(func(r *http.Request) (*http.Response, error) {
				mu.Lock()
				sent = append(sent, time.Since(start))
				number := len(sent)
				mu.Unlock()
				time.Sleep(time.Duration(number) * time.Millisecond) // the other calls wait for the limit meanwhile
				response := respond(r, successBody)
				if number <= 2 {
					response.StatusCode = 429
					response.Header.Set("Retry-After", []string{"10", "1"}[number-1])
				}
				return response, nil
			}))
		var callers sync.WaitGroup
		for range 5 {
			callers.Go(func() {
				if _, err := create(t, client); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if len(sent) != 7 {
			t.Fatalf("%d round trips, want 7", len(sent))
		}
		// When the gate opens, that which passed the limit before is sent, and a burst of two.
		for i, at := range sent[4:] {
			if want := opens + time.Duration(i)*time.Second; at < want || at > want+time.Second {
				t.Errorf("call %d was sent after %v, want %v", i, at, want)
			}
		}
		if sent[2] < opens {
			t.Errorf("a call was sent after %v, want %v", sent[2], opens)
		}
	})
}

// A server that asks for an hour does not hold the other callers longer than any wait.
func TestGate_OpensAfter30Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		client := newClient(t, "https://api.invalid", api.WithTimeout(time.Hour),
			withRoundTrip(func(r *http.Request) (*http.Response, error) {
				response := respond(r, successBody)
				if sent++; sent == 1 {
					response.StatusCode = 429
					response.Header.Set("Retry-After", "3600")
				}
				return response, nil
			}))
		_, err := create(t, client)
		checkFailure(t, err, api.NotApplied, api.ErrRateLimited)
		start := time.Now()
		if _, err := create(t, client); err != nil || time.Since(start) != 30*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
