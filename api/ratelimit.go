package api

import (
	"context"
	"fmt"

	"golang.org/x/time/rate"
)

// pace holds each round trip until the limit lets it through. It stands behind the token, so that the second
// try after a 401 counts as well.
func pace(q *queue, next handler) handler {
	return func(ctx context.Context, x *exchange) (*Response, error) {
		if err := q.wait(ctx); err != nil {
			return nil, &callError{x.operation.ID, NotApplied, err}
		}
		return next(ctx, x)
	}
}

// queue lets one caller at a time ask the limiter. All at once would each reserve a turn, and the limiter does not give
// back that of one who leaves before those behind it.
type queue struct {
	first   chan struct{}
	limiter *rate.Limiter
}

func newQueue(limit rate.Limit, burst int) *queue {
	return &queue{make(chan struct{}, 1), rate.NewLimiter(limit, burst)}
}

// wait returns the context's error when it has ended, and at once when it would end before the turn
// comes: the limiter has an error of its own for that, which is not context.DeadlineExceeded.
func (q *queue) wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if q.limiter.Limit() == rate.Inf {
		return nil
	}
	select {
	case q.first <- struct{}{}:
		defer func() { <-q.first }()
	case <-ctx.Done():
		return ctx.Err()
	}
	err := q.limiter.Wait(ctx)
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	return fmt.Errorf("%w: the rate limit lets the call through after the deadline", context.DeadlineExceeded)
}
