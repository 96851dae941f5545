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
)

// tokenFaults are bad moods of the token endpoint. No token, no call.
func tokenFaults(trap string) []fault {
	var faults []fault
	add := func(w want, answer act, name string, opts ...api.Option) {
		faults = append(faults, fault{name: name, token: answer, opts: opts, want: w})
	}
	for _, status := range []int{400, 401, 403, 404, 405, 409, 415, 422, 431} {
		add(noToken.with(sentinels[status]), reply(status, refuses), fmt.Sprint(status))
	}
	for _, status := range []int{408, 429, 500, 501, 502, 503, 504, 520, 600} {
		add(noToken.with(sentinels[status]).counts(0, 0, 3), reply(status, refuses), fmt.Sprint(status))
	}
	for _, status := range []int{201, 202, 204, 206, 299} {
		body := `{"access_token":"` + faultToken + `"}`
		if status == 204 {
			body = ""
		}
		add(noToken.with(api.ErrInvalidResponse), reply(status, body), fmt.Sprint(status))
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		add(noToken, reply(status, refuses, "Location", "http://"+trap+"/oauth2/token"), fmt.Sprintf("%d to another host", status))
		add(noToken, reply(status, refuses, "Location", "/oauth2/token"), fmt.Sprintf("%d to itself", status))
	}
	for name, answer := range map[string]act{
		"HTML":               reply(200, "<html>{echo}", "Content-Type", "text/html"),
		"HTML as JSON":       reply(200, "<html>{echo}"),
		"form-encoded":       reply(200, "access_token="+faultToken, "Content-Type", "application/x-www-form-urlencoded"),
		"empty":              reply(200, ""),
		"null":               reply(200, `null`),
		"a list":             reply(200, `["`+faultToken+`"]`),
		"a string":           reply(200, `"`+faultToken+`"`),
		"no access_token":    reply(200, `{"token_type":"Bearer","x":"{echo}"}`),
		"an error, 200":      reply(200, `{"error":"invalid_client","error_description":"no {echo}"}`),
		"success: false":     reply(200, refuses),
		"blank":              reply(200, `{"access_token":" "}`),
		"empty token":        reply(200, `{"access_token":""}`),
		"null token":         reply(200, `{"access_token":null}`),
		"a number":           reply(200, `{"access_token":12345}`),
		"an object":          reply(200, `{"access_token":{"`+faultToken+`":1}}`),
		"two tokens":         reply(200, `{"access_token":"`+faultToken+`","access_token":"b"}`),
		"a folded token":     reply(200, `{"Access_Token":"`+faultToken+`"}`),
		"control characters": reply(200, `{"access_token":"`+faultToken+`\r\nX-Evil: 1"}`),
		"not ASCII":          reply(200, `{"access_token":"`+faultToken+`\u00e9"}`),
		"a blank inside":     reply(200, `{"access_token":"`+faultToken+` x"}`),
		"a long token":       reply(200, `{"access_token":"`+strings.Repeat("x", 16<<10+1)+`"}`),
		"a MAC token":        reply(200, `{"access_token":"`+faultToken+`","token_type":"mac"}`),
		"a type of blanks":   reply(200, `{"access_token":"`+faultToken+`","token_type":" "}`),
		"trailing data":      reply(200, `{"access_token":"`+faultToken+`"}{}`),
		"bad UTF-8":          reply(200, "{\"access_token\":\""+faultToken+"\xff\"}"),
		"over the limit":     reply(200, `{"access_token":"`+strings.Repeat("x", 1<<20)+`"}`),
		"a gzip bomb":        reply(200, zip(strings.Repeat("\x00", 2<<20)), "Content-Encoding", "gzip"),
		"too much header":    reply(200, "{}", "X-Much", strings.Repeat("{echo}", 1<<11)),
		"not gzip":           reply(200, `{"access_token":"x"}`, "Content-Encoding", "gzip"),
	} {
		add(noToken, answer, name)
	}
	add(accepted.counts(1, 1, 3), inTurn(reply(503, refuses), aborts, tokenYes), "yes after 503 and a cut")
	add(accepted.counts(1, 1, 2), inTurn(reply(429, refuses, "Retry-After", "2"), tokenYes), "yes after 429")
	add(noToken.with(api.ErrRateLimited), reply(429, refuses, "Retry-After", "60"), "429 for a minute")
	add(noToken.counts(0, 0, 3), aborts, "aborted")
	add(noToken.counts(0, 0, 3), cuts(200), "cut in the body")
	add(unsent.with(context.DeadlineExceeded), expires, "silence")
	add(unsent.with(context.DeadlineExceeded), headerThen(expires), "a header, then silence")
	add(unsent.with(context.Canceled), leaves, "the caller leaves")
	add(noToken.with(context.DeadlineExceeded).soon(), silent, "silence, a patient caller", api.WithTokenTimeout(brief))

	faults = append(faults, fault{name: "refused", base: closedBase("http"), want: noToken.counts(0, 0, 0), once: true})
	for name, source := range map[string]sourceFunc{
		"an error": func() (*oauth2.Token, error) { return nil, errors.New("boom") },
		"nothing":  func() (*oauth2.Token, error) { return nil, nil },
		"blank":    func() (*oauth2.Token, error) { return &oauth2.Token{}, nil },
		"a MAC token": func() (*oauth2.Token, error) {
			return &oauth2.Token{AccessToken: faultToken, TokenType: "mac"}, nil
		},
		"a newline":                        func() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: faultToken + "\n"}, nil },
		"a panic":                          func() (*oauth2.Token, error) { panic(faultSecret) },
		"an OAuth error without an answer": func() (*oauth2.Token, error) { return nil, &oauth2.RetrieveError{} },
		"an error of a request": func() (*oauth2.Token, error) {
			return nil, &url.Error{Op: "Post", URL: "https://auth.invalid/?client_secret=" + faultSecret, Err: errors.New("refused")}
		},
		"our own error": func() (*oauth2.Token, error) { return nil, &api.AuthError{StatusCode: 403} },
		"an OAuth error": func() (*oauth2.Token, error) {
			return nil, &oauth2.RetrieveError{Response: &http.Response{StatusCode: 400, Status: "400"}, Body: []byte(faultSecret), ErrorCode: "invalid_client"}
		},
	} {
		faults = append(faults, fault{name: "a source with " + name, once: true, want: noToken.counts(0, 0, 0), opts: []api.Option{api.WithTokenSource(source)}})
	}
	return faults
}
