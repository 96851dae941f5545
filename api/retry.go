package api

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/sakari-go/sakari-go/api/internal/transport"
)

// maxWait is the longest wait that a server may ask for. If it asks for a longer one the call
// fails.
const maxWait = 30 * time.Second

// retrier retries calls.
type retrier struct {
	maxAttempts int
	firstWait   time.Duration // before the first retry, if the server does not say; then doubled
	maxBackoff  time.Duration // to which it is doubled
	alwaysSafe  bool          // also a POST that may have been applied: to ask for a token twice does no harm
	sleep       func(context.Context, time.Duration) error
}

// retry retries a call that certainly was not applied, or whose method is idempotent.
func (r retrier) retry(next handler) handler {
	return func(ctx context.Context, x *exchange) (*Response, error) {
		mayBeApplied := false // by an earlier attempt
		var failure error     // the last response of the server in earlier attempts
		for attempt := 1; ; attempt++ {
			response, err := next(ctx, x)
			if err == nil {
				return response, nil
			}
			final := err
			if failure != nil && endedUnsent(err) {
				final = endedWhileWaiting(failure, errors.Unwrap(err))
			}
			if mayBeApplied && OutcomeOf(final) == NotApplied {
				final = &uncertainError{operation: x.operation.ID, err: final}
			}
			mayBeApplied = mayBeApplied || OutcomeOf(err) == Unknown
			if attempt >= r.maxAttempts || ctx.Err() != nil || !r.mayRetry(x.request.Method, err) {
				return nil, final
			}
			wait := r.backoff(attempt)
			switch err := err.(type) {
			case *Error:
				failure = err
				if err.RetryAfter > maxWait {
					return nil, final
				}
				if err.RetryAfter > 0 || err.retryNow {
					wait = err.RetryAfter
				}
			case *NetworkError:
				if err.retryAtOnce && attempt == 1 {
					wait = 0
				}
			}
			deadline, ok := ctx.Deadline()
			if ok && time.Until(deadline) < wait {
				return nil, final
			}
			if ended := r.sleep(ctx, wait); ended != nil {
				return nil, endedWhileWaiting(final, withReason(ctx, ended))
			}
		}
	}
}

// backoff returns the wait after an attempt, half of it at random so that clients do not retry at
// the same time.
func (r retrier) backoff(attempt int) time.Duration {
	half := min(r.firstWait, r.maxBackoff) / 2
	for range attempt - 1 {
		half = min(half, r.maxBackoff/4) * 2
	}
	return half + rand.N(half+1)
}

// mayRetry reports whether a call may be sent again after an error, and whether another attempt may
// help.
func (r retrier) mayRetry(method string, err error) bool {
	isSafe := r.alwaysSafe || transport.IsIdempotent(method)
	switch err := err.(type) {
	case *Error:
		if r.alwaysSafe && err.StatusCode/100 == 3 {
			return false // the token endpoint is elsewhere
		}
		return err.StatusCode == http.StatusTooManyRequests || isSafe && err.outcome() == Unknown
	case *NetworkError:
		return err.isTransient || isSafe && err.result == Unknown
	}
	return false
}

// endedUnsent reports whether the context ended before an attempt was sent.
func endedUnsent(err error) bool {
	network, ok := err.(*NetworkError)
	return ok && network.result == NotApplied &&
		(errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// endedWhileWaiting keeps the error of the server, and its outcome, when the context ends before
// the next attempt.
func endedWhileWaiting(err, ended error) error {
	return fmt.Errorf("%w; while waiting to retry: %w", err, ended)
}

// sleep waits, and returns the error of the context if that ends first.
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
