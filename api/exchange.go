package api

import (
	"context"

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
	called     string // the id of its operation
	result     any    // what the response is read into
	resultType string // its Go type
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

// notSent returns the error of a call whose context ended before it was sent.
func notSent(x *exchange, err error) *NetworkError {
	return &NetworkError{Operation: x.operation.ID, Attempts: x.attempts, Err: err, result: NotApplied}
}
