package api

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sakari-go/sakari-go/api/internal/spec"
	"github.com/sakari-go/sakari-go/gen"
)

// WithSleep replaces the function that waits between attempts.
func WithSleep(sleep func(context.Context, time.Duration) error) Option {
	return func(c *config) error {
		var slept atomic.Int64
		c.sleep = func(ctx context.Context, d time.Duration) error {
			slept.Add(int64(d))
			return sleep(ctx, d)
		}
		c.now = func() time.Time { return time.Now().Add(time.Duration(slept.Load())) }
		return nil
	}
}

// NewTransport returns the transport that a client uses if WithHTTPClient is not set.
func NewTransport() *http.Transport { return newTransport() }

// WithSpec replaces openapi.yaml as the spec that a client follows.
func WithSpec(doc *openapi3.T) Option {
	return func(c *config) error {
		c.spec = sync.OnceValues(func() (*spec.Spec, error) {
			return spec.New(spec.Operations(doc), func() (*openapi3.T, error) { return doc, nil }), nil
		})
		return nil
	}
}

// Send sends any request through the pipeline of a client.
func Send(c *Client, r *http.Request) (*http.Response, error) {
	return c.generated.ClientInterface.(*gen.Client).Client.Do(r)
}
