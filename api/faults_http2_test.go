package api_test

import (
	"context"
	"errors"
	"fmt"
	"go/build"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
	"github.com/sakari-go/sakari-go/gen"
)

// startHTTP2 starts a server that writes frames, and returns a transport that reaches it.
func startHTTP2(t *testing.T, secure bool, act faultserver.HTTP2Action) (*faultserver.HTTP2Server, *http.Transport) {
	t.Helper()
	server := faultserver.StartHTTP2(t, secure, act)
	transport := api.NewTransport()
	server.Connect(t, transport)
	return server, transport
}

// The server reads the whole POST, and then ends the stream or the connection. Net/http would send
// some of these requests again, as often as the server likes.
func TestHTTP2_SendsPostOnce(t *testing.T) {
	for _, row := range []struct {
		name string
		act  faultserver.HTTP2Action
	}{
		{name: "RST_STREAM NO_ERROR", act: resetStream(faultserver.NoError)},
		{name: "RST_STREAM PROTOCOL_ERROR", act: resetStream(faultserver.ProtocolError)},
		{name: "RST_STREAM INTERNAL_ERROR", act: resetStream(faultserver.InternalError)},
		{name: "RST_STREAM CANCEL", act: resetStream(faultserver.Cancel)},
		{name: "RST_STREAM ENHANCE_YOUR_CALM", act: resetStream(faultserver.EnhanceYourCalm)},
		{name: "RST_STREAM HTTP_1_1_REQUIRED", act: resetStream(faultserver.HTTP11Required)},
		{
			name: "a header, then PROTOCOL_ERROR",
			act:  faultserver.WriteFrames(faultserver.Header, faultserver.ResetStream(faultserver.ProtocolError)),
		},
		{
			name: "a header, then REFUSED_STREAM",
			act:  faultserver.WriteFrames(faultserver.Header, faultserver.ResetStream(faultserver.RefusedStream)),
		},
		{
			name: "a header and a body, then NO_ERROR",
			act: faultserver.WriteFrames(
				faultserver.Header, faultserver.Data(successBody), faultserver.ResetStream(faultserver.NoError),
			),
		},
		{name: "a malformed header", act: faultserver.WriteFrames(faultserver.BadHeader)},
		{name: "status 103 for ever", act: faultserver.WriteFrameForever(faultserver.EarlyHints)},
		{name: "settings for ever", act: faultserver.WriteFrameForever(faultserver.Settings)},
		{
			name: "empty data for ever",
			act:  faultserver.WriteFrameForever(faultserver.Data(""), faultserver.Header),
		},
		{name: "a closed connection", act: faultserver.WriteFramesThenClose()},
		{
			name: "GOAWAY with a lie in its text",
			act: faultserver.WriteFramesThenClose(faultserver.GoAwaySaying(faultserver.MaxStream, faultserver.NoError,
				"http2: Transport received Server's graceful shutdown GOAWAY")),
		},
		{
			name: "GOAWAY, all streams processed, and a closed connection",
			act:  faultserver.WriteFramesThenClose(faultserver.GoAway(faultserver.MaxStream, faultserver.NoError)),
		},
	} {
		for _, kind := range http2Kinds {
			t.Run(row.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				server, client := startHTTP2Kind(t, kind, row.act, api.WithTimeout(sentTimeout))
				got, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, faultContact)
				if got != nil || api.OutcomeOf(err) != api.Unknown || server.Received() != 1 {
					t.Errorf("got %v, %v; processed %d times", got, err, server.Received())
				}
				checkNoSecrets(t, errorValues(err)...)
			})
		}
	}
}

var http2Kinds = []string{"TLS", "plain", "registered"}

// roundTripOnly is a transport of net/http that the client cannot see.
type roundTripOnly struct{ transport *http.Transport }

func (r roundTripOnly) RoundTrip(request *http.Request) (*http.Response, error) {
	return r.transport.RoundTrip(request)
}

// A RoundTripper of the caller may need GetBody, with which net/http hides why it would send a
// request again. Before Go 1.27 that may be an error after the request was processed.
func TestHTTP2_RetriesBelowARoundTripper(t *testing.T) {
	isReason := slices.Contains(build.Default.ReleaseTags, "go1.27")
	for name, refuse := range map[string]faultserver.HTTP2Action{
		"REFUSED_STREAM": resetStream(faultserver.RefusedStream),
		"GOAWAY":         faultserver.WriteFrames(faultserver.GoAway(0, faultserver.NoError)),
		"PROTOCOL_ERROR": resetStream(faultserver.ProtocolError),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			respond := faultserver.WriteFrames(faultserver.Header, faultserver.LastData(successBody))
			server, transport := startHTTP2(t, true, func(c net.Conn, r faultserver.HTTP2Request) {
				if r.Number == 1 {
					refuse(c, r)
				} else {
					respond(c, r)
				}
			})
			client := newClient(t, server.URL, api.WithHTTPClient(&http.Client{Transport: roundTripOnly{transport}}))
			_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, faultContact)
			want, wantReceived := api.Unknown, 1
			if isReason && name != "PROTOCOL_ERROR" {
				want, wantReceived = api.Applied, 2
			}
			if api.OutcomeOf(err) != want || server.Received() != wantReceived {
				t.Errorf("got %v after %d requests, want %v after %d", err, server.Received(), want, wantReceived)
			}
		})
	}
}

// startHTTP2Kind starts a server that writes frames, and returns a client of it.
func startHTTP2Kind(
	t *testing.T, kind string, act faultserver.HTTP2Action, opts ...api.Option,
) (*faultserver.HTTP2Server, *api.Client) {
	t.Helper()
	server, transport := startHTTP2(t, kind == "TLS", act)
	if kind == "registered" { // the client cannot see that this transport uses HTTP/2
		outer := &http.Transport{}
		outer.RegisterProtocol("http", transport)
		transport = outer
	}
	return server, newClient(t, server.URL, append(opts, withTransport(transport))...)
}

// The server says that it did not process the POST: RFC 9113, section 8.7. The client sends it
// again within its attempts.
func TestHTTP2_RetriesAPostThatWasNotProcessed(t *testing.T) {
	respond := faultserver.WriteFrames(faultserver.Header, faultserver.LastData(successBody))
	for name, refuse := range map[string]faultserver.HTTP2Action{
		"RST_STREAM REFUSED_STREAM": resetStream(faultserver.RefusedStream),
		"GOAWAY":                    faultserver.WriteFrames(faultserver.GoAway(0, faultserver.NoError)),
		"GOAWAY ENHANCE_YOUR_CALM":  faultserver.WriteFrames(faultserver.GoAway(0, faultserver.EnhanceYourCalm)),
		"GOAWAY, and a closed connection": faultserver.WriteFramesThenClose(
			faultserver.GoAway(0, faultserver.NoError)),
	} {
		for _, kind := range http2Kinds {
			for refusals, wantReceived := range map[int]int{1: 2, 2: 3, 3: 3} {
				t.Run(fmt.Sprintf("%s/%s/%d times", name, kind, refusals), func(t *testing.T) {
					t.Parallel()
					var waited waits
					server, client := startHTTP2Kind(t, kind, func(c net.Conn, r faultserver.HTTP2Request) {
						if r.Number <= refusals {
							refuse(c, r)
						} else {
							respond(c, r)
						}
					}, waited.option())
					_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, faultContact)
					wantErr := refusals == 3
					if (err != nil) != wantErr || wantErr && api.OutcomeOf(err) != api.NotApplied || server.Received() != wantReceived {
						t.Errorf("got %v after %d requests", err, server.Received())
					}
					if len(waited) != wantReceived-1 || waited[0] != 0 {
						t.Errorf("waited %v, want nothing before the first retry", waited)
					}
				})
			}
		}
	}
}

// A server that ends each connection after 100 requests loses none of them, and gets none twice.
func TestHTTP2_LosesNothingAtGoAway(t *testing.T) {
	t.Parallel()
	const lastStream = 2*100 - 1
	var arrived arrivals
	respond := faultserver.WriteFrames(faultserver.Header, faultserver.LastData(successBody))
	goAway := faultserver.WriteFrames(faultserver.GoAway(lastStream, faultserver.NoError))
	server, transport := startHTTP2(t, true, func(c net.Conn, r faultserver.HTTP2Request) {
		if r.Stream > lastStream {
			return // the GOAWAY says so
		}
		arrived.add(r.Body)
		respond(c, r)
		if r.Stream == lastStream {
			goAway(c, r)
		}
	})
	arrived.checkCalls(t, newClient(t, server.URL, withTransport(transport)), 32, 50)
}

// A server with a limit of streams refuses those that a client opens before it knows the limit.
func TestHTTP2_LosesNothingAtTheLimitOfStreams(t *testing.T) {
	t.Parallel()
	const maxStreams = 10
	var arrived arrivals
	var mu sync.Mutex
	open, refused := make(map[net.Conn]int), 0
	respond := faultserver.WriteFrames(faultserver.Header, faultserver.LastData(successBody))
	server, transport := startHTTP2(t, true, func(c net.Conn, r faultserver.HTTP2Request) {
		mu.Lock()
		defer mu.Unlock()
		if open[c] == maxStreams {
			refused++
			resetStream(faultserver.RefusedStream)(c, r)
			return
		}
		open[c]++
		arrived.add(r.Body)
		time.AfterFunc(time.Millisecond, func() { // other streams open meanwhile
			mu.Lock()
			defer mu.Unlock()
			open[c]--
			respond(c, r)
		})
	})
	server.MaxStreams = maxStreams
	arrived.checkCalls(t, newClient(t, server.URL, withTransport(transport)), 128, 2)
	if refused == 0 {
		t.Error("the server refused no stream")
	}
}

// arrivals counts the bodies that a server accepted.
type arrivals struct {
	mu     sync.Mutex
	counts map[string]int
}

func (a *arrivals) add(body string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.counts == nil {
		a.counts = make(map[string]int)
	}
	a.counts[body]++
}

// checkCalls makes calls of many callers with a contact each, and checks that each arrived once.
func (a *arrivals) checkCalls(t *testing.T, client *api.Client, callers, calls int) {
	t.Helper()
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for call := range calls {
				contact := gen.Contact{Email: new(fmt.Sprintf("%d.%d@example.com", caller, call))}
				if _, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact); err != nil {
					t.Errorf("caller %d, call %d: %v", caller, call, err)
				}
			}
		})
	}
	group.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.counts) != callers*calls {
		t.Errorf("%d contacts arrived, want %d", len(a.counts), callers*calls)
	}
	for body, n := range a.counts {
		if n != 1 {
			t.Errorf("%s arrived %d times", body, n)
		}
	}
}

func resetStream(code uint32) faultserver.HTTP2Action {
	return faultserver.WriteFrames(faultserver.ResetStream(code))
}

// Net/http cannot ask for a body again if there is none. Without one, a request that changes
// something is sent once, also below a transport of the caller.
func TestHTTP2_SendsOnceWithoutABody(t *testing.T) {
	doc := readSpec(t)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		doc.AddOperation("/v2/ping", method, &openapi3.Operation{OperationID: method, Responses: okResponses()})
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		for _, isWrapped := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/wrapped %v", method, isWrapped), func(t *testing.T) {
				server, transport := startHTTP2(t, true, func(c net.Conn, r faultserver.HTTP2Request) {
					if r.Number == 1 { // it was processed
						resetStream(faultserver.ProtocolError)(c, r)
					} else {
						faultserver.WriteFrames(faultserver.Header, faultserver.LastData(`{"success":false}`))(c, r)
					}
				})
				use := withTransport(transport)
				if isWrapped {
					use = withRoundTrip(transport.RoundTrip)
				}
				client := newClient(t, server.URL, api.WithSpec(doc), use, api.WithMaxAttempts(1))
				err := sendRaw(t, client, method, server.URL+"/v2/ping", "")
				if api.OutcomeOf(err) != api.Unknown || server.Received() != 1 {
					t.Errorf("got %v; processed %d times", err, server.Received())
				}
			})
		}
	}
}

// The client itself sends a PUT again, with its waits and within its attempts.
func TestHTTP2_CountsAttemptsOfPut(t *testing.T) {
	doc := readSpec(t)
	body := openapi3.NewRequestBody().WithJSONSchema(openapi3.NewObjectSchema())
	doc.AddOperation("/v2/widget", http.MethodPut, &openapi3.Operation{
		OperationID: "replace",
		RequestBody: &openapi3.RequestBodyRef{Value: body},
		Responses:   okResponses(),
	})
	server, transport := startHTTP2(t, true, resetStream(faultserver.ProtocolError))
	var waited waits
	client := newClient(t, server.URL, api.WithSpec(doc), withTransport(transport), waited.option())
	err := sendRaw(t, client, http.MethodPut, server.URL+"/v2/widget", "{}")
	if api.OutcomeOf(err) != api.Unknown || server.Received() != 3 || len(waited) != 2 {
		t.Errorf("got %v; processed %d times, waited %v", err, server.Received(), waited)
	}
}

func okResponses() *openapi3.Responses {
	response := openapi3.NewResponse().WithDescription("ok")
	return openapi3.NewResponses(openapi3.WithStatus(http.StatusOK, &openapi3.ResponseRef{Value: response}))
}

// Net/http needs no body to resend a GET. After some resets it does so hundreds of times a second.
// The client stops it at the first resend, which may be on its way by then.
func TestHTTP2_StopsResendsOfGet(t *testing.T) {
	const stopped = "is not sent again"
	for _, row := range []struct {
		name  string
		act   faultserver.HTTP2Action
		texts []string // one of them is in the error
	}{
		{
			name:  "PROTOCOL_ERROR",
			act:   resetStream(faultserver.ProtocolError),
			texts: []string{stopped, "PROTOCOL_ERROR"}, // Go 1.27 returns the reset
		},
		{
			name:  "REFUSED_STREAM",
			act:   resetStream(faultserver.RefusedStream),
			texts: []string{stopped},
		},
		{
			name:  "GOAWAY, no stream processed",
			act:   faultserver.WriteFrames(faultserver.GoAway(0, faultserver.NoError)),
			texts: []string{stopped},
		},
		{
			name:  "status 103, then PROTOCOL_ERROR",
			act:   faultserver.WriteFrames(faultserver.EarlyHints, faultserver.ResetStream(faultserver.ProtocolError)),
			texts: []string{stopped, "PROTOCOL_ERROR"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			server, transport := startHTTP2(t, true, row.act)
			var waited waits
			client := newClient(t, server.URL, withTransport(transport), waited.option())
			got, err := client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "7")
			inError := func(text string) bool { return err != nil && strings.Contains(err.Error(), text) }
			if got != nil || api.OutcomeOf(err) != api.Unknown || errors.Is(err, context.Canceled) ||
				!slices.ContainsFunc(row.texts, inError) {
				t.Errorf("got %v, %v", got, err)
			}
			if n := server.Received(); n < 3 || n > 6 || len(waited) != 2 {
				t.Errorf("processed %d times in three attempts, with %d waits", n, len(waited))
			}
		})
	}
}

// preflight is a transport that sends another request before each one, with the same context.
type preflight struct{ http.RoundTripper }

func (p preflight) RoundTrip(r *http.Request) (*http.Response, error) {
	first, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.URL.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := p.RoundTripper.RoundTrip(first)
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close()
	return p.RoundTripper.RoundTrip(r)
}

// A further request of the caller's transport is not taken for a resend by net/http.
func TestHTTP2_AllowsRequestsOfTransport(t *testing.T) {
	server, transport := startHTTP2(t, true,
		faultserver.WriteFrames(faultserver.Header, faultserver.LastData(page(`"hasNext":false`, "7"))))
	client := newClient(t, server.URL, withTransport(preflight{transport}), api.WithMaxAttempts(1))
	for range 3 {
		if _, err := client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "7"); err != nil {
			t.Error(err)
		}
	}
}

// A transport of the caller sends a POST twice. That the server did not process the second one says
// nothing of the first one.
func TestHTTP2_DoubtsTheRefusalOfAResend(t *testing.T) {
	for name, refuse := range map[string]faultserver.HTTP2Action{
		"REFUSED_STREAM":           resetStream(faultserver.RefusedStream),
		"GOAWAY":                   faultserver.WriteFrames(faultserver.GoAway(0, faultserver.NoError)),
		"GOAWAY ENHANCE_YOUR_CALM": faultserver.WriteFrames(faultserver.GoAway(0, faultserver.EnhanceYourCalm)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, transport := startHTTP2(t, true, func(c net.Conn, r faultserver.HTTP2Request) {
				if r.Number == 1 { // it may have been processed; net/http uses the connection no more
					resetStream(faultserver.ProtocolError)(c, r)
				} else {
					refuse(c, r)
				}
			})
			client := newClient(t, server.URL, withRoundTrip(func(r *http.Request) (*http.Response, error) {
				again := *r
				again.Body, _ = r.GetBody()
				again.GetBody = nil
				if response, err := transport.RoundTrip(r); err == nil {
					return response, nil
				}
				return transport.RoundTrip(&again)
			}))
			_, err := create(t, client)
			if api.OutcomeOf(err) != api.Unknown || server.Received() != 2 {
				t.Errorf("got %v after %d requests", err, server.Received())
			}
		})
	}
}

// Net/http refuses some fields over HTTP/2 when it has a connection, and before it writes anything.
func TestHTTP2_ReportsFieldsThatItDoesNotSend(t *testing.T) {
	for name, edit := range map[string]func(http.Header){
		"Upgrade":           func(h http.Header) { h.Set("Upgrade", "x") },
		"Transfer-Encoding": func(h http.Header) { h.Set("Transfer-Encoding", "x") },
		"Connection":        func(h http.Header) { h.Set("Connection", "x") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			respond := faultserver.WriteFrames(faultserver.Header, faultserver.LastData(successBody))
			server, transport := startHTTP2(t, true, respond)
			var waited waits
			client := newClient(t, server.URL, withTransport(transport), waited.option())
			_, err := client.Generated().UpdateAttributeWithResponse(t.Context(), "acc", "contacts", "7", faultContact,
				func(_ context.Context, r *http.Request) error { edit(r.Header); return nil })
			checkFailure(t, err, api.NotApplied, nil)
			if server.Received() != 0 || len(waited) != 0 {
				t.Errorf("the server received %d requests, and the client waited %v", server.Received(), waited)
			}
		})
	}
}

// The client opens a new connection if the server has ended the old one between two calls.
func TestHTTP2_ReconnectsAfterGoAway(t *testing.T) {
	respond := faultserver.WriteFrames(faultserver.Header, faultserver.LastData(successBody))
	server, transport := startHTTP2(t, true, func(c net.Conn, r faultserver.HTTP2Request) {
		respond(c, r)
		if r.Number == 1 {
			goAway := faultserver.GoAway(r.Stream, faultserver.NoError)
			faultserver.WriteFrames(goAway, faultserver.Ping)(c, r)
		}
	})
	client := newClient(t, server.URL, withTransport(transport))
	if _, err := create(t, client); err != nil {
		t.Error(err)
	}
	<-server.Seen // the client has read the GOAWAY
	if _, err := create(t, client); err != nil {
		t.Error(err)
	}
	if n := server.Received(); n != 2 {
		t.Errorf("processed %d times", n)
	}
}
