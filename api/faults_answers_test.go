package api_test

import (
	"bytes"
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
)

// answerFaults are answers to a POST that came whole.
func answerFaults() []fault {
	var faults []fault
	add := func(w want, answer act, name string) {
		faults = append(faults, fault{name: name, api: answer, want: w})
	}

	// What is right, in odd ways.
	for name, answer := range map[string]act{
		"the example":                  reply(200, yes),
		"unknown fields":               reply(200, `{"success":true,"data":{"amount":123,"below":123,"lastTopup":"2023-11-07T05:31:56Z"},"more":[1,null]}`),
		"an error beside a yes":        reply(200, `{"success":true,"data":{"amount":123,"below":123},"error":{"code":"X"}}`),
		"+json":                        reply(200, yes, "Content-Type", "application/vnd.sakari.v1+json"),
		"a charset":                    reply(200, yes, "Content-Type", "application/json; charset=utf-8"),
		"another case of the type":     reply(200, yes, "Content-Type", "Application/JSON"),
		"blanks around":                reply(200, "\r\n "+yes+" \n"),
		"escaped U+FFFD":               reply(200, `{"success":true,"data":{"amount":123,"below":123},"x":"a\ufffdb"}`),
		"identity":                     reply(200, yes, "Content-Encoding", "identity"),
		"exponents":                    reply(200, `{"success":true,"data":{"amount":1.23e2,"below":123.0}}`),
		"gzip":                         reply(200, zip(yes), "Content-Encoding", "gzip"),
		"gzip in other case":           reply(200, zip(yes), "Content-Encoding", "GZip"),
		"gzip in two members":          reply(200, zip(yes[:20])+zip(yes[20:]), "Content-Encoding", "gzip"),
		"nested 100 deep":              reply(200, `{"success":true,"data":{"amount":123,"below":123},"x":`+nested(99)+`}`),
		"same names in another part":   reply(200, `{"success":true,"data":{"amount":123,"below":123},"x":{"a":1,"A":2,"amount":{"amount":1}}}`),
		"x-should-retry":               reply(200, yes, "X-Should-Retry", "true"),
		"a redirect's header":          reply(200, yes, "Location", "https://other.invalid/", "Refresh", "0; url=https://other.invalid/"),
		"a cookie":                     reply(200, yes, "Set-Cookie", "session={echo}"),
		"an alternative service":       reply(200, yes, "Alt-Svc", `h2="other.invalid:443"`),
		"a Retry-After":                reply(200, yes, "Retry-After", "3600"),
		"1 MiB":                        reply(200, `{"success":true,"data":{"amount":123,"below":123},"x":"`+strings.Repeat("x", 1<<20-60)+`"}`),
		"60 KiB of header":             reply(200, yes, "X-Much", strings.Repeat("x", 60<<10)),
		"a name in another case, once": reply(200, `{"success":true,"data":{"amount":123,"below":123},"x":{"Amount":1}}`),
	} {
		add(accepted, does(answer), name)
	}

	// The server says no.
	for _, status := range []int{400, 402, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415, 418, 421, 422, 423, 424, 425, 426, 428, 431, 451, 499} {
		add(refused.with(sentinels[status]), reply(status, refuses), fmt.Sprint(status))
	}
	for name, answer := range map[string]act{
		"400, HTML":                  reply(400, "<html>{echo}", "Content-Type", "text/html"),
		"400, no body":               reply(400, ""),
		"400, no media type":         reply(400, refuses, "Content-Type", ""),
		"400, description":           reply(400, `{"success":false,"error":{"code":"CONT-001","description":"no {echo}"}}`),
		"400, OAuth form":            reply(400, `{"error":"CONT-001","error_description":"no {echo}"}`),
		"400, other types":           reply(400, `{"success":0,"error":{"code":1,"message":["{echo}"]}}`),
		"400, secrets for a code":    reply(400, `{"success":false,"error":{"code":"{echo}","message":"{echo}"}}`),
		"400, control characters":    reply(400, `{"success":false,"error":{"code":"a\r\nb","message":"\u001b[31mred\u0000\u202e{echo}"}}`),
		"400, a long message":        reply(400, `{"success":false,"error":{"code":"X","message":"`+strings.Repeat("{echo} ", 1000)+`"}}`),
		"400, a yes in the body":     reply(400, yes),
		"400, bad UTF-8":             reply(400, "{\"success\":false,\"error\":{\"code\":\"\xff\",\"message\":\"\xc3 {echo}\"}}"),
		"400, not JSON":              reply(400, `{"success":false,"error":{`),
		"400, not gzip":              reply(400, refuses, "Content-Encoding", "gzip"),
		"400, secrets in the header": reply(400, refuses, "X-Echo", "{echo}", "Www-Authenticate", `Bearer error="{echo}"`),
		"success: false":             reply(200, refuses),
		"success: false, no details": reply(200, `{"success":false}`),
		"success: false, with data":  reply(200, `{"success":false,"data":{"amount":123,"below":123}}`),
		"success: false, 201":        reply(201, `{"success":false}`),
		"success: false, 299":        reply(299, refuses),
		"success: false, gzip":       reply(200, zip(`{"success":false}`), "Content-Encoding", "gzip"),
	} {
		add(refused, answer, name)
	}

	// Nobody knows.
	for _, status := range []int{408, 500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 521, 524, 530, 598, 600, 999} {
		add(unsure, does(reply(status, refuses)), fmt.Sprint(status))
	}
	for name, answer := range map[string]act{
		"408, to be repeated":        reply(408, refuses, "X-Should-Retry", "true", "Retry-After", "0", "Connection", "close"),
		"500, text":                  reply(500, "boom {echo}", "Content-Type", "text/plain"),
		"502, HTML":                  reply(502, "<html>{echo}</html>", "Content-Type", "text/html"),
		"503, Retry-After":           reply(503, refuses, "Retry-After", "1"),
		"503, to be repeated":        reply(503, refuses, "X-Should-Retry", "true", "Retry-After", "0"),
		"503, Idempotency-Key":       reply(503, refuses, "Idempotency-Key", "1"),
		"500, no body":               reply(500, ""),
		"500, a yes in the body":     reply(500, yes),
		"500, not gzip":              reply(500, refuses, "Content-Encoding", "gzip"),
		"500, a no and a yes inside": reply(500, `{"success":false,"success":true}`),
	} {
		add(unsure, does(answer), name)
	}

	// The server says yes, and its answer breaks the contract.
	for _, status := range []int{201, 202, 203, 204, 205, 206, 207, 208, 226, 299} {
		body := yes
		if status == 204 {
			body = ""
		}
		add(broken("status"), does(reply(status, body)), fmt.Sprint(status))
	}
	html := []string{"Content-Type", "text/html"}
	for name, c := range map[string]struct {
		answer act
		places []string
	}{
		"wrong type":             {reply(200, `{"success":true,"data":{"amount":"1","below":true}}`), places("body/data/amount", "body/data/below")},
		"success: a string":      {reply(200, `{"success":"false","data":{"amount":1,"below":1}}`), places("body/success")},
		"success: null":          {reply(200, `{"success":null,"data":{"amount":1,"below":1}}`), places("body/success")},
		"success: 0":             {reply(200, `{"success":0,"data":{"amount":1,"below":1}}`), places("body/success")},
		"null data":              {reply(200, `{"success":true,"data":null}`), places("body/data")},
		"data: a list":           {reply(200, `{"success":true,"data":[{"amount":1,"below":1}]}`), places("body/data")},
		"null amount":            {reply(200, `{"success":true,"data":{"amount":null,"below":1}}`), places("body/data/amount")},
		"null":                   {reply(200, `null`), places("body")},
		"true":                   {reply(200, `true`), places("body")},
		"a string":               {reply(200, `"{echo}"`), places("body")},
		"an array":               {reply(200, `[]`), places("body")},
		"an empty object":        {reply(200, `{}`), places("body/data", "body/success")},
		"missing fields":         {reply(200, `{"success":true,"data":{}}`), places("body/data/amount", "body/data/below")},
		"missing data":           {reply(200, `{"success":true}`), places("body/data")},
		"missing success":        {reply(200, `{"data":{"amount":1,"below":1}}`), places("body/success")},
		"an error for data":      {reply(200, `{"error":{"code":"X","message":"{echo}"}}`), places("body/data", "body/success")},
		"HTML":                   {reply(200, "<html>{echo}", html...), places("content-type")},
		"JSON as HTML":           {reply(200, yes, html...), places("content-type")},
		"HTML as JSON":           {reply(200, "<html>{echo}"), places("body")},
		"no media type":          {reply(200, yes, "Content-Type", ""), places("content-type")},
		"broken media type":      {reply(200, yes, "Content-Type", "application/json; ="), places("content-type")},
		"two media types":        {twoTypes, places("content-type")},
		"text/json":              {reply(200, yes, "Content-Type", "text/json"), places("content-type")},
		"text/html+json":         {reply(200, yes, "Content-Type", "text/html+json"), places("content-type")},
		"application/jsonp":      {reply(200, yes, "Content-Type", "application/jsonp"), places("content-type")},
		"empty":                  {reply(200, ""), places("body")},
		"blanks":                 {reply(200, " \n"), places("body")},
		"trailing data":          {reply(200, yes+"{}"), places("body")},
		"trailing garbage":       {reply(200, yes+"x"), places("body")},
		"trailing NUL":           {reply(200, yes+"\x00"), places("body")},
		"two lines":              {reply(200, yes+"\n"+yes), places("body")},
		"cut JSON":               {reply(200, yes[:len(yes)-1]), places("body")},
		"JSON in JSON":           {reply(200, fmt.Sprintf("%q", yes)), places("body")},
		"a guard prefix":         {reply(200, ")]}',\n"+yes), places("body")},
		"single quotes":          {reply(200, strings.ReplaceAll(yes, `"`, "'")), places("body")},
		"a comment":              {reply(200, yes+"// ok"), places("body")},
		"a trailing comma":       {reply(200, `{"success":true,"data":{"amount":1,"below":1,}}`), places("body")},
		"byte order mark":        {reply(200, "\ufeff"+yes), places("body")},
		"UTF-16":                 {reply(200, "{\x00}\x00"), places("body")},
		"NaN":                    {reply(200, `{"success":true,"data":{"amount":NaN,"below":1}}`), places("body")},
		"a leading zero":         {reply(200, `{"success":true,"data":{"amount":0123,"below":1}}`), places("body")},
		"1e400":                  {reply(200, `{"success":true,"data":{"amount":1e400,"below":1}}`), places("body/data/amount")},
		"1e400, unknown":         {reply(200, `{"success":true,"data":{"amount":1,"below":1},"x":1e400}`), places("body/*")},
		"bad UTF-8":              {reply(200, "{\"success\":true,\"data\":{\"amount\":1,\"below\":1},\"x\":\"\xff\"}"), places("body/*")},
		"bad UTF-8, a name":      {reply(200, "{\"success\":true,\"data\":{\"amount\":1,\"below\":1},\"\xff\":1}"), places("body/*")},
		"half a surrogate":       {reply(200, `{"success":true,"data":{"amount":1,"below":1},"x":"\ud800"}`), places("body/*")},
		"nested too deep":        {reply(200, `{"success":true,"data":{"amount":1,"below":1},"x":`+nested(100)+`}`), places("body/*")},
		"brackets":               {reply(200, strings.Repeat("[", 100_000)), places("body/*")},
		"braces":                 {reply(200, strings.Repeat(`{"success":`, 20_000)), places("body/success/*")},
		"many breaches":          {reply(200, `[`+strings.Repeat(`1e400,`, 1000)+`1]`), append(places("body"), slices.Repeat(places("body/*"), 100)...)},
		"two breaches in 70 KiB": {reply(200, `{"success":1,"data":1,"x":"`+strings.Repeat("x", 70<<10)+`"}`), nil}, // one of them is told
		"over the limit":         {reply(200, `{"x":"`+strings.Repeat("x", 1<<20)+`"}`), places("body")},
		"far over the limit": {endless(strings.Repeat("[", 32<<10), "Content-Type", "application/json"),
			places("body")},
		"not gzip":           {reply(200, yes, "Content-Encoding", "gzip"), places("content-encoding")},
		"a wrong gzip sum":   {reply(200, flip(zip(yes)), "Content-Encoding", "gzip"), places("content-encoding")},
		"garbage after gzip": {reply(200, zip(yes)+"ten bytes of garbage", "Content-Encoding", "gzip"), places("content-encoding")},
		"encoded":            {reply(200, yes, "Content-Encoding", "br"), places("content-encoding")},
		"gzip twice":         {reply(200, zip(zip(yes)), "Content-Encoding", "gzip, gzip"), places("content-encoding")},
		"a gzip bomb":        {reply(200, zip(strings.Repeat("\x00", 2<<20)), "Content-Encoding", "gzip"), places("body")},
		"too much header":    {reply(200, yes, "X-Much", strings.Repeat("x", 70<<10)), places("header")},
		"secrets in names": {reply(200, `{"success":true,"data":{"amount":"{echo}","below":1,"{echo}":1e400},"{echo}":[1e400]}`),
			places("body/*", "body/data/*", "body/data/amount")},

		// What the validator and encoding/json read differently, both ways round.
		"good, then bad":              {reply(200, `{"success":true,"data":{"amount":1,"amount":"x","below":1}}`), places("body/data/amount", "body/data/amount")},
		"bad, then good":              {reply(200, `{"success":true,"data":{"amount":"x","amount":1,"below":1}}`), places("body/data/amount")},
		"two values":                  {reply(200, `{"success":true,"data":{"amount":1,"amount":2,"below":1}}`), places("body/data/amount")},
		"a duplicate by escape":       {reply(200, `{"success":true,"data":{"amount":1,"\u0061mount":2,"below":1}}`), places("body/data/amount")},
		"no, then yes":                {reply(200, `{"success":false,"success":true,"data":{"amount":1,"below":1}}`), places("body/success")},
		"yes, then no":                {reply(200, `{"success":true,"success":false,"data":{"amount":1,"below":1}}`), places("body/success")},
		"two data":                    {reply(200, `{"success":true,"data":{"amount":1,"below":1},"data":{"amount":2,"below":2}}`), places("body/data")},
		"a duplicate elsewhere":       {reply(200, `{"success":true,"data":{"amount":1,"below":1},"chris":1,"chris":2}`), places("body/*")},
		"declared, then folded":       {reply(200, `{"success":true,"data":{"amount":1,"AMOUNT":2,"below":1}}`), places("body/data/amount")},
		"folded, then declared":       {reply(200, `{"success":true,"data":{"AMOUNT":2,"amount":1,"below":1}}`), places("body/data/amount")},
		"folded alone":                {reply(200, `{"success":true,"data":{"Amount":1,"below":1}}`), places("body/data/amount", "body/data/amount")},
		"a folded no, then yes":       {reply(200, `{"Success":false,"success":true,"data":{"amount":1,"below":1}}`), places("body/success")},
		"yes, then a folded no":       {reply(200, `{"success":true,"SUCCESS":false,"data":{"amount":1,"below":1}}`), places("body/success")},
		"folded by Unicode":           {reply(200, "{\"success\":true,\"\u017fuccess\":false,\"data\":{\"amount\":1,\"below\":1}}"), places("body/success")},
		"folded by Unicode, escaped":  {reply(200, `{"success":true,"\u017fuccess":false,"data":{"amount":1,"below":1}}`), places("body/success")},
		"folded data, then data":      {reply(200, `{"success":true,"Data":{"amount":9,"below":9},"data":{"amount":1,"below":1}}`), places("body/data")},
		"data, then folded data":      {reply(200, `{"success":true,"data":{"amount":1,"below":1},"DATA":{"amount":9,"below":9}}`), places("body/data")},
		"duplicates that are folded":  {reply(200, `{"success":true,"data":{"amount":1,"below":1},"DATA":1,"DATA":2}`), places("body/*", "body/data")},
		"folded by a Kelvin sign (k)": {reply(200, "{\"success\":true,\"data\":{\"amount\":1,\"below\":1},\"\u212a\":1,\"k\":2,\"k\":3}"), places("body/*")},
	} {
		add(broken(c.places...), does(c.answer), name)
	}

	// Over the limit, and not a yes.
	tooMuch := strings.Repeat("x", 1<<20+1)
	overLimit := func(o api.Outcome, processed int, place string) want {
		return want{kind: aViolation, outcome: o, is: api.ErrInvalidResponse, places: places(place), arrived: 1, processed: processed, tokens: 1}
	}
	add(overLimit(api.Unknown, 1, "body"), does(reply(500, tooMuch)), "over the limit, 500")
	add(overLimit(api.NotApplied, 0, "body"), reply(400, tooMuch), "over the limit, 400")
	add(overLimit(api.Unknown, 1, "header"), does(reply(503, refuses, "X-Much", tooMuch[:70<<10])), "too much header, 503")
	return faults
}

// sentinels are the errors that match a status.
var sentinels = map[int]error{401: api.ErrUnauthorized, 403: api.ErrForbidden, 404: api.ErrNotFound, 429: api.ErrRateLimited}

const yes = `{"success":true,"data":{"amount":123,"below":123}}`

func places(all ...string) []string { return all }

func nested(deep int) string { return strings.Repeat("[", deep) + strings.Repeat("]", deep) }

func zip(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

// flip breaks the checksum of a gzip.
func flip(text string) string {
	b := []byte(text)
	b[len(b)-5] ^= 1
	return string(b)
}

func twoTypes(v *visit) {
	v.Header()["Content-Type"] = []string{"application/json", "text/html"}
	v.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(v, yes)
}

// Every status that there can be, over one connection.
func TestEveryStatus(t *testing.T) {
	t.Parallel()
	var status, processed atomic.Int32
	s := startFaultServer(t, tcp)
	s.token = tokenYes
	s.api = func(v *visit) {
		n := int(status.Load())
		if n >= 200 && n < 300 || n >= 500 || n == 408 {
			processed.Add(1)
		}
		body := yes
		if n >= 300 {
			body = refuses
		}
		if n == 204 || n == 304 {
			body = ""
		}
		reply(n, body)(v)
	}
	var waited waits
	client := s.client(t, s.url, false, waited.option())
	for n := 200; n < 1000; n++ {
		status.Store(int32(n))
		processed.Store(0)
		arrived, _, _ := s.counts()
		_, err := create(t, client)
		now, _, _ := s.counts()
		want, sent := api.NotApplied, 1
		switch {
		case n < 300:
			want = api.Applied
		case n == 408, n >= 500:
			want = api.Unknown
		case n == 401:
			sent = 2
		case n == 429:
			sent = 3
		}
		if got := api.OutcomeOf(err); got != want || now-arrived != sent || (err == nil) != (n == 200) {
			t.Errorf("%d: outcome %v after %d requests, want %v after %d: %v", n, got, now-arrived, want, sent, err)
		}
		if (want == api.Applied) != (processed.Load() == 1 && n < 300) || processed.Load() > 1 {
			t.Errorf("%d: processed %d times", n, processed.Load())
		}
		var refused *api.Error
		if errors.As(err, &refused) && refused.StatusCode != n {
			t.Errorf("%d: the error has %d", n, refused.StatusCode)
		}
	}
}
