package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/sakari-go/sakari-go/gen"
)

// Response is an answer as the server sent it. Printed and in JSON it shows its status alone: the rest may hold personal data.
type Response struct {
	StatusCode int
	Header     http.Header `json:"-"`
	Body       []byte      `json:"-"` // after decompression
}

// Format keeps header and body out of every verb.
func (a Response) Format(f fmt.State, verb rune) { formatText(f, verb, statusText(a.StatusCode)) }

// CallOption configures one call.
type CallOption func(*callState) error

// CaptureResponse stores the last answer to the call, on success and on error.
// Without an answer it stores the zero Response.
func CaptureResponse(into *Response) CallOption {
	return func(s *callState) error {
		if into == nil {
			return errors.New("CaptureResponse: the argument must not be nil")
		}
		*into = Response{}
		s.capture = into
		return nil
	}
}

// callState goes with a call of a convenience method through the generated client into the pipeline.
type callState struct {
	capture  *Response
	reached  bool             // the pipeline has seen the call
	reported *ValidationError // by the pipeline, which let the call go on
	answer   *Response        // the last one
}

type callStateKey struct{}

// call makes a call of the generated client, and turns into errors what that
// client leaves to its caller. Result returns nil if the answer has no typed result.
func call[R, T any](ctx context.Context, c *Client, operation string, opts []CallOption, send func(context.Context) (*R, error), result func(*R) *T) (*T, error) {
	if ctx == nil {
		return nil, &callError{operation, NotApplied, errors.New("the context is nil")}
	}
	state := &callState{}
	for _, opt := range opts {
		if opt == nil {
			return nil, &callError{operation, NotApplied, errors.New("a call option is nil")}
		}
		if err := opt(state); err != nil {
			return nil, &callError{operation, NotApplied, err}
		}
	}
	answer, err := send(context.WithValue(ctx, callStateKey{}, state))
	if state.capture != nil && state.answer != nil {
		*state.capture = *state.answer
	}
	if err == nil {
		if value := result(answer); value != nil {
			return value, nil
		}
	}
	var own ownError
	var violation *ValidationError
	switch {
	case !state.reached && errors.As(err, &violation):
		violation.Operation = operation
	case !state.reached:
		violation = &ValidationError{Operation: operation, Direction: DirectionRequest, Violations: []Violation{unencodable(err)}}
	case errors.As(err, &own):
		return nil, err
	case state.reported != nil && state.reported.Direction == DirectionResponse:
		return nil, state.reported
	default:
		violation = unreadable(operation, state.answer)
	}
	c.checker.onViolation(ctx, violation)
	return nil, violation
}

// unencodable says why the generated client could not make a request of its arguments.
func unencodable(err error) Violation {
	var shadowed *gen.ShadowedPropertyError
	var text *gen.InvalidTextError
	var unsupported *json.UnsupportedValueError
	switch {
	case errors.As(err, &shadowed):
		return Violation{"body", "additionalProperties", shadowed.Error()}
	case errors.As(err, &text):
		return Violation{"body/" + text.Place, "utf-8", "is not valid UTF-8"}
	case errors.As(err, &unsupported):
		return Violation{"body", "number", "holds a value that JSON has no form for, such as NaN or infinity"}
	}
	return Violation{"body", "json", fmt.Sprintf("can not be written as JSON (%T)", err)}
}

// unreadable is for answers that passed the pipeline, and that the generated types can not hold.
func unreadable(operation string, answer *Response) *ValidationError {
	return &ValidationError{
		Operation: operation, Direction: DirectionResponse, StatusCode: answer.StatusCode,
		Violations: []Violation{{"body", "type", "can not be read as the type that the contract declares"}},
		Header:     answer.Header, Body: answer.Body,
	}
}
