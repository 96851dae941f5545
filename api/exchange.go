package api

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/sakari-go/sakari-go/api/internal/spec"
)

// exchange is one call on its way through the chain.
type exchange struct {
	operation  *spec.Operation
	request    spec.Request
	secrets    *credentials
	tokens     []string           // those that were sent
	refreshed  bool               // a refused token has been replaced
	attempts   int                // round trips
	response   *Response          // the last one
	violations []*ValidationError // those in spite of which the call went on

	// Of a typed method.
	called     string     // the id of its operation
	query      url.Values // parameters that an option sets
	result     any        // what the response is read into
	resultType string     // its Go type
	capture    *Response
	isRead     bool // result is read, and valid
}

// handler sends the request of an exchange on. It returns the response of a success, or an error.
type handler func(context.Context, *exchange) (*Response, error)

// step makes a handler of the one that follows it in the chain.
type step func(next handler) handler

// chain returns the handler that calls steps in their order, and then the last handler.
func chain(last handler, steps ...step) handler {
	for i := len(steps) - 1; i >= 0; i-- {
		last = steps[i](last)
	}
	return last
}

// notSent returns the error of a call that ended before it was sent, mostly with its context.
func notSent(ctx context.Context, x *exchange, err error) *NetworkError {
	return &NetworkError{
		Operation: x.operation.ID, Account: x.account(), Attempts: x.attempts,
		Err: withReason(ctx, err), result: NotApplied,
	}
}

// withReason adds why a context ended to its error, so that the time-outs of the call, of the
// http.Client and of the caller read differently.
func withReason(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	switch {
	case cause == nil || !errors.Is(err, ctx.Err()):
		return err
	case cause == context.DeadlineExceeded: // it has no cause of its own
		return fmt.Errorf("%w: the deadline of the caller's context", err)
	case errors.Is(err, cause):
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// account returns the account of a call, "" if it is not known or the operation has none.
func (x *exchange) account() string {
	if x.operation == nil || x.request.PathValues == nil {
		return ""
	}
	return x.operation.PathValue(accountParameter, x.request.PathValues)
}

// id returns the id of the operation, "" if it is not known.
func (x *exchange) id() string {
	if x.operation == nil {
		return x.called
	}
	return x.operation.ID
}
