package transport

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const limit = 1 << 10 // bytes

// newTransport returns a transport whose connections close at the end of the test.
func newTransport(t *testing.T, config Config) *Transport {
	t.Helper()
	standard := &http.Transport{ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 2 << 20}
	t.Cleanup(standard.CloseIdleConnections)
	config.Transport, config.MaxBodyBytes = standard, limit
	return New(config)
}

func newRequest(t *testing.T, method, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRoundTrip_ReadsTheWholeResponse(t *testing.T) {
	const plain = "a text that is not gzip"
	asGzip := http.Header{"Content-Encoding": {"gzip"}}
	for name, c := range map[string]struct {
		status   int
		header   http.Header
		body     string
		want     string // the body
		location string // of the problem, "" for none
	}{
		"plain":                     {status: 200, body: "{}", want: "{}"},
		"empty":                     {status: 204},
		"a redirect":                {status: 302, header: http.Header{"Location": {"://"}}, body: "x", want: "x"},
		"gzip":                      {status: 200, header: asGzip, body: zipped(t, "{}"), want: "{}"},
		"no gzip, 200":              {status: 200, header: asGzip, body: plain, want: plain, location: "content-encoding"},
		"no gzip, 503":              {status: 503, header: asGzip, body: plain, want: plain},
		"bytes behind gzip":         {status: 200, header: asGzip, body: zipped(t, "{}") + "x", want: "{}", location: "content-encoding"},
		"bytes behind gzip, 503":    {status: 503, header: asGzip, body: zipped(t, "{}") + "x", want: "{}"},
		"at the limit":              {status: 200, body: strings.Repeat("x", limit), want: strings.Repeat("x", limit)},
		"over the limit":            {status: 200, body: strings.Repeat("x", limit+1), want: strings.Repeat("x", limit), location: "body"},
		"over the limit when large": {status: 200, header: asGzip, body: zipped(t, strings.Repeat("x", 1<<20)), want: strings.Repeat("x", limit), location: "body"},
		"a large header":            {status: 200, header: http.Header{"X": {strings.Repeat("x", maxHeader)}}, body: "{}", want: "{}", location: "header"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for field, values := range c.header {
					w.Header()[field] = values
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			response, err := newTransport(t, Config{}).RoundTrip(t.Context(), newRequest(t, "POST", server.URL), []byte("{}"))
			var failed *Error
			if errors.As(err, &failed) != (c.location != "") || failed != nil && failed.Problem.Location != c.location {
				t.Fatalf("got %v, want a problem of %q", err, c.location)
			}
			if failed != nil {
				response = failed.Response
			}
			if diff := cmp.Diff(c.want, string(response.Body)); diff != "" || response.StatusCode != c.status {
				t.Errorf("status %d\n%s", response.StatusCode, diff)
			}
			// The header is that of the body which the caller gets.
			if encoding := response.Header.Get("Content-Encoding"); encoding != "" && string(response.Body) != c.body && c.location != "body" {
				t.Errorf("the header says %q", encoding)
			}
		})
	}
}

func TestRoundTrip_ReportsWhetherTheRequestWasSent(t *testing.T) {
	for name, c := range map[string]struct {
		handle  http.HandlerFunc // nil: nothing listens
		notSent bool
		status  int // of the part of a response, 0 for none
	}{
		"nothing listens":         {notSent: true},
		"reset before a response": {handle: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		"cut off": {status: 200, handle: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("{"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			address := "http://127.0.0.1:1"
			if c.handle != nil {
				server := httptest.NewServer(c.handle)
				defer server.Close()
				address = server.URL
			}
			_, err := newTransport(t, Config{}).RoundTrip(t.Context(), newRequest(t, "POST", address), []byte("{}"))
			var failed *Error
			if !errors.As(err, &failed) || failed.NotSent != c.notSent || failed.Err == nil || failed.Problem != nil {
				t.Fatalf("got %+v", err)
			}
			if status := statusOf(failed.Response); status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
		})
	}
}

// brittle is a connection that a test breaks: it writes nothing more.
type brittle struct {
	net.Conn
	isBroken *atomic.Bool
}

func (b brittle) Write(p []byte) (int, error) {
	if b.isBroken.Load() {
		return 0, errors.New("broken")
	}
	return b.Conn.Write(p)
}

// Net/http sends a POST again over HTTP/1 if it wrote nothing of it to a kept connection.
func TestRoundTrip_ReplacesAConnectionThatTookNothing(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil && string(body) == "{}" {
			requests.Add(1)
		}
	}))
	defer server.Close()
	isBroken := new(atomic.Bool)
	standard := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := new(net.Dialer).DialContext(ctx, network, address)
		isBroken = new(atomic.Bool)
		return brittle{connection, isBroken}, err
	}}
	defer standard.CloseIdleConnections()
	own := New(Config{Transport: standard, MaxBodyBytes: limit})
	for range 3 {
		if _, err := own.RoundTrip(t.Context(), newRequest(t, "POST", server.URL), []byte("{}")); err != nil {
			t.Error(err)
		}
		isBroken.Store(true)
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

func statusOf(r *Response) int {
	if r == nil {
		return 0
	}
	return r.StatusCode
}

func TestRoundTrip_EndsWithItsTime(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	_, err := newTransport(t, Config{Timeout: 10 * time.Millisecond}).RoundTrip(t.Context(), newRequest(t, "GET", server.URL), nil)
	var failed *Error
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &failed) || failed.NotSent {
		t.Errorf("got %v", err)
	}
}

func TestRoundTrip_ContextThatEndedSendsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("sent") }))
	defer server.Close()
	if _, err := newTransport(t, Config{}).RoundTrip(ctx, newRequest(t, "GET", server.URL), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestRoundTrip_UsesTheCookieJar(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
	}))
	defer server.Close()
	transport, request := newTransport(t, Config{Jar: jar}), newRequest(t, "GET", server.URL)
	for range 3 {
		if _, err := transport.RoundTrip(t.Context(), request, nil); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"", "a=b", "a=b"}, got); diff != "" {
		t.Error(diff)
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRoundTrip_WithAnyRoundTripper(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: errors.New("refused")}
	for name, c := range map[string]struct {
		err     error
		notSent bool
	}{
		"neither response nor error": {},
		"failed to dial":             {err: fmt.Errorf("x: %w", dial), notSent: true},
		"failed to dial a proxy":     {err: &net.OpError{Op: "proxyconnect", Err: dial}, notSent: true},
		"failed to read":             {err: &net.OpError{Op: "read", Err: errors.New("reset")}},
	} {
		t.Run(name, func(t *testing.T) {
			own := New(Config{
				Transport:    roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, c.err }),
				MaxBodyBytes: limit,
			})
			_, err := own.RoundTrip(t.Context(), newRequest(t, "POST", "https://api.invalid"), nil)
			var failed *Error
			if !errors.As(err, &failed) || failed.NotSent != c.notSent {
				t.Errorf("got %+v", err)
			}
		})
	}
}

// The server processes a request, and closes the kept connection without a response. Net/http would
// send some of these requests again, and the caller would see the last response alone.
func TestRoundTrip_SendsOnceOnAKeptConnection(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		for _, field := range append(IdempotencyKeys, "X-Other") {
			for _, body := range [][]byte{nil, []byte("{}")} {
				t.Run(fmt.Sprintf("%s/%s/%q", method, field, body), func(t *testing.T) {
					var requests atomic.Int32
					server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
						if requests.Add(1) > 1 {
							panic(http.ErrAbortHandler)
						}
					}))
					defer server.Close()
					own := newTransport(t, Config{})
					for _, isKept := range []bool{false, true} {
						request := newRequest(t, method, server.URL)
						request.Header.Set(field, "1")
						if _, err := own.RoundTrip(t.Context(), request, body); (err != nil) != isKept {
							t.Errorf("got %v", err)
						}
					}
					if n := requests.Load(); n != 2 {
						t.Errorf("%d requests, want 2", n)
					}
				})
			}
		}
	}
}

func TestRoundTrip_SendsAPOSTOnce(t *testing.T) {
	requests := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		requests++
		panic(http.ErrAbortHandler) // resets the stream
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	standard := server.Client().Transport.(*http.Transport)
	own := New(Config{Transport: standard, MaxBodyBytes: limit})
	_, err := own.RoundTrip(t.Context(), newRequest(t, "POST", server.URL), []byte("{}"))
	if err == nil || requests != 1 {
		t.Errorf("%v after %d requests", err, requests)
	}
}
