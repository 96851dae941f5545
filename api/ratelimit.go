package api

import (
	"context"
	"fmt"

	"golang.org/x/time/rate"
)

// pace holds each round trip until the limit lets it through. It stands behind the token, so that the second
// try after a 401 counts as well.
func pace(limiter *rate.Limiter, next handler) handler {
	return func(ctx context.Context, x *exchange) (*Response, error) {
		if err := waitForTurn(ctx, limiter); err != nil {
			return nil, &callError{x.operation.id, NotApplied, err}
		}
		return next(ctx, x)
	}
}

// waitForTurn returns the context's error when it has ended, and at once when it would end before the turn
// comes: the limiter has an error of its own for that, which is not context.DeadlineExceeded.
func waitForTurn(ctx context.Context, limiter *rate.Limiter) error {
	err := limiter.Wait(ctx)
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	return fmt.Errorf("%w: the rate limit lets the call through after the deadline", context.DeadlineExceeded)
}
