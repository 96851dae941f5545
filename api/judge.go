package api

import (
	"bytes"
	"context"
	"log/slog"
	"mime"
)

// checker holds requests and answers against the contract.
type checker struct {
	mode        Validation
	onViolation func(context.Context, *ValidationError)
	logger      *slog.Logger
}

// checkRequests stops a request that breaks the contract, and in every mode one that would lead elsewhere.
func (c *checker) checkRequests(next handler) handler {
	return func(ctx context.Context, x *exchange) (*Response, error) {
		astray := x.operation.checkPath(x.segments)
		violations := astray
		if c.mode != ValidationOff {
			violations = x.operation.checkRequest(ctx, x.request, x.segments, x.body)
		}
		if len(violations) == 0 {
			return next(ctx, x)
		}
		err := &ValidationError{Operation: x.operation.id, Direction: DirectionRequest, Violations: violations}
		if len(astray) > 0 {
			return nil, err
		}
		if err := c.violated(ctx, x, err); err != nil {
			return nil, err
		}
		return next(ctx, x)
	}
}

// judge lets through what is a yes and keeps the contract.
func (c *checker) judge(next handler) handler {
	return func(ctx context.Context, x *exchange) (*Response, error) {
		answer, err := next(ctx, x)
		if err != nil {
			return nil, err
		}
		if outcomeOfStatus(answer.StatusCode) != Applied {
			return nil, newError(x, answer, nil)
		}
		if x.operation.surelyKeeps(answer) && !mayReadAsNo(answer.Body) {
			return answer, nil
		}
		value, findings := parseAnswer(answer)
		if len(findings) == 0 && saysNo(value) {
			return nil, newError(x, answer, nil)
		}
		contradictory := c.mode != ValidationStrict && mayReadAsNo(answer.Body) // no success, in no mode
		if c.mode == ValidationOff && !contradictory {
			return answer, nil
		}
		violations := x.operation.checkResponse(ctx, x.request, answer, value, findings)
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
	x.state.reported = err
	return nil
}

func parseAnswer(answer *Response) (any, []finding) {
	if name, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err == nil && isJSON(name) {
		return parseJSON(answer.Body)
	}
	return string(answer.Body), nil
}
