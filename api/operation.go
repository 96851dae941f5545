package api

import "context"

// Operation is the call that a request belongs to. See [OperationFromContext].
type Operation struct {
	ID      string // operationId of the spec, such as "createAttribute"
	Path    string // template of the spec, such as "/v1/accounts/{accountId}/attributes"
	Attempt int    // number of the round trip of the call, from 1
}

type operationKey struct{}

// OperationFromContext returns the operation of a request from its context, as a RoundTripper of
// [WithHTTPClient] gets it. Spans and metrics can take their names from it: they contain no account
// and no id. The fetch of a token has an operation of its own.
func OperationFromContext(ctx context.Context) (operation Operation, ok bool) {
	operation, ok = ctx.Value(operationKey{}).(Operation)
	return operation, ok
}
