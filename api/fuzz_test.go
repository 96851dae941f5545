package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
	"github.com/sakari-go/sakari-go/gen"
)

// fuzzBodies are the bodies of the seeds.
var fuzzBodies = []string{
	successBody,
	faultserver.RefusalBody,
	`{"success":true,"data":{"amount":1e400,"below":-0}}`,
	`{"success":true,"SUCCESS":false,"data":{"amount":1,"below":1}}`,
	`{"success":true,"data":{"amount":1,"amount":2,"below":1}}`,
	`{"success":true,"data":{"amount":1,"below":1,"x":"\ud800"}}`,
	"\ufeff" + successBody,
	successBody + "x",
	"<html>",
	"",
	"null",
	`{"success":true,"data":{"amount":1,"below":1},"x":` + nested(100) + `}`,
	`{"success":true,"data":{"amount":1,"below":1},"x":{"a":1,"a":2}}`,
	`{"success":true,"data":{"amount":1.5e3,"below":1,"nested":[[[{"a":[null,true,"\u00e9"]}]]]}}`,
	zip(successBody),
}

// A response is any status, media type, encoding and body. If the client accepts it, openapi3filter
// accepts it too, and encoding/json reads the same values.
func FuzzResponse(f *testing.F) {
	for _, body := range fuzzBodies {
		f.Add(200, "application/json", "", []byte(body))
	}
	f.Add(201, "application/json", "", []byte(successBody))
	f.Add(200, "application/x+json; charset=utf-8", "identity", []byte(successBody))
	f.Add(200, "text/html", "gzip", []byte(zip(successBody)))
	f.Add(200, "application/json", "gzip", []byte(zip(successBody)))
	validator := newFilter(f)
	f.Fuzz(func(t *testing.T, status int, media, encoding string, body []byte) {
		send := roundTripFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode:    status,
				Header:        http.Header{"Content-Type": {media}, "Content-Encoding": {encoding}},
				Body:          io.NopCloser(bytes.NewReader(body)),
				ContentLength: -1,
			}, nil
		})
		validator.compare(t, newClient(t, "https://api.invalid", withTransport(send), api.WithMaxAttempts(1)))
	})
}

// A response is any bytes on a connection.
func FuzzWire(f *testing.F) {
	for _, body := range fuzzBodies {
		f.Add([]byte(ok200 + "\r\n" + body))
		f.Add([]byte(ok200 + chunked + chunk(body) + "0\r\n\r\n"))
	}
	for _, response := range []string{
		"HTTP/1.1 100 Continue\r\n\r\n" + withLength(51, successBody),
		"HTTP/1.0 302 Found\r\nLocation: //x\r\n\r\n",
		ok200 + "Content-Encoding: gzip\r\n\r\n" + zip(successBody),
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
		"HTTP/1.1 429 X\r\nRetry-After: 1e9\r\nContent-Length: 0\r\n\r\n",
		ok200 + "Content-Length: 51\r\nContent-Length: 50\r\n\r\n" + successBody,
	} {
		f.Add([]byte(response))
	}
	validator := newFilter(f)
	f.Fuzz(func(t *testing.T, response []byte) {
		var serving sync.WaitGroup
		dial := func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			serving.Go(func() {
				defer far.Close()
				r, err := http.ReadRequest(bufio.NewReader(far))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = far.Write(response)
			})
			return near, nil
		}
		transport := &http.Transport{DisableKeepAlives: true, DialContext: dial}
		validator.compare(t, newClient(t, "http://"+closedAddress,
			withTransport(transport), api.WithMaxAttempts(1), api.WithTimeout(10*time.Second)))
		transport.CloseIdleConnections()
		serving.Wait()
	})
}

// filter validates a response of createAttribute with openapi3filter, and not with our own code.
type filter struct {
	input *openapi3filter.RequestValidationInput
}

func newFilter(t testing.TB) *filter {
	t.Helper()
	doc := readSpec(t)
	doc.Servers = nil
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, "/v1/accounts/acc/attributes/contacts", nil)
	if err != nil {
		t.Fatal(err)
	}
	route, params, err := router.FindRoute(request)
	if err != nil {
		t.Fatal(err)
	}
	return &filter{&openapi3filter.RequestValidationInput{Request: request, Route: route, PathParams: params}}
}

// compare makes a call. If it is a success, it compares it with openapi3filter and encoding/json.
func (f *filter) compare(t *testing.T, client *api.Client) {
	t.Helper()
	var response api.Response
	got, err := create(t, client, api.CaptureResponse(&response))
	if errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the call hangs: %v", err)
	}
	if err != nil {
		checkOneLine(t, err)
		return
	}
	header := response.Header.Clone()
	if name, _, err := mime.ParseMediaType(header.Get("Content-Type")); err == nil && strings.HasSuffix(name, "+json") {
		header.Set("Content-Type", "application/json") // openapi3filter knows no suffixes (RFC 6839)
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: f.input,
		Status:                 response.StatusCode,
		Header:                 header,
		Body:                   io.NopCloser(bytes.NewReader(response.Body)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		t.Errorf("openapi3filter rejects what the client accepted: %v", err)
	}
	checkUnambiguous(t, json.NewDecoder(bytes.NewReader(response.Body)), 0)
	var standard gen.AutotopupResponse
	if err := json.Unmarshal(response.Body, &standard); err != nil || !standard.Success ||
		standard.Data.Amount != got.Amount || standard.Data.Below != got.Below {
		t.Errorf("encoding/json reads %+v (%v), the client %+v", standard, err, got)
	}
}

// checkUnambiguous fails the test if two decoders may read a value differently. They may if an
// object has a name twice, or if the value is nested too deep.
func checkUnambiguous(t *testing.T, decoder *json.Decoder, depth int) {
	t.Helper()
	const maxDepth = 100 // of the client
	token, err := decoder.Token()
	if err != nil || depth > maxDepth {
		t.Fatalf("the client accepted a value nested %d deep: %v", depth, err)
	}
	open, ok := token.(json.Delim)
	if !ok {
		return
	}
	names := map[any]bool{}
	for decoder.More() {
		if open == '{' {
			name, err := decoder.Token()
			if err != nil || names[name] {
				t.Fatalf("the client accepted the name %q twice: %v", name, err)
			}
			names[name] = true
		}
		checkUnambiguous(t, decoder, depth+1)
	}
	_, _ = decoder.Token()
}

// An account id and an attribute type are any text. Each is one segment of the path, or nothing is
// sent.
func FuzzPath(f *testing.F) {
	for _, text := range []string{
		"acc", "contacts", ".", "..", "a/b", `a\b`, "%2e%2e", "%2F", "?x", "#x", ";x", "a b", "Zo\u00eb", "\u202e",
		"\x00", "\r\nHost: x", "\xff", "//x", "https://x/", "@x", ":80", "%", "%zz", "+", "*", "{accountId}",
	} {
		f.Add(text, "contacts")
		f.Add("acc", text)
	}
	f.Fuzz(func(t *testing.T, account, kind string) {
		send := roundTripFunc(func(r *http.Request) (*http.Response, error) {
			checkRequestURI(t, r, account, kind)
			return nil, errors.New("not sent")
		})
		client := newClient(t, "https://api.invalid/base", api.WithMaxAttempts(1), withTransport(send))
		attributeType := gen.AttributeType(kind)
		_, generatedErr := client.Generated().CreateAttributeWithResponse(t.Context(), account, attributeType, gen.Contact{})
		other, err := client.WithAccount(account)
		if err == nil {
			_, err = other.CreateAttribute(t.Context(), attributeType, gen.Contact{})
		}
		if errors.Is(err, api.ErrInvalidRequest) != errors.Is(generatedErr, api.ErrInvalidRequest) {
			t.Errorf("%q, %q: %v, generated %v", account, kind, err, generatedErr)
		}
	})
}

// checkRequestURI fails the test unless a request goes to createAttribute of an account, below the
// base URL of FuzzPath.
func checkRequestURI(t *testing.T, r *http.Request, account, kind string) {
	t.Helper()
	uri := r.URL.RequestURI()
	seen, err := url.ParseRequestURI(uri)
	if err != nil {
		t.Fatalf("request URI %q: %v", uri, err)
	}
	if path.Clean(seen.Path) != seen.Path || seen.RawQuery != "" || seen.Fragment != "" || seen.ForceQuery {
		t.Fatalf("request URI %q for %q, %q", uri, account, kind)
	}
	if strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' }) {
		t.Fatalf("request URI %q for %q, %q: want printable ASCII", uri, account, kind)
	}
	if r.URL.Host != "api.invalid" || r.Host != "api.invalid" {
		t.Fatalf("hosts %q and %q for %q, %q", r.URL.Host, r.Host, account, kind)
	}
	segments := strings.Split(seen.EscapedPath(), "/")
	if len(segments) != 7 {
		t.Fatalf("request URI %q has %d segments, want 7", uri, len(segments))
	}
	for _, i := range []int{4, 6} {
		if segments[i], err = url.PathUnescape(segments[i]); err != nil {
			t.Fatalf("request URI %q: %v", uri, err)
		}
	}
	kinds := []gen.AttributeType{gen.AttributeTypeContacts, gen.AttributeTypeDeals, gen.AttributeTypeTickets}
	want := []string{"", "base", "v1", "accounts", account, "attributes", kind}
	if !slices.Equal(segments, want) || !slices.Contains(kinds, gen.AttributeType(kind)) {
		t.Fatalf("request URI %q has the segments %q, want %q", uri, segments, want)
	}
}
