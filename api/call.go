package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/gen"
)

// Response is a response as the server sent it. Printed and in JSON it shows its status alone: the rest may hold personal data.
type Response struct {
	StatusCode int
	Header     http.Header `json:"-"`
	Body       []byte      `json:"-"` // after decompression
}

// Format keeps header and body out of every verb.
func (a Response) Format(f fmt.State, verb rune) { formatText(f, verb, statusText(a.StatusCode)) }

// CallOption configures one call.
type CallOption func(*exchange) error

// CaptureResponse stores the last response to the call, on success and on error.
// Without a response it stores the zero Response.
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

// call is a call of a typed method, with what its response is read into.
type call[T any] struct {
	exchange
	value T
}

// path holds the values of the parameters in the path of an operation, in their order.
type path []string

// do makes the call of a typed method: it writes the body, if there is one, sends the request through the pipeline, and
// reads the response as a T, which validates it. The exchange is for what is left to check.
func do[T any](ctx context.Context, p *pipeline, operation string, opts []CallOption, in path, body json.Marshaler, newRequest func(server string) (*http.Request, error)) (*T, *exchange, error) {
	if ctx == nil {
		return nil, nil, &callError{operation, NotApplied, errors.New("the context is nil")}
	}
	c := &call[T]{exchange: exchange{called: operation, resultType: reflect.TypeFor[T]().Name()}}
	c.result = &c.value
	for _, opt := range opts {
		if opt == nil {
			return nil, nil, &callError{operation, NotApplied, errors.New("a call option is nil")}
		}
		if err := opt(&c.exchange); err != nil {
			return nil, nil, &callError{operation, NotApplied, err}
		}
	}
	err := p.prepare(&c.exchange, in, body, newRequest)
	if err == nil {
		_, err = p.run(ctx, &c.exchange)
	}
	if c.capture != nil && c.answer != nil {
		*c.capture = *c.answer
	}
	if err == nil {
		err = c.readResult(p.checker.mode)
	}
	if err != nil {
		p.tell(ctx, &c.exchange, err)
		return nil, nil, err
	}
	return &c.value, &c.exchange, nil
}

// prepare makes the request of a typed method. What it sends is the body as it is written here.
func (p *pipeline) prepare(x *exchange, in path, body json.Marshaler, newRequest func(server string) (*http.Request, error)) error {
	contract, err := p.contract()
	if err != nil {
		return &callError{x.called, NotApplied, err}
	}
	if x.operation = contract.byID[x.called]; x.operation == nil {
		return &callError{x.called, NotApplied, errors.New("the contract has no such operation")}
	}
	var violations []Violation // in every mode: /contacts/. is another operation
	for i, value := range in {
		violations = append(violations, checkPathSegment(x.operation.inPath[i].name, value)...)
	}
	if violations != nil {
		return &ValidationError{Operation: x.called, Direction: DirectionRequest, Violations: violations}
	}
	if x.request, err = newRequest(p.server); err == nil && body != nil {
		x.bodyType = reflect.TypeOf(body).Elem().Name()
		x.body, err = body.MarshalJSON()
	}
	if err != nil {
		pointer, reason := reasonOf(err)
		location := "body"
		if route, err := x.operation.route(); err == nil && route.Operation.RequestBody != nil {
			location = locationIn(route.Operation.RequestBody.Value.Content, pointer)
		}
		violation := Violation{location, "json", "can not be written as JSON: " + reason}
		return &ValidationError{Operation: x.called, Direction: DirectionRequest, Violations: []Violation{violation}}
	}
	return nil
}

// reasonOf returns the place of an error of reading or writing JSON, and its reason without a part of the text.
func reasonOf(err error) (at jsontext.Pointer, reason string) {
	var schema *gen.SchemaError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &schema):
		return schema.Location, schema.Message
	case errors.As(err, &semantic):
		at = semantic.JSONPointer
	}
	return at, fmt.Sprintf("%T", err)
}

func locationIn(content openapi3.Content, pointer jsontext.Pointer) string {
	if media := content.Get(mediaTypeJSON); media != nil && media.Schema != nil {
		return place("body", media.Schema.Value, pointer)
	}
	return "body"
}

// readValid reads the body of a response into the result of a typed method, and reports whether it is surely valid.
func (x *exchange) readValid(answer *Response) bool {
	x.isRead = x.resultType != "" && x.resultType == x.operation.Result && answer.StatusCode == x.operation.Success &&
		hasJSON(answer.Header) && json.Unmarshal(answer.Body, x.result) == nil
	return x.isRead
}

// readResult reads a response that the pipeline let through, if it is not read yet.
func (x *exchange) readResult(mode Validation) error {
	if x.isRead {
		return nil
	}
	var err error
	switch documented := x.answer.StatusCode == x.operation.Success && hasJSON(x.answer.Header); {
	case mode == ValidationStrict:
		err = json.Unmarshal(x.answer.Body, x.result)
	case documented || saysSuccess(x.answer.Body):
		err = readLeniently(x.answer.Body, x.result)
	default:
		err = errors.New("is no documented response, and does not say success: true")
	}
	switch {
	case err == nil:
		return nil
	case x.reported != nil && x.reported.Direction == DirectionResponse:
		return x.reported
	}
	location := "body"
	if route, unread := x.operation.route(); unread == nil {
		if documented := documentedIn(route, x.answer.StatusCode); documented != nil {
			pointer, _ := reasonOf(err)
			location = locationIn(documented.Content, pointer)
		}
	}
	return invalidAnswer(x, x.answer, Violation{location, "type", "can not be read as the type that the contract declares"})
}

// readLeniently reads what does not conform to the schema too, as long as it is of its type. The result is zero there.
func readLeniently(body []byte, result any) error {
	err := json.Unmarshal(body, result, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	var schema *gen.SchemaError
	if errors.As(err, &schema) && schema.Read {
		return nil
	}
	return err
}
