package api

import (
	"context"
	"log/slog"
	"time"
)

// logRoundTrips writes one line for each round trip: at level info for a success, at level warn for
// a failure.
func logRoundTrips(logger *slog.Logger) step {
	return func(next handler) handler {
		return func(ctx context.Context, x *exchange) (*Response, error) {
			start := time.Now()
			response, err := next(ctx, x)
			level := slog.LevelInfo
			if err != nil {
				level = slog.LevelWarn
			}
			if !logger.Enabled(ctx, level) {
				return response, err
			}
			attrs := append(x.logAttrs(),
				slog.Int("status", statusOf(response, err)),
				slog.Duration("duration", time.Since(start)),
				slog.Int("attempt", x.attempts),
				slog.String("outcome", OutcomeOf(err).String()),
			)
			if err != nil {
				attrs = append(attrs, slog.String("error", err.Error()))
			}
			logger.LogAttrs(ctx, level, "round trip", attrs...)
			return response, err
		}
	}
}

// logAttrs returns the attributes of every line about a call.
func (x *exchange) logAttrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("operation", x.operation.ID)}
	if account := x.account(); account != "" { // the token call has none
		attrs = append(attrs, slog.String("account", account))
	}
	return attrs
}

// statusOf returns the status of a response, 0 if there is none.
func statusOf(r *Response, err error) int {
	switch err := err.(type) {
	case nil:
		return r.StatusCode
	case *Error:
		return err.StatusCode
	case *ValidationError:
		return err.StatusCode
	}
	return 0
}
