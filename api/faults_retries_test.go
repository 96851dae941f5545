package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sakari-go/sakari-go/api"
)

// redirectFaults send the caller elsewhere: to the trap, and to the server itself.
func redirectFaults(trap string) []fault {
	var faults []fault
	host, port, _ := strings.Cut(trap, ":")
	for name, location := range map[string]string{
		"another port":         "http://" + trap + "/v1/accounts/acc/attributes/contacts",
		"another port, TLS":    "https://" + trap + "/x",
		"another host":         "http://localhost:" + port + "/x",
		"without a scheme":     "//" + trap + "/x",
		"with a user":          "http://user:{echo}@" + trap + "/x",
		"with secrets":         "http://" + trap + "/?{echo}",
		"with a secret host":   "http://" + faultSecret + ".invalid/x",
		"an upper-case scheme": "HTTP://" + trap + "/x",
		"tabs":                 "http://\t" + host + "/",
		"itself":               "",
		"the other scheme":     "{other scheme}://{host}/v1/accounts/acc/attributes/contacts",
		"its own path":         "/v1/accounts/acc/attributes/contacts",
		"a relative path":      "deals",
		"not a URL":            "http://[::1",
		"no URL of the web":    "javascript:alert(1)",
		"a long one":           "http://" + trap + "/" + strings.Repeat("x", 10_000),
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			faults = append(faults, fault{
				name: fmt.Sprintf("%d to %s", status, name),
				api:  reply(status, refuses, "Location", location), want: refused,
			})
		}
	}
	for _, status := range []int{300, 304, 305, 306, 310, 399} {
		faults = append(faults, fault{name: fmt.Sprint(status), api: bodiless(status, "Location", "http://"+trap+"/x"), want: refused})
	}
	return faults
}

func bodiless(status int, headers ...string) act {
	if status == http.StatusNotModified {
		return reply(status, "", headers...)
	}
	return reply(status, refuses, headers...)
}

// retryFaults are those that the client meets with another attempt, or does not.
func retryFaults() []fault {
	limits := refused.with(api.ErrRateLimited)
	after := func(value string) act { return reply(429, refuses, "Retry-After", value) }
	long := []api.Option{api.WithTimeout(time.Hour)}
	stop := func(afterAttempts int, options ...api.Option) []api.Option {
		return append(options, api.WithMaxAttempts(afterAttempts))
	}
	ends := func(ctx context.Context, _ time.Duration) error { return context.DeadlineExceeded }
	faults := []fault{
		{name: "429, then yes", api: inTurn(after("1"), yesReply()), want: accepted.counts(2, 1, 1)},
		{name: "429 twice, then yes", api: inTurn(after("1"), after(""), yesReply()), want: accepted.counts(3, 1, 1)},
		{name: "429 for ever", api: after("1"), want: limits.counts(3, 0, 1)},
		{name: "429, one attempt", api: after("1"), opts: stop(1), want: limits},
		{name: "429, five attempts", api: after("1"), opts: stop(5), want: limits.counts(5, 0, 1)},
		{name: "429, HTML", api: reply(429, "<html>{echo}", "Content-Type", "text/html"), want: limits.counts(3, 0, 1)},
		{name: "429, no body", api: reply(429, ""), want: limits.counts(3, 0, 1)},
		{name: "429, over the limit", api: reply(429, strings.Repeat("x", 1<<20+1)),
			want: want{kind: aViolation, outcome: api.NotApplied, is: api.ErrInvalidResponse, places: places("body"), arrived: 1, tokens: 1}},
		{name: "429, not to be repeated", api: reply(429, refuses, "X-Should-Retry", "false"), want: limits.counts(3, 0, 1)},
		{name: "429, then silence", api: inTurn(after("1"), does(expires)), want: late.counts(2, 1, 1)},
		{name: "429, then 503", api: inTurn(after("1"), does(reply(503, refuses))), want: unsure.counts(2, 1, 1)},
		{name: "429, then 400", api: inTurn(after("1"), reply(400, refuses)), want: refused.counts(2, 0, 1)},
		{name: "429, then a cut", api: inTurn(after("1"), does(aborts)), want: lost.counts(2, 1, 1)},
		{name: "429, then a broken yes", api: inTurn(after("1"), does(reply(200, `{}`))), want: broken("body/data", "body/success").counts(2, 1, 1)},
		{name: "429, then 401, then yes", api: inTurn(after("1"), reply(401, refuses), yesReply()), want: accepted.counts(3, 1, 2)},
		{name: "429, then a redirect", api: inTurn(after("1"), reply(307, "", "Location", "/")), want: refused.counts(2, 0, 1)},
		{name: "429, the deadline while waiting", api: after("1"), opts: []api.Option{api.WithSleep(ends)}, want: joined(limits, context.DeadlineExceeded)},

		{name: "401, then yes", api: inTurn(reply(401, refuses), yesReply()), want: accepted.counts(2, 1, 2)},
		{name: "401, one attempt, then yes", api: inTurn(reply(401, refuses), yesReply()), opts: stop(1), want: accepted.counts(2, 1, 2)},
		{name: "401 for ever", api: reply(401, refuses), want: refused.with(api.ErrUnauthorized).counts(2, 0, 2)},
		{name: "401, HTML", api: reply(401, "<html>{echo}", "Content-Type", "text/html"), want: refused.with(api.ErrUnauthorized).counts(2, 0, 2)},
		{name: "401, then 403", api: inTurn(reply(401, refuses), reply(403, refuses)), want: refused.with(api.ErrForbidden).counts(2, 0, 2)},
		{name: "401, then 503", api: inTurn(reply(401, refuses), does(reply(503, refuses))), want: unsure.counts(2, 1, 2)},
		{name: "401, then a cut", api: inTurn(reply(401, refuses), does(aborts)), want: lost.counts(2, 1, 2)},
		{name: "401, a fixed token", api: reply(401, refuses), opts: []api.Option{api.WithToken(faultToken)}, want: refused.with(api.ErrUnauthorized).counts(1, 0, 0)},
		{name: "401, and the same token again", api: reply(401, refuses), token: reply(200, `{"access_token":"`+faultToken+`"}`),
			want: refused.with(api.ErrUnauthorized).counts(1, 0, 2)},
		{name: "401, and no fresh token", api: reply(401, refuses), token: inTurn(tokenYes, reply(403, refuses)),
			want: want{kind: anAuthError, outcome: api.NotApplied, is: api.ErrUnauthorized, arrived: 1, tokens: 2}},
		{name: "401, and a token that hangs", api: reply(401, refuses), token: inTurn(tokenYes, expires),
			want: joined(refused.with(api.ErrUnauthorized), context.DeadlineExceeded).counts(1, 0, 2)},

		{name: "a token that hangs before the second attempt", api: after("1"),
			token: inTurn(reply(200, `{"access_token":"`+faultToken+`","expires_in":0}`), expires),
			want:  joined(limits, context.DeadlineExceeded).counts(1, 0, 2)},
		{name: "the rate limit before the second attempt", api: after("1"), opts: []api.Option{api.WithRateLimit(0.001, 1)},
			want: joined(limits, context.DeadlineExceeded)},
		{name: "the rate limit before the second token", api: reply(401, refuses), opts: []api.Option{api.WithRateLimit(0.001, 1)},
			want: joined(refused.with(api.ErrUnauthorized), context.DeadlineExceeded).counts(1, 0, 2)},
	}
	date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	for _, value := range []string{ // a second attempt
		"0", "00", "-1", "1.5", "1e3", "0x10", " 2 ", "+3", "soon", "null", "NaN", "1, 2", "30", date(-time.Hour), date(5 * time.Second),
		"Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 99 Jan 2099 00:00:00 GMT", "2099-01-01T00:00:00Z",
	} {
		faults = append(faults, fault{name: "Retry-After " + value, api: inTurn(after(value), yesReply()), opts: long, want: accepted.counts(2, 1, 1)})
	}
	for _, value := range []string{ // no second attempt
		"31", "3600", "9223372036", "9223372037", "99999999999999999999999", date(time.Hour), "Thu, 01 Jan 9999 00:00:00 GMT", "Fri, 31 Dec 2100 23:59:59 GMT",
	} {
		faults = append(faults, fault{name: "Retry-After " + value, api: after(value), opts: long, want: limits})
	}
	for i := range faults {
		faults[i].name = strings.ReplaceAll(faults[i].name, "/", "-")
	}
	return faults
}

// joined wants two errors in one.
func joined(w want, and error) want { return w.with(bothErrors{w.is, and}) }

// bothErrors matches an error that matches both.
type bothErrors struct{ one, other error }

func (b bothErrors) Error() string { return fmt.Sprintf("%v and %v", b.one, b.other) }

func matches(err, target error) bool {
	if both, ok := target.(bothErrors); ok {
		return errors.Is(err, both.one) && errors.Is(err, both.other)
	}
	return errors.Is(err, target)
}
