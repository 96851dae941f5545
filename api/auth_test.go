package api_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
	"github.com/sakari-go/sakari-go/gen"
)

// token returns the access token of the first request to a server.
func token(server *apitest.Server) string {
	return strings.TrimPrefix(server.Requests()[0].Header.Get("Authorization"), "Bearer ")
}

func TestTokenCall_HasTheTimeOfTheCall(t *testing.T) {
	server := apitest.NewServer(t)
	server.RespondToken(apitest.Reply{Fault: apitest.Hang})
	_, err := create(t, server.Client(api.WithTimeout(shortTimeout)))
	as[*api.NetworkError](t, err)
	checkFailure(t, err, api.NotApplied, context.DeadlineExceeded)
	const want = "sakari: createAttribute: waiting for an access token: context deadline exceeded: " +
		"the call took longer than the 1s of WithTimeout (not applied)"
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

// A token call has no other limit of time than the call that waits for it.
func TestTokenCall_MayTakeLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := api.New("acc", api.WithBaseURL("https://api.invalid"), api.WithTimeout(time.Hour),
			api.WithClientCredentials("id", "secret"), withRoundTrip(func(r *http.Request) (*http.Response, error) {
				if r.URL.Path != "/oauth2/token" {
					return respond(r, successBody), nil
				}
				time.Sleep(59 * time.Minute)
				return respond(r, `{"access_token":"slow","token_type":"Bearer"}`), nil
			}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := create(t, client); err != nil {
			t.Error(err)
		}
	})
}

// The token call waits as long as the token endpoint asks, within the time of the call.
func TestTokenCall_WaitsAsAsked(t *testing.T) {
	for seconds, wantTook := range map[string]time.Duration{"0": 0, "20": 20 * time.Second, "29": 29 * time.Second, "31": 0} {
		synctest.Test(t, func(t *testing.T) {
			tokens := 0
			client, err := api.New("acc", api.WithBaseURL("https://api.invalid"), api.WithClientCredentials("id", "secret"),
				withRoundTrip(func(r *http.Request) (*http.Response, error) {
					if r.URL.Path != "/oauth2/token" {
						return respond(r, successBody), nil
					}
					response := respond(r, `{"access_token":"issued","token_type":"Bearer"}`)
					if tokens++; tokens == 1 {
						response.StatusCode = 429
						response.Header.Set("Retry-After", seconds)
					}
					return response, nil
				}))
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			_, err = create(t, client)
			if took := time.Since(start); (err != nil) != (seconds == "31") || took != wantTook {
				t.Errorf("Retry-After %s: %v after %v", seconds, err, took)
			}
		})
	}
}

func TestToken_IsCachedForItsLifetime(t *testing.T) {
	jwt := func(claims string) string {
		return fmt.Sprintf(`{"access_token":"e30.%s.x"}`, base64.RawURLEncoding.EncodeToString([]byte(claims)))
	}
	fromTo := func(from, to time.Duration) string {
		now := time.Now()
		return jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, now.Add(from).Unix(), now.Add(to).Unix()))
	}
	for name, c := range map[string]struct {
		body   string
		cached bool
	}{
		"one hour":                           {`{"access_token":"a","expires_in":3600}`, true},
		"a fraction":                         {`{"access_token":"a","expires_in":3599.5}`, true},
		"a number in a string":               {`{"access_token":"a","expires_in":"3600"}`, true},
		"a huge number":                      {`{"access_token":"a","expires_in":1e300}`, true},
		"zero":                               {`{"access_token":"a","expires_in":0}`, false},
		"negative":                           {`{"access_token":"a","expires_in":-5}`, false},
		"a huge negative number":             {`{"access_token":"a","expires_in":-1e300}`, false},
		"NaN in a string":                    {`{"access_token":"a","expires_in":"NaN"}`, true},
		"text":                               {`{"access_token":"a","expires_in":"soon"}`, true},
		"null":                               {`{"access_token":"a","expires_in":null}`, true},
		"no lifetime":                        {`{"access_token":"a"}`, true},
		"token_type in lower case":           {`{"access_token":"a","token_type":"bearer"}`, true},
		"JWT":                                {fromTo(0, time.Hour), true},
		"JWT, and a local clock ahead":       {fromTo(-3*time.Hour, -2*time.Hour), true},
		"JWT, and a local clock behind":      {fromTo(2*time.Hour, 3*time.Hour), true},
		"JWT of no time":                     {fromTo(0, 0), true},
		"JWT without iat":                    {jwt(`{"exp":1}`), true},
		"JWT with a huge negative exp":       {jwt(`{"iat":1,"exp":-1e300}`), true},
		"JWT with a huge exp":                {jwt(`{"iat":1,"exp":1e300}`), true},
		"JWT without claims":                 {`{"access_token":"a.!.c"}`, true},
		"JWT with exp as a string":           {jwt(`{"iat":1,"exp":"x"}`), true},
		"expires_in before the exp of a JWT": {strings.Replace(fromTo(0, 0), "}", `,"expires_in":60}`, 1), true},
	} {
		t.Run(name, func(t *testing.T) {
			want := 2
			if c.cached {
				want = 1
			}
			server := apitest.NewServer(t)
			server.RespondToken(slices.Repeat([]apitest.Reply{{Body: c.body}}, want)...)
			client := server.Client()
			for range 2 {
				if _, err := create(t, client); err != nil {
					t.Fatal(err)
				}
			}
			if n := len(server.TokenRequests()); n != want {
				t.Errorf("%d requests for a token, want %d", n, want)
			}
		})
	}
}

// In the less strict modes a good token passes, whatever its status and media type.
func TestToken_PassesByMode(t *testing.T) {
	const good = `{"access_token":"issued","token_type":"Bearer"}`
	for name, c := range map[string]struct {
		reply apitest.Reply
		isBad bool // in every mode
	}{
		"201":             {reply: apitest.Reply{Status: 201, Body: good}},
		"text":            {reply: apitest.Reply{Header: header("Content-Type", "text/plain"), Body: good}},
		"no media type":   {reply: apitest.Reply{Header: header("Content-Type", ""), Body: good}},
		"201, no token":   {reply: apitest.Reply{Status: 201, Body: `{}`}, isBad: true},
		"202, no body":    {reply: apitest.Reply{Status: 202, Empty: true}, isBad: true},
		"HTML":            {reply: apitest.Reply{Header: header("Content-Type", "text/html"), Body: "<html>"}, isBad: true},
		"another kind":    {reply: apitest.Reply{Status: 201, Body: `{"access_token":"a","token_type":"mac"}`}, isBad: true},
		"success: false":  {reply: apitest.Reply{Status: 201, Body: `{"success":false,"access_token":"a"}`}, isBad: true},
		"403 and a token": {reply: apitest.Reply{Status: 403, Body: good}, isBad: true},
	} {
		for _, mode := range modes {
			t.Run(fmt.Sprintf("%s/%d", name, mode), func(t *testing.T) {
				server := apitest.NewServer(t)
				server.RespondToken(c.reply)
				_, err := create(t, server.Client(api.WithValidation(mode)))
				if c.isBad || mode == api.ValidationStrict {
					as[*api.AuthError](t, err)
					checkFailure(t, err, api.NotApplied, nil)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
	}
}

type tenantKey struct{}

// The token request has the values of the context of the call, and not its end.
func TestTokenCall_HasTheValuesOfTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), tenantKey{}, "tenant"))
	defer cancel()
	server := apitest.NewServer(t)
	tenants := make(map[string]any)
	client := server.Client(withRoundTrip(func(r *http.Request) (*http.Response, error) {
		tenants[r.URL.Path] = r.Context().Value(tenantKey{})
		return http.DefaultTransport.RoundTrip(r)
	}))
	defer http.DefaultClient.CloseIdleConnections()
	if _, err := client.CreateAttribute(ctx, gen.AttributeTypeContacts, gen.Contact{}); err != nil {
		t.Fatal(err)
	}
	if tenants["/oauth2/token"] != "tenant" || len(tenants) != 2 {
		t.Errorf("got %v", tenants)
	}
}

func TestToken_IsReplacedOnce(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(apitest.Reply{Status: 401})
	if _, err := create(t, server.Client(api.WithMaxAttempts(1))); err != nil {
		t.Fatal(err)
	}
	requests := server.Requests()
	if len(requests) != 2 || len(server.TokenRequests()) != 2 {
		t.Fatalf("%d requests, %d tokens", len(requests), len(server.TokenRequests()))
	}
	if requests[0].Header.Get("Authorization") == requests[1].Header.Get("Authorization") {
		t.Error("the second request has the token of the first")
	}
	if string(requests[0].Body) != string(requests[1].Body) {
		t.Errorf("bodies %q and %q", requests[0].Body, requests[1].Body)
	}
}

func TestToken_IsReplacedOncePerCall(t *testing.T) {
	server := apitest.NewServer(t)
	refused, limited := apitest.Reply{Status: 401}, apitest.Reply{Status: 429}
	server.Respond(refused, limited, refused)
	var waited waits
	_, err := create(t, server.Client(waited.option()))
	if !errors.Is(err, api.ErrUnauthorized) || len(server.Requests()) != 3 {
		t.Errorf("got %v after %d requests, want 401 after 3", err, len(server.Requests()))
	}
}

func TestToken_IsSharedByManyCallers(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	var callers sync.WaitGroup
	for range 100 {
		callers.Go(func() {
			for range 2 {
				if _, err := create(t, client); err != nil {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	if n := len(server.TokenRequests()); n != 1 {
		t.Errorf("%d requests for a token, want 1", n)
	}
}

func TestTokenCall_GoesOnWhenOneCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		fetches := 0
		client, err := api.New("acc", api.WithClientCredentials("id", "secret"),
			withRoundTrip(func(r *http.Request) (*http.Response, error) {
				if r.URL.Path != "/oauth2/token" {
					return respond(r, successBody), nil
				}
				fetches++
				select {
				case <-release:
					return respond(r, `{"access_token":"a"}`), nil
				case <-r.Context().Done():
					return nil, r.Context().Err()
				}
			}))
		if err != nil {
			t.Fatal(err)
		}
		call := func(ctx context.Context) <-chan error {
			done := make(chan error, 1)
			go func() {
				done <- second(client.CreateAttribute(ctx, gen.AttributeTypeDeals, gen.Contact{}))
			}()
			synctest.Wait() // until it waits for the token
			return done
		}
		ctx, leave := context.WithCancel(t.Context())
		first, other := call(ctx), call(t.Context())
		leave()
		if err := <-first; !errors.Is(err, context.Canceled) || api.OutcomeOf(err) != api.NotApplied {
			t.Errorf("the caller that left got %v", err)
		}
		close(release)
		if err := <-other; err != nil {
			t.Errorf("the other caller got %v", err)
		}
		if fetches != 1 {
			t.Errorf("%d fetches, want 1", fetches)
		}
	})
}

func TestTokenCall_EndsWithTheLastCaller(t *testing.T) {
	fetching, ended := make(chan struct{}, 1), make(chan struct{})
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http cancels the context only after the body was read
		fetching <- struct{}{}
		<-r.Context().Done()
		close(ended)
	})
	client, err := api.New("acc", api.WithBaseURL(base),
		api.WithClientCredentials("id", "secret"), api.WithTimeout(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-fetching; leave() }()
	_, err = client.CreateAttribute(ctx, gen.AttributeTypeDeals, gen.Contact{})
	checkFailure(t, err, api.NotApplied, context.Canceled)
	<-ended
}

func TestTokenCall_IsNotMadeForACancelledCall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	calls := 0
	client := newClient(t, "https://api.invalid", api.WithTokenSource(sourceFunc(func() (*oauth2.Token, error) {
		calls++
		return nil, nil
	})))
	_, err := client.CreateAttribute(ctx, gen.AttributeTypeDeals, gen.Contact{})
	checkFailure(t, err, api.NotApplied, context.Canceled)
	if calls != 0 {
		t.Errorf("the source was called %d times", calls)
	}
}

type sourceFunc func() (*oauth2.Token, error)

func (f sourceFunc) Token() (*oauth2.Token, error) { return f() }

func TestWithTokenSource_IsCalledForEachCall(t *testing.T) {
	t.Run("and again after 401", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.RespondToken(apitest.Reply{Body: `{"access_token":"good"}`})
		if _, err := create(t, server.Client()); err != nil {
			t.Fatal(err)
		}
		var calls atomic.Int32
		client := server.Client(api.WithTokenSource(sourceFunc(func() (*oauth2.Token, error) {
			if calls.Add(1) == 2 {
				return &oauth2.Token{AccessToken: "stale"}, nil
			}
			return &oauth2.Token{AccessToken: "good"}, nil
		})))
		for range 2 {
			if _, err := create(t, client); err != nil {
				t.Error(err)
			}
		}
		if n := calls.Load(); n != 3 {
			t.Errorf("the source was called %d times, want 3", n)
		}
	})
	t.Run("a slow source does not delay the deadline", func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		source := sourceFunc(func() (*oauth2.Token, error) {
			<-release
			return nil, errors.New("boom")
		})
		_, err := create(t, newClient(t, "https://api.invalid",
			api.WithTokenSource(source), api.WithTimeout(50*time.Millisecond)))
		checkFailure(t, err, api.NotApplied, context.DeadlineExceeded)
	})
}

// A source that hangs is called once. It delays neither the end of the call nor that of the token
// call.
func TestWithTokenSource_MayHang(t *testing.T) {
	release := make(chan struct{})
	var calls atomic.Int32
	source := sourceFunc(func() (*oauth2.Token, error) {
		calls.Add(1)
		<-release
		return &oauth2.Token{AccessToken: "late"}, nil
	})
	client := newClient(t, "https://api.invalid",
		api.WithTokenSource(source), api.WithTimeout(20*time.Millisecond))
	for range 5 {
		_, err := create(t, client)
		checkFailure(t, err, api.NotApplied, context.DeadlineExceeded)
	}
	if n := calls.Load(); n != 1 {
		t.Errorf("the source was called %d times at once, want once", n)
	}
	close(release)
}

// If the token endpoint fails, 100 callers share one token call. Its failure is shared for a
// second.
func TestTokenCall_SharesItsFailure(t *testing.T) {
	for name, response := range map[string]faultserver.Action{
		"503":     faultserver.Refuse(503),
		"401":     faultserver.Refuse(401),
		"HTML":    faultserver.Reply(200, "<html>", "Content-Type", "text/html"),
		"cut off": faultserver.Abort,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startFaultServer(t, faultserver.TCP)
			s.API, s.Token = faultserver.Succeed, response
			noSleep := func(context.Context, time.Duration) error { return nil }
			client := s.client(t, api.WithSleep(noSleep))
			var callers sync.WaitGroup
			start := time.Now()
			for range 100 {
				callers.Go(func() {
					_, err := create(t, client)
					if !errors.As(err, new(*api.AuthError)) {
						t.Errorf("got %v", err)
					}
				})
			}
			callers.Wait()
			fetches := 1 + int(time.Since(start)/time.Second) // the failure is shared for a second
			if counts := s.Counts(); counts.Requests != 0 || counts.Tokens > 3*fetches {
				t.Errorf("%d requests and %d token calls, want 0 and at most %d", counts.Requests, counts.Tokens, 3*fetches)
			}
		})
	}
}

// If the API refuses the token of 100 callers, they share one new token, and no call fails.
func TestToken_IsReplacedOnceForManyCallers(t *testing.T) {
	t.Parallel()
	s := startFaultServer(t, faultserver.TCP)
	s.Token = faultserver.IssueToken
	stale := faultserver.IssuedToken(1)
	s.API = func(x *faultserver.Exchange) {
		if strings.HasSuffix(x.Request.Header.Get("Authorization"), stale) {
			faultserver.Refuse(401)(x)
			return
		}
		faultserver.Succeed(x)
	}
	client := s.client(t)
	var callers sync.WaitGroup
	for range 100 {
		callers.Go(func() {
			if _, err := create(t, client); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	counts := s.Counts()
	if processed, tokens := counts.Processed, counts.Tokens; processed != 100 || tokens != 2 {
		t.Errorf("processed %d with %d tokens, want 100 with 2", processed, tokens)
	}
}
