package api

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
)

// progress observes how far a request got.
type progress struct {
	trace                    httptrace.ClientTrace
	traced, connected, http2 atomic.Bool
	repeated                 atomic.Bool
}

func newProgress() *progress {
	p := &progress{}
	p.trace = httptrace.ClientTrace{
		GetConn: func(string) { p.traced.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { p.connected.Store(true) },
		WroteHeaderField: func(name string, _ []string) {
			if strings.HasPrefix(name, ":") { // as in HTTP/2 alone
				p.http2.Store(true)
			}
		},
	}
	return p
}

// endRepeats ends a round trip over HTTP/2 when net/http begins to send a request without a body again by itself. It does so
// whenever the server says certain things, as often as the server likes: there the retrier decides. The first repeat may be on
// its way by then. Over HTTP/1 net/http repeats it only where a kept connection broke before any answer, and that ends.
func (p *progress) endRepeats(end func()) {
	var sent atomic.Bool
	p.trace.GetConn = func(string) {
		p.traced.Store(true)
		if p.http2.Load() && sent.Load() {
			p.repeated.Store(true)
			end()
		}
	}
	p.trace.WroteHeaders = func() { sent.Store(true) }
}

// neverSent is true only if it is sure: the transport asked for a connection and got none, or,
// of a transport that reports nothing, it failed to dial.
func (p *progress) neverSent(err error) bool {
	if p.traced.Load() {
		return !p.connected.Load()
	}
	return !p.connected.Load() && failedToDial(err)
}

func failedToDial(err error) bool {
	var failed *net.OpError
	if !errors.As(err, &failed) {
		return false
	}
	if failed.Op == "proxyconnect" {
		return failedToDial(failed.Err)
	}
	return failed.Op == "dial"
}

var errSentOnce = errors.New("the connection ended after the request was sent, and it is not sent again")

// setBody gives a request its body. Net/http asks for it once more where it would send the request again by itself. Over
// HTTP/1 it does so only if it wrote nothing. Over HTTP/2 it does so whenever the server says certain things, even
// after it got the whole request, and as often as the server likes: there the retrier decides.
func (p *progress) setBody(r *http.Request, body []byte) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) {
		if p.http2.Load() {
			return nil, errSentOnce
		}
		return io.NopCloser(bytes.NewReader(body)), nil
	}
}
