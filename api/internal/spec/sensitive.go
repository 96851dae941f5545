package spec

import (
	"errors"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Sensitive returns the texts in the body of a request that may be personal data: those that the
// spec marks with x-sensitive, and the names and values that it does not declare.
func (op *Operation) Sensitive(body []byte) []string {
	if len(body) == 0 {
		return nil
	}
	route, err := op.route()
	var value any
	if err != nil || route.Operation.RequestBody == nil || json.Unmarshal(body, &value, keepDigits) != nil {
		return []string{string(body)}
	}
	media := route.Operation.RequestBody.Value.Content.Get(MediaTypeJSON)
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
	isSensitive := schema == nil || schema.Extensions["x-sensitive"] == true
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
		if schema != nil && schema.Items != nil {
			items = schema.Items.Value
		}
		for _, element := range value {
			texts = append(texts, sensitive(items, element)...)
		}
	case map[string]any:
		var declared openapi3.Schemas
		if schema != nil {
			declared = schema.Properties
		}
		for name, member := range value {
			if ref, ok := declared[name]; ok {
				texts = append(texts, sensitive(ref.Value, member)...)
				continue
			}
			texts = append(append(texts, name), sensitive(nil, member)...)
		}
	}
	return texts
}
