package api

import (
	"context"
	"fmt"
	"net/http"
)

// authorize adds the access token to the operations that want one. A token that
// the API refuses is replaced once: a 401 says that nothing was done.
func authorize(tokens *tokenCache, next handler) handler {
	return func(ctx context.Context, x *exchange) (*Response, error) {
		if !x.operation.Secured {
			return next(ctx, x)
		}
		token, err := tokens.get(ctx)
		if err != nil {
			return nil, authFailed(x, err)
		}
		answer, err := sendWith(ctx, x, token, next)
		refused, ok := err.(*Error)
		if !ok || refused.StatusCode != http.StatusUnauthorized {
			return answer, err
		}
		tokens.discard(token)
		if x.refreshed {
			return nil, refused
		}
		x.refreshed = true
		fresh, tokenErr := tokens.get(ctx)
		switch {
		case tokenErr != nil:
			return nil, fmt.Errorf("%w; then %w", refused, authFailed(x, tokenErr))
		case fresh == token:
			return nil, refused
		}
		answer, err = sendWith(ctx, x, fresh, next)
		if endedUnsent(err) {
			return nil, fmt.Errorf("%w; then %w", refused, err)
		}
		return answer, err
	}
}

func sendWith(ctx context.Context, x *exchange, token string, next handler) (*Response, error) {
	x.tokens = append(x.tokens, token)
	x.client.add(token)
	if x.attempts > 0 { // a transport may have kept the header of the last attempt
		x.request.Header = x.request.Header.Clone()
	}
	x.request.Header["Authorization"] = []string{"Bearer " + token}
	return next(ctx, x)
}

func authFailed(x *exchange, err error) error {
	if auth, ok := err.(*AuthError); ok {
		return auth
	}
	return &callError{x.operation.ID, NotApplied, fmt.Errorf("waiting for an access token: %w", err)} // the caller's context ended
}
