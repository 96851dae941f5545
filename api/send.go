package api

import (
	"context"

	"github.com/sakari-go/sakari-go/api/internal/transport"
)

// sender is the end of the chain: it makes one round trip.
type sender struct{ transport *transport.Transport }

func (s sender) send(ctx context.Context, x *exchange) (*Response, error) {
	x.attempts++
	response, err := s.transport.RoundTrip(ctx, x.request.Request, x.request.Body)
	if err != nil {
		return nil, x.transportError(err.(*transport.Error))
	}
	x.response = (*Response)(response)
	return x.response, nil
}

// transportError returns the error of a call whose round trip failed.
func (x *exchange) transportError(failed *transport.Error) error {
	if failed.Response != nil && failed.Response.StatusCode != 0 {
		x.response = (*Response)(failed.Response)
	}
	switch {
	case failed.Problem != nil:
		return invalidResponse(x, (*Response)(failed.Response), Violation(*failed.Problem))
	case failed.Response != nil:
		return newError(x, x.response, failed.Err)
	}
	outcome := Unknown
	if failed.NotSent {
		outcome = NotApplied
	}
	return &NetworkError{
		Operation: x.operation.ID, Attempts: x.attempts, Err: x.redactError(failed.Err, outcome), result: outcome,
	}
}
