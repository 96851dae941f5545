package api_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

func TestRateLimitOfTheCaller(t *testing.T) {
	t.Run("keeps below the rate", func(t *testing.T) {
		t.Parallel()
		s := startFaultServer(t, tcp)
		s.token = tokenYes
		var arrivals []time.Time
		var mu sync.Mutex
		s.api = inTurn(reply(401, refuses), func(v *visit) {
			mu.Lock()
			arrivals = append(arrivals, time.Now())
			mu.Unlock()
			yesReply()(v)
		})
		client := s.client(t, s.url, false, api.WithRateLimit(50, 2))
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
	t.Run("ends with the context", func(t *testing.T) {
		t.Parallel()
		s := startFaultServer(t, tcp)
		s.api, s.token = yesReply(), tokenYes
		client := s.client(t, s.url, false, api.WithRateLimit(0.001, 1))
		if _, err := create(t, client); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err := create(t, client) // its turn comes after its 30 s
		checkFailure(t, err, api.NotApplied, context.DeadlineExceeded)
		if took := time.Since(start); took > 5*time.Second || !strings.Contains(err.Error(), "rate limit") {
			t.Errorf("%v after %v", err, took)
		}
		slow := s.client(t, s.url, false, api.WithRateLimit(0.05, 1)) // its turn comes after 20 s
		if _, err := create(t, slow); err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, leave)
		_, err = slow.CreateAttribute(ctx, gen.AttributeTypeContacts, faultContact)
		checkFailure(t, err, api.NotApplied, context.Canceled)
		if arrived, _, _ := s.counts(); arrived != 2 {
			t.Errorf("%d requests arrived, want 2", arrived)
		}
	})
	t.Run("those who leave cost the others nothing", func(t *testing.T) {
		t.Parallel()
		s := startFaultServer(t, tcp)
		s.api, s.token = yesReply(), tokenYes
		client := s.client(t, s.url, false, api.WithRateLimit(5, 1))
		if _, err := create(t, client); err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, leave)
		var leaving sync.WaitGroup
		for range 50 {
			leaving.Go(func() {
				_, err := client.CreateAttribute(ctx, gen.AttributeTypeContacts, faultContact)
				if api.OutcomeOf(err) != api.NotApplied || !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			})
		}
		leaving.Wait()
		start := time.Now()
		if _, err := create(t, client); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 5*time.Second { // 50 turns are 10 s, one is 200 ms
			t.Errorf("waited %v", took)
		}
	})
}
