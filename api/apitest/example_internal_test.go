package apitest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/gen"
)

// frozenDocument reads a spec of these tests, which does not change with openapi.yaml.
func frozenDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("testdata/spec.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.DisableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	return doc
}

// startFrozen starts a server of the frozen spec.
func startFrozen(t *testing.T) *Server {
	t.Helper()
	spec, err := newSpec(frozenDocument(t))
	if err != nil {
		t.Fatal(err)
	}
	server, err := start(spec, func(violation error) { t.Error(violation) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// send sends a request without a body. It returns the response with header fields of the spec only.
func send(t *testing.T, server *Server, method, path string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Date", "Content-Length", "Connection"} {
		response.Header.Del(name)
	}
	var header strings.Builder
	if err := response.Header.Write(&header); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d\n%s\n%s", response.StatusCode, strings.ReplaceAll(header.String(), "\r", ""), body)
}

func TestDefaultResponse_IsTheOneThatTheSpecDeclares(t *testing.T) {
	const jsonType, textType = "Content-Type: application/json\n", "Content-Type: text/plain\n"
	for name, c := range map[string]struct {
		method string
		path   string
		reply  Reply
		want   string
	}{
		"202 with header fields, body made of the schema": {
			method: "POST", path: "/jobs",
			want: "202\n" + jsonType + "Location: /jobs/7\nX-Mode: fast\nX-No-Example: false\n" +
				"X-Ratelimit-Remaining: 99\nX-Tags: a,b\n\n" + `{"id":"job-7","parent":{"id":""},"state":"new"}`,
		},
		"status is the declared one": {
			method: "DELETE", path: "/things", reply: Reply{Status: 204}, want: "204\n\n",
		},
		"200 of an operation without it": {
			method: "POST", path: "/jobs", reply: Reply{Status: 200}, want: "200\n\n",
		},
		"own header fields": {
			method: "POST", path: "/jobs",
			reply: Reply{Body: "x", Header: http.Header{
				"location": {"/"}, "Content-Type": {"text/html"}, "X-Tags": nil, "X-Mode": nil, "X-No-Example": nil,
			}},
			want: "202\nContent-Type: text/html\nLocation: /\nX-Ratelimit-Remaining: 99\n\nx",
		},
		"no Content-Type": {
			method: "GET", path: "/report", reply: Reply{Header: http.Header{"Content-Type": nil}},
			want: "200\n\na,b\n1,2\n",
		},
		"first of two statuses and media types": {
			method: "POST", path: "/things", want: "201\n" + jsonType + "\n" + `{"id":1}`,
		},
		"second status, without a body": {
			method: "POST", path: "/things", reply: Reply{Status: 202}, want: "202\n\n",
		},
		"204": {
			method: "DELETE", path: "/things", want: "204\n\n",
		},
		"text": {
			method: "GET", path: "/report", want: "200\nContent-Type: text/csv\n\na,b\n1,2\n",
		},
		"own body in the declared media type": {
			method: "GET", path: "/report", reply: Reply{Body: "c\n"}, want: "200\nContent-Type: text/csv\n\nc\n",
		},
		"own body for a status that is not declared": {
			method: "GET", path: "/report", reply: Reply{Status: 202, Body: "{}"}, want: "202\n" + jsonType + "\n{}",
		},
		"range of statuses, every kind of schema": {
			method: "GET", path: "/range",
			want: "200\n" + jsonType + "\n" +
				`{"any":0,"flag":false,"list":[false],"mode":"fast","number":0,"one":"","selves":[]}`,
		},
		"400, example of the range": {
			method: "POST", path: "/jobs", reply: Reply{Status: 400},
			want: "400\n" + jsonType + "\n" + `{"code":1,"message":"The job has no name"}`,
		},
		"422, example of the range": {
			method: "POST", path: "/jobs", reply: Reply{Status: 422},
			want: "422\n" + jsonType + "\n" + `{"code":1,"message":"The job has no name"}`,
		},
		"409, shape of the example": {
			method: "POST", path: "/jobs", reply: Reply{Status: 409},
			want: "409\n" + jsonType + "\n" + `{"code":409,"message":"Conflict"}`,
		},
		"429, example of this status": {
			method: "POST", path: "/jobs", reply: Reply{Status: 429},
			want: "429\n" + jsonType + "Retry-After: 30\n\n" + `{"code":7,"message":"Too many jobs"}`,
		},
		"503, shape of the schema": {
			method: "POST", path: "/jobs", reply: Reply{Status: 503},
			want: "503\n" + jsonType + "\n" + `{"code":503,"message":"Service Unavailable"}`,
		},
		"code of an enum, status without a text": {
			method: "POST", path: "/things", reply: Reply{Status: 499},
			want: "499\nContent-Type: application/problem+json\n\n" +
				`{"errors":[{"code":"BROKEN","message":"Status 499"}]}`,
		},
		"failure without a body": {
			method: "DELETE", path: "/things", reply: Reply{Status: 401}, want: "401\n\n",
		},
		"failure that is a text": {
			method: "DELETE", path: "/things", reply: Reply{Status: 404}, want: "404\n" + textType + "\nNot Found",
		},
		"failure of OAuth": {
			method: "GET", path: "/report", reply: Reply{Status: 403},
			want: "403\n" + jsonType + "\n" + `{"error":"APITEST-403","error_description":"Forbidden"}`,
		},
		"failure with a listed text": {
			method: "GET", path: "/report", reply: Reply{Status: 500}, want: "500\n" + jsonType + "\n" + `{"message":"sorry"}`,
		},
		"failure that is not declared": {
			method: "DELETE", path: "/things", reply: Reply{Status: 503},
			want: "503\n" + jsonType + "\n" +
				`{"error":{"code":"APITEST-503","message":"Service Unavailable"},"success":false}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := startFrozen(t)
			server.Respond(c.reply)
			if diff := cmp.Diff(c.want, send(t, server, c.method, c.path)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDefaultResponse_ConformsToTheSpec(t *testing.T) {
	sakari, err := gen.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	for name, doc := range map[string]*openapi3.T{"openapi.yaml": sakari, "frozen": frozenDocument(t)} {
		for path, item := range doc.Paths.Map() {
			for method, operation := range item.Operations() {
				for _, status := range []int{0, 400, 401, 403, 404, 408, 409, 422, 429, 499, 500, 502, 503, 504} {
					reply := Reply{Status: status}.complete(operation)
					input := &openapi3filter.ResponseValidationInput{
						RequestValidationInput: &openapi3filter.RequestValidationInput{
							Request: httptest.NewRequest(method, path, http.NoBody),
							Route:   &routers.Route{Spec: doc, Operation: operation},
						},
						Status: reply.Status,
						Header: reply.Header,
					}
					input.SetBodyBytes([]byte(reply.Body))
					if err := openapi3filter.ValidateResponse(t.Context(), input); err != nil {
						t.Errorf("%s: %s with %d: %v", name, operation.OperationID, status, err)
					}
				}
			}
		}
	}
}

func TestReply_StopsWaitingWhenTheClientLeaves(t *testing.T) {
	for name, reply := range map[string]Reply{
		"Delay":           {Delay: time.Hour},
		"Delay and Reset": {Delay: time.Hour, Fault: Reset},
		"Hang":            {Fault: Hang},
	} {
		t.Run(name, func(t *testing.T) {
			received, ended := make(chan bool), make(chan bool)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(ended)
				close(received)
				reply.write(w, r)
			}))
			defer server.Close()
			ctx, leave := context.WithCancel(t.Context())
			go func() {
				<-received
				leave()
			}()
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if response, err := http.DefaultClient.Do(request); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, %v", response, err)
			}
			<-ended
		})
	}
}
