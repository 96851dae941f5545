package api

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api/internal/spec"
)

// thing is the result of the operations of statuses.yaml.
type thing struct {
	Name string `json:"name"`
}

// newPipelineOf returns the pipeline of a client of a server, with a spec of the tests.
func newPipelineOf(t *testing.T, file, server string, opts ...Option) *pipeline {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("internal/spec/testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	withSpec := func(c *config) error {
		c.spec = func() (*spec.Spec, error) {
			return spec.New(spec.Operations(doc), func() (*openapi3.T, error) { return doc, nil }), nil
		}
		return nil
	}
	client, err := New("acc", append([]Option{withSpec, WithBaseURL(server), WithToken("token")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client.pipeline
}

func TestDo_ReadsWhatTheStatusDocuments(t *testing.T) {
	type response struct {
		status   int
		location string
		body     string
	}
	const good = `{"name":"x"}`
	for name, c := range map[string]struct {
		operation string
		response  response
		want      thing
		wantErr   string // text of the error, "" for success
	}{
		"201":                     {operation: "created", response: response{201, "/things/1", good}, want: thing{"x"}},
		"201, no Location":        {operation: "created", response: response{201, "", good}, wantErr: `sakari: created: invalid response, status 201: header: response header "Location" missing (outcome unknown)`},
		"201, a wrong Location":   {operation: "created", response: response{201, "/", good}, wantErr: `sakari: created: invalid response, status 201: header: response header "Location" doesn't match schema (outcome unknown)`},
		"200 in place of 201":     {operation: "created", response: response{200, "", good}, wantErr: "sakari: created: invalid response, status 200: status: the spec documents no status 200 (outcome unknown)"},
		"202":                     {operation: "accepted", response: response{202, "", ""}},
		"202 with a body":         {operation: "accepted", response: response{202, "", good}, wantErr: "sakari: accepted: invalid response, status 202: body: the spec documents no body (outcome unknown)"},
		"204":                     {operation: "deleted", response: response{204, "", ""}},
		"404 of its own":          {operation: "deleted", response: response{404, "", good}, wantErr: "sakari: deleted: 404 Not Found (not applied)"},
		"400":                     {operation: "deleted", response: response{400, "", `{"code":5}`}, wantErr: "sakari: deleted: 400 Bad Request: 5 (not applied)"},
		"several, with a result":  {operation: "several", response: response{200, "", good}, want: thing{"x"}},
		"several, 202":            {operation: "several", response: response{202, "", ""}},
		"several, 204":            {operation: "several", response: response{204, "", ""}},
		"several, 200 and empty":  {operation: "several", response: response{200, "", ""}, wantErr: "sakari: several: invalid response, status 200: content-type: must be application/json (outcome unknown)"},
		"several, 201":            {operation: "several", response: response{201, "", good}, wantErr: "sakari: several: invalid response, status 201: status: the spec documents no status 201 (outcome unknown)"},
		"a range":                 {operation: "any", response: response{206, "", ""}},
		"a failure of no status":  {operation: "any", response: response{418, "", `{"message":"no"}`}, wantErr: "sakari: any: 418 I'm a teapot: no (not applied)"},
		"a success that is a lie": {operation: "accepted", response: response{202, "", `{"success":false}`}, wantErr: "sakari: accepted: 202 Accepted: the response says success: false (not applied)"},
	} {
		for _, mode := range []Validation{ValidationStrict, ValidationReport, ValidationOff} {
			if c.wantErr != "" && mode != ValidationStrict {
				continue
			}
			t.Run(name, func(t *testing.T) {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					if c.response.location != "" {
						w.Header().Set("Location", c.response.location)
					}
					w.Header()["Content-Type"] = nil
					if c.response.body != "" {
						w.Header().Set("Content-Type", "application/json")
					}
					w.WriteHeader(c.response.status)
					_, _ = w.Write([]byte(c.response.body))
				}))
				defer server.Close()
				p := newPipelineOf(t, "statuses.yaml", server.URL, WithValidation(mode), WithRetryBackoff(0, 0))
				known, err := p.spec()
				if err != nil {
					t.Fatal(err)
				}
				op := known.Operation(c.operation)
				got, _, err := do[thing](t.Context(), p, c.operation, nil, nil, nil, func(server string) (*http.Request, error) {
					return http.NewRequest(op.Method, server+op.Path[1:], nil)
				})
				text := ""
				if err != nil {
					text, got = err.Error(), &thing{}
				}
				if diff := cmp.Diff(c.wantErr, text) + cmp.Diff(c.want, *got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// A declared Idempotency-Key is sent. With one net/http would send a POST again that the server may
// have processed, if a kept connection ends.
func TestIdempotencyKey_IsSentOnceIfDeclared(t *testing.T) {
	keys := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys <- r.Header.Get("Idempotency-Key") + r.Header.Get("X-Idempotency-Key")
		if len(keys) > 1 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	for name, custom := range map[string]http.RoundTripper{
		"net/http":  &http.Transport{},
		"a wrapper": wrapper{&http.Transport{}},
	} {
		t.Run(name, func(t *testing.T) {
			client := &http.Client{Transport: custom}
			defer client.CloseIdleConnections()
			p := newPipelineOf(t, "parameters.yaml", server.URL, WithHTTPClient(client))
			var err error
			for range 2 {
				var request *http.Request
				if request, err = http.NewRequest(http.MethodPost, server.URL+"/header", nil); err != nil {
					t.Fatal(err)
				}
				request.Header.Set("X-Count", "1")
				request.Header.Set("Idempotency-Key", "ab")
				request.Header.Set("X-Idempotency-Key", "cd")
				_, err = p.Do(request)
			}
			if OutcomeOf(err) != Unknown {
				t.Errorf("got %v", err)
			}
			if n := len(keys); n != 2 {
				t.Fatalf("%d requests, want 2", n)
			}
			for range 2 {
				if key := <-keys; key != "ab" {
					t.Errorf("sent the keys %q, want ab", key)
				}
			}
		})
	}
}

type wrapper struct{ *http.Transport }

func (w wrapper) RoundTrip(r *http.Request) (*http.Response, error) { return w.Transport.RoundTrip(r) }
