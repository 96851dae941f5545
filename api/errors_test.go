package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
	"github.com/sakari-go/sakari-go/gen"
)

func TestOutcomeOf_FindsTheOutcome(t *testing.T) {
	// The generated client encodes with encoding/json, so its errors are of that package.
	_, notEncodable := json.Marshal(gen.Contact{Email: new("\xff")})
	wrongType := json.Unmarshal([]byte(`"x"`), new(int))
	notDecodable := json.Unmarshal([]byte(`{`), new(int))
	invalid := func(body string) *api.ValidationError {
		return &api.ValidationError{Direction: api.DirectionResponse, StatusCode: 200, Body: []byte(body)}
	}
	success := invalid(`{"success":true}`)
	for name, c := range map[string]struct {
		err  error
		want api.Outcome
	}{
		"no error":                            {nil, api.Applied},
		"another package":                     {errors.New("x"), api.Unknown},
		"400":                                 {&api.Error{StatusCode: 400}, api.NotApplied},
		"302":                                 {&api.Error{StatusCode: 302}, api.Unknown},
		"304":                                 {&api.Error{StatusCode: 304}, api.Unknown},
		"307":                                 {&api.Error{StatusCode: 307}, api.NotApplied},
		"499":                                 {&api.Error{StatusCode: 499}, api.Unknown},
		"an invalid response without a body":  {invalid(""), api.Unknown},
		"an invalid response that says false": {invalid(`{"success":false}`), api.Unknown},
		"503, invalid, and says success": {
			&api.ValidationError{Direction: api.DirectionResponse, StatusCode: 503, Body: success.Body}, api.Unknown,
		},
		"400, invalid, and says success": {
			&api.ValidationError{Direction: api.DirectionResponse, StatusCode: 400, Body: success.Body}, api.NotApplied,
		},
		"an invalid response of a gateway":      {invalid("<html>true"), api.Unknown},
		"an invalid response that is cut off":   {invalid(`{"success":true,"data":`), api.Unknown},
		"an invalid response in an array":       {invalid(`[{"success":true}]`), api.Unknown},
		"an invalid response, success deeper":   {invalid(`{"data":{"success":true}}`), api.Unknown},
		"408":                                   {&api.Error{StatusCode: 408}, api.Unknown},
		"500":                                   {&api.Error{StatusCode: 500}, api.Unknown},
		"200 with success false":                {&api.Error{StatusCode: 200}, api.NotApplied},
		"an invalid request":                    {&api.ValidationError{}, api.NotApplied},
		"an invalid response that says success": {success, api.Applied},
		"an invalid response":                   {&api.ValidationError{Direction: api.DirectionResponse}, api.Unknown},
		"no token":                              {&api.AuthError{Err: &api.Error{StatusCode: 503}}, api.NotApplied},
		"wrapped":                               {fmt.Errorf("x: %w", &api.Error{StatusCode: 400}), api.NotApplied},
		"joined with another package":           {errors.Join(errors.New("x"), &api.Error{StatusCode: 400}), api.NotApplied},
		"joined with the same outcome":          {errors.Join(&api.AuthError{}, &api.Error{StatusCode: 400}), api.NotApplied},
		"joined with a different outcome":       {errors.Join(&api.Error{StatusCode: 400}, success), api.Unknown},
		"joined and wrapped": {
			fmt.Errorf("%w, %w", errors.Join(&api.Error{StatusCode: 503}), errors.New("x")), api.Unknown,
		},
		"a body that cannot be encoded": {notEncodable, api.NotApplied},
		"a value of the wrong type":     {wrongType, api.Unknown},
		"JSON that cannot be decoded":   {notDecodable, api.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			if got := api.OutcomeOf(c.err); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	for o, want := range map[api.Outcome]string{
		api.NotApplied: "not applied", api.Unknown: "unknown", api.Applied: "applied", 9: "Outcome(9)",
	} {
		if o.String() != want {
			t.Errorf("%v, want %s", o, want)
		}
	}
}

func TestErrors_HaveText(t *testing.T) {
	violations := make([]api.Violation, 7)
	for i := range violations {
		violations[i] = api.Violation{Location: fmt.Sprintf("body/%d", i), Rule: "type", Message: "is wrong"}
	}
	for want, err := range map[string]error{
		"sakari: createAttribute: 400 Bad Request: CONT-001: Invalid mobile number (not applied)": &api.Error{
			Operation: "createAttribute", StatusCode: 400, Code: "CONT-001", Message: "Invalid mobile number",
		},
		"sakari: createAttribute: 429 Too Many Requests, retry after 3s (not applied)": &api.Error{
			Operation: "createAttribute", StatusCode: 429, RetryAfter: 3e9,
		},
		"sakari: createAttribute: 520 (outcome unknown)": &api.Error{
			Operation: "createAttribute", StatusCode: 520,
		},
		"sakari: invalid request: path.accountId: is empty (not applied)": &api.ValidationError{
			Violations: []api.Violation{{Location: "path.accountId", Message: "is empty"}},
		},
		"sakari: x: invalid response, status 200: body/0: is wrong; body/1: is wrong; body/2: is wrong; body/3: is wrong; body/4: is wrong; and 2 more (outcome unknown)": &api.ValidationError{
			Operation: "x", Direction: api.DirectionResponse, StatusCode: 200, Violations: violations,
		},
		"sakari: no access token: the token endpoint responded 401 Unauthorized: A (not applied)": &api.AuthError{
			StatusCode: 401, Code: "A",
		},
		"sakari: no access token: boom (not applied)": &api.AuthError{Err: errors.New("boom")},
	} {
		if err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
		if got := fmt.Sprintf("%v|%s|%q", err, err, err); got != fmt.Sprintf("%s|%s|%q", want, want, want) {
			t.Errorf("got %s", got)
		}
	}
	if got := (api.DirectionRequest.String() + api.DirectionResponse.String()); got != "requestresponse" {
		t.Error(got)
	}
}

// If nothing was sent, the text names the host or what the call waited for. The host is shown even
// if the contact has a similar email address.
func TestErrors_HaveTextWhenNothingIsSent(t *testing.T) {
	refuse := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		unknown := &net.DNSError{Err: "no such host", Name: "api.sakari.invalid"}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: unknown}
	}}
	_, err := create(t, newClient(t, "https://api.sakari.invalid",
		api.WithMaxAttempts(1), api.WithHTTPClient(&http.Client{Transport: refuse})))
	if want := "sakari: createAttribute: dial tcp: lookup api.sakari.invalid: no such host (not applied)"; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	server := apitest.NewServer(t)
	server.RespondToken(apitest.Reply{Fault: apitest.Hang})
	_, err = create(t, server.Client(api.WithTimeout(50*time.Millisecond)))
	if want := "sakari: createAttribute: waiting for an access token: context deadline exceeded: the call took longer than the 50ms of WithTimeout (not applied)"; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestAuthError_HasText(t *testing.T) {
	for want, reply := range map[string]apitest.Reply{
		"the token endpoint responded 401 Unauthorized: invalid_client: no [redacted]": {
			Status: 401, Body: `{"error":"invalid_client","error_description":"no {secret}"}`,
		},
		"the token endpoint responded 200 OK: invalid_client: no [redacted]: createToken: invalid response, status 200: body/access_token: is blank": {
			Body: `{"error":"invalid_client","error_description":"no {secret}"}`,
		},
		"the token endpoint responded 502 Bad Gateway": {
			Status: 502, Body: "<html>", Header: header("Content-Type", "text/html"),
		},
		"the token endpoint responded 302 Found: redirect to login.invalid not followed": {
			Status: 302, Header: header("Location", "https://login.invalid/x"),
		},
		"the token endpoint responded 200 OK: the response was cut off: unexpected EOF": {
			Fault: apitest.Truncate,
		},
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

// errors.As finds exactly one of the four error types in each failure.
func TestErrors_AreOfOneKind(t *testing.T) {
	onCall := func(reply apitest.Reply) func(*apitest.Server) {
		return func(s *apitest.Server) { s.Respond(reply) }
	}
	onTokenCall := func(reply apitest.Reply) func(*apitest.Server) {
		return func(s *apitest.Server) { s.RespondToken(reply) }
	}
	for name, c := range map[string]struct {
		prepare func(*apitest.Server) // nil: nothing listens at the base URL
		kind    string
		is      error
	}{
		"the API refuses": {
			prepare: onCall(apitest.Reply{Status: 403}), kind: "*api.Error", is: api.ErrForbidden,
		},
		"an invalid response": {
			prepare: onCall(apitest.Reply{Body: "{}"}),
			kind:    "*api.ValidationError",
			is:      api.ErrInvalidResponse,
		},
		"no token: 401": {
			prepare: onTokenCall(apitest.Reply{Status: 401}),
			kind:    "*api.AuthError",
			is:      api.ErrUnauthorized,
		},
		"no token: the response is cut off": {
			prepare: onTokenCall(apitest.Reply{Fault: apitest.Truncate}),
			kind:    "*api.AuthError",
			is:      io.ErrUnexpectedEOF,
		},
		"no token: reset": {
			prepare: onTokenCall(apitest.Reply{Fault: apitest.Reset}), kind: "*api.AuthError",
		},
		"reset": {prepare: onCall(apitest.Reply{Fault: apitest.Reset}), kind: "*api.NetworkError"},
		"time-out": {
			prepare: onCall(apitest.Reply{Fault: apitest.Hang}),
			kind:    "*api.NetworkError",
			is:      context.DeadlineExceeded,
		},
		"nothing listens": {kind: "*api.NetworkError"},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			options := []api.Option{api.WithMaxAttempts(1), api.WithTimeout(time.Second)}
			if c.prepare != nil {
				c.prepare(server)
			} else {
				options = append(options,
					api.WithBaseURL("http://"+closedAddress), api.WithToken("made-for-this-test"))
			}
			_, err := create(t, server.Client(options...))
			var found []string
			for _, kind := range []any{
				new(*api.Error), new(*api.ValidationError), new(*api.AuthError), new(*api.NetworkError),
			} {
				if errors.As(err, kind) {
					found = append(found, fmt.Sprintf("%T", kind)[1:])
				}
			}
			if diff := cmp.Diff([]string{c.kind}, found); diff != "" {
				t.Errorf("%v is not of one type\n%s", err, diff)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v does not wrap %v", err, c.is)
			}
		})
	}
}

// An AuthError has the failure of the token call in its fields. It wraps no Error: that would be a
// failure of the call itself.
func TestAuthError_HasTheFailureOfTheTokenCall(t *testing.T) {
	server := apitest.NewServer(t)
	server.RespondToken(apitest.Reply{
		Status: 429,
		Header: header("Retry-After", "40"),
		Body:   `{"error":"slow_down","error_description":"Too many tokens"}`,
	})
	_, err := create(t, server.Client())
	got, ok := err.(*api.AuthError)
	if !ok {
		t.Fatalf("got %T: %v", err, err)
	}
	want := &api.AuthError{
		StatusCode: 429, Code: "slow_down", Message: "Too many tokens", RetryAfter: 40 * time.Second,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if api.OutcomeOf(err) != api.NotApplied || !errors.Is(err, api.ErrRateLimited) {
		t.Errorf("outcome %v: %v", api.OutcomeOf(err), err)
	}
}

func TestError_KeepsWhatTheServerSaid(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		headers []string
		code    string
		message string
	}{
		"the envelope":                 {`{"success":false,"error":{"code":"A-1","message":"no"}}`, nil, "A-1", "no"},
		"a number as the code":         {`{"error":{"code":1001,"message":"no"}}`, nil, "1001", "no"},
		"a large number":               {`{"error":{"code":12345678901234567890}}`, nil, "12345678901234567890", ""},
		"a number as the error":        {`{"error":7,"message":"no"}`, nil, "7", "no"},
		"at the top level":             {`{"code":"A-1","message":"no"}`, nil, "A-1", "no"},
		"a number at the top level":    {`{"code":429,"message":"no"}`, nil, "429", "no"},
		"the code outside":             {`{"code":5,"error":{"message":"no"}}`, nil, "5", "no"},
		"the message outside":          {`{"message":"no","error":{"code":"A-1"}}`, nil, "A-1", "no"},
		"both, the inner ones count":   {`{"code":1,"message":"x","error":{"code":2,"message":"y"}}`, nil, "2", "y"},
		"a text as the error":          {`{"error":"no","statusCode":400}`, nil, "no", ""},
		"of OAuth":                     {`{"error":"invalid","error_description":"no"}`, nil, "invalid", "no"},
		"a byte order mark":            {"\ufeff{\"error\":{\"code\":\"A-1\",\"message\":\"no\"}}", nil, "A-1", "no"},
		"gzip":                         {zip(`{"code":"A-1"}`), []string{"Content-Encoding", "gzip"}, "A-1", ""},
		"x-gzip":                       {zip(`{"code":"A-1"}`), []string{"Content-Encoding", "X-Gzip"}, "A-1", ""},
		"a byte behind gzip":           {zip(`{"code":"A-1"}`) + "\n", []string{"Content-Encoding", "gzip"}, "A-1", ""},
		"zeros behind gzip":            {zip(`{"code":"A-1"}`) + strings.Repeat("\x00", 512), []string{"Content-Encoding", "gzip"}, "A-1", ""},
		"not gzip, and short":          {`{"code":1}`, []string{"Content-Encoding", "gzip"}, "1", ""},
		"a repeated parameter":         {`{"code":"A-1"}`, []string{"Content-Type", "application/json; charset=utf-8; charset=utf-8"}, "A-1", ""},
		"another media type":           {`{"code":"A-1"}`, []string{"Content-Type", "text/plain"}, "A-1", ""},
		"a boolean and a null":         {`{"code":true,"message":null}`, nil, "", ""},
		"a list of errors":             {`{"error":[{"code":1}],"message":"no"}`, nil, "", "no"},
		"an object deeper":             {`{"error":{"code":{"code":1},"message":["no"]}}`, nil, "", ""},
		"other case":                   {`{"Error":{"Code":"A-1","Message":"no"}}`, nil, "A-1", "no"},
		"the first text that is one":   {`{"error":{"code":"","message":"","description":"no"}}`, nil, "", "no"},
		"a description at the top":     {`{"error":{"code":"A-1"},"error_description":"no"}`, nil, "A-1", "no"},
		"a success in an error's body": {`{"success":true,"code":"A-1"}`, nil, "A-1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := startFaultServer(t, faultserver.TCP)
			s.Token, s.API = faultserver.IssueToken, faultserver.Reply(400, c.body, c.headers...)
			_, err := create(t, s.client(t))
			refused := as[*api.Error](t, err)
			if refused.Code != c.code || refused.Message != c.message || refused.Account != "acc" {
				t.Errorf("got %q, %q of %q, want %q, %q", refused.Code, refused.Message, refused.Account, c.code, c.message)
			}
		})
	}
}

func TestErrors_HaveLogAttributes(t *testing.T) {
	invalid := &api.ValidationError{Operation: "createAttribute", Account: "acc", Direction: api.DirectionResponse, StatusCode: 200}
	for want, err := range map[string]error{
		`err.text="sakari: createAttribute: 503 Service Unavailable (outcome unknown)" err.operation=createAttribute ` +
			`err.account=acc err.status=503 err.outcome=unknown`: &api.Error{
			Operation: "createAttribute", Account: "acc", StatusCode: 503,
		},
		`err.text="sakari: createAttribute: invalid response, status 200 (outcome unknown)" ` +
			`err.operation=createAttribute err.account=acc err.status=200 err.outcome=unknown`: invalid,
		`err.text="sakari: no access token: the token endpoint responded 401 Unauthorized (not applied)" ` +
			`err.status=401 err.outcome="not applied"`: &api.AuthError{StatusCode: 401},
		`err.text="sakari: createAttribute: x (outcome unknown)" err.operation=createAttribute err.account=acc ` +
			`err.outcome=unknown`: &api.NetworkError{Operation: "createAttribute", Account: "acc", Err: errors.New("x")},
	} {
		var log lockedBuffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("failed", "err", err)
		if !strings.HasSuffix(log.String(), " msg=failed "+want+"\n") {
			t.Errorf("got %s\nwant %s", log.String(), want)
		}
	}
}

// The time-outs of the call, of the http.Client and of the caller read differently.
func TestErrors_NameTheTimeOut(t *testing.T) {
	hang := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	inBody := func(r *http.Request) (*http.Response, error) {
		response := respond(r, "")
		response.ContentLength = -1
		response.Body = io.NopCloser(readFunc(func([]byte) (int, error) { <-r.Context().Done(); return 0, r.Context().Err() }))
		return response, nil
	}
	busy := func(r *http.Request) (*http.Response, error) {
		response := respond(r, "")
		response.StatusCode, response.Header = 429, header("Retry-After", "5")
		return response, nil
	}
	withRoundTripTimeout := func(send roundTripFunc) api.Option {
		return api.WithHTTPClient(&http.Client{Transport: send, Timeout: 2 * time.Second})
	}
	const (
		ofCall   = "context deadline exceeded: the call took longer than the 3s of WithTimeout"
		ofClient = "context deadline exceeded: the round trip took longer than the 2s of the http.Client"
		ofCaller = "context deadline exceeded: the deadline of the caller's context"
		ofCause  = "context canceled: the caller went home"
	)
	for name, c := range map[string]struct {
		opts   []api.Option
		caller time.Duration // after which the context of the caller ends, 0 for never
		cancel time.Duration // after which the caller cancels
		want   string
	}{
		"of the call":                {opts: []api.Option{withRoundTrip(hang), api.WithTimeout(3 * time.Second)}, want: ofCall},
		"of the call, in the body":   {opts: []api.Option{withRoundTrip(inBody), api.WithTimeout(3 * time.Second)}, want: ofCall},
		"of the client":              {opts: []api.Option{withRoundTripTimeout(hang)}, want: ofClient},
		"of the client, in the body": {opts: []api.Option{withRoundTripTimeout(inBody)}, want: ofClient},
		"of the caller":              {opts: []api.Option{withRoundTripTimeout(hang)}, caller: time.Second, want: ofCaller},
		"of the caller, in the body": {opts: []api.Option{withRoundTripTimeout(inBody)}, caller: time.Second, want: ofCaller},
		"the caller cancels":         {opts: []api.Option{withRoundTripTimeout(hang)}, cancel: time.Second, want: ofCause},
		"the caller cancels a wait":  {opts: []api.Option{withRoundTrip(busy)}, cancel: time.Second, want: ofCause},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				if c.caller > 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, c.caller)
					defer stop()
				}
				if c.cancel > 0 {
					time.AfterFunc(c.cancel, func() { cancel(errors.New("the caller went home")) })
				}
				defer cancel(nil)
				client := newClient(t, "https://api.invalid", c.opts...)
				_, err := client.CreateAttribute(ctx, gen.AttributeTypeContacts, gen.Contact{})
				if err == nil || strings.Count(err.Error(), c.want) != 1 {
					t.Errorf("got  %v\nwant %s", err, c.want)
				}
			})
		})
	}
}
