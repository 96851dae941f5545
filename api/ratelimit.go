package api

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limitRate delays each round trip until the rate limit allows it, and as long as the API asks all
// callers to wait. It follows authorize in the chain, so that the second round trip after a 401
// counts too.
func limitRate(q *queue) step {
	return func(next handler) handler {
		return func(ctx context.Context, x *exchange) (*Response, error) {
			if err := q.wait(ctx); err != nil {
				return nil, notSent(ctx, x, err)
			}
			response, err := next(ctx, x)
			if refused, ok := err.(*Error); ok && refused.StatusCode == http.StatusTooManyRequests {
				q.gate.close(min(refused.RetryAfter, maxWait))
			}
			return response, err
		}
	}
}

// queue lets one caller at a time wait for the limiter. If all waited at once, each would reserve a
// place, and the limiter does not give the place of a caller that leaves to those behind it.
type queue struct {
	first   chan struct{}
	limiter *rate.Limiter
	gate    gate
}

func newQueue(c *config) *queue {
	return &queue{
		first:   make(chan struct{}, 1),
		limiter: rate.NewLimiter(c.rateLimit, c.burst),
		gate:    gate{now: c.now, sleep: c.sleep},
	}
}

// wait returns the error of the context when it ends. It returns at once if the context would end
// before the round trip is allowed: the error of the limiter for that is not
// context.DeadlineExceeded.
func (q *queue) wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := q.gate.wait(ctx); err != nil || q.limiter.Limit() == rate.Inf {
		return err
	}
	select {
	case q.first <- struct{}{}:
		defer func() { <-q.first }()
	case <-ctx.Done():
		return ctx.Err()
	}
	err := q.limiter.Wait(ctx)
	if err == nil {
		return q.gate.wait(ctx) // it may have closed; the next caller waits for this one
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	return fmt.Errorf("%w: the rate limit allows the call after the deadline only", context.DeadlineExceeded)
}

// gate is closed while the API asks to wait, by a 429 with a Retry-After field.
type gate struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error

	mu      sync.Mutex
	opensAt time.Time
}

func (g *gate) close(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if at := g.now().Add(d); at.After(g.opensAt) {
		g.opensAt = at
	}
}

// wait returns at once if the context would end before the gate opens.
func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		wait := g.opensAt.Sub(g.now())
		g.mu.Unlock()
		if wait <= 0 {
			return nil
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
			return fmt.Errorf("%w: the API asks all callers to wait until after the deadline (%w)",
				context.DeadlineExceeded, ErrRateLimited)
		}
		if err := g.sleep(ctx, wait); err != nil {
			return err
		}
	}
}
