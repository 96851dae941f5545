package api

import (
	"context"
	"net/http"
)

// Call is what a convenience method of an operation is, for any operation.
func Call[T any](
	ctx context.Context, c *Client, operation string, in []string, body any, newRequest func(string) (*http.Request, error),
	opts ...CallOption,
) (*T, error) {
	r, _, err := do[T](ctx, c.pipeline, operation, opts, in, body, newRequest)
	return r, err
}
