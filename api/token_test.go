package api_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func tokenReply(body string) apitest.Reply { return apitest.Reply{Body: body} }

func TestTokenCallHasItsOwnTimeout(t *testing.T) {
	server := apitest.NewServer(t)
	server.RespondToken(apitest.Reply{Fault: apitest.Hang})
	var log lockedBuffer
	_, err := create(t, server.Client(api.WithTokenTimeout(brief), api.WithTimeout(time.Hour), api.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))))
	as[*api.AuthError](t, err)
	checkFailure(t, err, api.NotApplied, context.DeadlineExceeded)
	for end := time.Now().Add(most); log.String() == "" && time.Now().Before(end); { // the line may come after the caller has its error
		time.Sleep(time.Millisecond)
	}
	if text := log.String(); !strings.Contains(text, "deadline exceeded") || strings.Contains(text, "canceled") {
		t.Errorf("the log says %s", text)
	}
}

func TestTokenTimeoutIsShared(t *testing.T) {
	server := apitest.NewServer(t)
	server.RespondToken(apitest.Reply{Fault: apitest.Hang})
	client := server.Client(api.WithTokenTimeout(50 * time.Millisecond))
	for range 3 {
		_, err := create(t, client)
		as[*api.AuthError](t, err)
	}
	if n := len(server.TokenRequests()); n != 1 {
		t.Errorf("%d requests for a token, want 1", n)
	}
}

func TestTokenLifetime(t *testing.T) {
	jwt := func(exp string) string {
		claims := base64.RawURLEncoding.EncodeToString([]byte(`{"exp":` + exp + `}`))
		return fmt.Sprintf(`{"access_token":"e30.%s.x"}`, claims)
	}
	at := func(d time.Duration) string { return fmt.Sprint(time.Now().Add(d).Unix()) }
	for name, c := range map[string]struct {
		body string
		kept bool
	}{
		"an hour":          {`{"access_token":"a","expires_in":3600}`, true},
		"a float":          {`{"access_token":"a","expires_in":3599.5}`, true},
		"a string":         {`{"access_token":"a","expires_in":"3600"}`, true},
		"absurd":           {`{"access_token":"a","expires_in":1e300}`, true},
		"zero":             {`{"access_token":"a","expires_in":0}`, false},
		"negative":         {`{"access_token":"a","expires_in":-5}`, false},
		"far negative":     {`{"access_token":"a","expires_in":-1e300}`, false},
		"not a number":     {`{"access_token":"a","expires_in":"NaN"}`, true},
		"words":            {`{"access_token":"a","expires_in":"soon"}`, true},
		"null":             {`{"access_token":"a","expires_in":null}`, true},
		"nothing":          {`{"access_token":"a"}`, true},
		"lower-case type":  {`{"access_token":"a","token_type":"bearer"}`, true},
		"JWT":              {jwt(at(time.Hour)), true},
		"JWT, past":        {jwt(at(-time.Hour)), false},
		"JWT, far past":    {jwt("-1e300"), false},
		"JWT, far future":  {jwt("1e300"), true},
		"JWT, no claims":   {`{"access_token":"a.!.c"}`, true},
		"JWT, string exp":  {jwt(`"x"`), true},
		"JWT and lifetime": {strings.Replace(jwt(at(-time.Hour)), "}", `,"expires_in":60}`, 1), true},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.RespondToken(tokenReply(c.body), tokenReply(c.body))
			client := server.Client()
			for range 2 {
				if _, err := create(t, client); err != nil {
					t.Fatal(err)
				}
			}
			want := 2
			if c.kept {
				want = 1
			}
			if n := len(server.TokenRequests()); n != want {
				t.Errorf("%d requests for a token, want %d", n, want)
			}
		})
	}
}

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(apitest.Reply{Status: 401})
	if _, err := create(t, server.Client(api.WithMaxAttempts(1))); err != nil {
		t.Fatal(err)
	}
	requests := server.Requests()
	if len(requests) != 2 || len(server.TokenRequests()) != 2 || requests[0].Header.Get("Authorization") == requests[1].Header.Get("Authorization") {
		t.Errorf("%d requests, %d tokens", len(requests), len(server.TokenRequests()))
	}
	if string(requests[0].Body) != string(requests[1].Body) {
		t.Errorf("bodies %q and %q", requests[0].Body, requests[1].Body)
	}
}

func TestManyCallersShareOneToken(t *testing.T) {
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

func TestCallerLeavesAndOthersGetTheToken(t *testing.T) {
	fetching, release := make(chan struct{}, 1), make(chan struct{})
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/oauth2/token" {
			fmt.Fprint(w, yes)
			return
		}
		fetching <- struct{}{}
		select {
		case <-release:
			fmt.Fprint(w, `{"access_token":"a"}`)
		case <-r.Context().Done():
		}
	})
	client, err := api.New("acc", api.WithBaseURL(base), api.WithClientCredentials("id", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	left, stayed := make(chan error, 1), make(chan error, 1)
	go func() { _, err := client.CreateAttribute(ctx, gen.AttributeTypeDeals, gen.Contact{}); left <- err }()
	<-fetching
	go func() {
		_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeDeals, gen.Contact{})
		stayed <- err
	}()
	time.Sleep(50 * time.Millisecond) // let the second one join; if it does not, it fetches anew below
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) || api.OutcomeOf(err) != api.NotApplied {
		t.Errorf("the one that left got %v", err)
	}
	close(release)
	if err := <-stayed; err != nil {
		t.Errorf("the one that stayed got %v", err)
	}
}

func TestLastCallerEndsTheFetch(t *testing.T) {
	fetching, ended := make(chan struct{}, 1), make(chan struct{})
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // until then net/http does not notice that the client leaves
		fetching <- struct{}{}
		<-r.Context().Done()
		close(ended)
	})
	client, err := api.New("acc", api.WithBaseURL(base), api.WithClientCredentials("id", "secret"), api.WithTokenTimeout(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-fetching; leave() }()
	_, err = client.CreateAttribute(ctx, gen.AttributeTypeDeals, gen.Contact{})
	checkFailure(t, err, api.NotApplied, context.Canceled)
	<-ended
}

type sourceFunc func() (*oauth2.Token, error)

func (f sourceFunc) Token() (*oauth2.Token, error) { return f() }

func TestTokenSource(t *testing.T) {
	t.Run("asked at each call, and again after a 401", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.RespondToken(tokenReply(`{"access_token":"good"}`))
		if _, err := create(t, server.Client()); err != nil {
			t.Fatal(err)
		}
		var asked atomic.Int32
		client := server.Client(api.WithTokenSource(sourceFunc(func() (*oauth2.Token, error) {
			if asked.Add(1) == 2 {
				return &oauth2.Token{AccessToken: "stale"}, nil
			}
			return &oauth2.Token{AccessToken: "good"}, nil
		})))
		for range 2 {
			if _, err := create(t, client); err != nil {
				t.Error(err)
			}
		}
		if n := asked.Load(); n != 3 {
			t.Errorf("the source was asked %d times, want 3", n)
		}
	})
	t.Run("a slow one does not hold a caller", func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		client := newClient(t, "https://api.invalid", api.WithTimeout(50*time.Millisecond), api.WithTokenSource(sourceFunc(func() (*oauth2.Token, error) {
			<-release
			return nil, errors.New("boom")
		})))
		_, err := create(t, client)
		checkFailure(t, err, api.NotApplied, context.DeadlineExceeded)
	})
}

// 100 callers of a token endpoint that fails: one flight, whose failure serves all for a second.
func TestManyCallersShareAFailure(t *testing.T) {
	for name, answer := range map[string]act{
		"503": reply(503, refuses), "401": reply(401, refuses), "HTML": reply(200, "<html>", "Content-Type", "text/html"), "cut": aborts,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startFaultServer(t, tcp)
			s.api, s.token = yesReply(), answer
			client := s.client(t, s.url, false, api.WithSleep(func(context.Context, time.Duration) error { return nil }))
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
			flights := 1 + int(time.Since(start)/time.Second) // one more for each second
			if arrived, _, tokens := s.counts(); arrived != 0 || tokens > 3*flights {
				t.Errorf("%d requests, %d for a token; want none, and 3 at most for each of %d flights", arrived, tokens, flights)
			}
		})
	}
}

// 100 callers whose token is refused: one new token, and no caller fails.
func TestManyCallersShareANewToken(t *testing.T) {
	t.Parallel()
	s := startFaultServer(t, tcp)
	s.token = tokenYes
	stale := issuedToken(1)
	s.api = func(v *visit) {
		if strings.HasSuffix(v.request.Header.Get("Authorization"), stale) {
			reply(401, refuses)(v)
			return
		}
		yesReply()(v)
	}
	client := s.client(t, s.url, false)
	var callers sync.WaitGroup
	for range 100 {
		callers.Go(func() {
			if _, err := create(t, client); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if _, processed, tokens := s.counts(); processed != 100 || tokens != 2 {
		t.Errorf("processed %d with %d tokens, want 100 with 2", processed, tokens)
	}
}

// What an operator reads when there is no token.
func TestTextsWithoutAToken(t *testing.T) {
	for want, reply := range map[string]apitest.Reply{
		"the token endpoint answered 401 Unauthorized: invalid_client: no [redacted]": {Status: 401, Body: `{"error":"invalid_client","error_description":"no {secret}"}`},
		"the token endpoint answered 200 OK: invalid_client: no [redacted]: createToken: invalid response, status 200: body/access_token: is blank": {
			Body: `{"error":"invalid_client","error_description":"no {secret}"}`},
		"the token endpoint answered 502 Bad Gateway":                                   {Status: 502, Body: "<html>", Header: header("Content-Type", "text/html")},
		"the token endpoint answered 302 Found: redirect to login.invalid not followed": {Status: 302, Header: header("Location", "https://login.invalid/x")},
		"the token endpoint answered 200 OK: the answer broke off: unexpected EOF":      {Fault: apitest.Truncate},
	} {
		server := apitest.NewServer(t)
		reply.Body = strings.ReplaceAll(reply.Body, "{secret}", server.ClientSecret)
		server.RespondToken(reply)
		_, err := create(t, server.Client(api.WithMaxAttempts(1)))
		if text := "sakari: no access token: " + want + " (not applied)"; err.Error() != text {
			t.Errorf("got  %v\nwant %s", err, text)
		}
	}
}
