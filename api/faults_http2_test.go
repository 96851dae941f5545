package api_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// Frames of HTTP/2, RFC 9113 section 6.
const (
	frameData     = 0
	frameHeaders  = 1
	frameReset    = 3
	frameSettings = 4
	framePing     = 6
	frameGoAway   = 7

	endStream  = 1
	endHeaders = 4
	ack        = 1
)

func frame(kind, flags byte, stream uint32, payload ...byte) []byte {
	length := len(payload)
	head := []byte{byte(length >> 16), byte(length >> 8), byte(length), kind, flags}
	return append(binary.BigEndian.AppendUint32(head, stream), payload...)
}

func reset(stream, code uint32) []byte {
	return frame(frameReset, 0, stream, binary.BigEndian.AppendUint32(nil, code)...)
}

func goAway(last, code uint32) []byte {
	return frame(frameGoAway, 0, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), code)...)
}

// header200 has the status 200 (of the static table) and a Content-Type.
func header200(stream uint32) []byte {
	const media = "application/json"
	return frame(frameHeaders, endHeaders, stream, append([]byte{0x88, 0x0f, 0x10, byte(len(media))}, media...)...)
}

func header103(stream uint32) []byte {
	return frame(frameHeaders, endHeaders, stream, append([]byte{0x48, 3}, "103"...)...)
}

// http2Server takes whole requests, one after the other on each connection, and then acts on the stream.
type http2Server struct {
	base      string
	client    *http.Client
	processed atomic.Int32
	seen      chan struct{} // gets a value when a client answers a ping, or closes its connection
}

func startHTTP2(t *testing.T, secure bool, act func(c net.Conn, stream uint32, nth int)) *http2Server {
	t.Helper()
	s := &http2Server{seen: make(chan struct{}, 1)}
	see := func() {
		select {
		case s.seen <- struct{}{}:
		default:
		}
	}
	address := accepts(func(c net.Conn) {
		defer see()
		if secure {
			c = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"h2"}})
		}
		if _, err := io.ReadFull(c, make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
			return
		}
		_, _ = c.Write(frame(frameSettings, 0, 0))
		head := make([]byte, 9)
		for {
			if _, err := io.ReadFull(c, head); err != nil {
				return
			}
			if _, err := io.CopyN(io.Discard, c, int64(head[0])<<16|int64(head[1])<<8|int64(head[2])); err != nil {
				return
			}
			kind, flags, stream := head[3], head[4], binary.BigEndian.Uint32(head[5:])
			switch {
			case kind == frameSettings && flags&ack == 0:
				_, _ = c.Write(frame(frameSettings, ack, 0))
			case kind == framePing && flags&ack != 0:
				see()
			case (kind == frameData || kind == frameHeaders) && flags&endStream != 0:
				act(c, stream, int(s.processed.Add(1)))
			}
		}
	})(t)
	leaf, err := x509.ParseCertificate(certificate().Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	transport := api.NewTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	t.Cleanup(transport.CloseIdleConnections)
	s.base, s.client = "https://"+address, &http.Client{Transport: transport}
	if !secure {
		s.base = "http://" + address
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	return s
}

// writeHTTP2 writes frames, the last one for ever if it is to be repeated.
func writeHTTP2(repeat bool, frames ...func(stream uint32) []byte) func(net.Conn, uint32, int) {
	return func(c net.Conn, stream uint32, _ int) {
		for i := 0; i < len(frames); i++ {
			if _, err := c.Write(frames[i](stream)); err != nil {
				return
			}
			if repeat && i == len(frames)-1 {
				i--
			}
		}
	}
}

// The server takes the whole POST, and then ends the stream or the connection in some way. Net/http sends such a
// request again by itself, after some of these as often as the server likes.
func TestHTTP2DeliversOnce(t *testing.T) {
	resets := func(code uint32) func(uint32) []byte {
		return func(stream uint32) []byte { return reset(stream, code) }
	}
	goes := func(last, code uint32) func(uint32) []byte { return func(uint32) []byte { return goAway(last, code) } }
	body := func(stream uint32) []byte { return frame(frameData, 0, stream, []byte(yes)...) }
	empty := func(stream uint32) []byte { return frame(frameData, 0, stream) }
	settings := func(uint32) []byte { return frame(frameSettings, 0, 0) }
	garbage := func(stream uint32) []byte { return frame(frameHeaders, endHeaders, stream, 0xff, 0xff, 0xff) }
	for name, act := range map[string]func(net.Conn, uint32, int){
		"RST NO_ERROR":                   writeHTTP2(false, resets(0)),
		"RST PROTOCOL_ERROR":             writeHTTP2(false, resets(1)),
		"RST INTERNAL_ERROR":             writeHTTP2(false, resets(2)),
		"RST REFUSED_STREAM":             writeHTTP2(false, resets(7)),
		"RST CANCEL":                     writeHTTP2(false, resets(8)),
		"RST ENHANCE_YOUR_CALM":          writeHTTP2(false, resets(11)),
		"RST HTTP_1_1_REQUIRED":          writeHTTP2(false, resets(13)),
		"GOAWAY of all":                  writeHTTP2(false, goes(0, 0)),
		"GOAWAY, ENHANCE_YOUR_CALM":      writeHTTP2(false, goes(0, 11)),
		"header, then PROTOCOL_ERROR":    writeHTTP2(false, header200, resets(1)),
		"header, then REFUSED_STREAM":    writeHTTP2(false, header200, resets(7)),
		"header and body, then NO_ERROR": writeHTTP2(false, header200, body, resets(0)),
		"garbage":                        writeHTTP2(false, garbage),
		"hints for ever":                 writeHTTP2(true, header103),
		"settings for ever":              writeHTTP2(true, settings),
		"empty data for ever":            writeHTTP2(true, header200, empty),
		"a cut":                          func(c net.Conn, _ uint32, _ int) { _ = c.Close() },
		"GOAWAY of all, and a cut": func(c net.Conn, _ uint32, _ int) {
			_, _ = c.Write(goAway(0, 0))
			_ = c.Close()
		},
		"GOAWAY of none, and a cut": func(c net.Conn, _ uint32, _ int) {
			_, _ = c.Write(goAway(1<<31-1, 0))
			_ = c.Close()
		},
	} {
		for _, kind := range []string{"TLS", "plain", "registered"} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				server := startHTTP2(t, kind == "TLS", act)
				if kind == "registered" { // where it does not look like HTTP/2
					outer := &http.Transport{}
					outer.RegisterProtocol("http", server.client.Transport)
					server.client.Transport = outer
				}
				client := newClient(t, server.base, api.WithHTTPClient(server.client), api.WithTimeout(4*brief))
				got, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, faultContact)
				if got != nil || api.OutcomeOf(err) != api.Unknown || server.processed.Load() != 1 {
					t.Errorf("got %v, %v; processed %d times", got, err, server.processed.Load())
				}
				checkSilent(t, chain(err)...)
			})
		}
	}
}

// A POST without a body is not repeated either, and net/http does not ask for its body.
func TestHTTP2DeliversOnceWithoutABody(t *testing.T) {
	doc := readContract(t)
	op := &openapi3.Operation{OperationID: "ping", Responses: openapi3.NewResponses(openapi3.WithStatus(200, &openapi3.ResponseRef{Value: openapi3.NewResponse().WithDescription("ok")}))}
	doc.AddOperation("/v2/ping", http.MethodPost, op)
	server := startHTTP2(t, true, func(c net.Conn, stream uint32, _ int) { _, _ = c.Write(reset(stream, 1)) })
	client := newClient(t, server.base, api.WithContract(doc), api.WithHTTPClient(server.client), api.WithTimeout(4*brief))
	err := sendRaw(t, client, http.MethodPost, server.base+"/v2/ping", "")
	if api.OutcomeOf(err) != api.Unknown || server.processed.Load() != 1 {
		t.Errorf("got %v; processed %d times", err, server.processed.Load())
	}
}

// A PUT is repeated by the client, with its waits and as often as it may be, and not by net/http.
func TestHTTP2CountsAttempts(t *testing.T) {
	doc := readContract(t)
	op := &openapi3.Operation{
		OperationID: "replace", RequestBody: &openapi3.RequestBodyRef{Value: openapi3.NewRequestBody().WithJSONSchema(openapi3.NewObjectSchema())},
		Responses: openapi3.NewResponses(openapi3.WithStatus(200, &openapi3.ResponseRef{Value: openapi3.NewResponse().WithDescription("ok")})),
	}
	doc.AddOperation("/v2/widget", http.MethodPut, op)
	server := startHTTP2(t, true, func(c net.Conn, stream uint32, _ int) { _, _ = c.Write(reset(stream, 1)) })
	var waited waits
	client := newClient(t, server.base, api.WithContract(doc), api.WithHTTPClient(server.client), waited.option())
	err := sendRaw(t, client, http.MethodPut, server.base+"/v2/widget", "{}")
	if api.OutcomeOf(err) != api.Unknown || server.processed.Load() != 3 || len(waited) != 2 {
		t.Errorf("got %v; processed %d times, waited %v", err, server.processed.Load(), waited)
	}
}

// A GET has no body that net/http would ask for again. It sends the GET again by itself, hundreds of times a second after some
// resets: it is stopped at the first repeat, which may be on its way by then.
func TestHTTP2RepeatsNoGet(t *testing.T) {
	const stopped = "is not sent again"
	for name, c := range map[string]struct {
		act   func(net.Conn, uint32, int)
		texts []string // one of them is in the error
	}{
		// Go 1.27 sends it again no more, and returns the reset.
		"PROTOCOL_ERROR": {
			act:   func(c net.Conn, stream uint32, _ int) { _, _ = c.Write(reset(stream, 1)) },
			texts: []string{stopped, "PROTOCOL_ERROR"},
		},
		"REFUSED_STREAM": {
			act:   func(c net.Conn, stream uint32, _ int) { _, _ = c.Write(reset(stream, 7)) },
			texts: []string{stopped},
		},
		"GOAWAY of all": {
			act:   func(c net.Conn, _ uint32, _ int) { _, _ = c.Write(goAway(0, 0)) },
			texts: []string{stopped},
		},
		"hints, then PROTOCOL_ERROR": {
			act: func(c net.Conn, stream uint32, _ int) {
				_, _ = c.Write(header103(stream))
				_, _ = c.Write(reset(stream, 1))
			},
			texts: []string{stopped, "PROTOCOL_ERROR"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startHTTP2(t, true, c.act)
			var waited waits
			client := newClient(t, server.base, api.WithHTTPClient(server.client), waited.option())
			got, err := client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "7")
			told := func(text string) bool { return err != nil && strings.Contains(err.Error(), text) }
			if got != nil || api.OutcomeOf(err) != api.Unknown || errors.Is(err, context.Canceled) || !slices.ContainsFunc(c.texts, told) {
				t.Errorf("got %v, %v", got, err)
			}
			if n := server.processed.Load(); n < 3 || n > 6 || len(waited) != 2 {
				t.Errorf("processed %d times in three attempts, with %d waits", n, len(waited))
			}
		})
	}
}

// asking is a transport that asks something else before each request, in the request's name.
type asking struct{ http.RoundTripper }

func (a asking) RoundTrip(r *http.Request) (*http.Response, error) {
	first, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.URL.String(), nil)
	if err != nil {
		return nil, err
	}
	answer, err := a.RoundTripper.RoundTrip(first)
	if err != nil {
		return nil, err
	}
	_ = answer.Body.Close()
	return a.RoundTripper.RoundTrip(r)
}

// What another transport does is no repeat of net/http.
func TestHTTP2LetsTransportsAsk(t *testing.T) {
	server := startHTTP2(t, true, func(c net.Conn, stream uint32, _ int) {
		_, _ = c.Write(header200(stream))
		_, _ = c.Write(frame(frameData, endStream, stream, []byte(page(`"hasNext":false`, "7"))...))
	})
	server.client.Transport = asking{server.client.Transport}
	client := newClient(t, server.base, api.WithHTTPClient(server.client), api.WithMaxAttempts(1))
	for range 3 {
		if _, err := client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "7"); err != nil {
			t.Error(err)
		}
	}
}

// A connection that the server gave up between two calls costs nothing but a new one.
func TestHTTP2ConnectionThatIsGone(t *testing.T) {
	server := startHTTP2(t, true, func(c net.Conn, stream uint32, nth int) {
		_, _ = c.Write(header200(stream))
		_, _ = c.Write(frame(frameData, endStream, stream, []byte(yes)...))
		if nth == 1 {
			_, _ = c.Write(goAway(stream, 0))
			_, _ = c.Write(frame(framePing, 0, 0, make([]byte, 8)...))
		}
	})
	client := newClient(t, server.base, api.WithHTTPClient(server.client))
	for call := range 2 {
		if call == 1 {
			<-server.seen // the client has seen that the server goes
		}
		if _, err := create(t, client); err != nil {
			t.Error(err)
		}
	}
	if n := server.processed.Load(); n != 2 {
		t.Errorf("processed %d times", n)
	}
}
