package spec

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Sensitive returns the texts in the query and the body of a request that may be personal data:
// those that the spec marks with x-sensitive, and the names and values that it does not declare.
func (op *Operation) Sensitive(query url.Values, body []byte) []string {
	return append(op.sensitiveQuery(query), op.sensitiveBody(body)...)
}

func (op *Operation) sensitiveQuery(query url.Values) (texts []string) {
	if len(query) == 0 {
		return nil
	}
	route, err := op.route()
	for name, values := range query {
		var parameter *openapi3.Parameter
		if err == nil {
			parameter = declared(route, Parameter{Name: name, In: openapi3.ParameterInQuery})
		}
		if parameter == nil || parameter.Extensions["x-sensitive"] == true ||
			parameter.Schema != nil && isSensitive(parameter.Schema.Value) {
			texts = append(texts, values...)
		}
	}
	return texts
}

func (op *Operation) sensitiveBody(body []byte) []string {
	if len(body) == 0 {
		return nil
	}
	route, err := op.route()
	var value any
	if err != nil || route.Operation.RequestBody == nil || json.Unmarshal(body, &value, keepDigits) != nil {
		decoded, _ := url.QueryUnescape(string(body)) // of a form
		return []string{string(body), decoded}
	}
	media := jsonOf(route.Operation.RequestBody.Value.Content)
	if media == nil || media.Schema == nil {
		return nil
	}
	return sensitive(media.Schema.Value, value)
}

// keepDigits reads a number as its text: a float64 would lose digits of a phone number.
var keepDigits = json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, value *any) error {
	if dec.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	number, err := dec.ReadValue()
	*value = number.Clone()
	return err
}))

// sensitive returns the texts of a value. A nil schema is that of a value that the spec does not
// declare.
func sensitive(schema *openapi3.Schema, value any) (texts []string) {
	isSensitive := isSensitive(schema)
	switch value := value.(type) {
	case string:
		if isSensitive {
			texts = append(texts, value)
		}
	case jsontext.Value:
		if isSensitive {
			texts = append(texts, value.String())
		}
	case []any:
		var items *openapi3.Schema
		if schema != nil {
			items = itemsOf(schema)
		}
		for _, element := range value {
			texts = append(texts, sensitive(items, element)...)
		}
	case map[string]any:
		for name, member := range value {
			var declared *openapi3.Schema
			if schema != nil {
				declared = declaredProperty(schema, name)
			}
			if declared == nil {
				texts = append(texts, name)
			}
			texts = append(texts, sensitive(declared, member)...)
		}
	}
	return texts
}

// isSensitive reports whether values of a schema may be personal data.
func isSensitive(schema *openapi3.Schema) bool {
	if schema == nil {
		return true
	}
	for part := range parts(schema) {
		if part.Extensions["x-sensitive"] == true {
			return true
		}
	}
	return false
}

// FailureExamples returns the texts in the examples of failure responses of the whole document. An
// example of what the spec marks with x-sensitive is not among them.
func (op *Operation) FailureExamples() []string { return op.failureExamples() }

func failureExamples(document func() (*openapi3.T, error)) []string {
	doc, err := document()
	if err != nil || doc.Paths == nil {
		return nil
	}
	var texts []string
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for status, response := range op.Responses.Map() {
				if !strings.HasPrefix(status, "2") {
					texts = append(texts, examplesOf(jsonOf(response.Value.Content))...)
				}
			}
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

func examplesOf(media *openapi3.MediaType) []string {
	if media == nil || media.Schema == nil {
		return nil
	}
	schema := media.Schema.Value
	texts := append(harmless(schema, media.Example), schemaExamples(schema, make(map[*openapi3.Schema]bool))...)
	for _, example := range media.Examples {
		texts = append(texts, harmless(schema, example.Value.Value)...)
	}
	return texts
}

// harmless returns the texts of an example, but for those of values that are sensitive.
func harmless(schema *openapi3.Schema, example any) (texts []string) {
	if isSensitive(schema) {
		return nil
	}
	switch example := example.(type) {
	case string:
		texts = append(texts, example)
	case []any:
		for _, element := range example {
			texts = append(texts, harmless(itemsOf(schema), element)...)
		}
	case map[string]any:
		for name, member := range example {
			texts = append(texts, harmless(declaredProperty(schema, name), member)...)
		}
	}
	return texts
}

// schemaExamples returns the texts of the examples of a schema and of those in it.
func schemaExamples(schema *openapi3.Schema, seen map[*openapi3.Schema]bool) (texts []string) {
	if isSensitive(schema) || seen[schema] {
		return nil
	}
	seen[schema] = true
	for part := range parts(schema) {
		texts = append(texts, harmless(schema, part.Example)...)
		if part.Items != nil {
			texts = append(texts, schemaExamples(part.Items.Value, seen)...)
		}
		for _, property := range part.Properties {
			texts = append(texts, schemaExamples(property.Value, seen)...)
		}
	}
	return texts
}
