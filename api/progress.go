package api

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// progress observes how far a request got.
type progress struct {
	plainHTTP1 bool // a connection without TLS speaks HTTP/1
	traced     atomic.Bool
	connected  atomic.Bool
	http1      atomic.Bool // the connection speaks it
	bodyRead   atomic.Bool
}

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { p.traced.Store(true) },
		GotConn: func(info httptrace.GotConnInfo) {
			p.connected.Store(true)
			switch c := info.Conn.(type) {
			case *tls.Conn:
				p.http1.Store(c.ConnectionState().NegotiatedProtocol != "h2")
			case *net.TCPConn, *net.UnixConn:
				p.http1.Store(p.plainHTTP1)
			default:
				p.http1.Store(false)
			}
		},
	}
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
// after it got the whole request, and as often as the server likes.
func (p *progress) setBody(r *http.Request, body []byte) {
	newBody := func() io.ReadCloser { return &requestBody{bytes.NewReader(body), &p.bodyRead} }
	r.Body = newBody()
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) {
		if p.bodyRead.Load() && !p.http1.Load() && !isIdempotent(r.Method) {
			return nil, errSentOnce
		}
		return newBody(), nil
	}
}

type requestBody struct {
	reader *bytes.Reader
	read   *atomic.Bool
}

func (b *requestBody) Read(p []byte) (int, error) {
	b.read.Store(true)
	return b.reader.Read(p)
}

func (b *requestBody) Close() error { return nil }
