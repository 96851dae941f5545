package api

import (
	"bytes"
	"context"
	"log/slog"
)

// checker holds requests and answers against the contract.
type checker struct {
	mode        Validation
	onViolation func(context.Context, *ValidationError)
	logger      *slog.Logger
}

// checkRequests stops an invalid request, and in every mode one that would lead elsewhere.
func (c *checker) checkRequests(next handler) handler {
	return func(ctx context.Context, x *exchange) (*Response, error) {
		violations := x.checkPath()
		elsewhere := len(violations) > 0
		if c.mode != ValidationOff {
			violations = append(violations, x.checkRequest(ctx)...)
		}
		if len(violations) == 0 {
			return next(ctx, x)
		}
		err := &ValidationError{Operation: x.operation.ID, Direction: DirectionRequest, Violations: violations}
		if elsewhere {
			return nil, err
		}
		if err := c.violated(ctx, x, err); err != nil {
			return nil, err
		}
		return next(ctx, x)
	}
}

// checkResponses lets through what is a success and valid.
func (c *checker) checkResponses(next handler) handler {
	return func(ctx context.Context, x *exchange) (*Response, error) {
		answer, err := next(ctx, x)
		if err != nil {
			return nil, err
		}
		if outcomeOfStatus(answer.StatusCode) != Applied {
			return nil, newError(x, answer, nil)
		}
		failure := saysFailure(answer.Body)
		if !failure && x.readValid(answer) {
			return answer, nil
		}
		body := parsed{value: string(answer.Body)}
		if isJSON(mediaTypeOf(answer.Header)) {
			body = parseJSON(answer.Body)
		}
		envelope, _ := body.value.(map[string]any)
		if len(body.findings) == 0 && envelope["success"] == false {
			return nil, newError(x, answer, nil)
		}
		contradictory := failure && c.mode != ValidationStrict // no success, in no mode
		if c.mode == ValidationOff && !contradictory {
			return answer, nil
		}
		violations := x.checkResponse(ctx, answer, body)
		if len(violations) == 0 {
			return answer, nil
		}
		if contradictory {
			return nil, invalidAnswer(x, answer, violations...)
		}
		if err := c.violated(ctx, x, invalidAnswer(x, answer, violations...)); err != nil {
			return nil, err
		}
		return answer, nil
	}
}

// violated returns the error, unless it is to be reported only.
func (c *checker) violated(ctx context.Context, x *exchange, err *ValidationError) error {
	if c.mode == ValidationStrict {
		return err
	}
	err.Header, err.Body = err.Header.Clone(), bytes.Clone(err.Body) // the handler may blank them, and the call goes on
	c.logger.LogAttrs(ctx, slog.LevelWarn, "contract violated", slog.String("operation", err.Operation), slog.Any("error", err))
	c.onViolation(ctx, err)
	x.reported = err
	return nil
}
