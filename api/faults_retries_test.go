package api_test

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
)

// retryFaults are those after which the client sends the request again, or must not.
func retryFaults() []fault {
	limited := func(retryAfter string) faultserver.Action {
		return faultserver.Refuse(429, "Retry-After", retryAfter)
	}
	html := func(status int) faultserver.Action {
		return faultserver.Reply(status, "<html>{echo}", "Content-Type", "text/html")
	}
	unavailable := faultserver.Process(faultserver.Refuse(503))
	invalidSuccess := faultserver.Process(faultserver.Reply(200, `{}`))
	inTurn := faultserver.InTurn
	sameToken := faultserver.Reply(200, `{"access_token":"`+faultserver.AccessToken+`"}`)
	expiredToken := faultserver.Reply(200, `{"access_token":"`+faultserver.AccessToken+`","expires_in":0}`)
	maxAttempts := func(n int) []api.Option { return []api.Option{api.WithMaxAttempts(n)} }
	expiresInWait := []api.Option{api.WithSleep(func(context.Context, time.Duration) error {
		return context.DeadlineExceeded
	})}
	oneRequest := []api.Option{api.WithRateLimit(0.001, 1)}
	wantLimited := wantRefusal.matching(api.ErrRateLimited)
	wantUnauthorized := wantRefusal.matching(api.ErrUnauthorized)

	faults := []fault{
		{
			name: "429, then a success", api: inTurn(limited("1"), faultserver.Succeed),
			want: wantSuccess.counts(server{requests: 2, processed: 1, tokens: 1}),
		},
		{
			name: "429 twice, then a success", api: inTurn(limited("1"), limited(""), faultserver.Succeed),
			want: wantSuccess.counts(server{requests: 3, processed: 1, tokens: 1}),
		},
		{
			name: "429 for ever", api: limited("1"),
			want: wantLimited.counts(server{requests: 3, tokens: 1}),
		},
		{
			name: "429, one attempt", api: limited("1"), opts: maxAttempts(1),
			want: wantLimited,
		},
		{
			name: "429, five attempts", api: limited("1"), opts: maxAttempts(5),
			want: wantLimited.counts(server{requests: 5, tokens: 1}),
		},
		{
			name: "429, HTML", api: html(429),
			want: wantLimited.counts(server{requests: 3, tokens: 1}),
		},
		{
			name: "429, no body", api: faultserver.Reply(429, ""),
			want: wantLimited.counts(server{requests: 3, tokens: 1}),
		},
		{
			name: "429, a body over the limit", api: faultserver.Reply(429, strings.Repeat("x", bodyLimit+1)),
			want: want{
				kind: validationError, outcome: api.NotApplied, is: api.ErrInvalidResponse, locations: []string{"body"},
				server: server{requests: 1, tokens: 1},
			},
		},
		{
			name: "429, X-Should-Retry: false", api: faultserver.Refuse(429, "X-Should-Retry", "false"),
			want: wantLimited.counts(server{requests: 3, tokens: 1}),
		},
		{
			name: "429, then silence", api: inTurn(limited("1"), faultserver.Process(faultserver.ExpireCaller)),
			want: wantTimeout.counts(server{requests: 2, processed: 1, tokens: 1}),
		},
		{
			name: "429, then 503", api: inTurn(limited("1"), unavailable),
			want: wantUnknown.counts(server{requests: 2, processed: 1, tokens: 1}),
		},
		{
			name: "429, then 400", api: inTurn(limited("1"), faultserver.Refuse(400)),
			want: wantRefusal.counts(server{requests: 2, tokens: 1}),
		},
		{
			name: "429, then an abort", api: inTurn(limited("1"), faultserver.Process(faultserver.Abort)),
			want: wantNoResponse.counts(server{requests: 2, processed: 1, tokens: 1}),
		},
		{
			name: "429, then an invalid success", api: inTurn(limited("1"), invalidSuccess),
			want: wantViolations("body/data", "body/success").counts(server{requests: 2, processed: 1, tokens: 1}),
		},
		{
			name: "429, then 401, then a success",
			api:  inTurn(limited("1"), faultserver.Refuse(401), faultserver.Succeed),
			want: wantSuccess.counts(server{requests: 3, processed: 1, tokens: 2}),
		},
		{
			name: "429, then a redirect", api: inTurn(limited("1"), faultserver.Reply(307, "", "Location", "/")),
			want: wantRefusal.counts(server{requests: 2, tokens: 1}),
		},
		{
			name: "429, then the deadline", api: limited("1"), opts: expiresInWait,
			want: wantLimited.matchingBoth(context.DeadlineExceeded),
		},

		{
			name: "401, then a success", api: inTurn(faultserver.Refuse(401), faultserver.Succeed),
			want: wantSuccess.counts(server{requests: 2, processed: 1, tokens: 2}),
		},
		{
			name: "401, one attempt, then a success", api: inTurn(faultserver.Refuse(401), faultserver.Succeed),
			opts: maxAttempts(1), want: wantSuccess.counts(server{requests: 2, processed: 1, tokens: 2}),
		},
		{
			name: "401 for ever", api: faultserver.Refuse(401),
			want: wantUnauthorized.counts(server{requests: 2, tokens: 2}),
		},
		{
			name: "401, HTML", api: html(401),
			want: wantUnauthorized.counts(server{requests: 2, tokens: 2}),
		},
		{
			name: "401, then 403", api: inTurn(faultserver.Refuse(401), faultserver.Refuse(403)),
			want: wantRefusal.matching(api.ErrForbidden).counts(server{requests: 2, tokens: 2}),
		},
		{
			name: "401, then 503", api: inTurn(faultserver.Refuse(401), unavailable),
			want: wantUnknown.counts(server{requests: 2, processed: 1, tokens: 2}),
		},
		{
			name: "401, then an abort", api: inTurn(faultserver.Refuse(401), faultserver.Process(faultserver.Abort)),
			want: wantNoResponse.counts(server{requests: 2, processed: 1, tokens: 2}),
		},
		{
			name: "401, a fixed token", api: faultserver.Refuse(401),
			opts: []api.Option{api.WithToken(faultserver.AccessToken)},
			want: wantUnauthorized.counts(server{requests: 1}),
		},
		{
			name: "401, then the same token", api: faultserver.Refuse(401), token: sameToken,
			want: wantUnauthorized.counts(server{requests: 1, tokens: 2}),
		},
		{
			name: "401, then no token", api: faultserver.Refuse(401),
			token: inTurn(faultserver.IssueToken, faultserver.Refuse(403)),
			want: want{
				kind: authError, outcome: api.NotApplied, is: api.ErrUnauthorized,
				server: server{requests: 1, tokens: 2},
			},
		},
		{
			name: "401, then a token call that hangs", api: faultserver.Refuse(401),
			token: inTurn(faultserver.IssueToken, faultserver.ExpireCaller),
			want:  wantUnauthorized.matchingBoth(context.DeadlineExceeded).counts(server{requests: 1, tokens: 2}),
		},

		{
			name: "429, then a token call that hangs", api: limited("1"),
			token: inTurn(expiredToken, faultserver.ExpireCaller),
			want:  wantLimited.matchingBoth(context.DeadlineExceeded).counts(server{requests: 1, tokens: 2}),
		},
		{
			name: "429, then the rate limit", api: limited("1"), opts: oneRequest,
			want: wantLimited.matchingBoth(context.DeadlineExceeded),
		},
		{
			name: "401, then the rate limit", api: faultserver.Refuse(401), opts: oneRequest,
			want: wantUnauthorized.matchingBoth(context.DeadlineExceeded).counts(server{requests: 1, tokens: 2}),
		},
	}

	date := func(fromNow time.Duration) string { return time.Now().Add(fromNow).UTC().Format(http.TimeFormat) }
	longTimeout := []api.Option{api.WithTimeout(time.Hour)}
	for _, value := range []string{ // the client tries again
		"0", "00", "-1", "1.5", "1e3", "0x10", " 2 ", "+3", "soon", "null", "NaN", "1, 2", "30",
		date(-time.Hour), date(5 * time.Second),
		"Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 99 Jan 2099 00:00:00 GMT", "2099-01-01T00:00:00Z",
	} {
		faults = append(faults, fault{
			name: "Retry-After: " + value, api: inTurn(limited(value), faultserver.Succeed), opts: longTimeout,
			want: wantSuccess.counts(server{requests: 2, processed: 1, tokens: 1}),
		})
	}
	for _, value := range []string{ // the wait is too long
		"31", "3600", "9223372036", "9223372037", "99999999999999999999999",
		date(time.Hour), "Thu, 01 Jan 9999 00:00:00 GMT", "Fri, 31 Dec 2100 23:59:59 GMT",
	} {
		faults = append(faults, fault{
			name: "Retry-After: " + value, api: limited(value), opts: longTimeout, want: wantLimited,
		})
	}
	return faults
}
