package api_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestNew_ChecksTheAccountID(t *testing.T) {
	for name, c := range map[string]struct{ id, segment string }{
		"letters and digits":           {"acc1", "acc1"},
		"reserved characters":          {"a?b#c%d;e", "a%3Fb%23c%25d%3Be"},
		"percent-encoded":              {"%2e%2e%2f", "%252e%252e%252f"},
		"spaces":                       {" a b ", "%20a%20b%20"},
		"a letter beyond ASCII":        {"Zoë", "Zo%C3%AB"},
		"dots":                         {"...", "..."},
		"128 bytes":                    {strings.Repeat("x", 128), strings.Repeat("x", 128)},
		"characters allowed in a path": {"a:b@c&d=e+f$g", "a:b@c&d=e+f$g"},
		"verbs of package fmt":         {"%s%d%!", "%25s%25d%25%21"},
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

func TestWithBaseURL_AcceptsHTTPSAndLoopback(t *testing.T) {
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

func TestWithBaseURL_KeepsAPath(t *testing.T) {
	for _, prefix := range []string{"/sakari", "/sakari/", "/a/./b/../c//", "/p%20q/%2F"} {
		t.Run(prefix, func(t *testing.T) {
			var path string
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				path = r.RequestURI
				writeJSON(w, successBody)
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

func TestOptions_RefuseInvalidArguments(t *testing.T) {
	for name, option := range map[string]api.Option{
		"a nil option":                           nil,
		"no client id":                           api.WithClientCredentials(" ", "x"),
		"no client secret":                       api.WithClientCredentials("x", ""),
		"a client id with a line break":          api.WithClientCredentials("x\n", "y"),
		"a client secret with a blank":           api.WithClientCredentials("x", " y"),
		"a client secret with U+00A0":            api.WithClientCredentials("x", "y\u00a0"),
		"a client secret with a byte order mark": api.WithClientCredentials("x", "\ufeffy"),
		"a client id with a control character":   api.WithClientCredentials("x\x00y", "y"),
		"a client id with a zero-width space":    api.WithClientCredentials("x\u200by", "y"),
		"a client secret that is not UTF-8":      api.WithClientCredentials("x", "y\xff"),
		"a token with a line break at its end":   api.WithToken("a\n"),
		"a token with a byte order mark":         api.WithToken("\ufeffa"),
		"a negative first wait":                  api.WithRetryBackoff(-1, 0),
		"a first wait over the longest":          api.WithRetryBackoff(2, 1),
		"a blank token":                          api.WithToken(" "),
		"a token with a newline":                 api.WithToken("a\nb"),
		"a token with a space":                   api.WithToken("a b"),
		"a nil token source":                     api.WithTokenSource(nil),
		"a nil transport":                        api.WithHTTPClient(&http.Client{Transport: (*http.Transport)(nil)}),
		"a nil HTTP client":                      api.WithHTTPClient(nil),
		"an empty user agent":                    api.WithUserAgent(""),
		"a user agent with a newline":            api.WithUserAgent("a\r\nX: y"),
		"a nil logger":                           api.WithLogger(nil),
		"a rate of zero":                         api.WithRateLimit(0, 1),
		"a negative rate":                        api.WithRateLimit(-1, 1),
		"a rate of NaN":                          api.WithRateLimit(math.NaN(), 1),
		"an infinite rate":                       api.WithRateLimit(math.Inf(1), 1),
		"a burst of zero":                        api.WithRateLimit(1, 0),
		"a time-out of zero":                     api.WithTimeout(0),
		"a negative time-out":                    api.WithTimeout(-time.Second),
		"zero attempts":                          api.WithMaxAttempts(0),
		"a response limit of zero":               api.WithMaxResponseBytes(0),
		"a response limit of MaxInt64":           api.WithMaxResponseBytes(1<<63 - 1),
		"an unknown validation mode":             api.WithValidation(api.ValidationOff + 1),
		"a nil violation handler":                api.WithViolationHandler(nil),
	} {
		t.Run(name, func(t *testing.T) {
			client, err := api.New("acc", api.WithToken("made-for-this-test"), option)
			if client != nil || err == nil || api.OutcomeOf(err) != api.NotApplied {
				t.Errorf("got %v, %v", client, err)
			}
		})
	}
	for _, own := range []string{"cl\u00efent 1", "Xy7~!$%^&*()"} { // these are valid
		if _, err := api.New("acc", api.WithClientCredentials(own, own)); err != nil {
			t.Error(err)
		}
	}
	for want, err := range map[string]error{
		"sakari: WithClientCredentials: the client secret starts or ends with a blank or a line break (not applied)": newError(api.WithClientCredentials("x", "secret\n")),
		"sakari: WithToken: the token contains a control character, a byte order mark or another invisible character (not applied)": newError(
			api.WithToken("to\ufeffken")),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := api.New("acc"); err == nil || !strings.Contains(err.Error(), "credentials") {
		t.Errorf("without credentials: %v", err)
	}
}

func newError(option api.Option) error {
	_, err := api.New("acc", option)
	return err
}

func TestCallOptions_RefuseInvalidArguments(t *testing.T) {
	server := apitest.NewServer(t)
	for _, option := range []api.CallOption{nil, api.CaptureResponse(nil)} {
		_, err := create(t, server.Client(), option)
		if api.OutcomeOf(err) != api.NotApplied {
			t.Errorf("got %v", err)
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("the server got %d requests", n)
	}
}

func TestWithHTTPClient_CopiesTheClient(t *testing.T) {
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

// The client adds no header field that the caller set or turned off.
func TestRequestEditor_KeepsItsFields(t *testing.T) {
	server := apitest.NewServer(t)
	transport := &http.Transport{DisableCompression: true}
	client := server.Client(api.WithUserAgent("app/1"),
		api.WithHTTPClient(&http.Client{Transport: transport, Jar: newJar(t)}))
	_, err := client.Generated().CreateAttributeWithResponse(t.Context(), "acc", "deals", gen.Contact{},
		func(_ context.Context, r *http.Request) error {
			r.Header.Set("Cookie", "mine=1")
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	sent := server.Requests()[0].Header
	if sent.Get("Cookie") != "mine=1" || sent.Get("Accept-Encoding") != "" || sent.Get("User-Agent") != "app/1" {
		t.Errorf("sent %v", sent)
	}
}

// A call does not write to the slice of its options, nor to the spare capacity behind them.
func TestCallOptions_AreNotChanged(t *testing.T) {
	client := apitest.NewServer(t).Client()
	var response api.Response
	opts := []api.CallOption{api.CaptureResponse(&response), nil, nil}
	_ = lastError(client.ListAttributes(t.Context(), gen.ListAttributesParams{}, opts[:1]...))
	_, _ = client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "1", opts[:1]...)
	if opts[1] != nil {
		t.Error("an option was written behind those of the caller")
	}
	if response.StatusCode != 404 {
		t.Errorf("captured %v", response)
	}
}
