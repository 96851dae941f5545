package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func limited(retryAfter string) apitest.Reply {
	reply := apitest.Reply{Status: 429}
	if retryAfter != "" {
		reply.Header = header("Retry-After", retryAfter)
	}
	return reply
}

func TestRateLimit(t *testing.T) {
	date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	for name, c := range map[string]struct {
		replies    []apitest.Reply
		options    []api.Option
		works      bool
		seen       int
		waits      []time.Duration // within half of each
		retryAfter time.Duration   // of the error
	}{
		"then yes":             {[]apitest.Reply{limited("2")}, nil, true, 2, []time.Duration{2 * time.Second}, 0},
		"no header":            {[]apitest.Reply{limited(""), limited("")}, nil, true, 3, []time.Duration{time.Second, 2 * time.Second}, 0},
		"always":               {[]apitest.Reply{limited("1"), limited("2"), limited("3")}, nil, false, 3, []time.Duration{time.Second, 2 * time.Second}, 3 * time.Second},
		"one attempt":          {[]apitest.Reply{limited("1")}, []api.Option{api.WithMaxAttempts(1)}, false, 1, nil, time.Second},
		"five attempts":        {[]apitest.Reply{limited("1"), limited("1"), limited("1"), limited("1")}, []api.Option{api.WithMaxAttempts(5)}, true, 5, []time.Duration{time.Second, time.Second, time.Second, time.Second}, 0},
		"a date":               {[]apitest.Reply{limited(date(10 * time.Second))}, nil, true, 2, []time.Duration{10 * time.Second}, 0},
		"a date in the past":   {[]apitest.Reply{limited(date(-time.Hour))}, nil, true, 2, []time.Duration{time.Second}, 0},
		"zero":                 {[]apitest.Reply{limited("0")}, nil, true, 2, []time.Duration{time.Second}, 0},
		"negative":             {[]apitest.Reply{limited("-5")}, nil, true, 2, []time.Duration{time.Second}, 0},
		"words":                {[]apitest.Reply{limited("soon")}, nil, true, 2, []time.Duration{time.Second}, 0},
		"over 30 s":            {[]apitest.Reply{limited("31")}, []api.Option{api.WithTimeout(time.Hour)}, false, 1, nil, 31 * time.Second},
		"absurd":               {[]apitest.Reply{limited("99999999999999999999999")}, []api.Option{api.WithTimeout(time.Hour)}, false, 1, nil, math.MaxInt64},
		"past the deadline":    {[]apitest.Reply{limited("20")}, []api.Option{api.WithTimeout(5 * time.Second)}, false, 1, nil, 20 * time.Second},
		"no time to back off":  {[]apitest.Reply{limited("")}, []api.Option{api.WithTimeout(300 * time.Millisecond)}, false, 1, nil, 0},
		"x-should-retry: true": {[]apitest.Reply{{Status: 503, Header: header("X-Should-Retry", "true", "Retry-After", "1")}}, nil, false, 1, nil, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.Respond(c.replies...)
			var waited waits
			_, err := create(t, server.Client(append([]api.Option{waited.option()}, c.options...)...))
			if (err == nil) != c.works {
				t.Errorf("got %v", err)
			}
			if n := len(server.Requests()); n != c.seen {
				t.Errorf("the server saw %d requests, want %d", n, c.seen)
			}
			if len(waited) != len(c.waits) {
				t.Fatalf("waited %v, want %v", waited, c.waits)
			}
			for i, want := range c.waits {
				if waited[i] < want/2 || waited[i] > want*3/2+time.Second {
					t.Errorf("waited %v, want about %v", waited, c.waits)
				}
			}
			if err == nil {
				return
			}
			refused := as[*api.Error](t, err)
			if d := refused.RetryAfter - c.retryAfter; d < -time.Second || d > time.Second || refused.Attempts != c.seen {
				t.Errorf("RetryAfter %v after %d attempts, want %v after %d", refused.RetryAfter, refused.Attempts, c.retryAfter, c.seen)
			}
			if refused.StatusCode == 429 && (!errors.Is(err, api.ErrRateLimited) || api.OutcomeOf(err) != api.NotApplied) {
				t.Errorf("%v is not ErrRateLimited, not applied", err)
			}
		})
	}
}

func TestContextEndsWhileWaiting(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(limited("25"))
	ctx, cancel := context.WithCancel(t.Context())
	sleeping := func(ctx context.Context, _ time.Duration) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}
	_, err := server.Client(api.WithSleep(sleeping)).CreateAttribute(ctx, gen.AttributeTypeContacts, gen.Contact{})
	checkFailure(t, err, api.NotApplied, context.Canceled)
	if !errors.Is(err, api.ErrRateLimited) || as[*api.Error](t, err).RetryAfter != 25*time.Second {
		t.Errorf("the server's answer is lost: %v", err)
	}
}

// The core knows no operation: one that is added to the contract is routed,
// authenticated, checked and retried like those that are there.
func TestAddedOperation(t *testing.T) {
	doc := readContract(t)
	text := openapi3.NewStringSchema()
	widget := openapi3.NewObjectSchema().WithProperty("name", text).WithRequired([]string{"name"})
	answer := openapi3.NewResponse().WithDescription("ok").WithJSONSchema(widget)
	answer.Headers = openapi3.Headers{"X-Version": {Value: &openapi3.Header{Parameter: openapi3.Parameter{Required: true, Schema: openapi3.NewIntegerSchema().NewRef()}}}}
	operation := func(id string) *openapi3.Operation {
		op := &openapi3.Operation{OperationID: id, Responses: openapi3.NewResponses(openapi3.WithStatus(200, &openapi3.ResponseRef{Value: answer}))}
		op.AddParameter(openapi3.NewPathParameter("widgetId").WithSchema(text))
		op.AddParameter(openapi3.NewQueryParameter("limit").WithSchema(openapi3.NewIntegerSchema().WithMin(1).WithMax(100)))
		return op
	}
	put := operation("replaceWidget")
	put.RequestBody = &openapi3.RequestBodyRef{Value: openapi3.NewRequestBody().WithRequired(true).WithJSONSchema(widget)}
	doc.AddOperation("/v2/widgets/{widgetId}", http.MethodPut, put)
	doc.AddOperation("/v2/widgets/{widgetId}", http.MethodGet, operation("getWidget"))
	special := operation("getBest")
	special.Parameters = nil
	doc.AddOperation("/v2/widgets/best", http.MethodGet, special)
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}

	type reply struct {
		status  int
		version string
		body    string
	}
	const good = `{"name":"w"}`
	for name, c := range map[string]struct {
		method, path, body string
		replies            []reply
		seen               int
		want               string // part of the error, "" for none
	}{
		"get":                 {"GET", "/v2/widgets/1", "", []reply{{200, "1", good}}, 1, ""},
		"put":                 {"PUT", "/v2/widgets/a%20b?limit=100", good, []reply{{200, "1", good}}, 1, ""},
		"literal path first":  {"GET", "/v2/widgets/best", "", []reply{{400, "1", `{}`}}, 1, "getBest: 400"},
		"no such operation":   {"DELETE", "/v2/widgets/1", "", nil, 0, "no operation"},
		"no such path":        {"GET", "/v2/widgets/1/parts", "", nil, 0, "no operation"},
		"query over the top":  {"GET", "/v2/widgets/1?limit=101", "", nil, 0, "query.limit"},
		"query of wrong type": {"GET", "/v2/widgets/1?limit=chris", "", nil, 0, "query.limit"},
		"unsafe segment":      {"GET", "/v2/widgets/a%2Fb", "", nil, 0, "path.widgetId"},
		"empty segment":       {"GET", "/v2/widgets/", "", nil, 0, "path.widgetId"},
		"no body":             {"PUT", "/v2/widgets/1", "", nil, 0, "body"},
		"a body for a GET":    {"GET", "/v2/widgets/1", "{}", nil, 0, "body"},
		"bad body":            {"PUT", "/v2/widgets/1", `{"name":1}`, nil, 0, "body/name"},
		"bad answer":          {"GET", "/v2/widgets/1", "", []reply{{200, "1", `{}`}}, 1, "body/name"},
		"no header":           {"GET", "/v2/widgets/1", "", []reply{{200, "", good}}, 1, "header"},
		"get again after 503": {"GET", "/v2/widgets/1", "", []reply{{503, "", ""}, {502, "", "<html>"}, {200, "1", good}}, 3, ""},
		"put again after 408": {"PUT", "/v2/widgets/1", good, []reply{{408, "", ""}, {200, "1", good}}, 2, ""},
		"get again after cut": {"GET", "/v2/widgets/1", "", []reply{{0, "", ""}, {200, "1", good}}, 2, ""},
		"put, cut, then 404":  {"PUT", "/v2/widgets/1", good, []reply{{0, "", ""}, {404, "", ""}}, 2, "404 Not Found (outcome unknown)"},
		"not again after 404": {"GET", "/v2/widgets/1", "", []reply{{404, "", ""}}, 1, "404"},
		"new token after 401": {"GET", "/v2/widgets/1", "", []reply{{401, "", ""}, {401, "", ""}}, 1, "401"},
	} {
		t.Run(name, func(t *testing.T) {
			var seen atomic.Int32
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				next := c.replies[seen.Add(1)-1]
				if got, _ := io.ReadAll(r.Body); string(got) != c.body {
					t.Errorf("body %q, want %q", got, c.body)
				}
				if got := r.Header.Get("Authorization"); got != "Bearer made-for-this-test" {
					t.Errorf("Authorization %q", got)
				}
				if next.status == 0 {
					panic(http.ErrAbortHandler)
				}
				w.Header().Set("Content-Type", "application/json")
				if next.version != "" {
					w.Header().Set("X-Version", next.version)
				}
				w.WriteHeader(next.status)
				fmt.Fprint(w, next.body)
			})
			var waited waits
			client := newClient(t, base, api.WithContract(doc), waited.option())
			err := sendRaw(t, client, c.method, base+c.path, c.body)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if n := int(seen.Load()); n != c.seen {
				t.Errorf("the server saw %d requests, want %d", n, c.seen)
			}
			checkText(t, err, "chris", "made-for-this-test")
		})
	}
}

// A PUT that may have been processed stays unknown, and its handler is told, whatever ends the attempts.
func TestOutcomeOfEarlierAttemptsCounts(t *testing.T) {
	doc := readContract(t)
	answer := openapi3.NewResponse().WithDescription("ok").WithJSONSchema(openapi3.NewObjectSchema())
	put := &openapi3.Operation{OperationID: "replaceWidget", Responses: openapi3.NewResponses(openapi3.WithStatus(200, &openapi3.ResponseRef{Value: answer}))}
	doc.AddOperation("/v2/widget", http.MethodPut, put)
	for name, c := range map[string]struct {
		third http.HandlerFunc // after a 429 and a cut
		burst int              // round trips that the rate limit lets through
		is    error
		told  int // to the handler of violations
	}{
		"the rate limit": {nil, 2, context.DeadlineExceeded, 0},
		"a no":           {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, 3, api.ErrNotFound, 0},
		"a broken no": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, strings.Repeat("x", 2<<20))
		}, 3, api.ErrInvalidResponse, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var seen atomic.Int32
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				switch seen.Add(1) {
				case 1:
					w.WriteHeader(429)
				case 2:
					panic(http.ErrAbortHandler)
				default:
					c.third(w, r)
				}
			})
			var waited waits
			told := 0
			client := newClient(t, base, api.WithContract(doc), waited.option(), api.WithRateLimit(0.001, c.burst),
				api.WithViolationHandler(func(context.Context, *api.ValidationError) { told++ }))
			err := sendRaw(t, client, http.MethodPut, base+"/v2/widget", "")
			checkFailure(t, err, api.Unknown, c.is)
			if told != c.told {
				t.Errorf("the handler was told %d times, want %d", told, c.told)
			}
		})
	}
}
