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
	"github.com/sakari-go/sakari-go/gen"
)

// The seeds are bodies, and whole answers, of the table of faults.
var fuzzBodies = []string{
	yes, refuses, `{"success":true,"data":{"amount":1e400,"below":-0}}`, `{"success":true,"SUCCESS":false,"data":{"amount":1,"below":1}}`,
	`{"success":true,"data":{"amount":1,"amount":2,"below":1}}`, `{"success":true,"data":{"amount":1,"below":1,"x":"\ud800"}}`, "\ufeff" + yes, yes + "x", "<html>", "", "null",
	`{"success":true,"data":{"amount":1,"below":1},"x":` + nested(100) + `}`, `{"success":true,"data":{"amount":1,"below":1},"x":{"a":1,"a":2}}`,
	`{"success":true,"data":{"amount":1.5e3,"below":1,"nested":[[[{"a":[null,true,"\u00e9"]}]]]}}`, zip(yes),
}

// Any answer with a body: what the client takes, openapi3filter takes and encoding/json reads alike.
func FuzzAnswer(f *testing.F) {
	for _, body := range fuzzBodies {
		f.Add(200, "application/json", "", []byte(body))
	}
	f.Add(201, "application/json", "", []byte(yes))
	f.Add(200, "application/x+json; charset=utf-8", "identity", []byte(yes))
	f.Add(200, "text/html", "gzip", []byte(zip(yes)))
	f.Add(200, "application/json", "gzip", []byte(zip(yes)))
	accepts := newFilter(f)
	f.Fuzz(func(t *testing.T, status int, media, encoding string, body []byte) {
		answer := roundTripFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: status, Header: http.Header{"Content-Type": {media}, "Content-Encoding": {encoding}},
				Body: io.NopCloser(bytes.NewReader(body)), ContentLength: -1,
			}, nil
		})
		accepts.compare(t, newClient(t, "https://api.invalid", api.WithHTTPClient(&http.Client{Transport: answer}), api.WithMaxAttempts(1)))
	})
}

// Any bytes on a connection.
func FuzzWire(f *testing.F) {
	for _, body := range fuzzBodies {
		f.Add([]byte(ok200 + "\r\n" + body))
		f.Add([]byte(ok200 + chunked + chunk(body) + "0\r\n\r\n"))
	}
	for _, answer := range []string{
		"HTTP/1.1 100 Continue\r\n\r\n" + ok200 + "Content-Length: 51\r\n\r\n" + yes, "HTTP/1.0 302 Found\r\nLocation: //x\r\n\r\n", ok200 + "Content-Encoding: gzip\r\n\r\n" + zip(yes),
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "HTTP/1.1 429 X\r\nRetry-After: 1e9\r\nContent-Length: 0\r\n\r\n", ok200 + "Content-Length: 51\r\nContent-Length: 50\r\n\r\n" + yes,
	} {
		f.Add([]byte(answer))
	}
	accepts := newFilter(f)
	f.Fuzz(func(t *testing.T, answer []byte) {
		var serving sync.WaitGroup
		transport := &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			serving.Go(func() {
				defer far.Close()
				r, err := http.ReadRequest(bufio.NewReader(far))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = far.Write(answer)
			})
			return near, nil
		}}
		client := newClient(t, "http://127.0.0.1:1", api.WithHTTPClient(&http.Client{Transport: transport}), api.WithMaxAttempts(1), api.WithTimeout(10*time.Second))
		accepts.compare(t, client)
		transport.CloseIdleConnections()
		serving.Wait()
	})
}

// filter is kin-openapi's own check of an answer to createAttribute.
type filter struct {
	input *openapi3filter.RequestValidationInput
}

func newFilter(t testing.TB) *filter {
	t.Helper()
	doc := readContract(t)
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

// compare makes a call, and holds a success against the filter and encoding/json.
func (f *filter) compare(t *testing.T, client *api.Client) {
	t.Helper()
	var answer api.Response
	got, err := create(t, client, api.CaptureResponse(&answer))
	if errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it hangs: %v", err)
	}
	if err != nil {
		if len(err.Error()) > 2000 || strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("not fit for a line of a log: %q", err.Error())
		}
		return
	}
	header := answer.Header.Clone()
	if name, _, err := mime.ParseMediaType(header.Get("Content-Type")); err == nil && strings.HasSuffix(name, "+json") {
		header.Set("Content-Type", "application/json") // the filter knows no suffixes, the contract's readers do
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: f.input, Status: answer.StatusCode, Header: header, Body: io.NopCloser(bytes.NewReader(answer.Body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		t.Errorf("openapi3filter refuses what the client took: %v", err)
	}
	checkPlain(t, json.NewDecoder(bytes.NewReader(answer.Body)), 0)
	var standard gen.AutotopupResponse
	if err := json.Unmarshal(answer.Body, &standard); err != nil || !standard.Success || standard.Data.Amount != got.Amount || standard.Data.Below != got.Below {
		t.Errorf("encoding/json reads %+v (%v), the client %+v", standard, err, got)
	}
}

// checkPlain reads a value that no two readers read differently: no name stands twice, and it is not deep.
func checkPlain(t *testing.T, decoder *json.Decoder, depth int) {
	t.Helper()
	token, err := decoder.Token()
	if err != nil || depth > 100 {
		t.Fatalf("the client took what is %d deep, %v", depth, err)
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
				t.Fatalf("the client took %q twice, %v", name, err)
			}
			names[name] = true
		}
		checkPlain(t, decoder, depth+1)
	}
	_, _ = decoder.Token()
}

// Any account id and type: each stays one segment of the path, or nothing is sent.
func FuzzPath(f *testing.F) {
	for _, text := range []string{"acc", "contacts", ".", "..", "a/b", `a\b`, "%2e%2e", "%2F", "?x", "#x", ";x", "a b", "Zo\u00eb", "\u202e", "\x00", "\r\nHost: x", "\xff", "//x", "https://x/", "@x", ":80", "%", "%zz", "+", "*", "{accountId}"} {
		f.Add(text, "contacts")
		f.Add("acc", text)
	}
	kinds := []string{string(gen.AttributeTypeContacts), string(gen.AttributeTypeDeals), string(gen.AttributeTypeTickets)}
	f.Fuzz(func(t *testing.T, account, kind string) {
		client := newClient(t, "https://api.invalid/base", api.WithMaxAttempts(1), api.WithHTTPClient(&http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
			uri := r.URL.RequestURI()
			seen, err := url.ParseRequestURI(uri)
			if err != nil {
				t.Fatalf("request URI %q: %v", uri, err)
			}
			segments := strings.Split(seen.EscapedPath(), "/")
			if len(segments) != 7 || path.Clean(seen.Path) != seen.Path || seen.RawQuery != "" || seen.Fragment != "" || seen.ForceQuery ||
				strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' }) || r.URL.Host != "api.invalid" || r.Host != "api.invalid" {
				t.Fatalf("request URI %q for %q, %q", uri, account, kind)
			}
			gotAccount, accountErr := url.PathUnescape(segments[4])
			gotKind, kindErr := url.PathUnescape(segments[6])
			want := []string{"", "base", "v1", "accounts", account, "attributes", kind}
			if accountErr != nil || kindErr != nil || !slices.Equal(want, append(append(slices.Clone(segments[:4]), gotAccount), segments[5], gotKind)) || !slices.Contains(kinds, kind) {
				t.Fatalf("request URI %q for %q, %q", uri, account, kind)
			}
			return nil, errors.New("seen")
		})}))
		_, generatedErr := client.Generated().CreateAttributeWithResponse(t.Context(), account, gen.AttributeType(kind), gen.Contact{})
		other, err := client.WithAccount(account)
		if err == nil {
			_, err = other.CreateAttribute(t.Context(), gen.AttributeType(kind), gen.Contact{})
		}
		if errors.Is(err, api.ErrInvalidRequest) != errors.Is(generatedErr, api.ErrInvalidRequest) {
			t.Errorf("%q, %q: %v, generated %v", account, kind, err, generatedErr)
		}
	})
}
