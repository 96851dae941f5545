package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/sakari-go/sakari-go/api/internal/spec"
	"github.com/sakari-go/sakari-go/api/internal/token"
	"github.com/sakari-go/sakari-go/api/internal/transport"
)

// pipeline is what every call goes through. It buffers request and response, so that every handler
// has them whole and no connection outlives a call.
type pipeline struct {
	server    string
	base      *url.URL // of server
	spec      func() (*spec.Spec, error)
	timeout   time.Duration
	timedOut  error // why a call ends after timeout
	userAgent string
	secrets   *credentials
	validator *validator
	handle    handler
}

// newPipeline returns the pipeline of a client, or that of the token call if there is no cache of
// tokens.
func newPipeline(c *config, base *url.URL, tokens *token.Cache) *pipeline {
	v := &validator{mode: c.validation, onViolation: c.onViolation, logger: c.logger}
	p := &pipeline{
		server: base.String(), base: base, spec: c.spec, timeout: c.timeout, userAgent: c.userAgent,
		timedOut: fmt.Errorf("the call took longer than the %v of WithTimeout", c.timeout),
		secrets:  c.credentials, validator: v,
	}
	last := sender{transport.New(transport.Config{
		Transport:    c.client.Transport,
		Jar:          c.client.Jar,
		Timeout:      c.client.Timeout,
		MaxBodyBytes: c.maxResponseBytes,
	})}.send
	retry := retrier{maxAttempts: c.maxAttempts, firstWait: c.firstWait, maxBackoff: c.maxBackoff, sleep: c.sleep}
	if tokens == nil {
		p.timeout, retry.alwaysSafe, v.anySuccess = c.tokenTimeout(), true, true
		p.handle = chain(last,
			v.validateRequest,
			retry.retry,
			logRoundTrips(c.logger),
			v.validateResponse,
			readFailure,
		)
		return p
	}
	p.handle = chain(last, // in the order in which a request meets them
		v.validateRequest,       // stops an invalid request
		retry.retry,             // sends again what was not applied
		authorize(tokens),       // adds the token, and replaces a refused one once
		limitRate(newQueue(c)),  // waits until the rate limit and the API allow a round trip
		logRoundTrips(c.logger), // writes a line for each round trip
		v.validateResponse,      // stops an invalid response
		readFailure,             // makes an *Error of a failure
	)
	return p
}

// Do sends a request of the generated client.
func (p *pipeline) Do(r *http.Request) (*http.Response, error) {
	x := &exchange{request: spec.Request{Request: r}}
	response, err := p.run(r.Context(), x)
	p.validator.report(r.Context(), x, err)
	if err != nil {
		return nil, err
	}
	return response.asHTTP(withoutSecrets(r)), nil
}

func (p *pipeline) run(ctx context.Context, x *exchange) (*Response, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, p.timedOut)
	defer cancel()
	r := x.request.Request
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if !p.isOwnOrigin(r) {
		return nil, refused(x, "the request is for another origin than the base URL")
	}
	// oapi-codegen's runtime writes a space between the values of a spaceDelimited parameter.
	r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, " ", "%20")
	segments := spec.Segments(p.base, r.URL)
	count := r.URL.Fragment // of the segments of the path, before a parameter "." or ".." removed some
	if r.URL.Fragment = ""; count != "" && count != strconv.Itoa(len(segments)) {
		return nil, refused(x, "a parameter of the path must not be . or ..")
	}
	if x.called == "" {
		known, err := p.spec()
		if err != nil {
			return nil, &usageError{err: err}
		}
		x.operation = known.Match(r.Method, segments)
		if x.operation == nil {
			return nil, refused(x, "the spec has no operation for this method and path")
		}
		x.request.PathValues = x.operation.PathValues(segments)
		if x.request.Body, err = readBody(ctx, r); err != nil {
			return nil, notSent(ctx, x, err)
		}
		// A request editor may have set these, which the API ignores if the spec does not declare
		// them.
		for _, name := range transport.IdempotencyKeys {
			if !x.operation.TakesHeader(name) {
				r.Header.Del(name)
			}
		}
	} else if !x.operation.Matches(r.Method, segments) {
		return nil, refused(x, "the path is not that of the operation")
	}
	setDefault(r.Header, "Accept", x.operation.Accept)
	setDefault(r.Header, "User-Agent", p.userAgent)
	x.secrets = p.secrets
	return p.handle(ctx, x)
}

// isOwnOrigin reports whether a request stays at the base URL: a request editor may have changed
// it.
func (p *pipeline) isOwnOrigin(r *http.Request) bool {
	return r.URL != nil && r.URL.Scheme == p.base.Scheme && r.URL.User == nil && r.URL.Opaque == "" &&
		strings.EqualFold(r.URL.Host, p.base.Host) && strings.EqualFold(r.Host, p.base.Host)
}

func refused(x *exchange, message string) *ValidationError {
	return invalidRequest(x, Violation{"path", "operation", message})
}

// setDefault sets a field that is not set. Its name is canonical.
func setDefault(header http.Header, name, value string) {
	if len(header[name]) == 0 || header[name][0] == "" {
		header[name] = []string{value}
	}
}

// readBody reads the body of a request. Its reader may be one of the caller's that blocks for ever.
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
	case <-ctx.Done():
		_ = r.Body.Close()
		return nil, ctx.Err()
	}
}

// isInMemory reports whether http.NewRequest made the body of a buffer: a request editor may have
// replaced it.
func isInMemory(r *http.Request) bool {
	return r.GetBody != nil && reflect.TypeOf(r.Body) == reflect.TypeOf(io.NopCloser(bytes.NewReader(nil)))
}

func readAll(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	return body, errors.Join(err, r.Body.Close())
}
