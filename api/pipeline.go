package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// exchange is one call on its way through the pipeline.
type exchange struct {
	operation *operation
	request   *http.Request
	segments  []string // of its path below the base URL
	body      []byte
	client    *credentials
	tokens    []string         // those sent
	refreshed bool             // a refused token has been replaced
	attempts  int              // round trips made
	answer    *Response        // the last one
	reported  *ValidationError // the last one that the call went on after

	// Of a typed method.
	called     string // its operation
	bodyType   string // Go type that body was written from
	result     any    // what the response is read into
	resultType string // its Go type
	capture    *Response
	isRead     bool // and is valid
}

// handler is one step of the pipeline. It returns an answer that the caller
// may have, or an error that says all.
type handler func(context.Context, *exchange) (*Response, error)

// newPipeline returns the pipeline of a client. Each handler does one thing and calls the next:
//
//	checkRequests - retry - authorize - pace - logRoundTrips - checkResponses - send
//
// The token call has a pipeline of its own, without authorize and at its own pace.
func newPipeline(c *config, base *url.URL) *pipeline {
	p := pipeline{
		server: base.String(), base: base, contract: c.contract, timeout: c.timeout, userAgent: c.userAgent, credentials: c.credentials,
		checker: &checker{c.validation, c.onViolation, c.logger},
	}
	send := logRoundTrips(c.logger, p.checker.checkResponses(newSender(c).send))

	token := p
	token.timeout = c.tokenTimeout
	repeatAll := &retrier{c.maxAttempts, true, c.sleep}
	token.handle = p.checker.checkRequests(repeatAll.retry(pace(newQueue(rate.Inf, 0), send)))

	repeatSafe := &retrier{c.maxAttempts, false, c.sleep}
	p.handle = p.checker.checkRequests(repeatSafe.retry(authorize(c.tokens(&token), pace(c.queue, send))))
	return &p
}

// pipeline is what every call goes through. It buffers request and response, so that
// every handler sees them whole and no connection outlives a call.
type pipeline struct {
	server      string
	base        *url.URL // of server
	contract    func() (*contract, error)
	timeout     time.Duration
	userAgent   string
	credentials *credentials
	checker     *checker
	handle      handler
}

// Do sends a request of the generated client.
func (p *pipeline) Do(r *http.Request) (*http.Response, error) {
	x := &exchange{request: r}
	answer, err := p.run(r.Context(), x)
	if err != nil {
		p.tell(r.Context(), x, err)
		return nil, err
	}
	return answer.asHTTP(r), nil
}

// tell hands a violation of this call to the caller's handler: that of a token's call has been told, and so has a reported one.
func (p *pipeline) tell(ctx context.Context, x *exchange, err error) {
	if call, ok := err.(*callError); ok {
		err = call.err
	}
	if violation, ok := err.(*ValidationError); ok && violation != x.reported {
		p.checker.onViolation(ctx, violation)
	}
}

func (p *pipeline) run(ctx context.Context, x *exchange) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	r := x.request
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	refuse := func(message string) error {
		return &ValidationError{Operation: x.called, Direction: DirectionRequest, Violations: []Violation{{"path", "operation", message}}}
	}
	if r.URL == nil || r.URL.Scheme != p.base.Scheme || !strings.EqualFold(r.URL.Host, p.base.Host) || !strings.EqualFold(r.Host, p.base.Host) || r.URL.User != nil || r.URL.Opaque != "" {
		return nil, refuse("the request is for another origin than the base URL")
	}
	x.segments = segmentsOf(p.base, r.URL)
	if x.called == "" {
		contract, err := p.contract()
		if err != nil {
			return nil, &callError{result: NotApplied, err: err}
		}
		if x.operation = contract.find(r.Method, x.segments); x.operation == nil {
			return nil, refuse("the contract has no operation for this method and path")
		}
		if x.body, err = readBody(ctx, r); err != nil {
			return nil, &callError{x.operation.ID, NotApplied, err}
		}
		// A caller may have changed the request. Either of these makes net/http itself repeat a POST.
		r.Header.Del("Idempotency-Key")
		r.Header.Del("X-Idempotency-Key")
	} else if !x.operation.matches(r.Method, x.segments) {
		return nil, refuse("the path is not that of the operation")
	}
	setDefault(r.Header, "Accept", x.operation.Accept)
	setDefault(r.Header, "User-Agent", p.userAgent)
	x.client = p.credentials
	return p.handle(ctx, x)
}

// setDefault sets a field, whose name is canonical, that is not set.
func setDefault(header http.Header, name, value string) {
	if len(header[name]) == 0 || header[name][0] == "" {
		header[name] = []string{value}
	}
}

func readBody(ctx context.Context, r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	if isInMemory(r) {
		return readAll(r)
	}
	type result struct {
		body []byte
		err  error
	}
	read := make(chan result, 1)
	go func() {
		body, err := readAll(r)
		read <- result{body, err}
	}()
	select {
	case got := <-read:
		return got.body, got.err
	case <-ctx.Done(): // a reader of the caller's may block for good
		_ = r.Body.Close()
		return nil, ctx.Err()
	}
}

// isInMemory tells whether the body is one that net/http made of a buffer: an editor may have put another one in its place.
func isInMemory(r *http.Request) bool { return r.GetBody != nil && isNopCloser(r.Body) }

// isNopCloser reports whether to close a body does nothing, not even end a read.
func isNopCloser(body io.ReadCloser) bool { return reflect.TypeOf(body) == nopCloser }

var nopCloser = reflect.TypeOf(io.NopCloser(bytes.NewReader(nil)))

func readAll(r *http.Request) ([]byte, error) {
	expected := r.ContentLength
	if expected == 0 { // or not known
		expected = -1
	}
	body, _, err := readAtMost(r.Body, expected, math.MaxInt64-1)
	return body, errors.Join(err, r.Body.Close())
}

// asHTTP is the answer in the form that the generated client reads. That looks for "json" in the media type as it
// is written, where media types have no case.
func (a *Response) asHTTP(r *http.Request) *http.Response {
	header := a.Header
	if media := header.Get("Content-Type"); media != strings.ToLower(media) {
		header = header.Clone()
		header.Set("Content-Type", strings.ToLower(media))
	}
	return &http.Response{
		Status:        statusText(a.StatusCode),
		StatusCode:    a.StatusCode,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          io.NopCloser(bytes.NewReader(a.Body)),
		ContentLength: int64(len(a.Body)),
		Request:       r,
	}
}
