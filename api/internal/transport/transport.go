// Package transport makes one round trip. It limits what a response may take, decompresses it,
// knows whether the request was sent, and keeps net/http from sending a request again by itself.
package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// maxHeader bounds the header of a response, in bytes.
	maxHeader = 64 << 10
	// maxTrailingBody is how long the body of a response with too large a header may take.
	maxTrailingBody = 250 * time.Millisecond
)

// IdempotencyKeys are the header fields with which net/http takes a POST for one that it may send
// again, if it has a GetBody.
var IdempotencyKeys = []string{"Idempotency-Key", "X-Idempotency-Key"}

// Response is a response, read to its end and decompressed.
type Response struct {
	StatusCode int
	Header     http.Header
	Body       []byte
}

// Config configures a [Transport].
type Config struct {
	Transport    http.RoundTripper // nil is http.DefaultTransport
	Jar          http.CookieJar    // nil for no cookies
	Timeout      time.Duration     // of a round trip, 0 for none
	MaxBodyBytes int64             // of a response, after decompression
}

// Transport makes round trips. It uses an http.RoundTripper and not http.Client.Do, which follows
// redirects and drops a response whose Location it cannot read.
type Transport struct {
	Config
	timedOut   error // why a round trip ends after Timeout
	isStandard bool  // the RoundTripper is one of net/http
	acceptGzip bool
	isHTTP1    atomic.Bool // the last connection was: a resend needs one that was used before
}

// New returns a transport.
func New(config Config) *Transport {
	if config.Transport == nil {
		config.Transport = http.DefaultTransport
	}
	standard, ok := config.Transport.(*http.Transport)
	return &Transport{
		Config:     config,
		timedOut:   fmt.Errorf("the round trip took longer than the %v of the http.Client", config.Timeout),
		isStandard: ok,
		acceptGzip: !ok || !standard.DisableCompression,
	}
}

// RoundTrip sends a request with a body, which may be nil, and reads the response. The error is an
// [*Error].
func (t *Transport) RoundTrip(ctx context.Context, r *http.Request, body []byte) (*Response, error) {
	if t.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, t.Timeout, t.timedOut)
		defer cancel()
	}
	if t.acceptGzip && r.Header.Get("Accept-Encoding") == "" {
		r.Header["Accept-Encoding"] = []string{"gzip"}
	}
	sent := newProgress()
	hasBody := body != nil || !isSafe(r.Method) // net/http may send again what has no body
	sending := ctx
	if !hasBody && t.isStandard { // another RoundTripper may ask for a connection twice
		var cancel context.CancelFunc
		sending, cancel = context.WithCancel(ctx)
		defer cancel()
		sent.endResends(cancel)
	}
	request := r.WithContext(httptrace.WithClientTrace(sending, &sent.trace))
	if hasBody {
		sent.setBody(request, body)
		if t.isStandard && !t.isHTTP1.Load() {
			request.GetBody = nil // the error of net/http then contains why it would send the request again
		}
		if slices.ContainsFunc(IdempotencyKeys, func(name string) bool { return r.Header[name] != nil }) {
			request.GetBody = nil // or net/http would send a POST again that may have been processed
		}
	}
	if t.Jar != nil {
		request.Header = request.Header.Clone() // the next attempt must not send these cookies twice
		for _, cookie := range t.Jar.Cookies(request.URL) {
			request.AddCookie(cookie)
		}
	}
	response, err := t.Transport.RoundTrip(request)
	if sent.requests.Load() > 0 {
		t.isHTTP1.Store(!sent.isHTTP2.Load())
	}
	if response != nil {
		if response.Body == nil {
			response.Body = http.NoBody
		}
		defer response.Body.Close() // a RoundTripper may return a response and an error
	}
	switch {
	case sent.again.Load():
		err = ErrSentOnce
	case err == nil && response == nil:
		err = errors.New("the transport returned neither a response nor an error")
	}
	if err != nil {
		return nil, t.failed(ctx, sent, err)
	}
	return t.read(ctx, request, response)
}

// failed classifies a round trip without a response.
func (t *Transport) failed(ctx context.Context, sent *progress, err error) error {
	if cause := sent.unprocessed(err); cause != nil {
		return &Error{Unprocessed: true, Err: cause}
	}
	isNotSent := sent.isUnsent(err) || t.isStandard && sent.isUnwritten(err)
	if !isNotSent && isHeaderLimit(err) { // the text of a proxy that refuses a tunnel may say so, too
		return &Error{Response: &Response{}, Problem: tooLarge("header", maxHeader)}
	}
	return &Error{NotSent: isNotSent, Err: withContextError(ctx, err)}
}

// read reads a response. Beside an error it returns what it has read.
func (t *Transport) read(ctx context.Context, request *http.Request, r *http.Response) (*Response, error) {
	isSwitch := r.StatusCode == http.StatusSwitchingProtocols
	if !t.isStandard && !isNopCloser(r.Body) || isSwitch { // such a body may ignore the context
		defer context.AfterFunc(ctx, func() { _ = r.Body.Close() })()
	}
	response := &Response{StatusCode: r.StatusCode, Header: r.Header}
	isHeaderTooLarge := headerSize(r.Header) > maxHeader
	if isHeaderTooLarge { // the response is refused, and its body kept if it comes soon
		defer time.AfterFunc(maxTrailingBody, func() { _ = r.Body.Close() }).Stop()
	} else if t.Jar != nil {
		if cookies := r.Cookies(); len(cookies) > 0 {
			t.Jar.SetCookies(request.URL, cookies)
		}
	}
	body, isTooLarge, err := readBody(r, t.MaxBodyBytes)
	if err == nil && (r.ContentLength < 0 || isSwitch) {
		err = context.Cause(ctx) // the end of the body may be that of our time-out
	}
	response.Body = body
	switch {
	case isHeaderTooLarge:
		return response, &Error{Response: response, Problem: tooLarge("header", maxHeader)}
	case isTooLarge:
		return response, &Error{Response: response, Problem: tooLarge("body", t.MaxBodyBytes)}
	case (err == errNotGzip || err == errBehindGzip) && r.StatusCode/100 == 2:
		return response, &Error{Response: response, Problem: &Problem{
			Location: "content-encoding", Rule: "content-encoding", Message: err.Error(),
		}}
	case err == errNotGzip, err == errBehindGzip: // the status says enough
		return response, nil
	case err != nil:
		return response, &Error{Response: response, Err: withContextError(ctx, err)}
	}
	return response, nil
}

// Error reports that there is no response, or none that is whole.
type Error struct {
	Response    *Response // as far as it was read, nil if there is none
	NotSent     bool      // the request was certainly not sent
	Unprocessed bool      // the request was sent, and the server says that it was not processed
	Problem     *Problem  // why a response was refused, nil if it was not
	Err         error     // why there is no response, or not its end; nil with a Problem
}

// Problem is why a response was refused.
type Problem struct{ Location, Rule, Message string }

func tooLarge(location string, limit int64) *Problem {
	return &Problem{location, "size", fmt.Sprintf("is over %d bytes", limit)}
}

func (e *Error) Error() string {
	if e.Problem != nil {
		return e.Problem.Location + " " + e.Problem.Message
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// withContextError adds the error of the context and its cause, of which net/http returns the
// cause, and other RoundTrippers mostly the error.
func withContextError(ctx context.Context, err error) error {
	ended, cause := ctx.Err(), context.Cause(ctx)
	if ended != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w: %w", ended, err)
	}
	if ended != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// isSafe reports whether a request with a method changes nothing (RFC 9110 9.2.1), however often
// net/http sends it.
func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// IsIdempotent reports whether a request with a method may be sent twice (RFC 9110 9.2.2).
func IsIdempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}
