package api

import (
	"context"
	"net/http"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sakari-go/sakari-go/api/internal/spec"
	"github.com/sakari-go/sakari-go/gen"
)

// WithSleep replaces the waits between attempts.
func WithSleep(sleep func(context.Context, time.Duration) error) Option {
	return func(c *config) error { c.sleep = sleep; return nil }
}

// WithTokenTimeout replaces the time-out of the token call.
func WithTokenTimeout(d time.Duration) Option {
	return func(c *config) error { c.tokenTimeout = d; return nil }
}

// NewTransport is what a client uses by default.
func NewTransport() *http.Transport { return newTransport() }

// WithContract replaces the embedded contract.
func WithContract(doc *openapi3.T) Option {
	return func(c *config) error {
		c.contract = func() (*contract, error) {
			return newContract(spec.Operations(doc), func() (*openapi3.T, error) { return doc, nil })
		}
		return nil
	}
}

// Send sends any request through a client's pipeline.
func Send(c *Client, r *http.Request) (*http.Response, error) {
	return c.generated.ClientInterface.(*gen.Client).Client.Do(r)
}
