package spec

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

// readSpec returns a spec of testdata.
func readSpec(t *testing.T, name string) *Spec {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return New(Operations(doc), func() (*openapi3.T, error) { return doc, nil })
}

func TestBodies_AreCheckedByTheirMediaType(t *testing.T) {
	const (
		form      = "application/x-www-form-urlencoded"
		multipart = "multipart/form-data; boundary=b"
	)
	part := func(name, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	s := readSpec(t, "bodies.yaml")
	for name, c := range map[string]struct {
		operation   string
		media       string
		body        string
		want        []string // "location rule" of each violation
		requestOnly bool
	}{
		"bytes":                       {operation: "bytes", media: "application/octet-stream", body: "\x00\xff{"},
		"bytes as JSON":               {operation: "bytes", media: "application/json", body: "{}", want: []string{"content-type content-type"}},
		"bytes without a media type":  {operation: "bytes", body: "x", want: []string{"content-type content-type"}},
		"no bytes":                    {operation: "bytes", media: "application/octet-stream", requestOnly: true, want: []string{"body required"}},
		"an image":                    {operation: "image", media: "image/png", body: "\x89PNG"},
		"a text that is no image":     {operation: "image", media: "text/plain", body: "x", want: []string{"content-type content-type"}},
		"a text":                      {operation: "text", media: "text/plain; charset=utf-8", body: "hello"},
		"a text that is too long":     {operation: "text", media: "text/plain", body: "hello!", want: []string{"body maxLength"}},
		"rows":                        {operation: "csv", media: "text/csv", body: "a,b\n1,2\n"},
		"a form":                      {operation: "form", media: form, body: "name=Chris&count=1"},
		"a form without a field":      {operation: "form", media: form, body: "count=1", want: []string{"body/name required"}},
		"a form with a wrong field":   {operation: "form", media: form, body: "name=C", want: []string{"body/name minLength"}},
		"a form with a wrong type":    {operation: "form", media: form, body: "name=Chris&count=x", want: []string{"body media type"}},
		"parts":                       {operation: "parts", media: multipart, body: part("name", "Chris") + "--b--\r\n", requestOnly: true},
		"parts without a field":       {operation: "parts", media: multipart, body: part("count", "1") + "--b--\r\n", requestOnly: true, want: []string{"body/name required"}},
		"parts that are cut off":      {operation: "parts", media: multipart, body: "--b\r\n", requestOnly: true, want: []string{"body/name required"}},
		"parts without a boundary":    {operation: "parts", media: "multipart/form-data", body: "x", requestOnly: true, want: []string{"body media type"}},
		"JSON of two media types":     {operation: "either", media: "application/json", body: `{"name":"Chris"}`},
		"text of two media types":     {operation: "either", media: "text/plain", body: `{"name":`},
		"bad JSON of two media types": {operation: "either", media: "application/json", body: `{"name":1}`, want: []string{"body/name type"}},
	} {
		t.Run(name, func(t *testing.T) {
			op := s.Operation(c.operation)
			header := http.Header{"Content-Type": {c.media}}
			if c.media == "" {
				header = http.Header{}
			}
			request, err := http.NewRequest(op.Method, "https://api.invalid"+op.Path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header = header
			got := map[string][]string{
				"request": shortOf(op.CheckRequest(t.Context(), Request{Request: request, Body: []byte(c.body)})),
			}
			want := map[string][]string{"request": c.want}
			if !c.requestOnly {
				response := Response{StatusCode: 200, Header: header, Body: ParseBody(header, []byte(c.body))}
				got["response"] = shortOf(op.CheckResponse(t.Context(), request, response))
				want["response"] = c.want
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if request.Body != nil {
				t.Error("the check changed the request")
			}
		})
	}
}

func shortOf(violations []Violation) (short []string) {
	for _, v := range violations {
		short = append(short, strings.TrimSpace(v.Location+" "+v.Rule))
	}
	return short
}
