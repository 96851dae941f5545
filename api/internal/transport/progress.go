package transport

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"reflect"
	"strings"
	"sync/atomic"
)

// progress observes how far a request gets.
type progress struct {
	trace       httptrace.ClientTrace
	isTraced    atomic.Bool // the RoundTripper calls the trace
	isConnected atomic.Bool
	requests    atomic.Int32 // of which the header was written, at least to a buffer
	isHTTP2     atomic.Bool
	again       atomic.Bool // net/http began to send the request again
}

func newProgress() *progress {
	p := &progress{}
	p.trace = httptrace.ClientTrace{
		GetConn: func(string) { p.isTraced.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { p.isConnected.Store(true) },
		WroteHeaderField: func(name string, _ []string) {
			switch name {
			case "Host": // HTTP/1
				p.requests.Add(1)
			case ":method": // a pseudo-header field of HTTP/2 (RFC 9113 8.3)
				p.isHTTP2.Store(true)
				p.requests.Add(1)
			}
		},
	}
	return p
}

// endResends cancels a round trip over HTTP/2 when net/http begins to send a request such as a GET
// again: it does so as often as a server sends certain frames, outside of the limit of attempts.
// The first resend may have been sent by then. Over HTTP/1 net/http resends only when an idle
// connection breaks before any response, and that ends by itself.
func (p *progress) endResends(cancel func()) {
	p.trace.GetConn = func(string) {
		p.isTraced.Store(true)
		if p.isHTTP2.Load() && p.requests.Load() > 0 {
			p.again.Store(true)
			cancel()
		}
	}
}

// isUnsent reports whether a request that failed was certainly not sent: there was no connection,
// or, with a RoundTripper that calls no trace, dialing failed.
func (p *progress) isUnsent(err error) bool {
	return !p.isConnected.Load() && (p.isTraced.Load() || FailedToDial(err))
}

// isUnwritten reports whether the http.Transport found before it wrote that it cannot send a
// request over HTTP/2, such as one with a field that HTTP/2 does not have.
func (p *progress) isUnwritten(err error) bool {
	return p.isTraced.Load() && p.requests.Load() == 0 && strings.HasPrefix(err.Error(), "http2: ")
}

// unprocessed returns why the server did not process a request over HTTP/2, nil if it may have (RFC
// 9113 8.7): it refused the stream, or closes the connection and names a lower stream as the last
// one, or the connection closed before the request was sent. It may have processed the first of
// several requests, which net/http or another RoundTripper sent by itself. The errors of net/http
// have no exported type.
func (p *progress) unprocessed(err error) error {
	if p.requests.Load() > 1 {
		return nil
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	const (
		notResent   = "http2: Transport: cannot retry err ["
		asWritten   = "] after Request.Body was written; define Request.GetBody to avoid this error"
		goAway      = "http2: Transport received Server's graceful shutdown GOAWAY"
		firstGoAway = "http2: Transport received GOAWAY from server ErrCode:" // for the first stream only
		reset       = "stream error: stream ID "
		refused     = "; REFUSED_STREAM; received from peer"
		unusable    = "net/http: cannot rewind body after connection loss" // without GetBody, it sent nothing
	)
	text := err.Error()
	if err == ErrSentOnce && p.isHTTP2.Load() && !p.again.Load() && !resendsProcessed {
		return errors.New("the server did not process the request")
	}
	if cause, ok := strings.CutPrefix(text, notResent); ok {
		text = strings.TrimSuffix(cause, asWritten)
	}
	if text == goAway || text == unusable || strings.HasPrefix(text, firstGoAway) ||
		strings.HasPrefix(text, reset) && strings.HasSuffix(text, refused) {
		return errors.New("the server did not process the request: " + text)
	}
	return nil
}

// FailedToDial reports whether an error is that of dialing the server or a proxy.
func FailedToDial(err error) bool {
	var failed *net.OpError
	if !errors.As(err, &failed) {
		return false
	}
	if failed.Op == "proxyconnect" {
		return FailedToDial(failed.Err)
	}
	return failed.Op == "dial"
}

// ErrSentOnce reports that net/http would have sent a request again.
var ErrSentOnce = errors.New("the connection ended after the request was sent, and it is not sent again")

// setBody sets the body of a request. Net/http calls GetBody before it sends a request again. Over
// HTTP/1 it does so only if it wrote nothing. Over HTTP/2 it may have sent the whole request.
func (p *progress) setBody(r *http.Request, body []byte) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) {
		if p.isHTTP2.Load() {
			return nil, ErrSentOnce
		}
		return io.NopCloser(bytes.NewReader(body)), nil
	}
}

// isNopCloser reports whether to close a body does nothing, and does not even end a read.
func isNopCloser(body io.ReadCloser) bool { return reflect.TypeOf(body) == nopCloser }

var nopCloser = reflect.TypeOf(io.NopCloser(bytes.NewReader(nil)))
