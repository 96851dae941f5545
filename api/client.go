package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"time"

	"github.com/sakari-go/sakari-go/api/internal/spec"
	"github.com/sakari-go/sakari-go/api/internal/token"
	"github.com/sakari-go/sakari-go/gen"
)

// Client calls the Sakari API for one account. It is safe for concurrent use, and a program should
// share one: its clients of other accounts ([Client.WithAccount]) use the same connections and
// token.
type Client struct {
	accountID string
	base      *url.URL
	pipeline  *pipeline
	generated *gen.ClientWithResponses // on the same pipeline
}

// New returns a client for an account. It needs one of [WithClientCredentials], [WithToken] and
// [WithTokenSource]; the last one counts. New makes no call. An account id that cannot be one
// segment of a path is a [ValidationError].
func New(accountID string, opts ...Option) (*Client, error) {
	if err := checkAccountID(accountID); err != nil {
		return nil, err
	}
	c := defaultConfig()
	for _, opt := range opts {
		if opt == nil {
			return nil, &usageError{err: errors.New("an option is nil")}
		}
		if err := opt(c); err != nil {
			return nil, &usageError{err: err}
		}
	}
	if c.fetch == nil && c.clientID == "" {
		return nil, &usageError{err: errors.New(
			"no credentials: use WithClientCredentials, WithToken or WithTokenSource")}
	}
	base, err := parseBaseURL(c.baseURL, c.insecure)
	if err != nil {
		return nil, &usageError{err: err}
	}
	var own *http.Transport
	if c.client == nil {
		own = newTransport()
		c.client = &http.Client{Transport: own}
	}
	if c.fetch == nil {
		c.fetch = fetchWithCredentials(newPipeline(c, base, nil), c.clientID, c.clientSecret)
	}
	p := newPipeline(c, base, token.NewCache(c.tokenTimeout(), c.fetch))
	generated, err := gen.NewClientWithResponses(p.server, gen.WithHTTPClient(p))
	if err != nil {
		return nil, &usageError{err: err}
	}
	if own != nil { // all copies of a Client share the pipeline
		runtime.AddCleanup(p, (*http.Transport).CloseIdleConnections, own)
	}
	return &Client{accountID: accountID, base: base, pipeline: p, generated: generated}, nil
}

// WithAccount returns a client for another account. It shares everything else with this one.
func (c *Client) WithAccount(accountID string) (*Client, error) {
	if err := checkAccountID(accountID); err != nil {
		return nil, err
	}
	other := *c
	other.accountID = accountID
	return &other, nil
}

// Generated returns the generated client. It has every operation of the spec, with a Go type or any
// reader as the body, and with a parsed or a raw response. Its calls go through the same pipeline:
// they are authenticated, validated and retried, and fail with the same errors. These are the
// differences:
//
//   - The account is an argument, and a nil context panics.
//   - A body that cannot be written as JSON is a [gen.EncodeError]. It is not sent.
//   - A valid response that is not of its Go type, such as an integer with a fraction, is an error
//     of package json. With reduced validation it may also be a [gen.SchemaError].
func (c *Client) Generated() *gen.ClientWithResponses { return c.generated }

// Format prints the account and the base URL for every verb.
func (c Client) Format(f fmt.State, verb rune) {
	formatText(f, verb, fmt.Sprintf("sakari client of account %q at %v", c.accountID, c.base))
}

// accountParameter is the parameter in the paths of the spec that is the account of a client.
const accountParameter = "accountId"

func checkAccountID(accountID string) error {
	if violations := spec.CheckSegment(accountParameter, accountID); violations != nil {
		return &ValidationError{Violations: violationsOf(violations)}
	}
	return nil
}

// newTransport returns a copy of http.DefaultTransport that keeps all its connections when they are
// idle. The original keeps two of a host, so that concurrent callers would connect again and again.
func newTransport() *http.Transport {
	const (
		maxConnections = 100
		maxHeader      = 2 << 20 // bytes: at this limit net/http loses the status of the response
	)
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: 90 * time.Second,
	}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok { // a program may have replaced it
		t = standard.Clone()
	}
	t.Proxy = onlyTLS(t.Proxy)
	t.MaxConnsPerHost = maxConnections
	t.MaxIdleConns = maxConnections
	t.MaxIdleConnsPerHost = maxConnections
	t.MaxResponseHeaderBytes = maxHeader
	return t
}

// onlyTLS uses a proxy for https only: it could read the access token in an http request.
func onlyTLS(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		if proxy == nil || r.URL.Scheme != "https" {
			return nil, nil
		}
		return proxy(r)
	}
}
