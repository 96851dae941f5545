package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"time"

	"github.com/sakari-go/sakari-go/gen"
)

// Client calls the Sakari API for one account. Make one with [New]. It is safe for concurrent use, and
// best shared: its clients of other accounts (WithAccount) use the same
// connections and the same token.
type Client struct {
	accountID string
	base      *url.URL
	pipeline  *pipeline
	generated *gen.ClientWithResponses // on the same pipeline
}

// New returns a client for an account. It needs one of [WithClientCredentials],
// [WithToken] and [WithTokenSource]; if several are given, the last one counts.
//
// New makes no call. An account id that can not be one segment of a URL's path is a [ValidationError].
func New(accountID string, opts ...Option) (*Client, error) {
	if err := checkAccountID(accountID); err != nil {
		return nil, err
	}
	c := defaultConfig()
	for _, opt := range opts {
		if opt == nil {
			return nil, misconfigured(errors.New("an option is nil"))
		}
		if err := opt(c); err != nil {
			return nil, misconfigured(err)
		}
	}
	if c.tokens == nil {
		return nil, misconfigured(errors.New("no credentials: use WithClientCredentials, WithToken or WithTokenSource"))
	}
	base, err := parseBaseURL(c.baseURL, c.insecure)
	if err != nil {
		return nil, misconfigured(err)
	}
	var own *http.Transport
	if c.client == nil {
		own = newTransport()
		c.client = &http.Client{Transport: own}
	}
	p := newPipeline(c, base)
	generated, err := gen.NewClientWithResponses(p.server, gen.WithHTTPClient(p))
	if err != nil {
		return nil, misconfigured(err)
	}
	if own != nil { // the pipeline is what all copies of a Client share
		runtime.AddCleanup(p, (*http.Transport).CloseIdleConnections, own)
	}
	return &Client{accountID: accountID, base: base, pipeline: p, generated: generated}, nil
}

// WithAccount returns a client for another account that shares everything else with this one.
func (c *Client) WithAccount(accountID string) (*Client, error) {
	if err := checkAccountID(accountID); err != nil {
		return nil, err
	}
	other := *c
	other.accountID = accountID
	return &other, nil
}

// Generated returns the generated client, with every operation of the
// contract in every form. Its calls go through the same pipeline: they are authenticated, checked, retried
// and fail with the same errors, but for two. A body that can not be written as JSON is a [gen.EncodeError], and is not sent. A
// response that is valid and not of its Go type, such as an integer with a fraction, is an error of package json; with reduced
// validation also one that does not conform to its schema ([gen.SchemaError]). The account is an argument there, and a nil context panics. An argument . or .. is resolved in the path before anything checks it: that is another operation, or none.
func (c *Client) Generated() *gen.ClientWithResponses { return c.generated }

// Format prints account and base URL, and nothing else, for every verb.
func (c Client) Format(f fmt.State, verb rune) {
	formatText(f, verb, fmt.Sprintf("sakari client of account %q at %v", c.accountID, c.base))
}

func checkAccountID(accountID string) error {
	if violations := checkPathSegment("accountId", accountID); violations != nil {
		return &ValidationError{Direction: DirectionRequest, Violations: violations}
	}
	return nil
}

func misconfigured(err error) error { return &callError{result: NotApplied, err: err} }

// newTransport is a copy of http.DefaultTransport that keeps as many idle connections as it opens at most: the
// original keeps two per host, so that concurrent callers would open a connection for almost every call.
func newTransport() *http.Transport {
	const connections = 100
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: 90 * time.Second}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok { // a program may have put its own in that place
		t = standard.Clone()
	}
	t.Proxy = onlyTLS(t.Proxy)
	t.MaxConnsPerHost = connections
	t.MaxIdleConns = connections
	t.MaxIdleConnsPerHost = connections
	t.MaxResponseHeaderBytes = 2 << 20 // room to tell the status of an answer with too much header
	return t
}

// onlyTLS keeps a proxy from requests that it could read, the access token with them.
func onlyTLS(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		if proxy == nil || r.URL.Scheme != "https" {
			return nil, nil
		}
		return proxy(r)
	}
}
