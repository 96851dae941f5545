package api

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// secrets blanks what a server may repeat in an error and no log may hold: the token, and the texts
// of the request body that the contract marks x-sensitive or does not declare.
func (x *exchange) secrets() *strings.Replacer {
	values := []string{x.token}
	var body any
	if requestBody := x.operation.route.Operation.RequestBody; requestBody != nil && json.Unmarshal(x.body, &body) == nil {
		if media := requestBody.Value.Content.Get("application/json"); media != nil && media.Schema != nil {
			values = sensitiveTexts(media.Schema.Value, body, values)
		}
	}
	// Shorter ones would blank parts of other words.
	values = slices.DeleteFunc(values, func(s string) bool { return utf8.RuneCountInString(s) < 3 })
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, s := range values {
		pairs = append(pairs, s, "[redacted]")
	}
	return strings.NewReplacer(pairs...)
}

// sensitiveTexts appends the strings that may be personal. A nil schema stands for what is not declared.
func sensitiveTexts(schema *openapi3.Schema, value any, texts []string) []string {
	switch value := value.(type) {
	case string:
		if schema == nil || schema.Extensions["x-sensitive"] == true {
			return append(texts, value)
		}
	case []any:
		var items *openapi3.Schema
		if schema != nil && schema.Items != nil {
			items = schema.Items.Value
		}
		for _, element := range value {
			texts = sensitiveTexts(items, element, texts)
		}
	case map[string]any:
		var declared openapi3.Schemas
		if schema != nil {
			declared = declaredProperties(schema)
		}
		for name, member := range value {
			var property *openapi3.Schema
			if ref, ok := declared[name]; ok {
				property = ref.Value
			}
			texts = sensitiveTexts(property, member, texts)
		}
	}
	return texts
}
