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
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/time/rate"

	"github.com/sakari-go/sakari-go/gen"
)

// Option configures a [Client]. [New] returns the error of an option whose argument it can not use.
type Option func(*config) error

// config is what the options set. It lives until New returns.
type config struct {
	tokens           func(token *pipeline) *tokenCache
	credentials      *credentials
	baseURL          string
	insecure         bool
	client           *http.Client
	userAgent        string
	logger           *slog.Logger
	timeout          time.Duration
	maxAttempts      int
	queue            *queue
	maxResponseBytes int64
	validation       Validation
	onViolation      func(context.Context, *ValidationError)

	// Only tests set these.
	contract     func() (*contract, error)
	sleep        func(context.Context, time.Duration) error
	tokenTimeout time.Duration // of a token call with its retries
}

func defaultConfig() *config {
	return &config{
		baseURL:          gen.ServerURLProduction,
		userAgent:        defaultUserAgent(),
		logger:           slog.New(slog.DiscardHandler),
		timeout:          30 * time.Second,
		maxAttempts:      3,
		credentials:      &credentials{},
		queue:            newQueue(rate.Inf, 0),
		maxResponseBytes: 1 << 20,
		onViolation:      func(context.Context, *ValidationError) {},
		contract:         embeddedContract,
		sleep:            sleep,
		tokenTimeout:     10 * time.Second,
	}
}

// WithClientCredentials authenticates with the client id and secret of the
// vendor's console. The client fetches an access token at the first call and
// shares it between calls until shortly before it ends.
//
// See https://developer.sakari.io/quickstart.
func WithClientCredentials(clientID, clientSecret string) Option {
	return func(c *config) error {
		if strings.TrimSpace(clientID) == "" || strings.TrimSpace(clientSecret) == "" {
			return errors.New("WithClientCredentials: the client id and the client secret must not be empty")
		}
		c.credentials = &credentials{clientSecret: clientSecret}
		c.tokens = func(token *pipeline) *tokenCache {
			return newTokenCache(c.tokenTimeout, clientCredentials(token, clientID, clientSecret))
		}
		return nil
	}
}

// WithToken authenticates with an access token that the caller obtained. It is never refreshed.
func WithToken(token string) Option {
	return func(c *config) error {
		if err := checkToken(token, ""); err != nil {
			return fmt.Errorf("WithToken: the token %w", err)
		}
		c.tokens = func(*pipeline) *tokenCache { return newStaticToken(token) }
		return nil
	}
}

// WithTokenSource authenticates with tokens of a source, which is asked at
// each call, and once more when the API refuses a token. Calls that wait for it at the same time
// share its answer, and all calls a failure for a second. Wrap a source
// that fetches each time in [oauth2.ReuseTokenSource].
func WithTokenSource(source oauth2.TokenSource) Option {
	return func(c *config) error {
		if source == nil {
			return errors.New("WithTokenSource: the source must not be nil")
		}
		c.tokens = func(*pipeline) *tokenCache { return newTokenCache(c.tokenTimeout, fromSource(source)) }
		return nil
	}
}

// WithBaseURL sets the address of the API, in place of the contract's server.
// Path prefixes are kept. A URL with user information, a query or a fragment is an
// error, and so is http to a host that is not loopback (see [WithInsecureBaseURL]).
func WithBaseURL(baseURL string) Option {
	return func(c *config) error { c.baseURL = baseURL; return nil }
}

// WithInsecureBaseURL allows a base URL with http to a host that is not
// loopback. Tokens and contacts then travel in the clear.
func WithInsecureBaseURL() Option {
	return func(c *config) error { c.insecure = true; return nil }
}

// WithHTTPClient sends with the caller's transport, cookie jar and time-out (of each round trip). The
// *http.Client is copied, never changed; redirects are not followed, whatever it says.
//
// The default is a copy of [http.DefaultTransport] that keeps up to 100 connections open, and that
// uses a proxy for https alone. The caller's own transport is left as it is: many
// concurrent callers want a MaxIdleConnsPerHost of about their number.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error {
		if client == nil {
			return errors.New("WithHTTPClient: the client must not be nil")
		}
		copied := *client
		c.client = &copied
		return nil
	}
}

// WithUserAgent sets the User-Agent header. The default is such as "sakari-go/v1.2.3", with the version of this module that the program
// was built with, and "sakari-go" if the build does not tell.
func WithUserAgent(userAgent string) Option {
	return func(c *config) error {
		if strings.TrimSpace(userAgent) == "" || strings.ContainsFunc(userAgent, notVisible) {
			return errors.New("WithUserAgent: must be visible ASCII and spaces, and not empty")
		}
		c.userAgent = userAgent
		return nil
	}
}

// WithLogger logs one line for each round trip, those for a token and those of retries too: at info level
// if it brought a yes, at warn level if not. The attributes are operation, status (0: no answer), duration, attempt (from 1), outcome
// (see [Outcome]: may the call be repeated) and error. With [ValidationReport] each violation is one more line at warn level. No line
// holds a body, a token or personal data. (Net/http has a log of its own, that of package log: there it shows the beginning of an
// answer that nobody asked for.) The default logs nothing.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return errors.New("WithLogger: the logger must not be nil")
		}
		c.logger = logger
		return nil
	}
}

// WithTimeout bounds a whole call: fetching a token, all attempts and the waits between
// them. It must be positive; the default is 30 s. A context that ends earlier wins. A fetch of a token ends with the last call that
// waits for it: calls that always have less time than it takes get none.
func WithTimeout(timeout time.Duration) Option {
	return func(c *config) error {
		if timeout <= 0 {
			return fmt.Errorf("WithTimeout: %v is not positive", timeout)
		}
		c.timeout = timeout
		return nil
	}
}

// WithMaxAttempts sets how often a call is tried at most, 1 or more. The default is 3; 1
// switches retries off. Any call is tried again when the server did not process it: it could not be
// reached, or it answered 429. GET, HEAD, OPTIONS, PUT and DELETE, which do no harm twice, are also tried again
// after 408, 5xx, a broken connection and a cut answer, and so is the call for a token; another POST is not. (Net/http sends a
// GET again by itself. Over HTTP/1 it does so when a kept connection breaks before any answer, over another one. Over HTTP/2 that
// ends at the first repeat, which may reach the server.)
//
// The client waits as long as the server's Retry-After says, else 1 s, then 2 s and so on, give or take half. It
// returns the error at once when the wait would be over 30 s or end past the deadline. A refused token is replaced once in any
// case.
func WithMaxAttempts(attempts int) Option {
	return func(c *config) error {
		if attempts < 1 {
			return fmt.Errorf("WithMaxAttempts: %d is less than 1", attempts)
		}
		c.maxAttempts = attempts
		return nil
	}
}

// WithRateLimit keeps the client below a rate: perSecond round trips on average, and at most burst at once.
// All attempts count, and all accounts and goroutines of a client share the limit; calls for a token do not count. A call waits for its
// turn as part of its time (see [WithTimeout]), in the order in which calls came. It ends at its deadline, or at once if it is the next one and its turn
// comes after that: not applied, with [context.DeadlineExceeded]. One that leaves costs the others nothing. By default there is no limit; the vendor documents none either, but answers 429 to
// callers that are too fast.
func WithRateLimit(perSecond float64, burst int) Option {
	return func(c *config) error {
		if !(perSecond > 0) || math.IsInf(perSecond, 1) || burst < 1 {
			return fmt.Errorf("WithRateLimit: want a rate above 0 and a burst of 1 or more, not %v and %d", perSecond, burst)
		}
		c.queue = newQueue(rate.Limit(perSecond), burst)
		return nil
	}
}

// WithMaxResponseBytes bounds the body of an answer, after decompression, from 1 byte to 1 TiB. The
// default is 1 MiB. To check an answer takes a multiple of its size in memory. An answer over it is a [ValidationError]; a token's answer over it is an [AuthError] that wraps one.
func WithMaxResponseBytes(limit int64) Option {
	const most = 1 << 40
	return func(c *config) error {
		if limit < 1 || limit > most {
			return fmt.Errorf("WithMaxResponseBytes: %d is not between 1 and %d", limit, int64(most))
		}
		c.maxResponseBytes = limit
		return nil
	}
}

// Validation says what happens to requests and answers that break the contract.
type Validation int

const (
	// ValidationStrict: they are errors. A request is not sent. The default.
	ValidationStrict Validation = iota
	// ValidationReport: they go to the violation handler and the log, and the
	// call goes on. An answer whose body can not be read as its type is still an error, and so is a path that would lead elsewhere.
	ValidationReport
	// ValidationOff: nothing is checked, but what must hold to read an answer
	// at all: its size, and that its body can be read as its type; and that a path does not lead elsewhere.
	ValidationOff
)

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

// WithViolationHandler sets a function that is told of every [ValidationError] of a call, whether it is returned or only
// reported. It runs before the call returns. Calls may share a fetch of a token: then it runs once for all of them, on
// another goroutine.
func WithViolationHandler(handler func(context.Context, *ValidationError)) Option {
	return func(c *config) error {
		if handler == nil {
			return errors.New("WithViolationHandler: the handler must not be nil")
		}
		c.onViolation = handler
		return nil
	}
}

// parseBaseURL returns the base with a path that ends with a slash and has no dot segments.
func parseBaseURL(raw string, insecure bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("WithBaseURL: not a URL") // the parser's error repeats it, with what secrets it holds
	case u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "":
		return nil, errors.New("WithBaseURL: want an absolute URL with https, such as " + gen.ServerURLProduction)
	case u.User != nil:
		return nil, errors.New("WithBaseURL: user information does not belong in a base URL")
	case strings.ContainsAny(raw, "?#"):
		return nil, errors.New("WithBaseURL: a query or fragment does not belong in a base URL")
	case strings.HasSuffix(u.Host, ":"), !validPort(u.Port()):
		return nil, errors.New("WithBaseURL: the port is not a number from 1 to 65535")
	case u.Scheme == "http" && !insecure && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("WithBaseURL: http to %s would send the token in the clear: use https, or WithInsecureBaseURL", u.Hostname())
	}
	return u.JoinPath("/"), nil
}

func validPort(port string) bool {
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
