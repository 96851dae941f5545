package api

import (
	"context"
	"log/slog"
	"time"
)

// logRoundTrips writes one line for each round trip: at level info if it brought a yes, else at level warn.
func logRoundTrips(logger *slog.Logger, next handler) handler {
	return func(ctx context.Context, x *exchange) (*Response, error) {
		start := time.Now()
		answer, err := next(ctx, x)
		level := slog.LevelInfo
		if err != nil {
			level = slog.LevelWarn
		}
		if !logger.Enabled(ctx, level) {
			return answer, err
		}
		attrs := []slog.Attr{
			slog.String("operation", x.operation.ID),
			slog.Int("status", statusOf(answer, err)),
			slog.Duration("duration", time.Since(start)),
			slog.Int("attempt", x.attempts),
			slog.String("outcome", OutcomeOf(err).String()),
		}
		if err != nil {
			attrs = append(attrs, slog.String("error", err.Error()))
		}
		logger.LogAttrs(ctx, level, "round trip", attrs...)
		return answer, err
	}
}

// statusOf is 0 if there was no answer.
func statusOf(answer *Response, err error) int {
	switch err := err.(type) {
	case nil:
		return answer.StatusCode
	case *Error:
		return err.StatusCode
	case *ValidationError:
		return err.StatusCode
	}
	return 0
}
