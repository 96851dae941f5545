package api_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

// rawServer reads each request of each connection and lets answer write what it likes.
func rawServer(t *testing.T, answer func(w io.Writer, r *http.Request, body string)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				reader := bufio.NewReader(connection)
				for {
					r, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					body, _ := io.ReadAll(r.Body)
					answer(connection, r, string(body))
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

func TestSwitchingProtocolsDoesNotHang(t *testing.T) {
	base := rawServer(t, func(w io.Writer, _ *http.Request, _ string) {
		fmt.Fprint(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	})
	_, err := create(t, newClient(t, base, api.WithTimeout(200*time.Millisecond)))
	checkFailure(t, err, api.Unknown, context.DeadlineExceeded)
	as[*api.Error](t, err)
}

func TestServersGarbageIsNotInTheText(t *testing.T) {
	for name, format := range map[string]string{
		"status line":       "%[1]s\r\n\r\n",
		"status code":       "HTTP/1.1 %[1]s\r\n\r\n",
		"header line":       "HTTP/1.1 200 OK\r\n%[1]s\r\n\r\n",
		"Content-Length":    "HTTP/1.1 200 OK\r\nContent-Length: %[1]s\r\n\r\n",
		"Transfer-Encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: %[1]s\r\n\r\n",
		"long header line":  "HTTP/1.1 200 OK\r\n%[1]s" + strings.Repeat("x", 1<<18) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			base := rawServer(t, func(w io.Writer, r *http.Request, body string) {
				fmt.Fprintf(w, format, strings.ReplaceAll(r.Header.Get("Authorization")+body, " ", "_"))
				_ = w.(net.Conn).Close()
			})
			_, err := create(t, newClient(t, base))
			checkFailure(t, err, api.Unknown, nil)
			checkText(t, err, "chris", "made-for-this-test")
			if len(err.Error()) > 400 {
				t.Errorf("a text of %d bytes", len(err.Error()))
			}
		})
	}
}

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
	t.Run("a proxy that is not there", func(t *testing.T) {
		proxy := &url.URL{Scheme: "http", Host: closedAddress(t)}
		var waited waits
		client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
		_, err := create(t, newClient(t, "https://api.invalid", waited.option(), api.WithHTTPClient(client)))
		checkFailure(t, err, api.NotApplied, nil)
		if len(waited) != 2 {
			t.Errorf("waited %v, want twice", waited)
		}
	})
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

func TestEndlessEmptyGzip(t *testing.T) {
	var member bytes.Buffer
	if err := gzip.NewWriter(&member).Close(); err != nil {
		t.Fatal(err)
	}
	many := bytes.Repeat(member.Bytes(), 1000)
	base := rawServer(t, func(w io.Writer, _ *http.Request, _ string) {
		fmt.Fprint(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")
		for range 10_000 {
			if _, err := w.Write(many); err != nil {
				return
			}
		}
	})
	_, err := create(t, newClient(t, base))
	broken := as[*api.ValidationError](t, err)
	if broken.Violations[0].Location != "body" || api.OutcomeOf(err) != api.Applied {
		t.Errorf("got %v", err)
	}
}

func TestBadGzipOfAnErrorIsAnError(t *testing.T) {
	server := apitest.NewServer(t)
	bad := apitest.Reply{Status: 429, Header: header("Content-Encoding", "gzip"), Body: `{"success":false,"error":{"code":"X"}}`}
	server.Respond(bad, bad, bad)
	var waited waits
	_, err := create(t, server.Client(waited.option()))
	if got := as[*api.Error](t, err); got.Code != "X" || got.Attempts != 3 || !errors.Is(err, api.ErrRateLimited) {
		t.Errorf("got %v", err)
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
		Attributes: map[string]any{"phone": 15551234567, "kim@example.org": true, "name": "\u738b\u4f1f"},
	}
	for message, leak := range map[string]string{
		"chris.bloggs@sakari.io exists":              "bloggs",
		"Unknown person Ng":                          "Ng",
		"Unknown person \u738b\u4f1f!":               "\u738b\u4f1f",
		"1234567890 is no number":                    "1234567890",
		"(123) 45 67-890 is no number":               "45 67",
		"+11234567890 is no number":                  "1234567890",
		"15551234567 is bad":                         "15551234567",
		"attribute kim@example.org is bad":           "kim",
		`bad: {"firstName":"Tom\u0026Jerry-secret"}`: "Jerry",
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
	many := map[string]any{}
	for i := range 5000 {
		many[fmt.Sprintf("name%d", i)] = fmt.Sprintf("value%d", i)
	}
	server := apitest.NewServer(t)
	server.Respond(apitest.Reply{Status: 400, Body: `{"error":{"message":"` + strings.Repeat("x", 4090) + " " + strings.Repeat("value17 ", 1<<16) + `"}}`})
	start := time.Now()
	_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{Attributes: many})
	checkText(t, err, "value")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a long message took %v", took)
	}
	const secret = "hunter2&<topsecret"
	server = apitest.NewServer(t)
	server.RespondToken(apitest.Reply{Status: 400, Body: `{"error_description":"no {\"client_secret\":\"hunter2\\u0026\\u003ctopsecret\"}"}`})
	_, err = create(t, server.Client(api.WithClientCredentials("id", secret)))
	as[*api.AuthError](t, err)
	checkText(t, err, "hunter2", "topsecret")
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
