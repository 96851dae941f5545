package token

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// scripted returns one result for each fetch. A nil result hangs until the fetch is cancelled.
func scripted(fetches *atomic.Int32, results ...func() (Token, error)) func(context.Context) (Token, error) {
	return func(ctx context.Context) (Token, error) {
		result := results[fetches.Add(1)-1]
		if result == nil {
			<-ctx.Done()
			return Token{}, ctx.Err()
		}
		return result()
	}
}

func issue(value string, lifetime time.Duration) func() (Token, error) {
	return func() (Token, error) { return Token{Value: value, Lifetime: lifetime}, nil }
}

func failure() (Token, error) { return Token{}, errors.New("boom") }

// These tests run on the fake clock of testing/synctest.
func TestCache_OverTime(t *testing.T) {
	type step struct {
		after   time.Duration // since the last step
		want    string        // the token, "" for an error
		took    time.Duration
		fetches int32
	}
	for name, c := range map[string]struct {
		results []func() (Token, error)
		steps   []step
	}{
		"refreshed in the background before it expires": {
			[]func() (Token, error){issue("a", 10*time.Minute), issue("b", 10*time.Minute)},
			[]step{{0, "a", 0, 1}, {9*time.Minute - 1, "a", 0, 1}, {1, "a", 0, 2}, {0, "b", 0, 2}},
		},
		"fetched by the first call after it expired": {
			[]func() (Token, error){issue("a", 10*time.Minute), issue("b", 10*time.Minute)},
			[]step{{0, "a", 0, 1}, {10 * time.Minute, "b", 0, 2}},
		},
		"a failure is shared for a second": {
			[]func() (Token, error){failure, issue("a", time.Hour)},
			[]step{{0, "", 0, 1}, {time.Second - 1, "", 0, 1}, {1, "a", 0, 2}},
		},
		"a failed refresh keeps the token": {
			[]func() (Token, error){issue("a", 10*time.Minute), failure, failure, issue("b", time.Hour)},
			[]step{{0, "a", 0, 1}, {9 * time.Minute, "a", 0, 2}, {time.Second - 1, "a", 0, 2}, {time.Second, "a", 0, 3}, {time.Minute, "b", 0, 4}, {0, "b", 0, 4}},
		},
		"a refresh without a lifetime keeps the token": {
			[]func() (Token, error){issue("a", 10*time.Minute), issue("b", 0), issue("c", time.Hour)},
			[]step{{0, "a", 0, 1}, {9 * time.Minute, "a", 0, 2}, {time.Second - 1, "a", 0, 2}, {1, "a", 0, 3}, {0, "c", 0, 3}},
		},
		"a failed refresh does not extend the token": {
			[]func() (Token, error){issue("a", 10*time.Minute), failure, failure},
			[]step{{0, "a", 0, 1}, {9 * time.Minute, "a", 0, 2}, {time.Minute, "", 0, 3}},
		},
		"a hanging refresh keeps the token": {
			[]func() (Token, error){issue("a", 10*time.Minute), nil, issue("b", time.Hour)},
			[]step{{0, "a", 0, 1}, {9 * time.Minute, "a", 0, 2}, {10 * time.Second, "a", 0, 2}, {time.Second, "a", 0, 3}, {0, "b", 0, 3}},
		},
		"a fetch that hangs": {
			[]func() (Token, error){nil, issue("a", time.Hour)},
			[]step{{0, "", 10 * time.Second, 1}, {0, "", 0, 1}, {time.Second, "a", 0, 2}},
		},
		"a token without a lifetime is not cached": {
			[]func() (Token, error){issue("a", 0), issue("b", -time.Second), issue("c", time.Hour)},
			[]step{{0, "a", 0, 1}, {0, "b", 0, 2}, {0, "c", 0, 3}, {0, "c", 0, 3}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var fetches atomic.Int32
				cache := NewCache(10*time.Second, scripted(&fetches, c.results...))
				for i, step := range c.steps {
					time.Sleep(step.after)
					start := time.Now()
					got, err := cache.Get(t.Context())
					synctest.Wait()
					if got != step.want || (err == nil) != (step.want != "") || time.Since(start) != step.took || fetches.Load() != step.fetches {
						t.Errorf("step %d: got %q, %v after %v and %d fetches, want %+v", i, got, err, time.Since(start), fetches.Load(), step)
					}
				}
			})
		})
	}
}

// A token is refused during its refresh: calls wait for that fetch, and start no other.
func TestInvalidate_WaitsForTheFetchInProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		cache := NewCache(10*time.Second, func(context.Context) (Token, error) {
			if fetches++; fetches == 1 {
				return Token{Value: "a", Lifetime: 10 * time.Minute}, nil
			}
			time.Sleep(5 * time.Second)
			return Token{Value: "b", Lifetime: time.Hour}, nil
		})
		for _, after := range []time.Duration{0, 9 * time.Minute, time.Second, time.Second} {
			time.Sleep(after)
			if got, err := cache.Get(t.Context()); got != "a" || err != nil {
				t.Fatalf("got %q, %v", got, err)
			}
		}
		cache.Invalidate("a")
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := cache.Get(brief); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		start := time.Now()
		if got, err := cache.Get(t.Context()); got != "b" || err != nil || time.Since(start) != 2*time.Second || fetches != 2 {
			t.Errorf("got %q, %v after %v and %d fetches", got, err, time.Since(start), fetches)
		}
	})
}

// A fetch that ignores its context leaves no token: neither the old one nor an empty one.
func TestCache_FetchThatHangsLeavesNoToken(t *testing.T) {
	for name, end := range map[string]func(*Cache){
		"until the token expires":    func(*Cache) { time.Sleep(time.Minute) },
		"until the token is refused": func(c *Cache) { c.Invalidate("a") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				fetches := 0
				cache := NewCache(10*time.Second, func(context.Context) (Token, error) {
					if fetches++; fetches == 1 {
						return Token{Value: "a", Lifetime: 10 * time.Minute}, nil
					}
					<-release
					return Token{Value: "b", Lifetime: time.Hour}, nil
				})
				for _, after := range []time.Duration{0, 9 * time.Minute, 11 * time.Second} {
					time.Sleep(after)
					if got, err := cache.Get(t.Context()); got != "a" || err != nil {
						t.Fatalf("got %q, %v", got, err)
					}
				}
				end(cache)
				var failed *Error
				if got, err := cache.Get(t.Context()); got != "" || !errors.As(err, &failed) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %q, %v", got, err)
				}
				close(release)
				synctest.Wait()
			})
		})
	}
}

func TestInvalidate_KeepsANewerToken(t *testing.T) {
	var fetches atomic.Int32
	cache := NewCache(10*time.Second, scripted(&fetches, issue("a", time.Hour), issue("b", time.Hour)))
	for _, want := range []string{"a", "b", "b"} {
		if got, err := cache.Get(t.Context()); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		cache.Invalidate("a") // the second time it is late
	}
}

func TestGet_JoinsACancelledFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetches atomic.Int32
		cancelled := make(chan struct{})
		results := scripted(&fetches, nil, issue("a", time.Hour))
		cache := NewCache(10*time.Second, func(ctx context.Context) (Token, error) {
			token, err := results(ctx)
			if err != nil {
				<-cancelled // the fetch takes its time to end
			}
			return token, err
		})
		ctx, leave := context.WithCancel(t.Context())
		go func() { synctest.Wait(); leave() }()
		if _, err := cache.Get(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		go func() { time.Sleep(time.Second); close(cancelled) }()
		if got, err := cache.Get(t.Context()); got != "a" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestGet_CallsAHangingSourceOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var asked atomic.Int32
		cache := NewCache(10*time.Second, func(context.Context) (Token, error) {
			asked.Add(1)
			<-release // whatever the context says
			return Token{Value: "late", Lifetime: 0}, nil
		})
		for i := range 3 {
			start := time.Now()
			_, err := cache.Get(t.Context())
			if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || i == 0 && took != 10*time.Second || i > 0 && took != 0 {
				t.Errorf("%v after %v", err, took)
			}
			time.Sleep(time.Minute)
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("asked %d times at once", n)
		}
		close(release)
		synctest.Wait()
		for _, wantAsked := range []int32{1, 2} { // the late token serves one call: it has no lifetime
			if got, err := cache.Get(t.Context()); got != "late" || err != nil || asked.Load() != wantAsked {
				t.Errorf("got %q, %v, asked %d times, want %d", got, err, asked.Load(), wantAsked)
			}
		}
	})
}

// A source that ignores its context returns its token to nobody if the only caller has left.
func TestGet_KeepsATokenForWhichNoCallerWaits(t *testing.T) {
	for name, lifetime := range map[string]time.Duration{"without a lifetime": 0, "with a lifetime": time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				cache := NewCache(time.Hour, func(context.Context) (Token, error) {
					asked++
					time.Sleep(time.Minute)
					return Token{Value: "late", Lifetime: lifetime}, nil
				})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, err := cache.Get(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				time.Sleep(2 * time.Minute)
				if got, err := cache.Get(t.Context()); got != "late" || err != nil || asked != 1 {
					t.Errorf("got %q, %v, asked %d times", got, err, asked)
				}
			})
		})
	}
}

type contextKey struct{}

func TestGet_FetchesWithTheValuesOfTheContextThatStartedIt(t *testing.T) {
	cache := NewCache(time.Hour, func(ctx context.Context) (Token, error) {
		value, _ := ctx.Value(contextKey{}).(string)
		return Token{Value: value}, ctx.Err()
	})
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), contextKey{}, "tenant"), time.Hour)
	defer cancel()
	if got, err := cache.Get(ctx); got != "tenant" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
