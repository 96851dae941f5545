package api_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
)

// successBody is the body of a response to a POST that conforms to the spec.
const successBody = faultserver.SuccessBody

// bodyLimit is the limit of a response's body if WithMaxResponseBytes is not set, in bytes.
const bodyLimit = 1 << 20

// sentinels are the errors that match a status.
var sentinels = map[int]error{
	401: api.ErrUnauthorized,
	403: api.ErrForbidden,
	404: api.ErrNotFound,
	429: api.ErrRateLimited,
}

// responseRow is a response that is sent as a whole.
type responseRow struct {
	name      string
	status    int // 200 if it is 0
	body      string
	headers   []string           // names and values in turn
	action    faultserver.Action // in place of the response
	locations []string           // of all violations; not checked if it is nil
}

func (r responseRow) respond() faultserver.Action {
	if r.action != nil {
		return r.action
	}
	return faultserver.Reply(cmp.Or(r.status, http.StatusOK), r.body, r.headers...)
}

// responseFaults are whole responses to a POST.
func responseFaults() []fault {
	var faults []fault
	add := func(name string, action faultserver.Action, w want) {
		faults = append(faults, fault{name: name, api: action, want: w})
	}

	// Success, in unusual forms.
	for _, row := range []responseRow{
		{name: "the example of the spec", body: successBody},
		{
			name: "unknown fields",
			body: `{"success":true,"data":{"amount":123,"below":123,"x-lastTopup":"2023-11-07T05:31:56Z"},"more":[1,null]}`,
		},
		{
			name: "an error object in a success",
			body: `{"success":true,"data":{"amount":123,"below":123},"error":{"code":"X"}}`,
		},
		{
			name: "a media type with +json", body: successBody,
			headers: []string{"Content-Type", "application/vnd.sakari.v1+json"},
		},
		{name: "a charset", body: successBody, headers: []string{"Content-Type", "application/json; charset=utf-8"}},
		{name: "a media type in other case", body: successBody, headers: []string{"Content-Type", "Application/JSON"}},
		{name: "white space around", body: "\r\n " + successBody + " \n"},
		{name: "an escaped U+FFFD", body: `{"success":true,"data":{"amount":123,"below":123},"x":"a\ufffdb"}`},
		{name: "an identity encoding", body: successBody, headers: []string{"Content-Encoding", "identity"}},
		{name: "numbers with exponents", body: `{"success":true,"data":{"amount":1.23e2,"below":123.0}}`},
		{name: "gzip", body: zip(successBody), headers: []string{"Content-Encoding", "gzip"}},
		{name: "gzip in upper case", body: zip(successBody), headers: []string{"Content-Encoding", "GZip"}},
		{name: "x-gzip", body: zip(successBody), headers: []string{"Content-Encoding", "x-gzip"}},
		{
			name: "a repeated parameter of the media type", body: successBody,
			headers: []string{"Content-Type", "application/json; charset=utf-8; charset=utf-8"},
		},
		{
			name: "a repeated and quoted parameter of the media type", body: successBody,
			headers: []string{"Content-Type", `application/json; charset="utf-8" ; charset="utf-8"`},
		},
		{
			name: "gzip in two members", body: zip(successBody[:20]) + zip(successBody[20:]),
			headers: []string{"Content-Encoding", "gzip"},
		},
		{name: "nested 100 deep", body: `{"success":true,"data":{"amount":123,"below":123},"x":` + nested(99) + `}`},
		{
			name: "the same names in another object",
			body: `{"success":true,"data":{"amount":123,"below":123},"x":{"a":1,"A":2,"amount":{"amount":1}}}`,
		},
		{name: "an X-Should-Retry header", body: successBody, headers: []string{"X-Should-Retry", "true"}},
		{
			name: "the headers of a redirect", body: successBody,
			headers: []string{"Location", "https://other.invalid/", "Refresh", "0; url=https://other.invalid/"},
		},
		{name: "a cookie", body: successBody, headers: []string{"Set-Cookie", "session={echo}"}},
		{name: "an alternative service", body: successBody, headers: []string{"Alt-Svc", `h2="other.invalid:443"`}},
		{name: "a Retry-After", body: successBody, headers: []string{"Retry-After", "3600"}},
		{
			name: "a body of 1 MiB",
			body: `{"success":true,"data":{"amount":123,"below":123},"x":"` + strings.Repeat("x", bodyLimit-60) + `"}`,
		},
		{name: "a header of 60 KiB", body: successBody, headers: []string{"X-Much", strings.Repeat("x", 60<<10)}},
		{
			name: "a declared name in other case, in an unknown object",
			body: `{"success":true,"data":{"amount":123,"below":123},"x":{"Amount":1}}`,
		},
	} {
		add(row.name, faultserver.Process(row.respond()), wantSuccess)
	}

	// The server refuses the request.
	for _, status := range []int{
		400, 402, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415,
		418, 421, 422, 423, 424, 425, 426, 428, 431, 451,
	} {
		add(fmt.Sprint(status), faultserver.Refuse(status), wantRefusal.matching(sentinels[status]))
	}
	for _, row := range []responseRow{
		{name: "400, HTML", status: 400, body: "<html>{echo}", headers: []string{"Content-Type", "text/html"}},
		{name: "400, no body", status: 400, body: ""},
		{name: "400, no media type", status: 400, body: faultserver.RefusalBody, headers: []string{"Content-Type", ""}},
		{
			name: "400, description", status: 400,
			body: `{"success":false,"error":{"code":"CONT-001","description":"no {echo}"}}`,
		},
		{name: "400, an OAuth error", status: 400, body: `{"error":"CONT-001","error_description":"no {echo}"}`},
		{
			name: "400, values of other types", status: 400,
			body: `{"success":0,"error":{"code":1,"message":["{echo}"]}}`,
		},
		{
			name: "400, secrets as the code", status: 400,
			body: `{"success":false,"error":{"code":"{echo}","message":"{echo}"}}`,
		},
		{
			name: "400, control characters", status: 400,
			body: `{"success":false,"error":{"code":"a\r\nb","message":"\u001b[31mred\u0000\u202e{echo}"}}`,
		},
		{
			name: "400, a long message", status: 400,
			body: `{"success":false,"error":{"code":"X","message":"` + strings.Repeat("{echo} ", 1000) + `"}}`,
		},
		{name: "400, a success in the body", status: 400, body: successBody},
		{
			name: "400, bad UTF-8", status: 400,
			body: "{\"success\":false,\"error\":{\"code\":\"\xff\",\"message\":\"\xc3 {echo}\"}}",
		},
		{name: "400, not JSON", status: 400, body: `{"success":false,"error":{`},
		{
			name: "400, not gzip", status: 400, body: faultserver.RefusalBody,
			headers: []string{"Content-Encoding", "gzip"},
		},
		{
			name: "400, not gzip, and longer than a buffer", status: 400,
			body: strings.Repeat(" ", 10<<10) + faultserver.RefusalBody, headers: []string{"Content-Encoding", "gzip"},
		},
		{
			name: "400, secrets in the header", status: 400, body: faultserver.RefusalBody,
			headers: []string{"X-Echo", "{echo}", "Www-Authenticate", `Bearer error="{echo}"`},
		},
		{name: "success: false", body: faultserver.RefusalBody},
		{name: "success: false, no error object", body: `{"success":false}`},
		{name: "success: false, with data", body: `{"success":false,"data":{"amount":123,"below":123}}`},
		{name: "success: false, 201", status: 201, body: `{"success":false}`},
		{name: "success: false, 299", status: 299, body: faultserver.RefusalBody},
		{name: "success: false, gzip", body: zip(`{"success":false}`), headers: []string{"Content-Encoding", "gzip"}},
	} {
		add(row.name, row.respond(), wantRefusal)
	}

	// The response does not say whether the request was processed.
	for _, status := range []int{
		408, 499, 500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 521, 524, 530, 598, 600, 999,
	} {
		add(fmt.Sprint(status), faultserver.Process(faultserver.Refuse(status)), wantUnknown)
	}
	for _, row := range []responseRow{
		{
			name: "408, X-Should-Retry", status: 408, body: faultserver.RefusalBody,
			headers: []string{"X-Should-Retry", "true", "Retry-After", "0", "Connection", "close"},
		},
		{name: "500, text", status: 500, body: "boom {echo}", headers: []string{"Content-Type", "text/plain"}},
		{name: "502, HTML", status: 502, body: "<html>{echo}</html>", headers: []string{"Content-Type", "text/html"}},
		{name: "503, Retry-After", status: 503, body: faultserver.RefusalBody, headers: []string{"Retry-After", "1"}},
		{
			name: "503, X-Should-Retry", status: 503, body: faultserver.RefusalBody,
			headers: []string{"X-Should-Retry", "true", "Retry-After", "0"},
		},
		{
			name: "503, Idempotency-Key", status: 503, body: faultserver.RefusalBody,
			headers: []string{"Idempotency-Key", "1"},
		},
		{name: "500, no body", status: 500, body: ""},
		{name: "500, a success in the body", status: 500, body: successBody},
		{
			name: "500, not gzip", status: 500, body: faultserver.RefusalBody,
			headers: []string{"Content-Encoding", "gzip"},
		},
		{name: "500, success: false and true", status: 500, body: `{"success":false,"success":true}`},
	} {
		add(row.name, faultserver.Process(row.respond()), wantUnknown)
	}

	// The response says success: true, and does not conform to the spec.
	for _, status := range []int{201, 202, 203, 206, 207, 208, 226, 299} {
		add(fmt.Sprint(status), faultserver.Process(faultserver.Reply(status, successBody)), wantViolations("status").applied())
	}
	for _, row := range []responseRow{
		{
			name: "wrong types", body: `{"success":true,"data":{"amount":"1","below":true}}`,
			locations: []string{"body/data/amount", "body/data/below"},
		},
		{name: "null data", body: `{"success":true,"data":null}`, locations: []string{"body/data"}},
		{
			name: "data: a list", body: `{"success":true,"data":[{"amount":1,"below":1}]}`,
			locations: []string{"body/data"},
		},
		{
			name: "null amount", body: `{"success":true,"data":{"amount":null,"below":1}}`,
			locations: []string{"body/data/amount"},
		},
		{
			name: "missing fields", body: `{"success":true,"data":{}}`,
			locations: []string{"body/data/amount", "body/data/below"},
		},
		{name: "missing data", body: `{"success":true}`, locations: []string{"body/data"}},
		{
			name: "JSON as HTML", body: successBody, headers: []string{"Content-Type", "text/html"},
			locations: []string{"content-type"},
		},
		{
			name: "no media type", body: successBody, headers: []string{"Content-Type", ""},
			locations: []string{"content-type"},
		},
		{
			name: "a malformed media type", body: successBody,
			headers:   []string{"Content-Type", "application/json; ="},
			locations: []string{"content-type"},
		},
		{name: "two media types", action: replyWithTwoMediaTypes, locations: []string{"content-type"}},
		{
			name: "text/json", body: successBody, headers: []string{"Content-Type", "text/json"},
			locations: []string{"content-type"},
		},
		{
			name: "text/html+json", body: successBody,
			headers:   []string{"Content-Type", "text/html+json"},
			locations: []string{"content-type"},
		},
		{
			name: "application/jsonp", body: successBody,
			headers:   []string{"Content-Type", "application/jsonp"},
			locations: []string{"content-type"},
		},
		{name: "a byte order mark", body: "\ufeff" + successBody, locations: []string{"body"}},
		{
			name:      "a number out of range",
			body:      `{"success":true,"data":{"amount":1e400,"below":1}}`,
			locations: []string{"body/data/amount"},
		},
		{
			name:      "a number out of range in an unknown field",
			body:      `{"success":true,"data":{"amount":1,"below":1},"x":1e400}`,
			locations: []string{"body/*"},
		},
		{
			name:      "bad UTF-8",
			body:      "{\"success\":true,\"data\":{\"amount\":1,\"below\":1},\"x\":\"\xff\"}",
			locations: []string{"body/*"},
		},
		{
			name:      "bad UTF-8 in a name",
			body:      "{\"success\":true,\"data\":{\"amount\":1,\"below\":1},\"\xff\":1}",
			locations: []string{"body/*"},
		},
		{
			name:      "half a surrogate",
			body:      `{"success":true,"data":{"amount":1,"below":1},"x":"\ud800"}`,
			locations: []string{"body/*"},
		},
		{
			name:      "nested too deep",
			body:      `{"success":true,"data":{"amount":1,"below":1},"x":` + nested(100) + `}`,
			locations: []string{"body/*"},
		},
		{
			name: "not gzip", body: successBody, headers: []string{"Content-Encoding", "gzip"},
			locations: []string{"content-encoding"},
		},
		{
			name: "not gzip, and longer than a buffer", body: strings.Repeat(" ", 10<<10) + successBody,
			headers: []string{"Content-Encoding", "gzip"}, locations: []string{"content-encoding"},
		},
		{
			name: "garbage after gzip", body: zip(successBody) + "ten bytes of garbage",
			headers: []string{"Content-Encoding", "gzip"}, locations: []string{"content-encoding"},
		},
		{
			name: "a byte behind gzip", body: zip(successBody) + "\n",
			headers: []string{"Content-Encoding", "gzip"}, locations: []string{"content-encoding"},
		},
		{
			name: "zeros behind gzip", body: zip(successBody) + strings.Repeat("\x00", 100),
			headers: []string{"Content-Encoding", "gzip"}, locations: []string{"content-encoding"},
		},
		{
			name: "a repeated parameter that is malformed", body: successBody,
			headers:   []string{"Content-Type", "application/json; charset=utf-8; charset"},
			locations: []string{"content-type"},
		},
		{
			name: "an unknown encoding", body: successBody,
			headers: []string{"Content-Encoding", "br"}, locations: []string{"content-encoding"},
		},
		{
			name: "a header over the limit", body: successBody,
			headers: []string{"X-Much", strings.Repeat("x", 70<<10)}, locations: []string{"header"},
		},
		{
			name:      "secrets in names",
			body:      `{"success":true,"data":{"amount":"{echo}","below":1,"{echo}":1e400},"{echo}":[1e400]}`,
			locations: []string{"body/*", "body/data/*", "body/data/amount"},
		},
		{
			name:      "a name twice, valid first",
			body:      `{"success":true,"data":{"amount":1,"amount":"x","below":1}}`,
			locations: []string{"body/data/amount", "body/data/amount"},
		},
		{
			name:      "a name twice, invalid first",
			body:      `{"success":true,"data":{"amount":"x","amount":1,"below":1}}`,
			locations: []string{"body/data/amount"},
		},
		{
			name:      "a name twice, both valid",
			body:      `{"success":true,"data":{"amount":1,"amount":2,"below":1}}`,
			locations: []string{"body/data/amount"},
		},
		{
			name:      "a name twice, once escaped",
			body:      `{"success":true,"data":{"amount":1,"\u0061mount":2,"below":1}}`,
			locations: []string{"body/data/amount"},
		},
		{
			name:      "data twice",
			body:      `{"success":true,"data":{"amount":1,"below":1},"data":{"amount":2,"below":2}}`,
			locations: []string{"body/data"},
		},
		{
			name:      "an unknown name twice",
			body:      `{"success":true,"data":{"amount":1,"below":1},"chris":1,"chris":2}`,
			locations: []string{"body/*"},
		},
		{
			name:      "a name twice, then in upper case",
			body:      `{"success":true,"data":{"amount":1,"AMOUNT":2,"below":1}}`,
			locations: []string{"body/data/amount"},
		},
		{
			name:      "a name twice, first in upper case",
			body:      `{"success":true,"data":{"AMOUNT":2,"amount":1,"below":1}}`,
			locations: []string{"body/data/amount"},
		},
		{
			name:      "a name in other case only",
			body:      `{"success":true,"data":{"Amount":1,"below":1}}`,
			locations: []string{"body/data/amount", "body/data/amount"},
		},
		{
			name:      "data twice, first in other case",
			body:      `{"success":true,"Data":{"amount":9,"below":9},"data":{"amount":1,"below":1}}`,
			locations: []string{"body/data"},
		},
		{
			name:      "data twice, then in other case",
			body:      `{"success":true,"data":{"amount":1,"below":1},"DATA":{"amount":9,"below":9}}`,
			locations: []string{"body/data"},
		},
		{
			name:      "data three times, twice in other case",
			body:      `{"success":true,"data":{"amount":1,"below":1},"DATA":1,"DATA":2}`,
			locations: []string{"body/*", "body/data"},
		},
		{
			name:      "an unknown name twice, and a Kelvin sign",
			body:      "{\"success\":true,\"data\":{\"amount\":1,\"below\":1},\"\u212a\":1,\"k\":2,\"k\":3}",
			locations: []string{"body/*"},
		},
	} {
		add(row.name, faultserver.Process(row.respond()), wantViolations(row.locations...).applied())
	}

	// The status is a success, and the response does not say one. A gateway may have sent it, or
	// the API after it processed the request.
	for _, status := range []int{201, 202, 204, 205, 299} {
		add(fmt.Sprintf("%d, no body", status), faultserver.Process(faultserver.Reply(status, "")), wantViolations("status"))
		add(fmt.Sprintf("%d, no body, of a gateway", status), faultserver.Reply(status, ""), wantViolations("status").counts(unprocessed))
	}
	for _, row := range []responseRow{
		{
			name: "success: a string", body: `{"success":"false","data":{"amount":1,"below":1}}`,
			locations: []string{"body/success"},
		},
		{
			name: "success: null", body: `{"success":null,"data":{"amount":1,"below":1}}`,
			locations: []string{"body/success"},
		},
		{name: "success: 0", body: `{"success":0,"data":{"amount":1,"below":1}}`, locations: []string{"body/success"}},
		{name: "null", body: `null`, locations: []string{"body"}},
		{name: "true", body: `true`, locations: []string{"body"}},
		{name: "a string", body: `"{echo}"`, locations: []string{"body"}},
		{name: "an array", body: `[]`, locations: []string{"body"}},
		{name: "an empty object", body: `{}`, locations: []string{"body/data", "body/success"}},
		{name: "missing success", body: `{"data":{"amount":1,"below":1}}`, locations: []string{"body/success"}},
		{
			name: "an error object only", body: `{"error":{"code":"X","message":"{echo}"}}`,
			locations: []string{"body/data", "body/success"},
		},
		{
			name: "HTML", body: "<html>{echo}", headers: []string{"Content-Type", "text/html"},
			locations: []string{"content-type"},
		},
		{name: "HTML as JSON", body: "<html>{echo}", locations: []string{"body"}},
		{name: "empty", body: "", locations: []string{"body"}},
		{name: "white space only", body: " \n", locations: []string{"body"}},
		{name: "trailing data", body: successBody + "{}", locations: []string{"body"}},
		{name: "trailing garbage", body: successBody + "x", locations: []string{"body"}},
		{name: "trailing NUL", body: successBody + "\x00", locations: []string{"body"}},
		{name: "two documents", body: successBody + "\n" + successBody, locations: []string{"body"}},
		{name: "JSON without its end", body: successBody[:len(successBody)-1], locations: []string{"body"}},
		{name: "JSON in JSON", body: fmt.Sprintf("%q", successBody), locations: []string{"body"}},
		{name: "a prefix against JSON hijacking", body: ")]}',\n" + successBody, locations: []string{"body"}},
		{name: "single quotes", body: strings.ReplaceAll(successBody, `"`, "'"), locations: []string{"body"}},
		{name: "a comment", body: successBody + "// ok", locations: []string{"body"}},
		{
			name: "a trailing comma", body: `{"success":true,"data":{"amount":1,"below":1,}}`,
			locations: []string{"body"},
		},
		{name: "UTF-16", body: "{\x00}\x00", locations: []string{"body"}},
		{name: "NaN", body: `{"success":true,"data":{"amount":NaN,"below":1}}`, locations: []string{"body"}},
		{
			name: "a leading zero", body: `{"success":true,"data":{"amount":0123,"below":1}}`,
			locations: []string{"body"},
		},
		{name: "100,000 open brackets", body: strings.Repeat("[", 100_000), locations: []string{"body/*"}},
		{
			name: "20,000 open braces", body: strings.Repeat(`{"success":`, 20_000),
			locations: []string{"body/success/*"},
		},
		{
			name: "many violations", body: `[` + strings.Repeat(`1e400,`, 1000) + `1]`,
			locations: append([]string{"body"}, slices.Repeat([]string{"body/*"}, 100)...),
		},
		// which of them is reported is not fixed
		{name: "two violations in 70 KiB", body: `{"success":1,"data":1,"x":"` + strings.Repeat("x", 70<<10) + `"}`},
		{
			name: "a body over the limit", body: `{"x":"` + strings.Repeat("x", bodyLimit) + `"}`,
			locations: []string{"body"},
		},
		{
			name:      "an endless body",
			action:    faultserver.Endless(strings.Repeat("[", 32<<10), "Content-Type", "application/json"),
			locations: []string{"body"},
		},
		{
			name: "not gzip, and short", body: `{}`, headers: []string{"Content-Encoding", "gzip"},
			locations: []string{"content-encoding"},
		},
		{
			name: "a captive portal", body: "<html><form>{echo}", headers: []string{"Content-Type", "text/html; charset=utf-8"},
			locations: []string{"content-type"},
		},
		{
			name: "a challenge", status: 202, headers: []string{"X-Amzn-Waf-Action", "challenge", "Content-Type", "text/html"},
			locations: []string{"status"},
		},
		{
			name: "a wrong gzip sum", body: withWrongChecksum(zip(successBody)),
			headers: []string{"Content-Encoding", "gzip"}, locations: []string{"content-encoding"},
		},
		{
			name: "gzip twice", body: zip(zip(successBody)),
			headers:   []string{"Content-Encoding", "gzip, gzip"},
			locations: []string{"content-encoding"},
		},
		{
			name: "a gzip bomb", body: zip(strings.Repeat("\x00", 2<<20)),
			headers: []string{"Content-Encoding", "gzip"}, locations: []string{"body"},
		},
		{
			name:      "success twice, false first",
			body:      `{"success":false,"success":true,"data":{"amount":1,"below":1}}`,
			locations: []string{"body/success"},
		},
		{
			name:      "success twice, true first",
			body:      `{"success":true,"success":false,"data":{"amount":1,"below":1}}`,
			locations: []string{"body/success"},
		},
		{
			name:      "success twice, first false and in other case",
			body:      `{"Success":false,"success":true,"data":{"amount":1,"below":1}}`,
			locations: []string{"body/success"},
		},
		{
			name:      "success twice, then false and in other case",
			body:      `{"success":true,"SUCCESS":false,"data":{"amount":1,"below":1}}`,
			locations: []string{"body/success"},
		},
		{
			name:      "success twice, then with a long s",
			body:      "{\"success\":true,\"\u017fuccess\":false,\"data\":{\"amount\":1,\"below\":1}}",
			locations: []string{"body/success"},
		},
		{
			name:      "success twice, then with an escaped long s",
			body:      `{"success":true,"\u017fuccess":false,"data":{"amount":1,"below":1}}`,
			locations: []string{"body/success"},
		},
	} {
		add(row.name, faultserver.Process(row.respond()), wantViolations(row.locations...))
		add(row.name+", of a gateway", row.respond(), wantViolations(row.locations...).counts(unprocessed))
	}

	// The response is over a limit, and not a success.
	tooLong := strings.Repeat("x", bodyLimit+1)
	overLimit := func(outcome api.Outcome, processed int, location string) want {
		w := wantViolations(location).counts(server{requests: 1, processed: processed, tokens: 1})
		w.outcome = outcome
		return w
	}
	add("500, a body over the limit",
		faultserver.Process(faultserver.Reply(500, tooLong)), overLimit(api.Unknown, 1, "body"))
	add("400, a body over the limit",
		faultserver.Reply(400, tooLong), overLimit(api.NotApplied, 0, "body"))
	add("400, not gzip, a body over the limit",
		faultserver.Reply(400, tooLong, "Content-Encoding", "gzip"), overLimit(api.NotApplied, 0, "body"))
	add("503, a header over the limit",
		faultserver.Process(faultserver.Refuse(503, "X-Much", tooLong[:70<<10])), overLimit(api.Unknown, 1, "header"))
	return faults
}

// nested returns arrays in arrays.
func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// zip returns a text as gzip.
func zip(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

// withWrongChecksum changes the checksum of a gzip. RFC 1952, section 2.3.1: the checksum is in
// front of the last four bytes.
func withWrongChecksum(text string) string {
	b := []byte(text)
	b[len(b)-5] ^= 1
	return string(b)
}

func replyWithTwoMediaTypes(x *faultserver.Exchange) {
	x.Header()["Content-Type"] = []string{"application/json", "text/html"}
	x.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(x, successBody)
}

// Each status from 200 to 999 has one outcome and one number of attempts.
func TestOutcome_OfEachStatus(t *testing.T) {
	t.Parallel()
	var status, processed atomic.Int32
	s := startFaultServer(t, faultserver.TCP)
	s.Token = faultserver.IssueToken
	s.API = func(x *faultserver.Exchange) {
		code := int(status.Load())
		if code >= 200 && code < 300 || code >= 500 || code == 408 || code == 302 {
			processed.Add(1)
		}
		body := successBody
		if code >= 300 {
			body = faultserver.RefusalBody
		}
		if code == 204 || code == 304 {
			body = ""
		}
		faultserver.Reply(code, body)(x)
	}
	var waited waits
	client := s.client(t, waited.option())
	for code := 200; code < 1000; code++ {
		status.Store(int32(code))
		processed.Store(0)
		before := s.Counts().Requests
		_, err := create(t, client)
		requests := s.Counts().Requests - before
		outcome, wantRequests := api.NotApplied, 1
		switch {
		case code == 204: // has no body
			outcome = api.Unknown
		case code < 300:
			outcome = api.Applied
		case code < 400 && code != 301 && code != 307 && code != 308, code == 408, code == 499, code >= 500:
			outcome = api.Unknown
		case code == 401:
			wantRequests = 2
		case code == 429:
			wantRequests = 3
		}
		if got := api.OutcomeOf(err); got != outcome || requests != wantRequests || (err == nil) != (code == 200) {
			t.Errorf("%d: outcome %v after %d requests, want %v after %d: %v",
				code, got, requests, outcome, wantRequests, err)
		}
		if (outcome == api.Applied) != (processed.Load() == 1 && code < 300 && code != 204) || processed.Load() > 1 {
			t.Errorf("%d: processed %d times", code, processed.Load())
		}
		var refused *api.Error
		if errors.As(err, &refused) && refused.StatusCode != code {
			t.Errorf("%d: the error has the status %d", code, refused.StatusCode)
		}
	}
}
