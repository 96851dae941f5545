package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/oauth2"
	"golang.org/x/time/rate"

	"github.com/sakari-go/sakari-go/api/internal/spec"
	"github.com/sakari-go/sakari-go/api/internal/token"
	"github.com/sakari-go/sakari-go/gen"
)

// Option configures a [Client]. [New] returns the error of an option whose argument it cannot use.
type Option func(*config) error

// config is what the options set. It lives until New returns.
type config struct {
	clientID         string // empty if the tokens come from fetch
	clientSecret     string
	credentials      *credentials
	fetch            func(context.Context) (token.Token, error)
	baseURL          string
	insecure         bool
	client           *http.Client
	userAgent        string
	logger           *slog.Logger
	timeout          time.Duration
	maxAttempts      int
	firstWait        time.Duration
	maxBackoff       time.Duration
	rateLimit        rate.Limit // round trips a second
	burst            int
	maxResponseBytes int64
	validation       Validation
	onViolation      func(context.Context, *ValidationError)

	// Only tests set these.
	spec  func() (*spec.Spec, error)
	sleep func(context.Context, time.Duration) error
	now   func() time.Time // by the waits of sleep
}

func defaultConfig() *config {
	return &config{
		baseURL:          gen.ServerURLProduction,
		userAgent:        defaultUserAgent(),
		logger:           slog.New(slog.DiscardHandler),
		timeout:          30 * time.Second,
		maxAttempts:      3,
		firstWait:        time.Second,
		maxBackoff:       30 * time.Second,
		credentials:      newCredentials(""),
		rateLimit:        rate.Inf,
		maxResponseBytes: 1 << 20,
		onViolation:      func(context.Context, *ValidationError) {},
		spec:             embeddedSpec,
		sleep:            sleep,
		now:              time.Now,
	}
}

// tokenTimeout is that of a fetch of a token. It is longer than that of the calls that wait, so
// that they end with their own.
func (c *config) tokenTimeout() time.Duration {
	return min(c.timeout, math.MaxInt64-time.Second) + time.Second
}

// embeddedSpec returns openapi.yaml, which the generated code contains.
var embeddedSpec = sync.OnceValues(func() (*spec.Spec, error) {
	var operations []spec.Operation
	if err := json.Unmarshal(gen.GetOperationsJSON(), &operations); err != nil {
		return nil, err
	}
	return spec.New(operations, sync.OnceValues(gen.GetSpec)), nil
})

// WithClientCredentials authenticates with the client id and secret of the vendor's console. The
// client fetches an access token for the first call. All calls share it until shortly before it
// expires. Blanks around them and characters that cannot be seen are an error.
//
// See https://developer.sakari.io/quickstart.
func WithClientCredentials(clientID, clientSecret string) Option {
	return func(c *config) error {
		for name, value := range map[string]string{"id": clientID, "secret": clientSecret} {
			if err := checkCredential(value); err != nil {
				return fmt.Errorf("WithClientCredentials: the client %s %w", name, err)
			}
		}
		c.clientID, c.clientSecret, c.fetch = clientID, clientSecret, nil
		c.credentials = newCredentials(clientSecret)
		return nil
	}
}

// WithToken authenticates with an access token of the caller. It is never refreshed.
func WithToken(value string) Option {
	return func(c *config) error {
		if err := checkToken(value, ""); err != nil {
			return fmt.Errorf("WithToken: the token %w", err)
		}
		c.clientID, c.fetch = "", useToken(value)
		return nil
	}
}

// WithTokenSource authenticates with the tokens of a source. The client calls it for each call, and
// once more when the API refuses a token. Calls that wait for it at the same time share its token.
// All calls share a failure for a second. Wrap a source that fetches each time in
// [oauth2.ReuseTokenSource].
func WithTokenSource(source oauth2.TokenSource) Option {
	return func(c *config) error {
		if source == nil {
			return errors.New("WithTokenSource: the source must not be nil")
		}
		c.clientID, c.fetch = "", fetchFromSource(source)
		return nil
	}
}

// WithBaseURL sets the address of the API. The default is the server of the spec. A path prefix is
// kept. A URL with user information, a query or a fragment is an error, and so is http to a host
// that is not loopback (see [WithInsecureBaseURL]).
func WithBaseURL(baseURL string) Option {
	return func(c *config) error { c.baseURL = baseURL; return nil }
}

// WithInsecureBaseURL allows a base URL with http to a host that is not loopback. The network can
// then read tokens and contacts. By default such a base URL is an error.
func WithInsecureBaseURL() Option {
	return func(c *config) error { c.insecure = true; return nil }
}

// WithHTTPClient sets the transport, the cookie jar and the time-out of each round trip. The
// *http.Client is copied and never changed. Redirects are not followed, even if it allows them. A
// RoundTripper of your own must end with the context of the request, or a call may take longer than
// its time-out.
//
// The default is a copy of [http.DefaultTransport] that keeps up to 100 connections open, and that
// uses a proxy for https only. Many concurrent callers need a MaxIdleConnsPerHost of about their
// number in a transport of their own.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error {
		if client == nil {
			return errors.New("WithHTTPClient: the client must not be nil")
		}
		if t, ok := client.Transport.(*http.Transport); ok && t == nil {
			return errors.New("WithHTTPClient: the transport is a nil *http.Transport")
		}
		copied := *client
		c.client = &copied
		return nil
	}
}

// WithUserAgent sets the User-Agent field. The default is "sakari-go/v1.2.3" with the version of
// this module that the program was built with, or "sakari-go" if that is not known.
func WithUserAgent(userAgent string) Option {
	return func(c *config) error {
		if strings.TrimSpace(userAgent) == "" || strings.ContainsFunc(userAgent, isNotVisible) {
			return errors.New("WithUserAgent: must be visible ASCII and spaces, and not empty")
		}
		c.userAgent = userAgent
		return nil
	}
}

// WithLogger logs one line for each round trip, including those of retries and of the token call.
// The level is info for a success and warn for a failure. The message is "round trip". The
// attributes are operation, account (none for the token call), status (0 if there is no response),
// duration, attempt (from 1), outcome (see [Outcome]) and, of a failure, error. [ValidationReport]
// adds a line at level warn for each violation, with the message "violation of the spec" and the
// attributes operation, account and error. These words are stable within a major version. No line
// contains a body, a token or personal data. The default logs nothing.
//
// Package net/http itself logs the beginning of a response that nobody asked for, to package log.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return errors.New("WithLogger: the logger must not be nil")
		}
		c.logger = logger
		return nil
	}
}

// WithTimeout limits a whole call: the fetch of a token, all attempts and the waits between them.
// It must be positive. The default is 30 s. The earlier of the time-out and the deadline of the
// context counts. The text of the error tells which of them, or the time-out of the http.Client,
// ended the call. A fetch of a token ends when the last call that waits for it ends: if all calls
// have less time than a fetch takes, no call gets a token. A token source cannot be ended: the next
// call gets its late token.
func WithTimeout(timeout time.Duration) Option {
	return func(c *config) error {
		if timeout <= 0 {
			return fmt.Errorf("WithTimeout: %v is not positive", timeout)
		}
		c.timeout = timeout
		return nil
	}
}

// WithMaxAttempts sets the maximum number of attempts of a call, 1 or more. The default is 3, and 1
// means no retry.
//
// Every call is retried if it certainly was not applied: the server could not be reached, it
// responded 429, or it said over HTTP/2 that it did not process the request. GET, HEAD, OPTIONS,
// PUT and DELETE, and the token call, are also retried after 302, 303, 408, 499, 5xx, a broken
// connection and a response that was cut off. The token call is not after a redirect. Any other
// POST is not.
//
// The wait is what Retry-After says, otherwise see [WithRetryBackoff]. The first retry after what
// HTTP/2 did not process does not wait. A Retry-After over 30 s, or a wait that would end after the
// deadline, ends the call at once. A 429 with a Retry-After holds all calls of the client, for 30 s
// at most. A refused token is replaced once in any case.
//
// Package net/http itself may send a GET again. Over HTTP/1 it does so over another connection,
// when an idle one breaks before a response. Over HTTP/2 this client ends the round trip at the
// first resend, which may reach the server.
func WithMaxAttempts(attempts int) Option {
	return func(c *config) error {
		if attempts < 1 {
			return fmt.Errorf("WithMaxAttempts: %d is less than 1", attempts)
		}
		c.maxAttempts = attempts
		return nil
	}
}

// WithRetryBackoff sets the wait before the first retry and the longest wait, if the server does
// not say how long to wait. Each is twice the last one, and half of it is random so that clients do
// not retry at the same time. The defaults are 1 s and 30 s. With zeros a test does not wait.
func WithRetryBackoff(first, longest time.Duration) Option {
	return func(c *config) error {
		if first < 0 || longest < first {
			return fmt.Errorf("WithRetryBackoff: want 0 or more, and no first wait over the longest, not %v and %v",
				first, longest)
		}
		c.firstWait, c.maxBackoff = first, longest
		return nil
	}
}

// WithRateLimit limits the client to perSecond round trips a second on average, and to burst at
// once. All attempts count, except those of the token call. All accounts and goroutines of a client
// share the limit. Calls wait in the order in which they came, within their time-out. The first of
// them fails at once with [context.DeadlineExceeded] if it would have to wait past its deadline,
// and the others when it passes. They are not applied.
//
// By default there is no limit. The vendor documents none either, but responds 429 to fast callers.
func WithRateLimit(perSecond float64, burst int) Option {
	return func(c *config) error {
		if !(perSecond > 0) || math.IsInf(perSecond, 1) || burst < 1 {
			return fmt.Errorf("WithRateLimit: want a rate above 0 and a burst of 1 or more, not %v and %d",
				perSecond, burst)
		}
		c.rateLimit, c.burst = rate.Limit(perSecond), burst
		return nil
	}
}

// WithMaxResponseBytes limits the body of a response after decompression, from 1 byte to 1 TiB. The
// default is 1 MiB. Validating a response takes a multiple of its size in memory. A response over
// the limit is a [ValidationError]. One of the token call is an [AuthError] that wraps it.
func WithMaxResponseBytes(limit int64) Option {
	const maxLimit = 1 << 40 // bytes
	return func(c *config) error {
		if limit < 1 || limit > maxLimit {
			return fmt.Errorf("WithMaxResponseBytes: %d is not between 1 and %d", limit, int64(maxLimit))
		}
		c.maxResponseBytes = limit
		return nil
	}
}

// WithValidation sets how strict the client is. The default is [ValidationStrict].
func WithValidation(validation Validation) Option {
	return func(c *config) error {
		if validation < ValidationStrict || validation > ValidationOff {
			return fmt.Errorf("WithValidation: %d is no Validation", int(validation))
		}
		c.validation = validation
		return nil
	}
}

// WithViolationHandler sets a function that gets every [ValidationError] of a call, returned or
// only reported, before the call returns. Calls may share a fetch of a token: then it runs once for
// all of them, on another goroutine. By default there is none.
func WithViolationHandler(handler func(context.Context, *ValidationError)) Option {
	return func(c *config) error {
		if handler == nil {
			return errors.New("WithViolationHandler: the handler must not be nil")
		}
		c.onViolation = handler
		return nil
	}
}

// parseBaseURL returns the base URL with a path that ends with a slash and has no dot segments.
func parseBaseURL(raw string, insecure bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil: // the text of the error repeats the URL, which may contain a secret
		return nil, errors.New("WithBaseURL: not a URL")
	case u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "":
		return nil, errors.New("WithBaseURL: want an absolute URL with https, such as " +
			gen.ServerURLProduction)
	case u.User != nil:
		return nil, errors.New("WithBaseURL: a base URL must not have user information")
	case strings.ContainsAny(raw, "?#"):
		return nil, errors.New("WithBaseURL: a base URL must not have a query or a fragment")
	case strings.HasSuffix(u.Host, ":"), !isPort(u.Port()):
		return nil, errors.New("WithBaseURL: the port is not a number from 1 to 65535")
	case u.Scheme == "http" && !insecure && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("WithBaseURL: http to %s would send the token in the clear: "+
			"use https, or WithInsecureBaseURL", u.Hostname())
	}
	return u.JoinPath("/"), nil
}

func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
