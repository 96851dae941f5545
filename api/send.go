package api

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"time"
)

// maxHeaderBytes bounds the header of an answer.
const maxHeaderBytes = 64 << 10

// restOfRefused is how long the body of an answer with too much header may take.
const restOfRefused = 250 * time.Millisecond

// sender makes one round trip. It uses the transport, not http.Client.Do, which follows
// redirects and drops an answer whose Location it can not read.
type sender struct {
	transport http.RoundTripper
	jar       http.CookieJar
	timeout   time.Duration // of a round trip, 0 for none
	maxBody   int64
	zip       bool // ask for compressed answers
	standard  bool // the transport is one of net/http
}

func newSender(c *config) *sender {
	transport := c.client.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	standard, ok := transport.(*http.Transport)
	zip := !ok || !standard.DisableCompression
	return &sender{transport, c.client.Jar, c.client.Timeout, c.maxResponseBytes, zip, ok}
}

func (s *sender) send(ctx context.Context, x *exchange) (*Response, error) {
	if s.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.timeout)
		defer cancel()
	}
	if s.zip {
		setDefault(x.request.Header, "Accept-Encoding", "gzip")
	}
	progress := newProgress()
	hasBody := x.body != nil || !isIdempotent(x.request.Method)
	sending := ctx
	if !hasBody && s.standard { // another transport may well ask twice
		var end context.CancelFunc
		sending, end = context.WithCancel(ctx)
		defer end()
		progress.endRepeats(end)
	}
	request := x.request.WithContext(httptrace.WithClientTrace(sending, &progress.trace))
	if hasBody {
		progress.setBody(request, x.body)
	}
	if s.jar != nil {
		request.Header = request.Header.Clone() // so that the next attempt does not send these twice
		for _, cookie := range s.jar.Cookies(request.URL) {
			request.AddCookie(cookie)
		}
	}
	x.attempts++
	answer, err := s.roundTrip(ctx, x, request, progress)
	if answer != nil {
		x.answer = answer
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// roundTrip returns an answer beside an error if there was one, as far as it was read.
func (s *sender) roundTrip(ctx context.Context, x *exchange, request *http.Request, progress *progress) (*Response, error) {
	response, err := s.transport.RoundTrip(request)
	switch {
	case progress.repeated.Load():
		err = errSentOnce
	case err == nil && response == nil:
		err = errors.New("the transport returned neither an answer nor an error")
	}
	if response != nil {
		if response.Body == nil {
			response.Body = http.NoBody
		}
		defer response.Body.Close() // of an odd transport even beside an error
	}
	if err != nil {
		return nil, s.failed(ctx, x, progress, err)
	}
	if !s.standard && !isNopCloser(response.Body) || response.StatusCode == http.StatusSwitchingProtocols { // such a body may not heed the context
		defer context.AfterFunc(ctx, func() { _ = response.Body.Close() })()
	}
	answer := &Response{StatusCode: response.StatusCode, Header: response.Header}
	tooMuchHeader := headerBytes(response.Header) > maxHeaderBytes
	if s.jar != nil && !tooMuchHeader {
		if cookies := response.Cookies(); len(cookies) > 0 {
			s.jar.SetCookies(request.URL, cookies)
		}
	}
	if tooMuchHeader { // the verdict stands, and the body is kept if it comes at once
		defer time.AfterFunc(restOfRefused, func() { _ = response.Body.Close() }).Stop()
	}
	var zip *gunzip
	body, more := io.Reader(response.Body), false
	maxRaw := s.maxBody + 64<<10 // gzip of what can not be compressed is a little larger
	if strings.EqualFold(response.Header.Get("Content-Encoding"), "gzip") {
		zip = &gunzip{source: io.LimitReader(response.Body, maxRaw)}
		body = zip
	}
	answer.Body, more, err = readAtMost(body, response.ContentLength, s.maxBody)
	if err == nil && (response.ContentLength < 0 || response.StatusCode == http.StatusSwitchingProtocols) {
		err = ctx.Err() // the end of the body may be of our own making
	}
	switch {
	case tooMuchHeader:
		return answer, overLimit(x, answer, "header", maxHeaderBytes)
	case more, zip != nil && int64(zip.raw.Len()) >= maxRaw:
		return answer, overLimit(x, answer, "body", s.maxBody)
	case zip != nil && err != nil && isBadGzip(err):
		answer.Body = zip.raw.Bytes()
		if outcomeOfStatus(answer.StatusCode) != Applied {
			return answer, nil
		}
		return answer, invalidAnswer(x, answer, Violation{"content-encoding", "content-encoding", "the body is not the gzip that it says it is"})
	case err != nil:
		return answer, newError(x, answer, withContextError(ctx, err))
	}
	if zip != nil {
		response.Header.Del("Content-Encoding") // as net/http does when it decompresses
		response.Header.Del("Content-Length")
	}
	return answer, nil
}

// failed classifies a round trip that brought no answer.
func (s *sender) failed(ctx context.Context, x *exchange, progress *progress, err error) error {
	if isHeaderLimit(err) {
		return overLimit(x, &Response{}, "header", maxHeaderBytes)
	}
	outcome := Unknown
	if progress.neverSent(err) {
		outcome = NotApplied
	}
	return &callError{x.operation.ID, outcome, x.redactError(withContextError(ctx, err), outcome)}
}

// withContextError makes sure that the context's error is in the chain: net/http returns a context's cause instead.
func withContextError(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		return fmt.Errorf("%w: %w", ended, err)
	}
	return err
}

func overLimit(x *exchange, answer *Response, location string, limit int64) error {
	return invalidAnswer(x, answer, Violation{location, "size", fmt.Sprintf("is over %d bytes", limit)})
}

func invalidAnswer(x *exchange, answer *Response, violations ...Violation) *ValidationError {
	return &ValidationError{
		Operation: x.operation.ID, Direction: DirectionResponse, StatusCode: answer.StatusCode,
		Violations: violations, Header: answer.Header, Body: answer.Body,
	}
}

// gunzip decompresses a body. Net/http would do so too, and lose a body that is no gzip.
type gunzip struct {
	source io.Reader
	raw    bytes.Buffer // what was read of it
	reader *gzip.Reader
}

func (g *gunzip) Read(p []byte) (n int, err error) {
	if g.reader == nil {
		if g.reader, err = gzip.NewReader(io.TeeReader(g.source, &g.raw)); err != nil {
			return 0, err
		}
	}
	return g.reader.Read(p)
}

func isBadGzip(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)
}

// isHeaderLimit knows the errors of net/http that have no type. They come at
// the transport's own limit, where the status is lost.
func isHeaderLimit(err error) bool {
	return strings.Contains(err.Error(), "server response headers exceeded") ||
		strings.Contains(err.Error(), "response header list larger than advertised limit")
}

func headerBytes(header http.Header) int {
	n := 0
	for name, values := range header {
		for _, v := range values {
			n += len(name) + len(": ") + len(v) + len("\r\n")
		}
	}
	return n
}

// readAtMost reads at most limit bytes and tells whether there is more. The expected length is a hint, -1 for none.
func readAtMost(r io.Reader, expected, limit int64) (body []byte, more bool, err error) {
	const first, mostAtOnce = 512, 1 << 20 // a header may announce what does not come
	if expected < 0 {
		expected = first
	}
	body = make([]byte, 0, min(expected, limit, mostAtOnce)+1) // room for the read that finds the end
	for err == nil && int64(len(body)) <= limit {
		if len(body) == cap(body) {
			body = slices.Grow(body, cap(body)) // twice as much
		}
		var n int
		n, err = r.Read(body[len(body):min(int64(cap(body)), limit+1)])
		body = body[:len(body)+n]
	}
	if int64(len(body)) > limit {
		return body[:limit], true, nil
	}
	if err == io.EOF {
		err = nil
	}
	return body, false, err
}
