package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
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
		"no error":                              {nil, api.Applied},
		"another package":                       {errors.New("x"), api.Unknown},
		"400":                                   {&api.Error{StatusCode: 400}, api.NotApplied},
		"302":                                   {&api.Error{StatusCode: 302}, api.Unknown},
		"304":                                   {&api.Error{StatusCode: 304}, api.Unknown},
		"307":                                   {&api.Error{StatusCode: 307}, api.NotApplied},
		"499":                                   {&api.Error{StatusCode: 499}, api.Unknown},
		"an invalid response without a body":    {invalid(""), api.Unknown},
		"an invalid response that says false":   {invalid(`{"success":false}`), api.Unknown},
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
