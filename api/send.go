package api

import (
	"context"
	"errors"

	"github.com/sakari-go/sakari-go/api/internal/transport"
)

// sender is the end of the chain: it makes one round trip.
type sender struct{ transport *transport.Transport }

func (s sender) send(ctx context.Context, x *exchange) (*Response, error) {
	x.attempts++
	ctx = context.WithValue(ctx, operationKey{}, Operation{
		ID: x.operation.ID, Path: x.operation.Path, Attempt: x.attempts,
	})
	response, err := s.transport.RoundTrip(ctx, x.request.Request, x.request.Body)
	if err != nil {
		return nil, x.transportError(ctx, err.(*transport.Error))
	}
	x.response = responseOf(response)
	return x.response, nil
}

// transportError returns the error of a call whose round trip failed.
func (x *exchange) transportError(ctx context.Context, failed *transport.Error) error {
	if failed.Response != nil && failed.Response.StatusCode != 0 {
		x.response = responseOf(failed.Response)
	}
	switch {
	case failed.Problem != nil:
		return invalidResponse(x, responseOf(failed.Response), Violation(*failed.Problem))
	case failed.Response != nil:
		return newError(x, x.response, withReason(ctx, failed.Err))
	}
	outcome := Unknown
	if failed.NotSent || failed.Unprocessed {
		outcome = NotApplied
	}
	return &NetworkError{
		Operation: x.operation.ID,
		Account:   x.account(),
		Attempts:  x.attempts,
		Err:       x.redactError(withReason(ctx, failed.Err), outcome),
		result:    outcome,
		// A failed TLS handshake fails again.
		isTransient: failed.Unprocessed || failed.NotSent && transport.FailedToDial(failed.Err),
		retryAtOnce: failed.Unprocessed || errors.Is(failed.Err, transport.ErrSentOnce),
	}
}

func responseOf(r *transport.Response) *Response {
	return &Response{StatusCode: r.StatusCode, Header: r.Header, Body: r.Body}
}
