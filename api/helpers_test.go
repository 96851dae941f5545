package api_test

import (
	"bytes"
	"context"
	jsonv1 "encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/api"
)

// newClient returns a client of an address with a fixed token.
func newClient(t testing.TB, base string, opts ...api.Option) *api.Client {
	t.Helper()
	own := []api.Option{api.WithBaseURL(base), api.WithToken("made-for-this-test")}
	client, err := api.New("acc", append(own, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// closedAddress is an address where nothing listens. A port that was free a moment ago does not do:
// another test may use it now.
const closedAddress = "127.0.0.1:1"

// serve starts a server on loopback.
func serve(t testing.TB, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.URL
}

// writeJSON responds 200 with a JSON body.
func writeJSON(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, body)
}

// withRoundTrip makes a client send its requests with a function instead of a transport.
func withRoundTrip(send roundTripFunc) api.Option {
	return api.WithHTTPClient(&http.Client{Transport: send})
}

// respond reads a request and returns a JSON response to it, as a RoundTripper does.
func respond(r *http.Request, body string) *http.Response {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{
		StatusCode:    http.StatusOK,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Request:       r,
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}

// logTo makes a client write its log as text.
func logTo(w io.Writer, level slog.Level) api.Option {
	return api.WithLogger(slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})))
}

// countViolations counts the violations that a client reports.
func countViolations(count *int) api.Option {
	return api.WithViolationHandler(func(context.Context, *api.ValidationError) { *count++ })
}

// modes are all modes of validation.
var modes = []api.Validation{api.ValidationStrict, api.ValidationReport, api.ValidationOff}

// unmarshal decodes JSON with names in any case: the fields that a test reads from a log have no
// tags.
func unmarshal(t testing.TB, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
}

// forms returns the texts by which a value may get into a log.
func forms(value any) []string {
	texts := []string{
		fmt.Sprintf("%v", value), fmt.Sprintf("%+v", value), fmt.Sprintf("%#v", value),
		fmt.Sprintf("%s", value), fmt.Sprintf("%q", value), fmt.Sprintf("%x", value), fmt.Sprintf("%d", value),
	}
	if text, err := jsonv1.Marshal(value); err == nil {
		texts = append(texts, string(text))
	}
	if text, err := json.Marshal(value); err == nil {
		texts = append(texts, string(text))
	}
	return texts
}

// sentFields are the public fields that keep what a server sent.
var sentFields = map[reflect.Type][]string{
	reflect.TypeFor[api.Error]():           {"Code", "Message", "Header", "Body"},
	reflect.TypeFor[api.ValidationError](): {"Header", "Body"},
	reflect.TypeFor[api.Response]():        {"Header", "Body"},
}

// reachable returns all texts that reflection finds in a value, also in fields that are not
// exported. Printers such as go-spew show these. It leaves out some fields.
func reachable(value any, except map[reflect.Type][]string) string {
	type visit struct {
		at unsafe.Pointer
		of reflect.Type
	}
	seen := make(map[visit]bool)
	var b strings.Builder
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			b.WriteString(v.String() + "\n")
		case reflect.Interface:
			walk(v.Elem())
		case reflect.Pointer:
			if v.Type() == reflect.TypeFor[*lockedBuffer]() { // a token call may still write to the log
				b.WriteString((*lockedBuffer)(v.UnsafePointer()).String() + "\n")
				return
			}
			if at := (visit{v.UnsafePointer(), v.Type()}); !seen[at] {
				seen[at] = true
				walk(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if !slices.Contains(except[v.Type()], v.Type().Field(i).Name) {
					walk(v.Field(i))
				}
			}
		case reflect.Map:
			for entries := v.MapRange(); entries.Next(); {
				walk(entries.Key())
				walk(entries.Value())
			}
		case reflect.Slice, reflect.Array:
			if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
				b.WriteString(string(v.Bytes()) + "\n")
				return
			}
			for i := range v.Len() {
				walk(v.Index(i))
			}
		}
	}
	walk(reflect.ValueOf(value))
	return b.String()
}

func newJar(t testing.TB) http.CookieJar {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return jar
}

// header returns a header of names and values in turn.
func header(pairs ...string) http.Header {
	h := make(http.Header)
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// checkFailure fails the test unless an error has an outcome, wraps a cause, and shows no email
// address. A nil cause is not checked.
func checkFailure(t *testing.T, err error, outcome api.Outcome, cause error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if got := api.OutcomeOf(err); got != outcome {
		t.Errorf("outcome %v, want %v (%v)", got, outcome, err)
	}
	if cause != nil && !errors.Is(err, cause) {
		t.Errorf("%v does not wrap %v", err, cause)
	}
	checkText(t, err, "chris@sakari.io")
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// lockedBuffer is a buffer that several goroutines may write to.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *lockedBuffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Reset()
}

// sendRaw sends a request through the pipeline of a client. The operation needs no typed method.
func sendRaw(t testing.TB, client *api.Client, method, url, body string) error {
	t.Helper()
	var reader io.Reader // none for an empty body
	if body != "" {
		reader = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, reader)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := api.Send(client, request)
	if response != nil {
		_ = response.Body.Close()
	}
	return err
}
