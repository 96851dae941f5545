package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api/internal/spec"
	"github.com/sakari-go/sakari-go/gen"
)

// CallOption configures one call.
type CallOption func(*exchange) error

// CaptureResponse stores the last response to the call, of a success and of a failure. If there is
// no response it stores the zero Response.
func CaptureResponse(into *Response) CallOption {
	return func(x *exchange) error {
		if into == nil {
			return errors.New("CaptureResponse: the argument must not be nil")
		}
		*into = Response{}
		x.capture = into
		return nil
	}
}

// pathValues contains the values of the parameters in the path of an operation, in their order.
type pathValues []string

// call is a call of a typed method.
type call[T any] struct {
	exchange
	value T
}

// do makes the call of a typed method. It writes the body, a pointer or nil, sends the request that
// newRequest builds through the pipeline, and reads the response as a T. It returns the exchange
// for checks of the response that the spec does not express.
func do[T any](
	ctx context.Context, p *pipeline, operation string, opts []CallOption,
	in pathValues, body any, newRequest func(server string) (*http.Request, error),
) (*T, *exchange, error) {
	if ctx == nil {
		return nil, nil, &usageError{operation: operation, err: errors.New("the context is nil")}
	}
	c := &call[T]{exchange: exchange{called: operation, resultType: reflect.TypeFor[T]().Name()}}
	c.result = &c.value
	for _, opt := range opts {
		if opt == nil {
			return nil, nil, &usageError{operation: operation, err: errors.New("a call option is nil")}
		}
		if err := opt(&c.exchange); err != nil {
			return nil, nil, &usageError{operation: operation, err: err}
		}
	}
	err := p.prepare(&c.exchange, in, body, newRequest)
	if err == nil {
		_, err = p.run(ctx, &c.exchange)
	}
	if err == nil {
		err = c.readResult(p.validator)
	}
	p.validator.report(ctx, &c.exchange, err)
	c.captureResponse()
	if err != nil {
		return nil, nil, err
	}
	return &c.value, &c.exchange, nil
}

// captureResponse stores the last response, and the violations of it in spite of which the call
// went on.
func (x *exchange) captureResponse() {
	if x.capture == nil || x.response == nil {
		return
	}
	*x.capture = *x.response
	for _, v := range x.violations {
		if v.Direction == DirectionResponse {
			x.capture.Violations = append(x.capture.Violations, v.Violations...)
		}
	}
}

// prepare builds the request of a typed method. The body that it writes is the body that is
// validated and sent.
func (p *pipeline) prepare(
	x *exchange, in pathValues, body any, newRequest func(server string) (*http.Request, error),
) error {
	known, err := p.spec()
	if err != nil {
		return &usageError{operation: x.called, err: err}
	}
	if x.operation = known.Operation(x.called); x.operation == nil {
		return &usageError{operation: x.called, err: errors.New("the spec has no such operation")}
	}
	// Checked before the request is built, which resolves /contacts/.. to the path of another
	// operation.
	x.request.PathValues = in
	if violations := x.operation.CheckPath(in); violations != nil {
		return invalidRequest(x, violationsOf(violations)...)
	}
	if x.request.Request, err = newRequest(p.server); err != nil {
		return &usageError{operation: x.called, err: err}
	}
	for name := range x.query {
		if !x.operation.TakesQuery(name) {
			err := fmt.Errorf("the operation has no parameter %s: omit the option", name)
			return &usageError{operation: x.called, err: err}
		}
		query := x.request.URL.Query()
		query[name] = x.query[name]
		x.request.URL.RawQuery = query.Encode()
	}
	if body == nil { // the request may have one that is not JSON
		if x.request.Body, err = readBody(x.request.Context(), x.request.Request); err != nil {
			return &usageError{operation: x.called, err: err}
		}
		return nil
	}
	x.request.IsValid = x.operation.Body != "" && x.operation.Body == reflect.TypeOf(body).Elem().Name()
	if x.request.Body, err = encode(body); err != nil {
		location, reason := locate(err)
		return invalidRequest(x, Violation{
			Location: x.operation.LocateInRequest(location),
			Rule:     "json",
			Message:  "cannot be written as JSON: " + reason,
		})
	}
	return nil
}

// encode writes a body as JSON. Package json would parse again what the method of a type returns.
func encode(body any) ([]byte, error) {
	if own, ok := body.(json.Marshaler); ok {
		return own.MarshalJSON()
	}
	return json.Marshal(body, json.Deterministic(true))
}

// readResult reads a response that the chain accepted, if it is not read yet. The result stays zero
// if the spec documents none for the status, such as 204.
func (x *exchange) readResult(v *validator) error {
	r := x.response
	if x.isRead || x.operation.HasNoResult(r.StatusCode) {
		return nil
	}
	isDocumented := r.StatusCode == x.operation.SuccessStatus && spec.HasJSON(r.Header)
	var err error
	switch {
	case v.mode == ValidationStrict:
		err = json.Unmarshal(r.Body, x.result)
	case isDocumented || v.anySuccess || successOf(r.Body) == saysTrue:
		err = readLeniently(r.Body, x.result)
	default:
		err = errors.New("neither documented nor a success")
	}
	switch {
	case err == nil:
		return nil
	case len(x.violations) > 0 && x.violations[len(x.violations)-1].Direction == DirectionResponse:
		return x.violations[len(x.violations)-1]
	}
	location, _ := locate(err)
	message := "cannot be read as the Go type of the spec's schema"
	var semantic *json.SemanticError
	if errors.As(err, &semantic) && semantic.GoType != nil {
		message += ", " + semantic.GoType.String()
	}
	return invalidResponse(x, r, Violation{
		Location: x.operation.LocateInResponse(r.StatusCode, location), Rule: "type", Message: message,
	})
}

// readLeniently also reads what does not conform to the schema, if it is of its type. What does not
// conform is left zero.
func readLeniently(body []byte, result any) error {
	err := json.Unmarshal(body, result, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	var schema *gen.SchemaError
	if errors.As(err, &schema) && schema.Read {
		return nil
	}
	return err
}

// locate returns the location of an error of reading or writing JSON, and its reason without a part
// of the text.
func locate(err error) (location jsontext.Pointer, reason string) {
	var schema *gen.SchemaError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &schema):
		return schema.Location, schema.Message
	case errors.As(err, &semantic):
		location = semantic.JSONPointer
	}
	return location, fmt.Sprintf("%T", err)
}
