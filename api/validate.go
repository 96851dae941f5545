package api

import (
	"bytes"
	"context"
	"log/slog"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/api/internal/spec"
)

// Validation is what happens to requests and responses that do not conform to the spec.
type Validation int

const (
	// ValidationStrict makes them errors. An invalid request is not sent. This is the default.
	ValidationStrict Validation = iota
	// ValidationReport reports them to the violation handler and the log, and the call goes on.
	// What is missing in a response, or does not conform, is zero in the result: use
	// [CaptureResponse] to see the violations and the response. A response that reports a failure,
	// or whose body cannot be read as its Go type, is still an error, and so is a path parameter
	// that would change the path.
	ValidationReport
	// ValidationOff does not validate. It limits the size of a response, reads its body as its Go
	// type and refuses a path parameter that would change the path, as the other modes do.
	ValidationOff
)

// validator checks requests and responses against the spec.
type validator struct {
	mode        Validation
	anySuccess  bool // in the other modes a 2xx with any body is read: the caller checks the result
	onViolation func(context.Context, *ValidationError)
	logger      *slog.Logger
}

// validateRequest stops an invalid request. In every mode it stops one whose path would be that of
// something else, and one with a header that net/http does not send.
func (v *validator) validateRequest(next handler) handler {
	return func(ctx context.Context, x *exchange) (*Response, error) {
		violations := violationsOf(x.operation.CheckPath(x.request.PathValues))
		violations = append(violations, violationsOf(spec.CheckHeader(x.request.Header))...)
		isUnsendable := len(violations) > 0
		if v.mode != ValidationOff {
			violations = append(violations, violationsOf(x.operation.CheckRequest(ctx, x.request))...)
		}
		if len(violations) == 0 {
			return next(ctx, x)
		}
		err := invalidRequest(x, violations...)
		if isUnsendable || v.isFatal(x, err) {
			return nil, err
		}
		return next(ctx, x)
	}
}

// validateResponse stops an invalid response. It reads the result of a typed method: the Go types
// that express their whole schema validate while they are read.
func (v *validator) validateResponse(next handler) handler {
	return func(ctx context.Context, x *exchange) (*Response, error) {
		response, err := next(ctx, x)
		if err != nil || x.readValid(response) {
			return response, err
		}
		isContradictory := says(response.Body, saysBoth) && v.mode != ValidationStrict // a success in no mode
		if v.mode == ValidationOff && !isContradictory {
			return response, nil
		}
		violations := x.operation.CheckResponse(ctx, x.request.Request, spec.Response{
			StatusCode: response.StatusCode,
			Header:     response.Header,
			Body:       spec.ParseBody(response.Header, response.Body),
		})
		if len(violations) == 0 {
			return response, nil
		}
		invalid := invalidResponse(x, response, violationsOf(violations)...)
		if isContradictory || v.isFatal(x, invalid) {
			return nil, invalid
		}
		return response, nil
	}
}

// isFatal reports whether a violation ends the call. Otherwise the exchange keeps it.
func (v *validator) isFatal(x *exchange, err *ValidationError) bool {
	if v.mode == ValidationStrict {
		return true
	}
	err.Header, err.Body = err.Header.Clone(), bytes.Clone(err.Body) // the caller gets the response, too
	x.violations = append(x.violations, err)
	return false
}

// report calls the handler of violations at the end of a call: with those in spite of which the
// call went on, which it logs as well, and with that which is the error of the call.
func (v *validator) report(ctx context.Context, x *exchange, err error) {
	for _, violation := range x.violations {
		v.logger.LogAttrs(ctx, slog.LevelWarn, "violation of the spec",
			append(x.logAttrs(), slog.String("error", violation.Error()))...)
		v.onViolation(ctx, violation)
	}
	if uncertain, ok := err.(*uncertainError); ok {
		err = uncertain.err
	}
	if violation, ok := err.(*ValidationError); ok && !slices.Contains(x.violations, violation) {
		v.onViolation(ctx, violation)
	}
}

// refuse reports that a response which conforms to the spec does not fit the request. It returns
// the error of the call, which is nil if the response is usable and violations are only reported.
func (v *validator) refuse(ctx context.Context, x *exchange, isUsable bool, violation Violation) error {
	invalid := invalidResponse(x, x.response, violation)
	x.violations = nil // do has reported them
	if isUsable && v.mode == ValidationReport && !v.isFatal(x, invalid) {
		v.report(ctx, x, nil)
		if x.capture != nil {
			x.capture.Violations = append(x.capture.Violations, violation)
		}
		return nil
	}
	v.report(ctx, x, invalid)
	return invalid
}

// readValid reads the body of a response into the result of a typed method. It reports whether the
// response certainly conforms to the spec.
func (x *exchange) readValid(r *Response) bool {
	x.isRead = x.resultType != "" && x.resultType == x.operation.Result && r.StatusCode == x.operation.SuccessStatus &&
		spec.HasJSON(r.Header) && !says(r.Body, saysBoth) && json.Unmarshal(r.Body, x.result) == nil
	return x.isRead
}

func invalidRequest(x *exchange, violations ...Violation) *ValidationError {
	return &ValidationError{Operation: x.id(), Account: x.account(), Violations: violations}
}

func invalidResponse(x *exchange, r *Response, violations ...Violation) *ValidationError {
	return &ValidationError{
		Operation: x.operation.ID, Account: x.account(), Direction: DirectionResponse, StatusCode: r.StatusCode,
		Violations: violations, Header: r.Header, Body: r.Body,
	}
}

func violationsOf(found []spec.Violation) []Violation {
	var violations []Violation
	for _, v := range found {
		violations = append(violations, Violation(v))
	}
	return violations
}
