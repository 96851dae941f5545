package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
)

// tokenFaults are failures to get a token. Without one, the API receives no request.
func tokenFaults(trap string) []fault {
	var faults []fault
	add := func(name string, token faultserver.Action, w want) {
		faults = append(faults, fault{name: name, token: token, want: w})
	}
	for _, status := range []int{400, 401, 403, 404, 405, 409, 415, 422, 431} {
		add(fmt.Sprint(status), faultserver.Refuse(status), wantNoToken.matching(sentinels[status]))
	}
	wantThreeAttempts := wantNoToken.counts(server{tokens: 3})
	for _, status := range []int{408, 429, 500, 501, 502, 503, 504, 520, 600} {
		add(fmt.Sprint(status), faultserver.Refuse(status), wantThreeAttempts.matching(sentinels[status]))
	}
	for _, status := range []int{201, 202, 204, 206, 299} {
		body := `{"access_token":"` + faultserver.AccessToken + `"}`
		if status == http.StatusNoContent {
			body = ""
		}
		add(fmt.Sprint(status), faultserver.Reply(status, body), wantNoToken.matching(api.ErrInvalidResponse))
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		elsewhere := faultserver.Refuse(status, "Location", "http://"+trap+faultserver.TokenPath)
		add(fmt.Sprintf("%d to another host", status), elsewhere, wantNoToken)
		add(fmt.Sprintf("%d to itself", status), faultserver.Refuse(status, "Location", faultserver.TokenPath), wantNoToken)
	}
	for _, row := range []responseRow{
		{name: "HTML", body: "<html>{echo}", headers: []string{"Content-Type", "text/html"}},
		{name: "HTML as JSON", body: "<html>{echo}"},
		{
			name: "form-encoded", body: "access_token=" + faultserver.AccessToken,
			headers: []string{"Content-Type", "application/x-www-form-urlencoded"},
		},
		{name: "an empty body", body: ""},
		{name: "null", body: `null`},
		{name: "an array", body: `["` + faultserver.AccessToken + `"]`},
		{name: "a string", body: `"` + faultserver.AccessToken + `"`},
		{name: "no access_token", body: `{"token_type":"Bearer","x":"{echo}"}`},
		{name: "an error with status 200", body: `{"error":"invalid_client","error_description":"no {echo}"}`},
		{name: "success: false", body: faultserver.RefusalBody},
		{name: "a blank token", body: `{"access_token":" "}`},
		{name: "an empty token", body: `{"access_token":""}`},
		{name: "a null token", body: `{"access_token":null}`},
		{name: "a number as the token", body: `{"access_token":12345}`},
		{name: "an object as the token", body: `{"access_token":{"` + faultserver.AccessToken + `":1}}`},
		{name: "two tokens", body: `{"access_token":"` + faultserver.AccessToken + `","access_token":"b"}`},
		{name: "a name in other case", body: `{"Access_Token":"` + faultserver.AccessToken + `"}`},
		{
			name: "control characters in the token",
			body: `{"access_token":"` + faultserver.AccessToken + `\r\nX-Evil: 1"}`,
		},
		{name: "a token that is not ASCII", body: `{"access_token":"` + faultserver.AccessToken + `\u00e9"}`},
		{name: "a blank in the token", body: `{"access_token":"` + faultserver.AccessToken + ` x"}`},
		{name: "a long token", body: `{"access_token":"` + strings.Repeat("x", 16<<10+1) + `"}`},
		{name: "a MAC token", body: `{"access_token":"` + faultserver.AccessToken + `","token_type":"mac"}`},
		{name: "a blank token type", body: `{"access_token":"` + faultserver.AccessToken + `","token_type":" "}`},
		{name: "trailing data", body: `{"access_token":"` + faultserver.AccessToken + `"}{}`},
		{name: "bad UTF-8", body: "{\"access_token\":\"" + faultserver.AccessToken + "\xff\"}"},
		{name: "a body over the limit", body: `{"access_token":"` + strings.Repeat("x", bodyLimit) + `"}`},
		{name: "a gzip bomb", body: zip(strings.Repeat("\x00", 2<<20)), headers: []string{"Content-Encoding", "gzip"}},
		{name: "a header over the limit", body: "{}", headers: []string{"X-Much", strings.Repeat("{echo}", 1<<11)}},
		{name: "not gzip", body: `{"access_token":"x"}`, headers: []string{"Content-Encoding", "gzip"}},
	} {
		add(row.name, row.respond(), wantNoToken)
	}

	// The client tries again.
	add("503, an abort, then a token",
		faultserver.InTurn(faultserver.Refuse(503), faultserver.Abort, faultserver.IssueToken),
		wantSuccess.counts(server{requests: 1, processed: 1, tokens: 3}))
	add("429, then a token",
		faultserver.InTurn(faultserver.Refuse(429, "Retry-After", "2"), faultserver.IssueToken),
		wantSuccess.counts(server{requests: 1, processed: 1, tokens: 2}))
	add("429 for a minute", faultserver.Refuse(429, "Retry-After", "60"), wantNoToken.matching(api.ErrRateLimited))
	add("aborted", faultserver.Abort, wantThreeAttempts)
	add("cut in the body", faultserver.CutBody(200), wantThreeAttempts)

	// The caller does not wait.
	add("silence", faultserver.ExpireCaller, wantUnsent.matching(context.DeadlineExceeded))
	add("a header, then silence", faultserver.HeaderThen(faultserver.ExpireCaller),
		wantUnsent.matching(context.DeadlineExceeded))
	add("the caller cancels", faultserver.CancelCaller, wantUnsent.matching(context.Canceled))

	faults = append(faults,
		fault{
			name: "silence, a caller that waits", token: faultserver.Hang,
			opts: []api.Option{api.WithTimeout(shortTimeout)},
			want: wantUnsent.matching(context.DeadlineExceeded).within(shortTimeout),
		},
		fault{
			name: "refused connection", base: closedBase("http"), tcpOnly: true,
			want: wantNoToken.counts(server{}),
		},
	)
	return append(faults, tokenSourceFaults()...)
}

// tokenSourceFaults are failures of the caller's own token source.
func tokenSourceFaults() []fault {
	var faults []fault
	token := func(text, kind string) sourceFunc {
		return func() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: text, TokenType: kind}, nil }
	}
	fails := func(err error) sourceFunc {
		return func() (*oauth2.Token, error) { return nil, err }
	}
	for _, row := range []struct {
		name   string
		source sourceFunc
	}{
		{name: "an error", source: fails(errors.New("boom"))},
		{name: "neither token nor error", source: fails(nil)},
		{name: "an empty token", source: token("", "")},
		{name: "a MAC token", source: token(faultserver.AccessToken, "mac")},
		{name: "a newline", source: token(faultserver.AccessToken+"\n", "")},
		{name: "a panic", source: func() (*oauth2.Token, error) { panic(faultserver.ClientSecret) }},
		{name: "an OAuth error without a response", source: fails(&oauth2.RetrieveError{})},
		{name: "an error of a request", source: fails(&url.Error{
			Op:  "Post",
			URL: "https://auth.invalid/?client_secret=" + faultserver.ClientSecret,
			Err: errors.New("refused"),
		})},
		{name: "an error of this package", source: fails(&api.AuthError{StatusCode: 403})},
		{name: "an OAuth error", source: fails(&oauth2.RetrieveError{
			Response:  &http.Response{StatusCode: 400, Status: "400"},
			Body:      []byte(faultserver.ClientSecret),
			ErrorCode: "invalid_client",
		})},
	} {
		faults = append(faults, fault{
			name: "a token source with " + row.name, tcpOnly: true,
			opts: []api.Option{api.WithTokenSource(row.source)}, want: wantNoToken.counts(server{}),
		})
	}
	return faults
}
