package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

// limited returns a 429 with a Retry-After. If that is empty, the reply has no such field.
func limited(retryAfter string) apitest.Reply {
	reply := apitest.Reply{Status: 429}
	if retryAfter != "" {
		reply.Header = header("Retry-After", retryAfter)
	}
	return reply
}

func TestRetry_WaitsAfter429(t *testing.T) {
	date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	for name, c := range map[string]struct {
		replies    []apitest.Reply
		options    []api.Option
		succeeds   bool
		requests   int
		waits      []time.Duration // each may differ by a half
		retryAfter time.Duration   // of the error
	}{
		"success after one retry": {
			replies:  []apitest.Reply{limited("2")},
			succeeds: true,
			requests: 2,
			waits:    []time.Duration{2 * time.Second},
		},
		"no Retry-After": {
			replies:  []apitest.Reply{limited(""), limited("")},
			succeeds: true,
			requests: 3,
			waits:    []time.Duration{time.Second, 2 * time.Second},
		},
		"429 to every attempt": {
			replies:    []apitest.Reply{limited("1"), limited("2"), limited("3")},
			requests:   3,
			waits:      []time.Duration{time.Second, 2 * time.Second},
			retryAfter: 3 * time.Second,
		},
		"one attempt": {
			replies:    []apitest.Reply{limited("1")},
			options:    []api.Option{api.WithMaxAttempts(1)},
			requests:   1,
			retryAfter: time.Second,
		},
		"five attempts": {
			replies:  []apitest.Reply{limited("1"), limited("1"), limited("1"), limited("1")},
			options:  []api.Option{api.WithMaxAttempts(5)},
			succeeds: true,
			requests: 5,
			waits:    []time.Duration{time.Second, time.Second, time.Second, time.Second},
		},
		"a date": {
			replies:  []apitest.Reply{limited(date(10 * time.Second))},
			succeeds: true,
			requests: 2,
			waits:    []time.Duration{10 * time.Second},
		},
		"a date in the past": {
			replies:  []apitest.Reply{limited(date(-time.Hour))},
			succeeds: true,
			requests: 2,
			waits:    []time.Duration{0},
		},
		"zero seconds": {
			replies:  []apitest.Reply{limited("0")},
			succeeds: true,
			requests: 2,
			waits:    []time.Duration{0},
		},
		"a negative number": {
			replies:  []apitest.Reply{limited("-5")},
			succeeds: true,
			requests: 2,
			waits:    []time.Duration{time.Second},
		},
		"no number": {
			replies:  []apitest.Reply{limited("soon")},
			succeeds: true,
			requests: 2,
			waits:    []time.Duration{time.Second},
		},
		"over 30 s": {
			replies:    []apitest.Reply{limited("31")},
			options:    []api.Option{api.WithTimeout(time.Hour)},
			requests:   1,
			retryAfter: 31 * time.Second,
		},
		"a number beyond int64": {
			replies:    []apitest.Reply{limited("99999999999999999999999")},
			options:    []api.Option{api.WithTimeout(time.Hour)},
			requests:   1,
			retryAfter: math.MaxInt64,
		},
		"past the deadline": {
			replies:    []apitest.Reply{limited("20")},
			options:    []api.Option{api.WithTimeout(5 * time.Second)},
			requests:   1,
			retryAfter: 20 * time.Second,
		},
		"no Retry-After, and too little time": {
			replies:  []apitest.Reply{limited("")},
			options:  []api.Option{api.WithTimeout(300 * time.Millisecond)},
			requests: 1,
		},
		"503 with X-Should-Retry: true": {
			replies: []apitest.Reply{{
				Status: 503, Header: header("X-Should-Retry", "true", "Retry-After", "1"),
			}},
			requests:   1,
			retryAfter: time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.Respond(c.replies...)
			var waited waits
			_, err := create(t, server.Client(append([]api.Option{waited.option()}, c.options...)...))
			if (err == nil) != c.succeeds {
				t.Errorf("got %v", err)
			}
			if n := len(server.Requests()); n != c.requests {
				t.Errorf("the server got %d requests, want %d", n, c.requests)
			}
			if len(waited) != len(c.waits) {
				t.Fatalf("waited %v, want %v", waited, c.waits)
			}
			for i, want := range c.waits {
				if waited[i] < want/2 || waited[i] > want*3/2+time.Second || want == 0 && waited[i] != 0 {
					t.Errorf("waited %v, want about %v", waited, c.waits)
				}
			}
			if err == nil {
				return
			}
			refused := as[*api.Error](t, err)
			if d := refused.RetryAfter - c.retryAfter; d < -time.Second || d > time.Second || refused.Attempts != c.requests {
				t.Errorf("RetryAfter %v after %d attempts, want %v after %d",
					refused.RetryAfter, refused.Attempts, c.retryAfter, c.requests)
			}
			if refused.StatusCode != 429 {
				return
			}
			if !errors.Is(err, api.ErrRateLimited) || api.OutcomeOf(err) != api.NotApplied {
				t.Errorf("%v is not ErrRateLimited, not applied", err)
			}
		})
	}
}

func TestRetry_EndsWithTheContext(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(limited("25"))
	ctx, cancel := context.WithCancel(t.Context())
	sleep := func(ctx context.Context, _ time.Duration) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}
	client := server.Client(api.WithSleep(sleep))
	_, err := client.CreateAttribute(ctx, gen.AttributeTypeContacts, gen.Contact{})
	checkFailure(t, err, api.NotApplied, context.Canceled)
	if !errors.Is(err, api.ErrRateLimited) || as[*api.Error](t, err).RetryAfter != 25*time.Second {
		t.Errorf("the server's response is lost: %v", err)
	}
}

// If an earlier attempt of a PUT may have been applied, the outcome is unknown, whatever ends the
// call. Violations are reported as always.
func TestRetry_KeepsTheOutcomeOfEarlierAttempts(t *testing.T) {
	doc := readSpec(t)
	response := openapi3.NewResponse().WithDescription("ok").WithJSONSchema(openapi3.NewObjectSchema())
	put := &openapi3.Operation{
		OperationID: "replaceWidget",
		Responses:   openapi3.NewResponses(openapi3.WithStatus(200, &openapi3.ResponseRef{Value: response})),
	}
	doc.AddOperation("/v2/widget", http.MethodPut, put)
	for name, c := range map[string]struct {
		third    http.HandlerFunc // after a 429 and a reset
		burst    int              // round trips that the rate limit allows
		is       error
		reported int // violations
	}{
		"no third attempt by the rate limit": {burst: 2, is: context.DeadlineExceeded},
		"404": {
			third: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) },
			burst: 3,
			is:    api.ErrNotFound,
		},
		"400 with a body over the limit": {
			third: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(400)
				_, _ = io.WriteString(w, strings.Repeat("x", 2<<20))
			},
			burst:    3,
			is:       api.ErrInvalidResponse,
			reported: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				switch requests.Add(1) {
				case 1:
					w.WriteHeader(429)
				case 2:
					panic(http.ErrAbortHandler)
				default:
					c.third(w, r)
				}
			})
			var waited waits
			reported := 0
			client := newClient(t, base, api.WithSpec(doc), waited.option(),
				api.WithRateLimit(0.001, c.burst), countViolations(&reported))
			err := sendRaw(t, client, http.MethodPut, base+"/v2/widget", "")
			checkFailure(t, err, api.Unknown, c.is)
			if reported != c.reported {
				t.Errorf("%d violations were reported, want %d", reported, c.reported)
			}
		})
	}
}

func TestRetry_MakesAllAttempts(t *testing.T) {
	server := apitest.NewServer(t)
	for range 12 {
		server.Respond(apitest.Reply{Status: 429})
	}
	var waited waits
	_, err := create(t, server.Client(waited.option(), api.WithMaxAttempts(12), api.WithTimeout(time.Hour)))
	if got := as[*api.Error](t, err); got.Attempts != 12 {
		t.Errorf("%d attempts, want 12", got.Attempts)
	}
}

// What is retried of each method if it may have been applied.
func TestRetry_ByMethodAndStatus(t *testing.T) {
	for _, status := range []int{302, 303, 408, 499, 500, 503} {
		for method, want := range map[string]int{"GET": 3, "PUT": 3, "POST": 1} {
			t.Run(fmt.Sprint(method, status), func(t *testing.T) {
				server := apitest.NewServer(t)
				requests := 0
				server.RespondFunc(func(apitest.Request) *apitest.Reply {
					requests++
					return &apitest.Reply{Status: status, Header: header("Location", "/elsewhere")}
				})
				client := server.Client(api.WithRetryBackoff(0, 0))
				var err error
				switch method {
				case "GET":
					_, err = client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "1")
				case "PUT":
					_, err = client.UpdateAttribute(t.Context(), gen.AttributeTypeContacts, "1", gen.Contact{})
				case "POST":
					_, err = create(t, client)
				}
				checkFailure(t, err, api.Unknown, nil)
				if requests != want {
					t.Errorf("%d requests, want %d", requests, want)
				}
			})
		}
	}
}

func TestWithRetryBackoff_SetsTheWaits(t *testing.T) {
	for name, c := range map[string]struct {
		first, longest time.Duration
		want           []time.Duration // about
	}{
		"endless":     {first: math.MaxInt64, longest: math.MaxInt64},
		"no waits":    {want: []time.Duration{0, 0, 0, 0}},
		"one longest": {first: time.Minute, longest: time.Minute, want: slices.Repeat([]time.Duration{time.Minute}, 4)},
		"doubled":     {first: time.Second, longest: 5 * time.Second, want: []time.Duration{1e9, 2e9, 4e9, 5e9}},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.RespondFunc(func(apitest.Request) *apitest.Reply { return &apitest.Reply{Status: 429} })
			var waited waits
			_, err := create(t, server.Client(waited.option(), api.WithMaxAttempts(5), api.WithTimeout(time.Hour),
				api.WithRetryBackoff(c.first, c.longest)))
			checkFailure(t, err, api.NotApplied, api.ErrRateLimited)
			if len(waited) != len(c.want) {
				t.Fatalf("waited %v, want %v", waited, c.want)
			}
			for i, want := range c.want {
				if waited[i] < want/2 || waited[i] > want {
					t.Errorf("waited %v, want about %v", waited, c.want)
				}
			}
		})
	}
}
