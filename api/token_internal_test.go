package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sakari-go/sakari-go/gen"
)

// scripted returns the results of fetches in turn; a nil one hangs until it is cancelled.
func scripted(fetches *atomic.Int32, results ...func() (accessToken, error)) func(context.Context) (accessToken, error) {
	return func(ctx context.Context) (accessToken, error) {
		result := results[fetches.Add(1)-1]
		if result == nil {
			<-ctx.Done()
			return accessToken{}, ctx.Err()
		}
		return result()
	}
}

func token(value string, lifetime time.Duration) func() (accessToken, error) {
	return func() (accessToken, error) { return accessToken{value, lifetime}, nil }
}

func failure() (accessToken, error) { return accessToken{}, &AuthError{Err: errors.New("boom")} }

// The clock of these tests is a fake one.
func TestTokenOverTime(t *testing.T) {
	type step struct {
		after   time.Duration // since the last step
		want    string        // the token, "" for an error
		took    time.Duration
		fetches int32
	}
	for name, c := range map[string]struct {
		results []func() (accessToken, error)
		steps   []step
	}{
		"replaced shortly before its end, while the old one serves": {
			[]func() (accessToken, error){token("a", 10*time.Minute), token("b", 10*time.Minute)},
			[]step{{0, "a", 0, 1}, {9*time.Minute - 1, "a", 0, 1}, {1, "a", 0, 2}, {0, "b", 0, 2}},
		},
		"replaced by the next call if none came shortly before": {
			[]func() (accessToken, error){token("a", 10*time.Minute), token("b", 10*time.Minute)},
			[]step{{0, "a", 0, 1}, {10 * time.Minute, "b", 0, 2}},
		},
		"a failure is shared for a second": {
			[]func() (accessToken, error){failure, token("a", time.Hour)},
			[]step{{0, "", 0, 1}, {time.Second - 1, "", 0, 1}, {1, "a", 0, 2}},
		},
		"a good token outlives a failure to replace it": {
			[]func() (accessToken, error){token("a", 10*time.Minute), failure, failure, token("b", time.Hour)},
			[]step{{0, "a", 0, 1}, {9 * time.Minute, "a", 0, 2}, {time.Second - 1, "a", 0, 2}, {time.Second, "a", 0, 3}, {time.Minute, "b", 0, 4}, {0, "b", 0, 4}},
		},
		"a good token outlives a replacement without a lifetime": {
			[]func() (accessToken, error){token("a", 10*time.Minute), token("b", 0), token("c", time.Hour)},
			[]step{{0, "a", 0, 1}, {9 * time.Minute, "a", 0, 2}, {time.Second - 1, "a", 0, 2}, {1, "a", 0, 3}, {0, "c", 0, 3}},
		},
		"but not its own end": {
			[]func() (accessToken, error){token("a", 10*time.Minute), failure, failure},
			[]step{{0, "a", 0, 1}, {9 * time.Minute, "a", 0, 2}, {time.Minute, "", 0, 3}},
		},
		"a good token outlives a replacement that hangs": {
			[]func() (accessToken, error){token("a", 10*time.Minute), nil, token("b", time.Hour)},
			[]step{{0, "a", 0, 1}, {9 * time.Minute, "a", 0, 2}, {10 * time.Second, "a", 0, 2}, {time.Second, "a", 0, 3}, {0, "b", 0, 3}},
		},
		"a fetch that hangs": {
			[]func() (accessToken, error){nil, token("a", time.Hour)},
			[]step{{0, "", 10 * time.Second, 1}, {0, "", 0, 1}, {time.Second, "a", 0, 2}},
		},
		"a token without a lifetime serves one call": {
			[]func() (accessToken, error){token("a", 0), token("b", -time.Second), token("c", time.Hour)},
			[]step{{0, "a", 0, 1}, {0, "b", 0, 2}, {0, "c", 0, 3}, {0, "c", 0, 3}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var fetches atomic.Int32
				cache := newTokenCache(10*time.Second, scripted(&fetches, c.results...))
				for i, step := range c.steps {
					time.Sleep(step.after)
					start := time.Now()
					got, err := cache.get(t.Context())
					synctest.Wait()
					if got != step.want || (err == nil) != (step.want != "") || time.Since(start) != step.took || fetches.Load() != step.fetches {
						t.Errorf("step %d: got %q, %v after %v and %d fetches, want %+v", i, got, err, time.Since(start), fetches.Load(), step)
					}
				}
			})
		})
	}
}

// A refused token is forgotten while its replacement is under way: the calls then wait for that one.
func TestReplacementUnderWayServesThoseWhoseTokenWasRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		cache := newTokenCache(10*time.Second, func(ctx context.Context) (accessToken, error) {
			if fetches++; fetches == 1 {
				return accessToken{"a", 10 * time.Minute}, nil
			}
			return accessToken{"b", time.Hour}, sleep(ctx, 5*time.Second)
		})
		for _, after := range []time.Duration{0, 9 * time.Minute, time.Second, time.Second} {
			time.Sleep(after)
			if got, err := cache.get(t.Context()); got != "a" || err != nil {
				t.Fatalf("got %q, %v", got, err)
			}
		}
		cache.discard("a")
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := cache.get(brief); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		start := time.Now()
		if got, err := cache.get(t.Context()); got != "b" || err != nil || time.Since(start) != 2*time.Second || fetches != 2 {
			t.Errorf("got %q, %v after %v and %d fetches", got, err, time.Since(start), fetches)
		}
	})
}

// A replacement that does not heed its end leaves no token behind: not the old one, and not an empty one.
func TestReplacementThatHangs(t *testing.T) {
	for name, end := range map[string]func(*tokenCache){
		"until the end of the old one": func(*tokenCache) { time.Sleep(time.Minute) },
		"until the old one is refused": func(c *tokenCache) { c.discard("a") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				fetches := 0
				cache := newTokenCache(10*time.Second, func(context.Context) (accessToken, error) {
					if fetches++; fetches == 1 {
						return accessToken{"a", 10 * time.Minute}, nil
					}
					<-release
					return accessToken{"b", time.Hour}, nil
				})
				for _, after := range []time.Duration{0, 9 * time.Minute, 11 * time.Second} {
					time.Sleep(after)
					if got, err := cache.get(t.Context()); got != "a" || err != nil {
						t.Fatalf("got %q, %v", got, err)
					}
				}
				end(cache)
				var auth *AuthError
				if got, err := cache.get(t.Context()); got != "" || !errors.As(err, &auth) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %q, %v", got, err)
				}
				close(release)
				synctest.Wait()
			})
		})
	}
}

func TestLateRefusalDoesNotDropAFreshToken(t *testing.T) {
	var fetches atomic.Int32
	cache := newTokenCache(10*time.Second, scripted(&fetches, token("a", time.Hour), token("b", time.Hour)))
	for _, want := range []string{"a", "b", "b"} {
		if got, err := cache.get(t.Context()); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		cache.discard("a") // the second time it is late
	}
}

func TestCallerWhoJoinsACancelledFetchGetsAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetches atomic.Int32
		cancelled := make(chan struct{})
		results := scripted(&fetches, nil, token("a", time.Hour))
		cache := newTokenCache(10*time.Second, func(ctx context.Context) (accessToken, error) {
			token, err := results(ctx)
			if err != nil {
				<-cancelled // the fetch takes its time to end
			}
			return token, err
		})
		ctx, leave := context.WithCancel(t.Context())
		go func() { synctest.Wait(); leave() }()
		if _, err := cache.get(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		go func() { time.Sleep(time.Second); close(cancelled) }()
		if got, err := cache.get(t.Context()); got != "a" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestSourceThatHangsIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var asked atomic.Int32
		cache := newTokenCache(10*time.Second, func(context.Context) (accessToken, error) {
			asked.Add(1)
			<-release // whatever the context says
			return accessToken{"late", 0}, nil
		})
		for i := range 3 {
			start := time.Now()
			_, err := cache.get(t.Context())
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
		if got, err := cache.get(t.Context()); got != "late" || err != nil || asked.Load() != 2 {
			t.Errorf("got %q, %v, asked %d times", got, err, asked.Load())
		}
	})
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := sleep(t.Context(), 5*time.Second); err != nil || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := sleep(ctx, time.Hour); err != context.DeadlineExceeded || time.Since(start) != 6*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestLifetimeOfToken(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for answer, want := range map[string]time.Duration{
		`{"expires_in":3600}`:  time.Hour,
		`{"expires_in":"90"}`:  90 * time.Second,
		`{"expires_in":0.5}`:   500 * time.Millisecond,
		`{"expires_in":-1}`:    -time.Second,
		`{"expires_in":1e300}`: math.MaxInt64 / 1e9 * 1e9,
		`{}`:                   defaultLifetime,
		`{"expires_in":"NaN"}`: defaultLifetime,
		`{"expires_in":[]}`:    defaultLifetime,
		`{"Expires_In":1}`:     defaultLifetime,
	} {
		token := gen.TokenResponse{AccessToken: new("no JWT")}
		if err := token.UnmarshalJSON([]byte(answer)); err != nil {
			t.Fatal(err)
		}
		if got := lifetimeOf(&token, now); got-want > time.Second || want-got > time.Second {
			t.Errorf("%s: %v, want %v", answer, got, want)
		}
	}
	// {"exp":1000060}
	if got := lifetimeOf(&gen.TokenResponse{AccessToken: new("e30.eyJleHAiOjEwMDAwNjB9.x")}, now); got != time.Minute {
		t.Errorf("JWT: %v, want a minute", got)
	}
}

func TestLifetimeIsCapped(t *testing.T) {
	c := defaultConfig()
	c.tokens = func(*pipeline) *tokenCache { return nil }
	c.client = http.DefaultClient
	base, err := parseBaseURL("https://api.invalid", false)
	if err != nil {
		t.Fatal(err)
	}
	p := newPipeline(c, base)
	p.handle = func(_ context.Context, x *exchange) (*Response, error) {
		header := map[string][]string{"Content-Type": {"application/json"}}
		x.answer = &Response{StatusCode: 200, Header: header, Body: []byte(`{"access_token":"a","expires_in":86400}`)}
		return x.answer, nil
	}
	token, err := clientCredentials(p, "id", "secret")(t.Context())
	if err != nil || token.lifetime != 55*time.Minute {
		t.Errorf("got %v, %v, want 55 minutes", token.lifetime, err)
	}
}
