package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestOddTransports(t *testing.T) {
	t.Run("an answer without a body", func(t *testing.T) {
		transport := roundTripFunc(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 503}, nil })
		_, err := create(t, newClient(t, "https://api.invalid", api.WithHTTPClient(&http.Client{Transport: transport})))
		if as[*api.Error](t, err).StatusCode != 503 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a body that does not heed the context", func(t *testing.T) {
		reader, writer := io.Pipe()
		defer writer.Close()
		transport := roundTripFunc(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200, Body: reader}, nil })
		_, err := create(t, newClient(t, "https://api.invalid", api.WithTimeout(50*time.Millisecond), api.WithHTTPClient(&http.Client{Transport: transport})))
		checkFailure(t, err, api.Unknown, context.DeadlineExceeded)
	})
	t.Run("the caller leaves in the middle of the answer", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.Respond(apitest.Reply{Fault: apitest.Drip})
		ctx, cancel := context.WithCancelCause(t.Context())
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		_, err := server.Client(api.WithHTTPClient(&http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
			response, err := transport.RoundTrip(r)
			if r.URL.Path != "/oauth2/token" {
				cancel(errors.New("why"))
			}
			return response, err
		})})).CreateAttribute(ctx, gen.AttributeTypeContacts, gen.Contact{})
		checkFailure(t, err, api.Unknown, context.Canceled)
		if as[*api.Error](t, err).StatusCode != 200 {
			t.Errorf("got %v", err)
		}
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
	t.Run("one that reads the body first", func(t *testing.T) { // to sign it, say
		server := apitest.NewServer(t)
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		_, err := create(t, server.Client(api.WithHTTPClient(&http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
			first, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			r = r.Clone(r.Context())
			if r.Body, err = r.GetBody(); err != nil {
				return nil, err
			}
			r.Header.Set("X-Length", fmt.Sprint(len(first)))
			return transport.RoundTrip(r)
		})})))
		if err != nil || len(server.Requests()) != 1 {
			t.Errorf("got %v after %d requests", err, len(server.Requests()))
		}
	})
	t.Run("a body that ends when the caller's time does", func(t *testing.T) {
		transport := roundTripFunc(func(r *http.Request) (*http.Response, error) {
			ends := readFunc(func([]byte) (int, error) { <-r.Context().Done(); return 0, io.EOF })
			return &http.Response{
				StatusCode: 200, Header: header("Content-Type", "application/json"), ContentLength: -1,
				Body: io.NopCloser(io.MultiReader(strings.NewReader(yes), ends)),
			}, nil
		})
		_, err := create(t, newClient(t, "https://api.invalid", api.WithTimeout(50*time.Millisecond), api.WithHTTPClient(&http.Client{Transport: transport})))
		checkFailure(t, err, api.Unknown, context.DeadlineExceeded)
		if got := as[*api.Error](t, err); string(got.Body) != yes {
			t.Errorf("the answer is lost: %q", got.Body)
		}
	})
	t.Run("an answer and an error", func(t *testing.T) {
		body := &closing{Reader: strings.NewReader(yes)}
		transport := roundTripFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: body}, errors.New("x")
		})
		_, err := create(t, newClient(t, "https://api.invalid", api.WithHTTPClient(&http.Client{Transport: transport})))
		checkFailure(t, err, api.Unknown, nil)
		if !body.closed {
			t.Error("the body was not closed")
		}
	})
	t.Run("one that keeps the requests", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.Respond(apitest.Reply{Status: 401})
		var kept []*http.Request
		transport := &http.Transport{}
		_, err := create(t, server.Client(api.WithHTTPClient(&http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path != "/oauth2/token" {
				kept = append(kept, r)
			}
			return transport.RoundTrip(r)
		})})))
		if err != nil || len(kept) != 2 || kept[0].Header.Get("Authorization") == kept[1].Header.Get("Authorization") {
			t.Errorf("%v, %d requests", err, len(kept))
		}
	})
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// Request editors of the generated client may leave a request that no program should have made.
func TestOddRequests(t *testing.T) {
	stalled, writer := io.Pipe()
	defer writer.Close()
	for name, c := range map[string]struct {
		edit func(*http.Request)
		err  error // nil: it is sent
	}{
		"a body that stalls":    {func(r *http.Request) { r.Body = stalled }, context.DeadlineExceeded},
		"a length beyond all":   {func(r *http.Request) { r.ContentLength = math.MaxInt64 }, nil},
		"a length that is long": {func(r *http.Request) { r.ContentLength = 1 << 45 }, nil},
		"no length":             {func(r *http.Request) { r.ContentLength = -1 }, nil},
		"no header":             {func(r *http.Request) { r.Header = nil }, api.ErrInvalidRequest},
		"a header of two lines": {func(r *http.Request) { r.Header.Set("X", "a\r\nY: b") }, errors.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			client := server.Client(api.WithTimeout(brief))
			_, err := client.Generated().CreateAttributeWithResponse(t.Context(), "acc", "deals", gen.Contact{}, func(_ context.Context, r *http.Request) error {
				c.edit(r)
				return nil
			})
			switch {
			case c.err == nil && (err != nil || len(server.Requests()) != 1):
				t.Errorf("got %v after %d requests", err, len(server.Requests()))
			case c.err == errors.ErrUnsupported && err == nil, c.err != nil && c.err != errors.ErrUnsupported && !errors.Is(err, c.err):
				t.Errorf("got %v, want %v", err, c.err)
			case c.err != nil && len(server.Requests()) != 0:
				t.Errorf("%d requests", len(server.Requests()))
			}
		})
	}
}

func TestStalledRequestBodyEndsWithTheCall(t *testing.T) {
	for _, wrap := range []func(io.Reader) io.Reader{
		func(r io.Reader) io.Reader { return r },
		func(r io.Reader) io.Reader { return struct{ io.Reader }{r} }, // without Close
	} {
		pipe, writer := io.Pipe()
		defer writer.Close()
		reader := wrap(pipe)
		client := newClient(t, "https://api.invalid", api.WithTimeout(50*time.Millisecond))
		_, err := client.Generated().CreateAttributeWithBodyWithResponse(t.Context(), "acc", "deals", "application/json", reader)
		checkFailure(t, err, api.NotApplied, context.DeadlineExceeded)
	}
}

func TestBackoffNeverGivesUpByItself(t *testing.T) {
	server := apitest.NewServer(t)
	for range 12 {
		server.Respond(apitest.Reply{Status: 429})
	}
	var waited waits
	_, err := create(t, server.Client(waited.option(), api.WithMaxAttempts(12), api.WithTimeout(time.Hour)))
	if got := as[*api.Error](t, err); got.Attempts != 12 {
		t.Errorf("%d attempts, want 12", got.Attempts)
	}
}

func TestWhatTheCallerSetsIsKept(t *testing.T) {
	server := apitest.NewServer(t)
	transport := &http.Transport{DisableCompression: true}
	client := server.Client(api.WithHTTPClient(&http.Client{Transport: transport, Jar: newJar(t)}), api.WithUserAgent("app/1"))
	_, err := client.Generated().CreateAttributeWithResponse(t.Context(), "acc", "deals", gen.Contact{}, func(_ context.Context, r *http.Request) error {
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

func TestMessagesAreBlankedInManySpellings(t *testing.T) {
	contact := gen.Contact{
		Email: new("Chris.Bloggs@Sakari.io"), FirstName: new("Tom&Jerry-secret"), LastName: new("Ng"),
		Mobile:     &gen.ContactMobile{Number: new("123-456-7890"), LineType: new("mobile")},
		Lists:      []gen.ContactList{{Filter: &gen.ListFilter{Q: new("mailbox@example.net"), Attributes: []gen.FilterAttribute{{Value: []string{"078-05-1120"}}}}}},
		Attributes: properties{"phone": int64(15551234567), "kim@example.org": true, "name": "\u738b\u4f1f", "other": "\u0393\u03b9\u03ce\u03c1\u03b3\u03bf\u03c2"}.raw(),
	}
	for message, leak := range map[string]string{
		"chris.bloggs@sakari.io exists":                         "bloggs",
		"Unknown person Ng":                                     "Ng",
		"\u0393\u0399\u038f\u03a1\u0393\u039f\u03a3 is unknown": "\u0393\u0399\u038f\u03a1\u0393\u039f\u03a3",
		"mailbox@example.net is no filter":                      "mailbox",
		"078-05-1120 is no value":                               "1120",
		"Unknown person \u738b\u4f1f!":                          "\u738b\u4f1f",
		"1234567890 is no number":                               "1234567890",
		"(123) 45 67-890 is no number":                          "45 67",
		"+11234567890 is no number":                             "1234567890",
		"15551234567 is bad":                                    "15551234567",
		"attribute kim@example.org is bad":                      "kim",
		`bad: {"firstName":"Tom\u0026Jerry-secret"}`:            "Jerry",
	} {
		server := apitest.NewServer(t)
		body := fmt.Sprintf(`{"success":false,"error":{"message":%q}}`, message)
		server.Respond(apitest.Reply{Status: 400, Body: body})
		_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
		checkText(t, err, leak)
		if got := as[*api.Error](t, err).Message; got != message {
			t.Errorf("message %q, want %q", got, message)
		}
	}
	const secret = "hunter2&<topsecret"
	server := apitest.NewServer(t)
	server.RespondToken(apitest.Reply{Status: 400, Body: `{"error_description":"no {\"client_secret\":\"hunter2\\u0026\\u003ctopsecret\"}"}`})
	_, err := create(t, server.Client(api.WithClientCredentials("id", secret)))
	as[*api.AuthError](t, err)
	checkText(t, err, "hunter2", "topsecret")
}

// What may be personal is blanked, and the rest can be read.
func TestMessagesStayReadable(t *testing.T) {
	contact := gen.Contact{Email: new("ali@example.com"), FirstName: new("Ali"), Mobile: &gen.ContactMobile{Number: new("+1 001 555 0100")}}
	for message, want := range map[string]string{
		"Contact has requested no further communication": "Contact has requested no further communication",
		"Invalid mobile number":                          "Invalid mobile number",
		"Ali is not valid":                               "[redacted] is not valid",
		"no ali@example.com":                             "no [redacted]",
		"locked by Joe <joe@bloggs.com>, ask":            "locked by Joe <[redacted]>, ask", // of others the name stands
		`of "joe bloggs"@example.com, o'brien@a.example.org; bounce+x=example.com@lists.example.com.`: `of [redacted], [redacted]; [redacted].`,
		"job 7@worker-3:8080 of pkg@v1.2.3": "job 7@worker-3:8080 of pkg@v1.2.3",

		"no 10015550100":   "no [redacted]",
		"try again in 5 s": "try again in 5 s",
	} {
		server := apitest.NewServer(t)
		server.Respond(apitest.Reply{Status: 400, Body: fmt.Sprintf(`{"success":false,"error":{"code":"CONT-001","message":%q}}`, message)})
		_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
		if text := "sakari: createAttribute: 400 Bad Request: CONT-001: " + want + " (not applied)"; err.Error() != text {
			t.Errorf("got  %v\nwant %s", err, text)
		}
	}
}

// An address that a long message is cut in is not shown in part.
func TestCutAddressesAreBlanked(t *testing.T) {
	server := apitest.NewServer(t)
	const most = 4 << 10
	for _, shown := range []int{3, 9, 12, 20} {
		message := strings.Repeat("x ", (most-shown)/2) + strings.Repeat(" ", (most-shown)%2) + "joe.bloggs@example.com"
		server.Respond(apitest.Reply{Status: 400, Body: fmt.Sprintf(`{"success":false,"error":{"message":%q}}`, message)})
		_, err := create(t, server.Client())
		text, _ := json.Marshal(as[*api.Error](t, err))
		if strings.Contains(string(text), "joe") {
			t.Errorf("%d bytes of an address before the cut: ...%s", shown, text[len(text)-100:])
		}
	}
}

// Many words of a server are compared with many of a contact.
func TestBlankingIsQuick(t *testing.T) {
	attributes := properties{}
	for i := range 5_000 {
		attributes[fmt.Sprintf("name%d", i)] = fmt.Sprintf("value%d", 1_000_000+i)
	}
	contact := gen.Contact{Attributes: attributes.raw()}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "q%d %d ", i, 10+i)
	}
	for name, message := range map[string]string{
		"short words": strings.Repeat("q7 ", 1400), "different words": many.String(), "one word": strings.Repeat("x", 4000), "words of 256": strings.Repeat(strings.Repeat("y", 256)+" ", 20),
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.Respond(apitest.Reply{Status: 404}, apitest.Reply{Status: 400, Body: `{"error":{"message":"` + message + ` value1000017"}}`})
			client := server.Client()
			timed := func() time.Duration {
				start := time.Now()
				_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
				checkText(t, err, "value1000017")
				return time.Since(start)
			}
			if plain, blanked := timed(), timed(); blanked > 5*plain+time.Second {
				t.Errorf("the message cost %v, the call without it %v", blanked, plain)
			}
		})
	}
}

func TestCancelledCallFetchesNoToken(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	asked := 0
	client := newClient(t, "https://api.invalid", api.WithTokenSource(sourceFunc(func() (*oauth2.Token, error) { asked++; return nil, nil })))
	_, err := client.CreateAttribute(ctx, gen.AttributeTypeDeals, gen.Contact{})
	checkFailure(t, err, api.NotApplied, context.Canceled)
	if asked != 0 {
		t.Errorf("the source was asked %d times", asked)
	}
}

func TestRefusedTokenIsReplacedOnceInAllAttempts(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(apitest.Reply{Status: 401}, apitest.Reply{Status: 429}, apitest.Reply{Status: 401}, apitest.Reply{Status: 429})
	var waited waits
	_, err := create(t, server.Client(waited.option()))
	if !errors.Is(err, api.ErrUnauthorized) || len(server.Requests()) != 3 {
		t.Errorf("got %v after %d requests, want 401 after 3", err, len(server.Requests()))
	}
}

func TestHangingTokenSource(t *testing.T) {
	release := make(chan struct{})
	var asked atomic.Int32
	source := sourceFunc(func() (*oauth2.Token, error) {
		asked.Add(1)
		<-release
		return &oauth2.Token{AccessToken: "late"}, nil
	})
	client := newClient(t, "https://api.invalid", api.WithTokenSource(source), api.WithTimeout(20*time.Millisecond))
	for range 5 {
		_, err := create(t, client)
		checkFailure(t, err, api.NotApplied, context.DeadlineExceeded)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the source is asked %d times at once, want once", n)
	}
	_, err := create(t, newClient(t, "https://api.invalid", api.WithTokenSource(source), api.WithTokenTimeout(20*time.Millisecond)))
	as[*api.AuthError](t, err)
	checkFailure(t, err, api.NotApplied, context.DeadlineExceeded)
	close(release)
}
