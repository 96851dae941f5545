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

// The generated client uses the same pipeline as the typed methods.
func TestGenerated_IsAsStrict(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	generated := client.Generated()
	got, err := generated.CreateAttributeWithResponse(t.Context(), "other", gen.AttributeTypeContacts, gen.Contact{})
	if err != nil || got.JSON200.Data.Amount != 123 {
		t.Fatal(got, err)
	}
	for name, c := range map[string]struct {
		reply   apitest.Reply
		outcome api.Outcome
	}{
		"HTML": {apitest.Reply{Header: header("Content-Type", "text/html"), Body: "<html>"}, api.Unknown},
		"201":  {apitest.Reply{Status: 201, Body: `{"success":true}`}, api.Applied},
		"400":  {apitest.Reply{Status: 400}, api.NotApplied},
		"503":  {apitest.Reply{Status: 503}, api.Unknown},
		"204":  {apitest.Reply{Status: 204, Empty: true}, api.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			server.Respond(c.reply)
			got, err := generated.CreateAttributeWithResponse(t.Context(), "other", gen.AttributeTypeContacts, gen.Contact{})
			if got != nil || api.OutcomeOf(err) != c.outcome {
				t.Errorf("got %v, %v (%v)", got, err, api.OutcomeOf(err))
			}
		})
	}
	_, err = generated.CreateAttributeWithResponse(t.Context(), "other", "Deals", gen.Contact{})
	as[*api.ValidationError](t, err)
	invalid := gen.Contact{AdditionalProperties: properties{"email": 1}.raw()}
	_, err = generated.CreateAttributeWithResponse(t.Context(), "other", "deals", invalid)
	if api.OutcomeOf(err) != api.NotApplied {
		t.Errorf("got %v", err)
	}
}

// A request editor of the generated client may make a request that net/http itself would not make.
func TestPipeline_HandlesUnusualRequests(t *testing.T) {
	anyError := errors.New("any error")
	stalled, writer := io.Pipe()
	defer writer.Close()
	for name, c := range map[string]struct {
		edit func(*http.Request)
		err  error // nil: it is sent; anyError: it fails
	}{
		"a body that stalls":            {func(r *http.Request) { r.Body = stalled }, context.DeadlineExceeded},
		"a content length of MaxInt64":  {func(r *http.Request) { r.ContentLength = math.MaxInt64 }, nil},
		"a content length of 32 TiB":    {func(r *http.Request) { r.ContentLength = 1 << 45 }, nil},
		"an unknown content length":     {func(r *http.Request) { r.ContentLength = -1 }, nil},
		"no header":                     {func(r *http.Request) { r.Header = nil }, api.ErrInvalidRequest},
		"a header value with a newline": {func(r *http.Request) { r.Header.Set("X", "a\r\nY: b") }, api.ErrInvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			client := server.Client(api.WithTimeout(shortTimeout))
			_, err := client.Generated().CreateAttributeWithResponse(t.Context(), "acc", "deals", gen.Contact{},
				func(_ context.Context, r *http.Request) error { c.edit(r); return nil })
			switch {
			case c.err == nil && err != nil,
				c.err == anyError && err == nil,
				c.err != nil && c.err != anyError && !errors.Is(err, c.err):
				t.Errorf("got %v, want %v", err, c.err)
			}
			want := 0
			if c.err == nil {
				want = 1
			}
			if n := len(server.Requests()); n != want {
				t.Errorf("the server got %d requests, want %d", n, want)
			}
		})
	}
}

func TestPipeline_EndsAStalledRequestBody(t *testing.T) {
	for _, wrap := range []func(io.Reader) io.Reader{
		func(r io.Reader) io.Reader { return r },
		func(r io.Reader) io.Reader { return struct{ io.Reader }{r} }, // without Close
	} {
		pipe, writer := io.Pipe()
		defer writer.Close()
		reader := wrap(pipe)
		client := newClient(t, "https://api.invalid", api.WithTimeout(50*time.Millisecond))
		_, err := client.Generated().CreateAttributeWithBodyWithResponse(t.Context(), "acc", "deals",
			"application/json", reader)
		checkFailure(t, err, api.NotApplied, context.DeadlineExceeded)
	}
}

func TestCaptureResponse_ForgetsAnEarlierResponse(t *testing.T) {
	captured := api.Response{StatusCode: 1, Body: []byte("stale")}
	client := newClient(t, "http://"+closedAddress, api.WithMaxAttempts(1))
	_, err := create(t, client, api.CaptureResponse(&captured))
	if err == nil || captured.StatusCode != 0 || captured.Body != nil {
		t.Errorf("%v, %v", captured, err)
	}
}

// The pipeline knows no operation. One that is added to the spec is found, authorized, validated
// and retried like every other operation.
func TestPipeline_SupportsEveryOperationOfTheSpec(t *testing.T) {
	doc := readSpec(t)
	text := openapi3.NewStringSchema()
	widget := openapi3.NewObjectSchema().WithProperty("name", text).WithRequired([]string{"name"})
	response := openapi3.NewResponse().WithDescription("ok").WithJSONSchema(widget)
	response.Headers = openapi3.Headers{"X-Version": {Value: &openapi3.Header{
		Parameter: openapi3.Parameter{Required: true, Schema: openapi3.NewIntegerSchema().NewRef()},
	}}}
	operation := func(id string) *openapi3.Operation {
		op := &openapi3.Operation{
			OperationID: id,
			Responses:   openapi3.NewResponses(openapi3.WithStatus(200, &openapi3.ResponseRef{Value: response})),
		}
		limit := openapi3.NewIntegerSchema().WithMin(1).WithMax(100)
		op.AddParameter(openapi3.NewPathParameter("widgetId").WithSchema(text))
		op.AddParameter(openapi3.NewQueryParameter("limit").WithSchema(limit))
		return op
	}
	put := operation("replaceWidget")
	body := openapi3.NewRequestBody().WithRequired(true).WithJSONSchema(widget)
	put.RequestBody = &openapi3.RequestBodyRef{Value: body}
	doc.AddOperation("/v2/widgets/{widgetId}", http.MethodPut, put)
	doc.AddOperation("/v2/widgets/{widgetId}", http.MethodGet, operation("getWidget"))
	best := operation("getBest")
	best.Parameters = nil
	doc.AddOperation("/v2/widgets/best", http.MethodGet, best)
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}

	type reply struct {
		status  int    // 0 closes the connection
		version string // of X-Version
		body    string
	}
	const valid = `{"name":"w"}`
	ok := reply{status: 200, version: "1", body: valid}
	for name, c := range map[string]struct {
		method, path, body string
		replies            []reply
		requests           int
		want               string // part of the error, "" for success
	}{
		"a GET": {
			method:   "GET",
			path:     "/v2/widgets/1",
			replies:  []reply{ok},
			requests: 1,
		},
		"a PUT": {
			method:   "PUT",
			path:     "/v2/widgets/a%20b?limit=100",
			body:     valid,
			replies:  []reply{ok},
			requests: 1,
		},
		"a literal path before a parameter": {
			method:   "GET",
			path:     "/v2/widgets/best",
			replies:  []reply{{status: 400, version: "1", body: `{}`}},
			requests: 1,
			want:     "getBest: 400",
		},
		"no such operation":                   {method: "DELETE", path: "/v2/widgets/1", want: "no operation"},
		"no such path":                        {method: "GET", path: "/v2/widgets/1/parts", want: "no operation"},
		"a query parameter above its maximum": {method: "GET", path: "/v2/widgets/1?limit=101", want: "query.limit"},
		"a query parameter of the wrong type": {
			method: "GET", path: "/v2/widgets/1?limit=chris", want: "query.limit",
		},
		"a path parameter with a slash": {method: "GET", path: "/v2/widgets/a%2Fb", want: "path.widgetId"},
		"an empty path parameter":       {method: "GET", path: "/v2/widgets/", want: "path.widgetId"},
		"no request body":               {method: "PUT", path: "/v2/widgets/1", want: "body"},
		"a GET with a body":             {method: "GET", path: "/v2/widgets/1", body: "{}", want: "body"},
		"an invalid request body":       {method: "PUT", path: "/v2/widgets/1", body: `{"name":1}`, want: "body/name"},
		"an invalid response body": {
			method:   "GET",
			path:     "/v2/widgets/1",
			replies:  []reply{{status: 200, version: "1", body: `{}`}},
			requests: 1,
			want:     "body/name",
		},
		"a missing response header": {
			method:   "GET",
			path:     "/v2/widgets/1",
			replies:  []reply{{status: 200, body: valid}},
			requests: 1,
			want:     "header",
		},
		"a GET is retried after 503": {
			method:   "GET",
			path:     "/v2/widgets/1",
			replies:  []reply{{status: 503}, {status: 502, body: "<html>"}, ok},
			requests: 3,
		},
		"a PUT is retried after 408": {
			method:   "PUT",
			path:     "/v2/widgets/1",
			body:     valid,
			replies:  []reply{{status: 408}, ok},
			requests: 2,
		},
		"a GET is retried after a reset": {
			method:   "GET",
			path:     "/v2/widgets/1",
			replies:  []reply{{}, ok},
			requests: 2,
		},
		"a PUT, a reset and then 404": {
			method:   "PUT",
			path:     "/v2/widgets/1",
			body:     valid,
			replies:  []reply{{}, {status: 404}},
			requests: 2,
			want:     "404 Not Found (outcome unknown)",
		},
		"a GET is not retried after 404": {
			method:   "GET",
			path:     "/v2/widgets/1",
			replies:  []reply{{status: 404}},
			requests: 1,
			want:     "404",
		},
		"401 with a fixed token": {
			method:   "GET",
			path:     "/v2/widgets/1",
			replies:  []reply{{status: 401}, {status: 401}},
			requests: 1,
			want:     "401",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				next := c.replies[requests.Add(1)-1]
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
			client := newClient(t, base, api.WithSpec(doc), waited.option())
			err := sendRaw(t, client, c.method, base+c.path, c.body)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if n := int(requests.Load()); n != c.requests {
				t.Errorf("the server got %d requests, want %d", n, c.requests)
			}
			checkText(t, err, "chris", "made-for-this-test")
		})
	}
}
