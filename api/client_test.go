package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestPageRequestReachesTheServer(t *testing.T) {
	text, contact := pageContact(t)
	server := apitest.NewServer(t)
	client := server.Client()
	for _, kind := range []gen.AttributeType{gen.AttributeTypeContacts, gen.AttributeTypeDeals, gen.AttributeTypeTickets} {
		t.Run(string(kind), func(t *testing.T) {
			got, err := client.CreateAttribute(t.Context(), kind, contact)
			if err != nil {
				t.Fatal(err)
			}
			if got.Amount != 123 || got.Below != 123 {
				t.Errorf("got %+v", got)
			}
			requests := server.Requests()
			request := requests[len(requests)-1]
			var want, sent any
			unmarshal(t, text, &want)
			unmarshal(t, request.Body, &sent)
			if diff := cmp.Diff(want, sent); diff != "" {
				t.Errorf("the page (-), as it came (+)\n%s", diff)
			}
			line := request.Method + " " + request.Path
			if want := "POST /v1/accounts/" + server.AccountID + "/attributes/" + string(kind); line != want {
				t.Errorf("request line %s, want %s", line, want)
			}
			for name, want := range map[string]string{
				"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "sakari-go",
				"Idempotency-Key": "", "X-Idempotency-Key": "",
			} {
				if got := request.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
	if n := len(server.TokenRequests()); n != 1 {
		t.Errorf("%d tokens for three calls, want one", n)
	}
	want := fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_type":"client_credentials"}`, server.ClientID, server.ClientSecret)
	if diff := cmp.Diff(want, string(server.TokenRequests()[0].Body)); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownPropertiesAreSent(t *testing.T) {
	server := apitest.NewServer(t)
	_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{
		Mobile:               &gen.ContactMobile{AdditionalProperties: properties{"carrier": "x"}.raw()},
		Attributes:           properties{}.raw(),
		AdditionalProperties: properties{"nickname": "C"}.raw(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"attributes":{},"mobile":{"carrier":"x"},"nickname":"C"}`, string(server.Requests()[0].Body)); diff != "" {
		t.Error(diff)
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

func TestAccountIDs(t *testing.T) {
	for name, c := range map[string]struct{ id, segment string }{
		"plain":     {"acc1", "acc1"},
		"reserved":  {"a?b#c%d;e", "a%3Fb%23c%25d%3Be"},
		"escaped":   {"%2e%2e%2f", "%252e%252e%252f"},
		"spaces":    {" a b ", "%20a%20b%20"},
		"unicode":   {"Zoë", "Zo%C3%AB"},
		"dots":      {"...", "..."},
		"128 bytes": {strings.Repeat("x", 128), strings.Repeat("x", 128)},
		"colon":     {"a:b@c&d=e+f$g", "a:b@c&d=e+f$g"},
		"verbs":     {"%s%d%!", "%25s%25d%25%21"},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			client, err := server.Client().WithAccount(c.id)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := create(t, client); err != nil {
				t.Fatal(err)
			}
			path := server.Requests()[0].Path
			segment := strings.TrimSuffix(strings.TrimPrefix(path, "/v1/accounts/"), "/attributes/contacts")
			if strings.ReplaceAll(segment, "!", "%21") != c.segment {
				t.Errorf("segment %s, want %s", segment, c.segment)
			}
		})
	}
}

func TestBaseURLs(t *testing.T) {
	for _, base := range []string{
		"https://api.sakari.io", "https://api.sakari.io/", "https://gateway.example:8443/sakari/", "HTTPS://API.example",
		"http://localhost:1", "http://127.0.0.1", "http://127.9.9.9:1", "http://[::1]:1",
	} {
		if _, err := api.New("acc", api.WithToken("x"), api.WithBaseURL(base)); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
	if _, err := api.New("acc", api.WithToken("x"), api.WithBaseURL("http://api.example"), api.WithInsecureBaseURL()); err != nil {
		t.Error(err)
	}
}

func TestBaseURLWithAPath(t *testing.T) {
	for _, prefix := range []string{"/sakari", "/sakari/", "/a/./b/../c//", "/p%20q/%2F"} {
		t.Run(prefix, func(t *testing.T) {
			var path string
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				path = r.RequestURI
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprint(w, yes)
			})
			if _, err := create(t, newClient(t, base+prefix)); err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(path, "/v1/accounts/acc/attributes/contacts") || path[0] != '/' || path[1] == 'v' {
				t.Errorf("path %s", path)
			}
		})
	}
}

func TestOptionsRefuseBadArguments(t *testing.T) {
	for name, option := range map[string]api.Option{
		"nil option":         nil,
		"no client id":       api.WithClientCredentials(" ", "x"),
		"no client secret":   api.WithClientCredentials("x", ""),
		"blank token":        api.WithToken(" "),
		"token with newline": api.WithToken("a\nb"),
		"token with blank":   api.WithToken("a b"),
		"nil source":         api.WithTokenSource(nil),
		"nil client":         api.WithHTTPClient(nil),
		"empty agent":        api.WithUserAgent(""),
		"agent with newline": api.WithUserAgent("a\r\nX: y"),
		"nil logger":         api.WithLogger(nil),
		"no rate":            api.WithRateLimit(0, 1),
		"a negative rate":    api.WithRateLimit(-1, 1),
		"no number":          api.WithRateLimit(math.NaN(), 1),
		"an infinite rate":   api.WithRateLimit(math.Inf(1), 1),
		"no burst":           api.WithRateLimit(1, 0),
		"zero timeout":       api.WithTimeout(0),
		"negative timeout":   api.WithTimeout(-time.Second),
		"no attempts":        api.WithMaxAttempts(0),
		"no bytes":           api.WithMaxResponseBytes(0),
		"too many bytes":     api.WithMaxResponseBytes(1<<63 - 1),
		"bad validation":     api.WithValidation(api.ValidationOff + 1),
		"nil handler":        api.WithViolationHandler(nil),
	} {
		t.Run(name, func(t *testing.T) {
			client, err := api.New("acc", api.WithToken("made-for-this-test"), option)
			if client != nil || err == nil || api.OutcomeOf(err) != api.NotApplied {
				t.Errorf("got %v, %v", client, err)
			}
		})
	}
	if _, err := api.New("acc"); err == nil || !strings.Contains(err.Error(), "credentials") {
		t.Errorf("without credentials: %v", err)
	}
}

func TestCallOptionsRefuseBadArguments(t *testing.T) {
	server := apitest.NewServer(t)
	for _, option := range []api.CallOption{nil, api.CaptureResponse(nil)} {
		_, err := create(t, server.Client(), option)
		if api.OutcomeOf(err) != api.NotApplied {
			t.Errorf("got %v", err)
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("the server saw %d requests", n)
	}
}

func TestCaptureForgetsAnEarlierAnswer(t *testing.T) {
	captured := api.Response{StatusCode: 1, Body: []byte("stale")}
	_, err := create(t, newClient(t, "http://"+closedAddress, api.WithMaxAttempts(1)), api.CaptureResponse(&captured))
	if err == nil || captured.StatusCode != 0 || captured.Body != nil {
		t.Errorf("%v, %v", captured, err)
	}
}

func TestCallersClientIsCopied(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(apitest.Reply{Status: 302, Header: header("Location", "/")})
	own := &http.Client{Transport: &http.Transport{}}
	before := *own
	if _, err := create(t, server.Client(api.WithHTTPClient(own))); !errors.As(err, new(*api.Error)) {
		t.Errorf("got %v", err)
	}
	if !reflect.DeepEqual(before, *own) {
		t.Error("the caller's client was changed")
	}
}

func TestCallersJarIsUsed(t *testing.T) {
	var cookies []string
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cookies = append(cookies, r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, yes)
	})
	client := newClient(t, base, api.WithHTTPClient(&http.Client{Transport: &http.Transport{}, Jar: newJar(t)}))
	for range 2 {
		if _, err := create(t, client); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"", "session=1"}, cookies); diff != "" {
		t.Error(diff)
	}
}

func TestJarTakesNothingOfAnAnswerThatIsRefused(t *testing.T) {
	var cookies []string
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cookies = append(cookies, r.Header.Get("Cookie"))
		for i := range 3000 {
			http.SetCookie(w, &http.Cookie{Name: fmt.Sprintf("c%d", i), Value: strings.Repeat("x", 20)})
		}
	})
	client := newClient(t, base, api.WithHTTPClient(&http.Client{Transport: &http.Transport{}, Jar: newJar(t)}))
	for range 2 {
		_, err := create(t, client)
		as[*api.ValidationError](t, err)
	}
	if diff := cmp.Diff([]string{"", ""}, cookies); diff != "" {
		t.Error(diff)
	}
}

// What an operator reads when nothing was sent: the host, whatever the contact holds, and what was waited for.
func TestTextsWhenNothingIsSent(t *testing.T) {
	refuse := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "api.sakari.invalid"}}
	}}
	_, err := create(t, newClient(t, "https://api.sakari.invalid", api.WithMaxAttempts(1), api.WithHTTPClient(&http.Client{Transport: refuse})))
	if want := "sakari: createAttribute: dial tcp: lookup api.sakari.invalid: no such host (not applied)"; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	server := apitest.NewServer(t)
	server.RespondToken(apitest.Reply{Fault: apitest.Hang})
	_, err = create(t, server.Client(api.WithTimeout(50*time.Millisecond)))
	if want := "sakari: createAttribute: waiting for an access token: context deadline exceeded (not applied)"; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var elsewhere int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := apitest.NewServer(t)
		reply := apitest.Reply{Status: status, Header: header("Location", other.URL+"/x")}
		server.Respond(reply)
		host := strings.TrimPrefix(other.URL, "http://")

		_, err := create(t, server.Client())
		if refused := as[*api.Error](t, err); refused.StatusCode != status || !strings.Contains(err.Error(), host) {
			t.Errorf("%d: got %v, want the host %s", status, err, host)
		}
		server.RespondToken(reply)
		_, err = create(t, server.Client())
		if auth := as[*api.AuthError](t, err); auth.StatusCode != status || !strings.Contains(err.Error(), host) || api.OutcomeOf(err) != api.NotApplied {
			t.Errorf("%d: got %v, want the host %s", status, err, host)
		}
	}
	if elsewhere != 0 {
		t.Errorf("the other host saw %d requests", elsewhere)
	}
}

func TestHostOfARedirectIsShownWhateverTheContactHolds(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(apitest.Reply{Status: 302, Header: header("Location", "https://other.sakari.io:45678/chris@sakari.io"), Body: `{"error":{"code":"chris@sakari.io"}}`})
	_, contact := pageContact(t)
	_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
	if !strings.Contains(err.Error(), "redirect to other.sakari.io:45678 not followed") {
		t.Errorf("got %v", err)
	}
	checkText(t, err, "chris@sakari.io")
}

func TestTokenStaysAtItsOrigin(t *testing.T) {
	server := apitest.NewServer(t)
	for name, edit := range map[string]func(*http.Request){
		"another host":   func(r *http.Request) { r.URL.Host = closedAddress },
		"another scheme": func(r *http.Request) { r.URL.Scheme = "https" },
		"another Host":   func(r *http.Request) { r.Host = "other.invalid" },
		"another path":   func(r *http.Request) { r.URL.Path = "/v2/else" },
		"an opaque URL":  func(r *http.Request) { r.URL.Opaque = "//other.invalid/v1/accounts/acc/attributes/contacts" },
		"no URL":         func(r *http.Request) { r.URL = nil },
		"a user":         func(r *http.Request) { r.URL.User = nil; r.URL.Host = "x@" + r.URL.Host },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := server.Client().Generated().CreateAttributeWithResponse(t.Context(), "acc", gen.AttributeTypeContacts, gen.Contact{},
				func(_ context.Context, r *http.Request) error { edit(r); return nil })
			as[*api.ValidationError](t, err)
		})
	}
	if n := len(server.TokenRequests()) + len(server.Requests()); n != 0 {
		t.Errorf("the server saw %d requests", n)
	}
}

func TestIdempotencyKeyIsNotSent(t *testing.T) {
	server := apitest.NewServer(t)
	_, err := server.Client().Generated().CreateAttributeWithResponse(t.Context(), "acc", gen.AttributeTypeContacts, gen.Contact{},
		func(_ context.Context, r *http.Request) error {
			r.Header.Set("Idempotency-Key", "1")
			r.Header.Set("X-Idempotency-Key", "1")
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	sent := server.Requests()[0].Header
	if sent.Get("Idempotency-Key")+sent.Get("X-Idempotency-Key") != "" {
		t.Errorf("sent %v", sent)
	}
}

func TestGeneratedIsAsSafe(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	generated := client.Generated()
	got, err := generated.CreateAttributeWithResponse(t.Context(), "other", gen.AttributeTypeContacts, gen.Contact{})
	if err != nil || got.JSON200.Data.Amount != 123 {
		t.Fatal(got, err)
	}
	for name, c := range map[string]struct {
		reply   apitest.Reply
		outcome api.Outcome
	}{
		"HTML": {apitest.Reply{Header: header("Content-Type", "text/html"), Body: "<html>"}, api.Applied},
		"400":  {apitest.Reply{Status: 400}, api.NotApplied},
		"503":  {apitest.Reply{Status: 503}, api.Unknown},
		"204":  {apitest.Reply{Status: 204, Empty: true}, api.Applied},
	} {
		t.Run(name, func(t *testing.T) {
			server.Respond(c.reply)
			got, err := generated.CreateAttributeWithResponse(t.Context(), "other", gen.AttributeTypeContacts, gen.Contact{})
			if got != nil || api.OutcomeOf(err) != c.outcome {
				t.Errorf("got %v, %v (%v)", got, err, api.OutcomeOf(err))
			}
		})
	}
	_, err = generated.CreateAttributeWithResponse(t.Context(), "other", "Deals", gen.Contact{})
	as[*api.ValidationError](t, err)
	_, err = generated.CreateAttributeWithResponse(t.Context(), "other", "deals", gen.Contact{AdditionalProperties: properties{"email": 1}.raw()})
	if api.OutcomeOf(err) != api.NotApplied {
		t.Errorf("got %v", err)
	}
}

func TestValidationModes(t *testing.T) {
	accepted := apitest.Reply{Status: 202, Body: yes}
	text := apitest.Reply{Header: header("Content-Type", "text/plain"), Body: yes}
	numbers := apitest.Reply{Body: `{"success":true,"data":{"amount":7}}`}
	for name, c := range map[string]struct {
		mode     api.Validation
		reply    apitest.Reply
		works    bool
		reported int
	}{
		"strict":                    {api.ValidationStrict, numbers, false, 1},
		"report":                    {api.ValidationReport, numbers, true, 1},
		"off":                       {api.ValidationOff, numbers, true, 0},
		"strict, another status":    {api.ValidationStrict, accepted, false, 1},
		"report, another status":    {api.ValidationReport, accepted, true, 1},
		"off, another status":       {api.ValidationOff, accepted, true, 0},
		"strict, another type":      {api.ValidationStrict, text, false, 1},
		"report, another type":      {api.ValidationReport, text, true, 1},
		"off, another type":         {api.ValidationOff, text, true, 0},
		"report, no body":           {api.ValidationReport, apitest.Reply{Status: 204}, false, 1},
		"off, no body":              {api.ValidationOff, apitest.Reply{Status: 204}, false, 1},
		"report, a page":            {api.ValidationReport, apitest.Reply{Header: text.Header, Body: "<html>"}, false, 1},
		"report, an empty object":   {api.ValidationReport, apitest.Reply{Status: 202, Body: `{}`}, false, 1},
		"report, null":              {api.ValidationReport, apitest.Reply{Status: 202, Body: `null`}, false, 1},
		"off, no word of success":   {api.ValidationOff, apitest.Reply{Status: 201, Body: `{"data":{"amount":1,"below":1}}`}, false, 1},
		"off, success is null":      {api.ValidationOff, apitest.Reply{Status: 206, Body: `{"success":null}`}, false, 1},
		"off, an error as text":     {api.ValidationOff, apitest.Reply{Header: text.Header, Body: `{"error":{"code":"X"}}`}, false, 1},
		"off, success twice":        {api.ValidationOff, apitest.Reply{Header: text.Header, Body: `{"success":true,"success":true,"data":{}}`}, false, 1},
		"report, another no":        {api.ValidationReport, apitest.Reply{Status: 201, Body: `{"success":false}`}, false, 0},
		"off, can not be read":      {api.ValidationOff, apitest.Reply{Body: `{"success":true,"data":1}`}, false, 1},
		"report, can not be read":   {api.ValidationReport, apitest.Reply{Body: `{"success":true,"data":1}`}, false, 1},
		"off, over the limit":       {api.ValidationOff, apitest.Reply{Body: strings.Repeat(" ", 1<<20) + yes}, false, 1},
		"off, success false":        {api.ValidationOff, apitest.Reply{Body: `{"success":false}`}, false, 0},
		"off, no in odd type":       {api.ValidationOff, apitest.Reply{Header: header("Content-Type", "text/json"), Body: `{"success":false}`}, false, 1},
		"off, no, twice":            {api.ValidationOff, apitest.Reply{Body: `{"success":true,"success":false,"data":{}}`}, false, 1},
		"report, no in other case":  {api.ValidationReport, apitest.Reply{Body: `{"Success":false,"data":{}}`}, false, 1},
		"off, no and bad text":      {api.ValidationOff, apitest.Reply{Body: `{"success":false,"x":"\ud83d"}`}, false, 1},
		"off, no and then null":     {api.ValidationOff, apitest.Reply{Body: `{"success":false,"success":null,"data":{"amount":1,"below":1}}`}, false, 1},
		"off, no and then yes":      {api.ValidationOff, apitest.Reply{Body: `{"success":false,"success":true,"data":{"amount":1,"below":1}}`}, false, 1},
		"report, keeps the promise": {api.ValidationReport, apitest.Reply{}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.Respond(c.reply)
			var reported []*api.ValidationError
			client := server.Client(api.WithValidation(c.mode), api.WithViolationHandler(func(_ context.Context, err *api.ValidationError) {
				reported = append(reported, err)
			}))
			var answer api.Response
			setting, err := create(t, client, api.CaptureResponse(&answer))
			if (err == nil) != c.works || len(reported) != c.reported {
				t.Errorf("got %v, reported %v", err, reported)
			}
			if status := max(c.reply.Status, 200); answer.StatusCode != status || err == nil && setting.Amount == 0 {
				t.Errorf("got %v, captured %v", setting, answer)
			}
		})
	}
	t.Run("what the handler blanks is not the answer", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.Respond(numbers)
		client := server.Client(api.WithValidation(api.ValidationReport), api.WithViolationHandler(func(_ context.Context, found *api.ValidationError) {
			clear(found.Header)
			clear(found.Body)
		}))
		var answer api.Response
		setting, err := create(t, client, api.CaptureResponse(&answer))
		if err != nil || setting.Amount != 7 || string(answer.Body) != numbers.Body || len(answer.Header) == 0 {
			t.Errorf("got %v, %v, captured %q", setting, err, answer.Body)
		}
	})
	t.Run("the generated client shows what came", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.Respond(accepted)
		answer, err := server.Client(api.WithValidation(api.ValidationReport)).Generated().CreateAttributeWithResponse(t.Context(), "a", "contacts", gen.Contact{})
		if err != nil || answer.StatusCode() != 202 || answer.JSON200 != nil || string(answer.Body) != yes {
			t.Errorf("got %+v, %v", answer, err)
		}
	})
	t.Run("report lets a request pass", func(t *testing.T) {
		var reported int
		base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, yes)
		})
		client := newClient(t, base, api.WithValidation(api.ValidationReport), api.WithViolationHandler(func(context.Context, *api.ValidationError) { reported++ }))
		if _, err := client.CreateAttribute(t.Context(), "companies", gen.Contact{}); err != nil || reported != 1 {
			t.Errorf("got %v, %d reported", err, reported)
		}
	})
}

func TestLog(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(apitest.Reply{Status: 429}, apitest.Reply{Status: 202, Body: yes})
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var waited waits
	if _, err := create(t, server.Client(api.WithLogger(logger), api.WithValidation(api.ValidationReport), waited.option())); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"level=INFO msg=\"round trip\" operation=createToken status=200 duration=", "level=WARN msg=\"round trip\" operation=createAttribute status=429 duration=", "attempt=1 outcome=\"not applied\" error=", "level=WARN msg=\"contract violated\"", "status=202 ", "attempt=2 outcome=applied"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in the log\n%s", want, log.String())
		}
	}
	for _, secret := range []string{"chris@sakari.io", server.ClientSecret, token(server)} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s is in the log\n%s", secret, log.String())
		}
	}
}

func token(server *apitest.Server) string {
	return strings.TrimPrefix(server.Requests()[0].Header.Get("Authorization"), "Bearer ")
}

var everyVerb = strings.Fields("%v %+v %#v %s %q %x %X %d %t %b %c %o %O %U %e %E %f %F %g %G %10v %.3s %#x %+d")

// Every verb prints the text of an error, and nothing of its fields.
func TestErrorsPrintTheirTextAlone(t *testing.T) {
	refused := &api.Error{Operation: "x", StatusCode: 400, Header: header("X", "hunter2"), Body: []byte("hunter2")}
	broken := &api.ValidationError{Operation: "x", Violations: []api.Violation{{Location: "body"}}, Header: refused.Header, Body: refused.Body}
	auth := &api.AuthError{StatusCode: 401, Err: errors.New("hunter2")}
	for _, c := range []struct {
		text   string
		values []any
	}{
		{refused.Error(), []any{refused, *refused}},
		{broken.Error(), []any{broken, *broken}},
		{auth.Error(), []any{auth, *auth}},
	} {
		for _, value := range c.values {
			for _, verb := range everyVerb {
				want := c.text
				if verb == "%#v" || verb == "%q" {
					want = strconv.Quote(want)
				}
				if got := fmt.Sprintf(verb, value); got != want {
					t.Errorf("%s of %T: %s, want %s", verb, value, got, want)
				}
			}
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			for _, field := range []string{"Header", "Body", "Err", "hunter2"} {
				if strings.Contains(string(text), `"`+field+`"`) {
					t.Errorf("%s is in the JSON of %T: %s", field, value, text)
				}
			}
		}
	}
}

func TestClientPrintsItsAddressAlone(t *testing.T) {
	client := newClient(t, "https://api.invalid/x")
	const want = `sakari client of account "acc" at https://api.invalid/x/`
	for _, verb := range everyVerb {
		for _, value := range []any{client, *client} {
			if got := fmt.Sprintf(verb, value); got != want && got != strconv.Quote(want) {
				t.Errorf("%s: %s, want %s", verb, got, want)
			}
		}
	}
}

func TestResponsePrintsItsStatusAlone(t *testing.T) {
	answer := api.Response{StatusCode: 200, Header: header("X", "hunter2"), Body: []byte("hunter2")}
	for _, verb := range everyVerb {
		for _, value := range []any{answer, &answer} {
			if got := fmt.Sprintf(verb, value); strings.Trim(got, `"`) != "200 OK" {
				t.Errorf("%s: %s", verb, got)
			}
		}
	}
	if text, err := json.Marshal(answer); err != nil || string(text) != `{"StatusCode":200}` {
		t.Errorf("%s, %v", text, err)
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	const id, secret, bearer = "the-client-id", "the-client-secret", "the-bearer-token"
	credentials, err := api.New("acc", api.WithClientCredentials(id, secret))
	if err != nil {
		t.Fatal(err)
	}
	fixed, err := api.New("acc", api.WithToken(bearer))
	if err != nil {
		t.Fatal(err)
	}
	source, err := api.New("acc", api.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: bearer})))
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []any{
		credentials, *credentials, fixed, *fixed, source, *source, credentials.Generated(), fixed.Generated(), *fixed.Generated(),
		api.WithToken(bearer), api.WithClientCredentials(id, secret), []any{fixed}, map[string]any{"client": *fixed},
	} {
		for _, text := range forms(value) {
			for _, s := range []string{secret, bearer} {
				if strings.Contains(text, s) {
					t.Errorf("%T: %q is in %s", value, s, text)
				}
			}
		}
	}
}

func TestServersWordsAreBlanked(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	if _, err := create(t, client); err != nil { // so that the token is known
		t.Fatal(err)
	}
	contact := gen.Contact{
		Email: new("chris@sakari.io"), FirstName: new("Chris"), LastName: new("Bloggs"),
		Mobile:               &gen.ContactMobile{Number: new("123-456-7890"), LineType: new("mobile")},
		Attributes:           properties{"x": []any{"free-form"}}.raw(),
		AdditionalProperties: properties{"nickname": "Kit"}.raw(),
	}
	message := "Invalid mobile number 123-456-7890 of Chris Bloggs (Kit, free-form) <chris@sakari.io> with " + token(server) + "\nnext line"
	secrets := []string{"123-456-7890", "Chris", "Bloggs", "Kit", "free-form", "chris@sakari.io", token(server)}
	body := fmt.Sprintf(`{"success":false,"error":{"code":"CONT-001 chris@sakari.io","message":%q}}`, message)
	server.Respond(apitest.Reply{Status: 400, Body: body})
	_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
	refused := as[*api.Error](t, err)
	checkText(t, err, secrets...)
	if !strings.Contains(err.Error(), ": Invalid mobile number [redacted]-[redacted]-[redacted] of") || refused.Message != message || string(refused.Body) != body {
		t.Errorf("%v\nmessage %q, body %s", err, refused.Message, refused.Body)
	}
	checkText(t, errors.Join(err), secrets...)
	for _, text := range forms(*refused) {
		if strings.Contains(text, "chris") {
			t.Errorf("personal data in %s", text)
		}
	}

	server.RespondToken(apitest.Reply{Status: 400, Body: fmt.Sprintf(`{"error":"invalid_client","error_description":"no %s"}`, server.ClientSecret)})
	_, err = create(t, server.Client())
	as[*api.AuthError](t, err)
	checkText(t, err, server.ClientSecret)
}
