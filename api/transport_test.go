package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestWithHTTPClient_UsesItsCookieJar(t *testing.T) {
	var cookies []string
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cookies = append(cookies, r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		writeJSON(w, successBody)
	})
	client := newClient(t, base, api.WithHTTPClient(&http.Client{Transport: &http.Transport{}, Jar: newJar(t)}))
	for range 2 {
		if _, err := create(t, client); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"", "session=1"}, cookies); diff != "" {
		t.Error(diff)
	}
}

// A response that is refused for the size of its header leaves no cookies.
func TestWithHTTPClient_KeepsNoCookiesOfRefusedResponses(t *testing.T) {
	var cookies []string
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cookies = append(cookies, r.Header.Get("Cookie"))
		for i := range 3000 {
			http.SetCookie(w, &http.Cookie{Name: fmt.Sprintf("c%d", i), Value: strings.Repeat("x", 20)})
		}
	})
	client := newClient(t, base, api.WithHTTPClient(&http.Client{Transport: &http.Transport{}, Jar: newJar(t)}))
	for range 2 {
		_, err := create(t, client)
		as[*api.ValidationError](t, err)
	}
	if diff := cmp.Diff([]string{"", ""}, cookies); diff != "" {
		t.Error(diff)
	}
}

func TestRedirect_IsNotFollowed(t *testing.T) {
	followed := 0
	other := serve(t, func(http.ResponseWriter, *http.Request) { followed++ })
	host := strings.TrimPrefix(other, "http://")
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := apitest.NewServer(t)
		reply := apitest.Reply{Status: status, Header: header("Location", other+"/x")}
		server.Respond(reply)
		_, err := create(t, server.Client())
		got := as[*api.Error](t, err).StatusCode
		if got != status || !strings.Contains(err.Error(), host) {
			t.Errorf("%d: got %v, want the host %s", status, err, host)
		}
		server.RespondToken(reply)
		_, err = create(t, server.Client())
		got = as[*api.AuthError](t, err).StatusCode
		if got != status || !strings.Contains(err.Error(), host) || api.OutcomeOf(err) != api.NotApplied {
			t.Errorf("%d: got %v, want the host %s", status, err, host)
		}
	}
	if followed != 0 {
		t.Errorf("the other host got %d requests", followed)
	}
}

func TestToken_IsSentToTheBaseURLOnly(t *testing.T) {
	server := apitest.NewServer(t)
	for name, edit := range map[string]func(*http.Request){
		"another host":       func(r *http.Request) { r.URL.Host = closedAddress },
		"another scheme":     func(r *http.Request) { r.URL.Scheme = "https" },
		"another Host":       func(r *http.Request) { r.Host = "other.invalid" },
		"another path":       func(r *http.Request) { r.URL.Path = "/v2/else" },
		"an opaque URL":      func(r *http.Request) { r.URL.Opaque = "//other.invalid/v1/accounts/acc/attributes/contacts" },
		"no URL":             func(r *http.Request) { r.URL = nil },
		"a user in the host": func(r *http.Request) { r.URL.User = nil; r.URL.Host = "x@" + r.URL.Host },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := server.Client().Generated().CreateAttributeWithResponse(t.Context(), "acc",
				gen.AttributeTypeContacts, gen.Contact{},
				func(_ context.Context, r *http.Request) error { edit(r); return nil })
			as[*api.ValidationError](t, err)
		})
	}
	if n := len(server.TokenRequests()) + len(server.Requests()); n != 0 {
		t.Errorf("the server got %d requests", n)
	}
}

// With one of these fields net/http resends a POST by itself.
func TestIdempotencyKey_IsRemoved(t *testing.T) {
	server := apitest.NewServer(t)
	_, err := server.Client().Generated().CreateAttributeWithResponse(t.Context(), "acc",
		gen.AttributeTypeContacts, gen.Contact{},
		func(_ context.Context, r *http.Request) error {
			r.Header.Set("Idempotency-Key", "1")
			r.Header.Set("X-Idempotency-Key", "1")
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	sent := server.Requests()[0].Header
	if sent.Get("Idempotency-Key")+sent.Get("X-Idempotency-Key") != "" {
		t.Errorf("sent %v", sent)
	}
}

// A RoundTripper of the caller may do what net/http.RoundTripper forbids.
func TestRoundTripper_MayMisbehave(t *testing.T) {
	t.Run("a response without a body", func(t *testing.T) {
		_, err := create(t, newClient(t, "https://api.invalid",
			withRoundTrip(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 503}, nil
			})))
		if as[*api.Error](t, err).StatusCode != 503 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a response body that ignores the context", func(t *testing.T) {
		reader, writer := io.Pipe()
		defer writer.Close()
		_, err := create(t, newClient(t, "https://api.invalid", api.WithTimeout(50*time.Millisecond),
			withRoundTrip(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Body: reader}, nil
			})))
		checkFailure(t, err, api.Unknown, context.DeadlineExceeded)
	})
	t.Run("a call that is cancelled during the response", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.Respond(apitest.Reply{Fault: apitest.Drip})
		ctx, cancel := context.WithCancelCause(t.Context())
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		client := server.Client(withRoundTrip(func(r *http.Request) (*http.Response, error) {
			response, err := transport.RoundTrip(r)
			if r.URL.Path != "/oauth2/token" {
				cancel(errors.New("why"))
			}
			return response, err
		}))
		_, err := client.CreateAttribute(ctx, gen.AttributeTypeContacts, gen.Contact{})
		checkFailure(t, err, api.Unknown, context.Canceled)
		if as[*api.Error](t, err).StatusCode != 200 {
			t.Errorf("got %v", err)
		}
	})
	for name, c := range map[string]struct {
		err      error
		outcome  api.Outcome
		attempts int
	}{
		"an error of dialing": {
			err: &net.OpError{Op: "dial", Err: errors.New("x")}, outcome: api.NotApplied, attempts: 3,
		},
		"an error of reading": {
			err: &net.OpError{Op: "read", Err: errors.New("x")}, outcome: api.Unknown, attempts: 1,
		},
		"an error of its own": {
			err: errors.New("x"), outcome: api.Unknown, attempts: 1,
		},
		"no response and no error": {outcome: api.Unknown, attempts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var waited waits
			attempts := 0
			_, err := create(t, newClient(t, "https://api.invalid", waited.option(),
				withRoundTrip(func(*http.Request) (*http.Response, error) { attempts++; return nil, c.err })))
			checkFailure(t, err, c.outcome, c.err)
			if attempts != c.attempts {
				t.Errorf("%d attempts, want %d", attempts, c.attempts)
			}
		})
	}
	t.Run("the request body read before it is sent", func(t *testing.T) { // for example to sign it
		server := apitest.NewServer(t)
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		_, err := create(t, server.Client(withRoundTrip(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			r = r.Clone(r.Context())
			if r.Body, err = r.GetBody(); err != nil {
				return nil, err
			}
			r.Header.Set("X-Length", fmt.Sprint(len(body)))
			return transport.RoundTrip(r)
		})))
		if err != nil || len(server.Requests()) != 1 {
			t.Errorf("got %v after %d requests", err, len(server.Requests()))
		}
	})
	t.Run("a response body that ends without an error at the deadline", func(t *testing.T) {
		_, err := create(t, newClient(t, "https://api.invalid", api.WithTimeout(50*time.Millisecond),
			withRoundTrip(func(r *http.Request) (*http.Response, error) {
				end := readFunc(func([]byte) (int, error) { <-r.Context().Done(); return 0, io.EOF })
				response := respond(r, "")
				response.ContentLength = -1
				response.Body = io.NopCloser(io.MultiReader(strings.NewReader(successBody), end))
				return response, nil
			})))
		checkFailure(t, err, api.Unknown, context.DeadlineExceeded)
		if got := as[*api.Error](t, err); string(got.Body) != successBody {
			t.Errorf("the response is lost: %q", got.Body)
		}
	})
	t.Run("a response and an error", func(t *testing.T) {
		body := &closing{Reader: strings.NewReader(successBody)}
		_, err := create(t, newClient(t, "https://api.invalid",
			withRoundTrip(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Body: body}, errors.New("x")
			})))
		checkFailure(t, err, api.Unknown, nil)
		if !body.closed {
			t.Error("the body was not closed")
		}
	})
	t.Run("a request kept after the round trip", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.Respond(apitest.Reply{Status: 401})
		var kept []*http.Request
		transport := &http.Transport{}
		_, err := create(t, server.Client(withRoundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path != "/oauth2/token" {
				kept = append(kept, r)
			}
			return transport.RoundTrip(r)
		})))
		if err != nil || len(kept) != 2 {
			t.Fatalf("%v, %d requests", err, len(kept))
		}
		if kept[0].Header.Get("Authorization") == kept[1].Header.Get("Authorization") {
			t.Error("the retry changed the token of the first request")
		}
	})
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// closing is a body that records whether it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// countingServer responds with the given statuses in turn and counts connections.
func countingServer(t *testing.T, statuses ...int) (base string, connections *atomic.Int32) {
	t.Helper()
	connections = new(atomic.Int32)
	var calls atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(statuses[int(calls.Add(1)-1)%len(statuses)])
		_, _ = io.WriteString(w, successBody)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, connections
}

func TestConnections_AreReusedBySequentialCalls(t *testing.T) {
	base, connections := countingServer(t, 200, 400, 503, 200, 404, 201)
	client := newClient(t, base)
	for range 20 {
		_, _ = create(t, client)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 20 calls, want 1", n)
	}
}

func TestConnections_AreReusedByConcurrentCalls(t *testing.T) {
	base, connections := countingServer(t, 200)
	client := newClient(t, base)
	other, err := client.WithAccount("other")
	if err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	for i := range 100 {
		callers.Go(func() {
			for range 2 {
				if _, err := create(t, []*api.Client{client, other}[i%2]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	if n := connections.Load(); n > 100 {
		t.Errorf("%d connections for 200 calls of 100 callers, want at most 100", n)
	}
}

// A GET does not fail if the idle connections were closed by the server: net/http resends it on
// another connection.
func TestConnections_ThatWereClosedFailNoGET(t *testing.T) {
	const callers = 5
	var closed sync.Map // the addresses of the connections
	var together sync.WaitGroup
	together.Add(callers)
	var early atomic.Bool
	early.Store(true)
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if early.Load() {
			closed.Store(r.RemoteAddr, true)
			together.Done()
			together.Wait() // so that each call has a connection of its own
		} else if _, isClosed := closed.Load(r.RemoteAddr); isClosed {
			panic(http.ErrAbortHandler)
		}
		writeJSON(w, page(`"hasNext":false`, "7"))
	})
	client := newClient(t, base, api.WithMaxAttempts(1))
	get := func() error { return second(client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "7")) }
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			if err := get(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	early.Store(false)
	if err := get(); err != nil {
		t.Error(err)
	}
}
