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

	"github.com/sakari-go/sakari-go/gen"
)

// exchange is one call on its way through the pipeline.
type exchange struct {
	operation *operation
	request   *http.Request // as the generated client made it; its body is read into body
	segments  []string      // of its path below the base URL
	body      []byte
	state     *callState
	client    *credentials
	tokens    []string // those sent
	refreshed bool     // a refused token has been replaced
	attempts  int      // round trips made
}

// handler is one step of the pipeline. It returns an answer that the caller
// may have, or an error that says all.
type handler func(context.Context, *exchange) (*Response, error)

// newGenerated puts a pipeline under the generated client. Each handler does one thing and calls the next:
//
//	checkRequests - retry - authorize - pace - logRoundTrips - judge - send
//
// The token call has a pipeline of its own, without authorize and at its own pace.
func newGenerated(c *config, base *url.URL, checker *checker) (*gen.ClientWithResponses, error) {
	send := logRoundTrips(c.logger, checker.judge(newSender(c).send))

	repeatAll := &retrier{c.maxAttempts, true, c.sleep}
	tokenClient, err := generatedOn(base, &pipeline{
		base, c.contract, c.tokenTimeout, c.userAgent, c.credentials, c.onViolation,
		checker.checkRequests(repeatAll.retry(pace(newQueue(rate.Inf, 0), send))),
	})
	if err != nil {
		return nil, err
	}
	repeatSafe := &retrier{c.maxAttempts, false, c.sleep}
	return generatedOn(base, &pipeline{
		base, c.contract, c.timeout, c.userAgent, c.credentials, c.onViolation,
		checker.checkRequests(repeatSafe.retry(authorize(c.tokens(tokenClient), pace(c.queue, send)))),
	})
}

func generatedOn(base *url.URL, p *pipeline) (*gen.ClientWithResponses, error) {
	return gen.NewClientWithResponses(base.String(), gen.WithHTTPClient(p))
}

// pipeline is what the generated client sends with. It buffers request and answer, so that
// every handler sees them whole and no connection outlives a call.
type pipeline struct {
	base        *url.URL
	contract    func() (*contract, error)
	timeout     time.Duration
	userAgent   string
	credentials *credentials
	onViolation func(context.Context, *ValidationError)
	handle      handler
}

func (p *pipeline) Do(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), p.timeout)
	defer cancel()
	answer, err := p.exchange(ctx, r)
	if violation := violationIn(err); violation != nil {
		p.onViolation(r.Context(), violation)
	}
	if err != nil {
		return nil, err
	}
	return answer.asHTTP(r), nil
}

// violationIn finds a violation of this call: that of a token's call has been told.
func violationIn(err error) *ValidationError {
	if call, ok := err.(*callError); ok {
		err = call.err
	}
	violation, _ := err.(*ValidationError)
	return violation
}

func (p *pipeline) exchange(ctx context.Context, r *http.Request) (*Response, error) {
	state, convenient := r.Context().Value(callStateKey{}).(*callState)
	if !convenient {
		state = &callState{}
	}
	state.reached = true
	contract, err := p.contract()
	if err != nil {
		return nil, &callError{result: NotApplied, err: err}
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	refuse := func(message string) error {
		return &ValidationError{Direction: DirectionRequest, Violations: []Violation{{"path", "operation", message}}}
	}
	if r.URL == nil || r.URL.Scheme != p.base.Scheme || !strings.EqualFold(r.URL.Host, p.base.Host) || !strings.EqualFold(r.Host, p.base.Host) || r.URL.User != nil || r.URL.Opaque != "" {
		return nil, refuse("the request is for another origin than the base URL")
	}
	operation, segments, ok := contract.find(p.base, r)
	if !ok {
		return nil, refuse("the contract has no operation for this method and path")
	}
	body, err := readBody(ctx, r)
	if err != nil {
		return nil, &callError{operation.id, NotApplied, err}
	}
	setDefault(r.Header, "Accept", operation.accept)
	setDefault(r.Header, "User-Agent", p.userAgent)
	// Either of these makes net/http itself repeat a POST.
	r.Header.Del("Idempotency-Key")
	r.Header.Del("X-Idempotency-Key")
	answer, err := p.handle(ctx, &exchange{
		operation: operation, request: r, segments: segments, body: body, state: state, client: p.credentials,
	})
	if err == nil && convenient {
		answer = operation.asDocumented(answer)
	}
	return answer, err
}

func setDefault(header http.Header, name, value string) {
	if header.Get(name) == "" {
		header.Set(name, value)
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
func isInMemory(r *http.Request) bool {
	return r.GetBody != nil && reflect.TypeOf(r.Body) == bodyInMemory
}

var bodyInMemory = reflect.TypeOf(io.NopCloser(bytes.NewReader(nil)))

func readAll(r *http.Request) ([]byte, error) {
	expected := r.ContentLength
	if expected == 0 { // or not known
		expected = -1
	}
	body, _, err := readAtMost(r.Body, expected, math.MaxInt64-1)
	return body, errors.Join(err, r.Body.Close())
}

// asDocumented is a yes with the status and the media type that the generated client wants to see before it reads
// the body: where violations are only reported, a call does not fail for these.
func (op *operation) asDocumented(answer *Response) *Response {
	if answer.StatusCode == op.yes && answer.Header.Get("Content-Type") == mediaTypeJSON {
		return answer
	}
	if documented := op.documented(answer.StatusCode); documented != nil {
		if _, violation := findMedia(documented.Content, answer.Header); violation == nil {
			return answer
		}
	}
	if value, findings := parseJSON(answer.Body); op.yes == 0 || len(findings) > 0 || !saysYes(value) {
		return answer
	}
	return &Response{StatusCode: op.yes, Header: http.Header{"Content-Type": {mediaTypeJSON}}, Body: answer.Body}
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
