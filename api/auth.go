package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sakari-go/sakari-go/api/internal/token"
)

const (
	defaultLifetime = 5 * time.Minute  // of a token whose lifetime is not known
	maxLifetime     = 55 * time.Minute // after which a token is replaced in any case
	maxToken        = 16 << 10         // bytes: no server accepts as long a header
)

// authorize adds the access token to the operations that require one. It replaces a token that the
// API refuses once: a 401 says that nothing was applied.
func authorize(tokens *token.Cache) step {
	return func(next handler) handler {
		return func(ctx context.Context, x *exchange) (*Response, error) {
			if !x.operation.RequiresAuth {
				return next(ctx, x)
			}
			value, err := tokens.Get(ctx)
			if err != nil {
				return nil, tokenError(ctx, x, err)
			}
			response, err := sendWithToken(ctx, x, value, next)
			refused, ok := err.(*Error)
			if !ok || refused.StatusCode != http.StatusUnauthorized {
				return response, err
			}
			tokens.Invalidate(value)
			if x.refreshed {
				return nil, refused
			}
			x.refreshed = true
			fresh, err := tokens.Get(ctx)
			switch {
			case err != nil:
				return nil, fmt.Errorf("%w; then %w", refused, tokenError(ctx, x, err))
			case fresh == value:
				return nil, refused
			}
			response, err = sendWithToken(ctx, x, fresh, next)
			if endedUnsent(err) {
				return nil, fmt.Errorf("%w; then %w", refused, err)
			}
			return response, err
		}
	}
}

func sendWithToken(ctx context.Context, x *exchange, value string, next handler) (*Response, error) {
	x.tokens = append(x.tokens, value)
	x.secrets.add(value)
	if x.attempts > 0 { // a RoundTripper may have kept the header of the last attempt
		x.request.Header = x.request.Header.Clone()
	}
	x.request.Header["Authorization"] = []string{"Bearer " + value}
	return next(ctx, x)
}

// tokenError returns the error of a call that got no token: an [*AuthError], or that of its
// context.
func tokenError(ctx context.Context, x *exchange, err error) error {
	var auth *AuthError
	var failed *token.Error
	switch {
	case errors.As(err, &auth):
		return auth
	case errors.As(err, &failed):
		return &AuthError{Err: failed.Err}
	}
	return notSent(ctx, x, fmt.Errorf("waiting for an access token: %w", err))
}

// newAuthError returns the error for a token call that failed. It wraps neither an [*Error] nor a
// [*NetworkError], which report a failure of the call itself.
func newAuthError(err error) *AuthError {
	var refused *Error
	var invalid *ValidationError
	var network *NetworkError
	switch {
	case errors.As(err, &refused):
		words := refused.words()
		auth := &AuthError{
			StatusCode: refused.StatusCode, Code: words.code, Message: words.message,
			RetryAfter: refused.RetryAfter,
		}
		if refused.cause != nil {
			auth.Err = fmt.Errorf("the response was cut off: %w", refused.cause)
		}
		return auth
	case errors.As(err, &invalid):
		if own, ok := err.(outcomeError); ok {
			err = hiddenError{func() outcomeError { return own }}
		}
		return &AuthError{StatusCode: invalid.StatusCode, Err: err}
	case errors.As(err, &network):
		return &AuthError{Err: fmt.Errorf("%s: %w", network.Operation, network.Err)}
	}
	return &AuthError{Err: err}
}
