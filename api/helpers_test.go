package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/sakari-go/sakari-go/api"
)

// newClient returns a client of an address with a fixed token.
func newClient(t testing.TB, base string, opts ...api.Option) *api.Client {
	t.Helper()
	client, err := api.New("acc", append([]api.Option{api.WithBaseURL(base), api.WithToken("made-for-this-test")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// closedAddress is one where nothing listens, nor will: a port that was free a moment ago may be another test's now.
const closedAddress = "127.0.0.1:1"

// serve starts a server on loopback.
func serve(t testing.TB, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.URL
}

func unmarshal(t testing.TB, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// forms are the ways in which a value may come to stand in a log.
func forms(value any) []string {
	texts := []string{
		fmt.Sprintf("%v", value), fmt.Sprintf("%+v", value), fmt.Sprintf("%#v", value),
		fmt.Sprintf("%s", value), fmt.Sprintf("%q", value), fmt.Sprintf("%x", value), fmt.Sprintf("%d", value),
	}
	if text, err := json.Marshal(value); err == nil {
		texts = append(texts, string(text))
	}
	return texts
}

func newJar(t testing.TB) http.CookieJar {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return jar
}

func header(pairs ...string) http.Header {
	h := make(http.Header)
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

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

// lockedBuffer is a log that goroutines share.
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

// sendRaw sends a request that has no method through a client's pipeline.
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
