package api

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// maxWait is the longest wait that the client does itself. A longer one is the caller's to plan.
const maxWait = 30 * time.Second

// retrier repeats a call that failed in passing.
type retrier struct {
	attempts  int
	repeatAll bool // also a POST that may have been processed: asking for a token twice does no harm
	sleep     func(context.Context, time.Duration) error
}

func (r *retrier) retry(next handler) handler {
	return func(ctx context.Context, x *exchange) (*Response, error) {
		unsure := false   // an earlier attempt may have been applied
		var refusal error // the server's last word in earlier attempts
		for attempt := 1; ; attempt++ {
			answer, err := next(ctx, x)
			if err == nil {
				return answer, nil
			}
			final := err
			if refusal != nil && endedUnsent(err) {
				final = whileWaiting(refusal, errors.Unwrap(err))
			}
			if unsure && OutcomeOf(final) == NotApplied {
				final = &callError{x.operation.ID, Unknown, final}
			}
			unsure = unsure || OutcomeOf(err) == Unknown
			if attempt >= r.attempts || ctx.Err() != nil || !r.mayRepeat(x.request.Method, err) {
				return nil, final
			}
			wait := min(time.Second<<min(attempt-1, 5), maxWait)
			wait = min(wait/2+rand.N(wait), maxWait) // not all callers at once
			if refused, ok := err.(*Error); ok {
				refusal = err
				if refused.RetryAfter > 0 {
					wait = refused.RetryAfter
				}
			}
			deadline, ok := ctx.Deadline()
			if wait > maxWait || ok && time.Until(deadline) < wait {
				return nil, final
			}
			if ended := r.sleep(ctx, wait); ended != nil {
				return nil, whileWaiting(final, ended)
			}
		}
	}
}

// endedUnsent tells whether the context ended an attempt before anything was sent.
func endedUnsent(err error) bool {
	call, ok := err.(*callError)
	return ok && call.result == NotApplied && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// whileWaiting keeps the server's error, and its outcome, when the context ends before the next attempt.
func whileWaiting(err, ended error) error {
	return fmt.Errorf("%w; while waiting to retry: %w", err, ended)
}

func (r *retrier) mayRepeat(method string, err error) bool {
	idempotent := r.repeatAll || isIdempotent(method)
	switch err := err.(type) {
	case *Error:
		if err.StatusCode == http.StatusTooManyRequests {
			return true
		}
		return idempotent && err.outcome() == Unknown
	case *callError:
		if err.result == NotApplied {
			return failedToDial(err) // not TLS, which fails again
		}
		return idempotent
	}
	return false
}

func isIdempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
