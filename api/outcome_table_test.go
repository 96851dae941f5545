package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

const yes = `{"success":true,"data":{"amount":123,"below":123}}`

func header(pairs ...string) http.Header {
	h := make(http.Header)
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// Answers of the API, each once to a POST.
func TestAnswers(t *testing.T) {
	type want struct {
		outcome  api.Outcome
		sentinel error
		places   []string // of a ValidationError; none: an Error
		code     string
		seen     int
	}
	html := header("Content-Type", "text/html")
	refused := func(status int, sentinel error) want {
		return want{api.NotApplied, sentinel, nil, "CONT-001", 1}
	}
	unknown := want{outcome: api.Unknown, seen: 1}
	broken := func(places ...string) want {
		return want{api.Applied, api.ErrInvalidResponse, places, "", 1}
	}
	for name, c := range map[string]struct {
		reply apitest.Reply
		want  want
	}{
		"400":              {apitest.Reply{Status: 400}, refused(400, nil)},
		"403":              {apitest.Reply{Status: 403}, refused(403, api.ErrForbidden)},
		"404":              {apitest.Reply{Status: 404}, refused(404, api.ErrNotFound)},
		"409":              {apitest.Reply{Status: 409}, refused(409, nil)},
		"422":              {apitest.Reply{Status: 422}, refused(422, nil)},
		"400, HTML":        {apitest.Reply{Status: 400, Header: html, Body: "<html>"}, want{api.NotApplied, nil, nil, "", 1}},
		"400, no body":     {apitest.Reply{Status: 400, Empty: true}, want{api.NotApplied, nil, nil, "", 1}},
		"400, description": {apitest.Reply{Status: 400, Body: `{"success":false,"error":{"code":"CONT-001","description":"no"}}`}, refused(400, nil)},
		"400, OAuth form":  {apitest.Reply{Status: 400, Body: `{"error":"CONT-001","error_description":"no"}`}, refused(400, nil)},
		"400, other types": {apitest.Reply{Status: 400, Body: `{"success":0,"error":{"code":1,"message":[]}}`}, want{api.NotApplied, nil, nil, "", 1}},
		"408":              {apitest.Reply{Status: 408, Empty: true}, unknown},
		"500":              {apitest.Reply{Status: 500, Body: "boom", Header: header("Content-Type", "text/plain")}, unknown},
		"501":              {apitest.Reply{Status: 501, Empty: true}, unknown},
		"502, HTML":        {apitest.Reply{Status: 502, Header: html, Body: "<html>bad gateway</html>"}, unknown},
		"503":              {apitest.Reply{Status: 503, Header: header("Retry-After", "1"), Empty: true}, unknown},
		"504":              {apitest.Reply{Status: 504, Empty: true}, unknown},
		"520":              {apitest.Reply{Status: 520, Empty: true}, unknown},
		"600":              {apitest.Reply{Status: 600, Empty: true}, unknown},
		"301":              {apitest.Reply{Status: 301, Header: header("Location", "https://other.invalid/x")}, want{api.NotApplied, nil, nil, "", 1}},
		"302, no Location": {apitest.Reply{Status: 302, Empty: true}, want{api.NotApplied, nil, nil, "", 1}},
		"303, bad Location": {apitest.Reply{Status: 303, Header: header("Location", "http://[::1"), Empty: true},
			want{api.NotApplied, nil, nil, "", 1}},
		"304": {apitest.Reply{Status: 304, Empty: true}, want{api.NotApplied, nil, nil, "", 1}},
		"307": {apitest.Reply{Status: 307, Header: header("Location", "/v1/elsewhere")}, want{api.NotApplied, nil, nil, "", 1}},
		"308": {apitest.Reply{Status: 308, Header: header("Location", "/v1/elsewhere")}, want{api.NotApplied, nil, nil, "", 1}},

		"success: false":             {apitest.Reply{Body: `{"success":false,"error":{"code":"CONT-001","message":"no"}}`}, refused(200, nil)},
		"success: false, no details": {apitest.Reply{Body: `{"success":false}`}, want{api.NotApplied, nil, nil, "", 1}},
		"success: false, 201":        {apitest.Reply{Status: 201, Body: `{"success":false}`}, want{api.NotApplied, nil, nil, "", 1}},

		"wrong type":        {apitest.Reply{Body: `{"success":true,"data":{"amount":"1","below":true}}`}, broken("body/data/amount", "body/data/below")},
		"success: a string": {apitest.Reply{Body: `{"success":"false","data":{"amount":1,"below":1}}`}, broken("body/success")},
		"null data":         {apitest.Reply{Body: `{"success":true,"data":null}`}, broken("body/data")},
		"null amount":       {apitest.Reply{Body: `{"success":true,"data":{"amount":null,"below":1}}`}, broken("body/data/amount")},
		"null":              {apitest.Reply{Body: `null`}, broken("body")},
		"an array":          {apitest.Reply{Body: `[]`}, broken("body")},
		"missing fields":    {apitest.Reply{Body: `{"success":true,"data":{}}`}, broken("body/data/amount", "body/data/below")},
		"missing data":      {apitest.Reply{Body: `{"success":true}`}, broken("body/data")},
		"missing success":   {apitest.Reply{Body: `{"data":{"amount":1,"below":1}}`}, broken("body/success")},
		"HTML":              {apitest.Reply{Header: html, Body: "<html>"}, broken("content-type")},
		"JSON as HTML":      {apitest.Reply{Header: html, Body: yes}, broken("content-type")},
		"HTML as JSON":      {apitest.Reply{Body: "<html>"}, broken("body")},
		"no media type":     {apitest.Reply{Header: http.Header{"Content-Type": nil}, Body: yes}, broken("content-type")},
		"broken media type": {apitest.Reply{Header: header("Content-Type", "application/json; =")}, broken("content-type")},
		"text/json":         {apitest.Reply{Header: header("Content-Type", "text/json")}, broken("content-type")},
		"empty":             {apitest.Reply{Header: header("Content-Type", "application/json"), Empty: true}, broken("body")},
		"blanks":            {apitest.Reply{Body: " \n"}, broken("body")},
		"trailing data":     {apitest.Reply{Body: yes + "{}"}, broken("body")},
		"trailing garbage":  {apitest.Reply{Body: yes + "x"}, broken("body")},
		"cut JSON":          {apitest.Reply{Body: yes[:len(yes)-1]}, broken("body")},
		"duplicate key":     {apitest.Reply{Body: `{"success":true,"data":{"amount":1,"amount":2,"below":1}}`}, broken("body/data/amount")},
		"duplicate by escape": {apitest.Reply{Body: `{"success":true,"data":{"amount":1,"\u0061mount":2,"below":1}}`},
			broken("body/data/amount")},
		"duplicate success": {apitest.Reply{Body: `{"success":false,"success":true,"data":{"amount":1,"below":1}}`}, broken("body/success")},
		"duplicate unknown": {apitest.Reply{Body: `{"success":true,"data":{"amount":1,"below":1},"chris":1,"chris":2}`}, broken("body/*")},
		"case-folded key":   {apitest.Reply{Body: `{"success":true,"data":{"amount":1,"AMOUNT":2,"below":1}}`}, broken("body/data/amount")},
		"folded by Unicode": {apitest.Reply{Body: "{\"success\":true,\"\u017fuccess\":false,\"data\":{\"amount\":1,\"below\":1}}"}, broken("body/success")},
		"byte order mark":   {apitest.Reply{Body: "\ufeff" + yes}, broken("body")},
		"bad UTF-8":         {apitest.Reply{Body: "{\"success\":true,\"data\":{\"amount\":1,\"below\":1},\"x\":\"\xff\"}"}, broken("body/*")},
		"half a surrogate":  {apitest.Reply{Body: `{"success":true,"data":{"amount":1,"below":1},"x":"\ud800"}`}, broken("body/*")},
		"UTF-16":            {apitest.Reply{Body: "{\x00}\x00"}, broken("body")},
		"NaN":               {apitest.Reply{Body: `{"success":true,"data":{"amount":NaN,"below":1}}`}, broken("body")},
		"1e400":             {apitest.Reply{Body: `{"success":true,"data":{"amount":1e400,"below":1}}`}, broken("body/data/amount")},
		"1e400, unknown":    {apitest.Reply{Body: `{"success":true,"data":{"amount":1,"below":1},"x":1e400}`}, broken("body/*")},
		"201":               {apitest.Reply{Status: 201, Body: yes}, broken("status")},
		"202":               {apitest.Reply{Status: 202, Body: yes}, broken("status")},
		"204":               {apitest.Reply{Status: 204, Empty: true}, broken("status")},
		"206":               {apitest.Reply{Status: 206, Body: yes}, broken("status")},
		"not gzip":          {apitest.Reply{Header: header("Content-Encoding", "gzip"), Body: yes}, broken("content-encoding")},
		"bad gzip sum":      {apitest.Reply{Header: header("Content-Encoding", "gzip"), Body: flipped(gzipText(yes))}, broken("content-encoding")},
		"many breaches":     {apitest.Reply{Body: `[` + strings.Repeat(`1e400,`, 1000) + `1]`}, broken(append([]string{"body"}, slices.Repeat([]string{"body/*"}, 100)...)...)},
		"encoded":           {apitest.Reply{Header: header("Content-Encoding", "br"), Body: yes}, broken("content-encoding")},
		"nested too deep": {apitest.Reply{Body: `{"success":true,"data":{"amount":1,"below":1},"x":` +
			strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`}, broken("body/*")},
		"a bomb of brackets": {apitest.Reply{Body: strings.Repeat("[", 500_000)}, broken("body/*")},
		"over the limit":     {apitest.Reply{Body: `{"x":"` + strings.Repeat("x", 1<<20) + `"}`}, broken("body")},
		"a gzip bomb":        {apitest.Reply{Header: header("Content-Encoding", "gzip"), Body: zipped(t, 64<<20)}, broken("body")},
		"over the limit, 500": {apitest.Reply{Status: 500, Body: strings.Repeat("x", 1<<20+1)},
			want{api.Unknown, api.ErrInvalidResponse, []string{"body"}, "", 1}},
		"over the limit, 400": {apitest.Reply{Status: 400, Body: strings.Repeat("x", 1<<20+1)},
			want{api.NotApplied, api.ErrInvalidResponse, []string{"body"}, "", 1}},
		"too much header": {apitest.Reply{Header: header("X-Much", strings.Repeat("x", 70<<10))}, broken("header")},
		"far too much header": {apitest.Reply{Header: header("X-Much", strings.Repeat("x", 2<<20))},
			want{api.Unknown, api.ErrInvalidResponse, []string{"header"}, "", 1}},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.Respond(c.reply)
			var captured api.Response
			_, err := create(t, server.Client(), api.CaptureResponse(&captured))
			if got := api.OutcomeOf(err); got != c.want.outcome {
				t.Errorf("outcome %v, want %v (%v)", got, c.want.outcome, err)
			}
			if c.want.sentinel != nil && !errors.Is(err, c.want.sentinel) {
				t.Errorf("%v is not %v", err, c.want.sentinel)
			}
			if got := len(server.Requests()); got != c.want.seen {
				t.Errorf("the server saw %d requests, want %d", got, c.want.seen)
			}
			checkText(t, err, "chris@sakari.io", server.ClientSecret)
			if c.want.places == nil {
				refused := as[*api.Error](t, err)
				if refused.StatusCode != captured.StatusCode || !bytes.Equal(captured.Body, refused.Body) {
					t.Errorf("status %d and body %q, captured %d and %q", refused.StatusCode, refused.Body, captured.StatusCode, captured.Body)
				}
				if diff := cmp.Diff(captured.Header, refused.Header); diff != "" {
					t.Errorf("captured (-), in the error (+)\n%s", diff)
				}
				if refused.Code != c.want.code || refused.Attempts != 1 || refused.Operation != "createAttribute" {
					t.Errorf("code %q, attempts %d, operation %q", refused.Code, refused.Attempts, refused.Operation)
				}
				if c.reply.Body != "" && string(refused.Body) != c.reply.Body {
					t.Errorf("body %q, want %q", refused.Body, c.reply.Body)
				}
				return
			}
			broken := as[*api.ValidationError](t, err)
			var places []string
			for _, v := range broken.Violations {
				places = append(places, v.Location)
			}
			if diff := cmp.Diff(c.want.places, places); diff != "" {
				t.Errorf("places: want (-), got (+)\n%s%v", diff, err)
			}
			if broken.Direction != api.DirectionResponse || broken.StatusCode != captured.StatusCode {
				t.Errorf("direction %v, status %d", broken.Direction, broken.StatusCode)
			}
			if !bytes.Equal(captured.Body, broken.Body) || (len(broken.Body) == 0 && len(c.reply.Body) > 0 && places[0] != "header") {
				t.Errorf("the error has %d bytes of body, %d were captured", len(broken.Body), len(captured.Body))
			}
		})
	}
}

func zipped(t *testing.T, size int64) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.CopyN(w, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// What is right, in odd ways.
func TestAcceptedAnswers(t *testing.T) {
	for name, reply := range map[string]apitest.Reply{
		"the example":          {},
		"unknown fields":       {Body: `{"success":true,"data":{"amount":123,"below":123,"lastTopup":"2023-11-07T05:31:56Z"},"more":[1,null]}`},
		"+json":                {Header: header("Content-Type", "application/vnd.sakari.v1+json"), Body: yes},
		"a charset":            {Header: header("Content-Type", "application/json; charset=utf-8"), Body: yes},
		"another case of type": {Header: header("Content-Type", "Application/JSON"), Body: yes},
		"blanks around":        {Body: "\r\n " + yes + " \n"},
		"escaped U+FFFD":       {Body: `{"success":true,"data":{"amount":123,"below":123},"x":"a\ufffdb"}`},
		"identity":             {Header: header("Content-Encoding", "identity"), Body: yes},
		"exponents":            {Body: `{"success":true,"data":{"amount":1.23e2,"below":123.0}}`},
		"gzip":                 {Header: header("Content-Encoding", "gzip"), Body: gzipText(yes)},
		"nested 100 deep": {Body: `{"success":true,"data":{"amount":123,"below":123},"x":` +
			strings.Repeat("[", 99) + strings.Repeat("]", 99) + `}`},
		"same names in an unknown part": {Body: `{"success":true,"data":{"amount":123,"below":123},"x":{"a":1,"A":2}}`},
		"x-should-retry":                {Header: header("X-Should-Retry", "true"), Body: yes},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.Respond(reply)
			var captured api.Response
			got, err := create(t, server.Client(), api.CaptureResponse(&captured))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&gen.Autotopup{Amount: 123, Below: 123}, got); diff != "" {
				t.Error(diff)
			}
			if captured.StatusCode != 200 || len(captured.Body) == 0 {
				t.Errorf("captured %d with %d bytes", captured.StatusCode, len(captured.Body))
			}
		})
	}
}

func flipped(text string) string {
	b := []byte(text)
	b[len(b)-5] ^= 1 // in the checksum
	return string(b)
}

func gzipText(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

func TestInvalidRequests(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	when := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		kind    gen.AttributeType
		contact gen.Contact
		place   string
	}{
		"unknown type":        {"companies", gen.Contact{}, "path.attributeType"},
		"type in other case":  {"Contacts", gen.Contact{}, "path.attributeType"},
		"empty type":          {"", gen.Contact{}, "path.attributeType"},
		"type with a slash":   {"contacts/x", gen.Contact{}, "path.attributeType"},
		"dots for a type":     {"..", gen.Contact{}, "path"},
		"NaN":                 {"contacts", gen.Contact{Attributes: map[string]any{"x": math.NaN()}}, "body"},
		"infinity":            {"contacts", gen.Contact{AdditionalProperties: map[string]any{"x": math.Inf(1)}}, "body"},
		"a channel":           {"contacts", gen.Contact{AdditionalProperties: map[string]any{"x": make(chan int)}}, "body"},
		"year 10000":          {"contacts", gen.Contact{OptIn: &when}, "body"},
		"bad UTF-8":           {"contacts", gen.Contact{FirstName: new("Chris\xff")}, "body/firstName"},
		"bad UTF-8 in a list": {"contacts", gen.Contact{Lists: []gen.ContactList{{}, {Keyword: new("\xc3")}}}, "body/lists/1/keyword"},
		"bad UTF-8, a name":   {"contacts", gen.Contact{Attributes: map[string]any{"chris\xff": 1}}, "body/attributes/*"},
		"shadowed":            {"contacts", gen.Contact{AdditionalProperties: map[string]any{"email": "chris@sakari.io"}}, "body"},
		"shadowed, folded":    {"contacts", gen.Contact{AdditionalProperties: map[string]any{"Lists": 1}}, "body"},
		"shadowed below": {"contacts", gen.Contact{Mobile: &gen.ContactMobile{
			AdditionalProperties: map[string]any{"number": "chris@sakari.io"}}}, "body"},
	} {
		t.Run(name, func(t *testing.T) {
			var captured api.Response
			_, err := client.CreateAttribute(t.Context(), c.kind, c.contact, api.CaptureResponse(&captured))
			broken := as[*api.ValidationError](t, err)
			if broken.Direction != api.DirectionRequest || len(broken.Violations) != 1 || broken.Violations[0].Location != c.place {
				t.Errorf("got %v, want one violation at %s", err, c.place)
			}
			if !errors.Is(err, api.ErrInvalidRequest) || errors.Is(err, api.ErrInvalidResponse) {
				t.Errorf("%v is not ErrInvalidRequest alone", err)
			}
			if got := api.OutcomeOf(err); got != api.NotApplied {
				t.Errorf("outcome %v", got)
			}
			checkText(t, err, "chris", "Chris")
		})
	}
	if n := len(server.Requests()) + len(server.TokenRequests()); n != 0 {
		t.Errorf("the server saw %d requests, want none", n)
	}
}

func TestUTF8InRequestsIsKept(t *testing.T) {
	server := apitest.NewServer(t)
	name := "Zoë \ufffd \U0001F600 \u2028 <&>"
	_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeDeals, gen.Contact{FirstName: &name})
	if err != nil {
		t.Fatal(err)
	}
	var got gen.Contact
	unmarshal(t, server.Requests()[0].Body, &got)
	if *got.FirstName != name {
		t.Errorf("got %q, want %q", *got.FirstName, name)
	}
}

func TestNetworkFailures(t *testing.T) {
	t.Run("reset after the request", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.Respond(apitest.Reply{Fault: apitest.Reset})
		_, err := create(t, server.Client())
		checkFailure(t, err, api.Unknown, syscall.ECONNRESET)
		if n := len(server.Requests()); n != 1 {
			t.Errorf("the server saw %d requests", n)
		}
	})
	for name, status := range map[string]int{"truncated yes": 200, "truncated 503": 503} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.Respond(apitest.Reply{Status: status, Body: yes, Fault: apitest.Truncate})
			_, err := create(t, server.Client())
			checkFailure(t, err, api.Unknown, io.ErrUnexpectedEOF)
			if got := as[*api.Error](t, err); string(got.Body) != yes[:len(yes)/2] || got.StatusCode != status {
				t.Errorf("status %d, body %q", got.StatusCode, got.Body)
			}
			if n := len(server.Requests()); n != 1 {
				t.Errorf("the server saw %d requests", n)
			}
		})
	}
	for name, fault := range map[string]apitest.Fault{"never answers": apitest.Hang, "a byte a second": apitest.Drip} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.Respond(apitest.Reply{Fault: fault})
			client := server.Client(api.WithTimeout(200 * time.Millisecond))
			_, err := create(t, client)
			checkFailure(t, err, api.Unknown, context.DeadlineExceeded)
			if n := len(server.Requests()); n != 1 {
				t.Errorf("the server saw %d requests", n)
			}
		})
	}
	t.Run("cancelled while waiting for the answer", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.Respond(apitest.Reply{Fault: apitest.Hang})
		why := errors.New("why")
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			for len(server.Requests()) == 0 {
				time.Sleep(time.Millisecond)
			}
			cancel(why)
		}()
		_, err := server.Client().CreateAttribute(ctx, gen.AttributeTypeContacts, gen.Contact{})
		checkFailure(t, err, api.Unknown, context.Canceled)
	})
	t.Run("cancelled before", func(t *testing.T) {
		server := apitest.NewServer(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := server.Client().CreateAttribute(ctx, gen.AttributeTypeContacts, gen.Contact{})
		checkFailure(t, err, api.NotApplied, context.Canceled)
		if n := len(server.Requests()); n != 0 {
			t.Errorf("the server saw %d requests", n)
		}
	})
	t.Run("the caller's client has a time-out", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.Respond(apitest.Reply{Fault: apitest.Hang})
		client := &http.Client{Transport: &http.Transport{}, Timeout: 200 * time.Millisecond}
		_, err := create(t, server.Client(api.WithHTTPClient(client), api.WithTimeout(time.Hour)))
		checkFailure(t, err, api.Unknown, context.DeadlineExceeded)
	})
	t.Run("cancelled in the middle of the answer", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.Respond(apitest.Reply{Fault: apitest.Drip})
		ctx, cancel := context.WithCancelCause(t.Context())
		transport := roundTripFunc(func(r *http.Request) (*http.Response, error) {
			response, err := http.DefaultTransport.RoundTrip(r)
			if r.URL.Path != "/oauth2/token" {
				cancel(errors.New("why"))
			}
			return response, err
		})
		_, err := server.Client(api.WithHTTPClient(&http.Client{Transport: transport})).CreateAttribute(ctx, gen.AttributeTypeContacts, gen.Contact{})
		checkFailure(t, err, api.Unknown, context.Canceled)
		if as[*api.Error](t, err).StatusCode != 200 {
			t.Errorf("got %v", err)
		}
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	for name, c := range map[string]struct {
		err     error
		outcome api.Outcome
		tries   int
	}{
		"a transport that tells nothing, dialing":    {&net.OpError{Op: "dial", Err: errors.New("x")}, api.NotApplied, 3},
		"a transport that tells nothing, reading":    {&net.OpError{Op: "read", Err: errors.New("x")}, api.Unknown, 1},
		"a transport that tells nothing, its own":    {errors.New("x"), api.Unknown, 1},
		"a transport that returns nothing, no error": {nil, api.Unknown, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var waited waits
			tries := 0
			transport := roundTripFunc(func(*http.Request) (*http.Response, error) { tries++; return nil, c.err })
			_, err := create(t, newClient(t, "https://api.invalid", waited.option(), api.WithHTTPClient(&http.Client{Transport: transport})))
			checkFailure(t, err, c.outcome, c.err)
			if tries != c.tries {
				t.Errorf("tried %d times, want %d", tries, c.tries)
			}
		})
	}
	t.Run("nothing listens", func(t *testing.T) {
		var waited waits
		_, err := create(t, newClient(t, "http://"+closedAddress(t), waited.option()))
		checkFailure(t, err, api.NotApplied, syscall.ECONNREFUSED)
		if len(waited) != 2 {
			t.Errorf("waited %v, want twice", waited)
		}
	})
	t.Run("no such host", func(t *testing.T) {
		var waited waits
		resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("no resolver here")
		}}
		transport := &http.Transport{DialContext: (&net.Dialer{Resolver: resolver}).DialContext}
		_, err := create(t, newClient(t, "https://sakari.invalid", waited.option(), api.WithHTTPClient(&http.Client{Transport: transport})))
		checkFailure(t, err, api.NotApplied, nil)
		as[*net.DNSError](t, err)
		if len(waited) != 2 {
			t.Errorf("waited %v, want twice", waited)
		}
	})
	t.Run("TLS", func(t *testing.T) {
		var waited waits
		base := tlsServer(t)
		_, err := create(t, newClient(t, base, waited.option()))
		checkFailure(t, err, api.NotApplied, nil)
		if len(waited) != 0 {
			t.Errorf("waited %v, want no retry", waited)
		}
	})
	t.Run("nil context", func(t *testing.T) {
		server := apitest.NewServer(t)
		var none context.Context
		_, err := server.Client().CreateAttribute(none, gen.AttributeTypeContacts, gen.Contact{})
		checkFailure(t, err, api.NotApplied, nil)
	})
}

func checkFailure(t *testing.T, err error, outcome api.Outcome, cause error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if got := api.OutcomeOf(err); got != outcome {
		t.Errorf("outcome %v, want %v (%v)", got, outcome, err)
	}
	if cause != nil && !errors.Is(err, cause) {
		t.Errorf("%v does not wrap %v", err, cause)
	}
	checkText(t, err, "chris@sakari.io")
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
