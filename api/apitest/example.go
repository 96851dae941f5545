package apitest

import (
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/gen"
)

const mediaTypeJSON = "application/json"

// successStatus returns the first success status that the spec declares for an operation. It is 200
// if the spec declares a range only.
func successStatus(operation *openapi3.Operation) int {
	for status := 200; status < 300; status++ {
		if isDeclared(operation, status) {
			return status
		}
	}
	return http.StatusOK
}

// isDeclared reports whether the spec declares a response for this status alone.
func isDeclared(operation *openapi3.Operation, status int) bool {
	return operation.Responses.Value(strconv.Itoa(status)) != nil
}

// declaredResponse returns the spec's response for a status, or nil if there is none.
func declaredResponse(operation *openapi3.Operation, status int) *openapi3.Response {
	ref := operation.Responses.Status(status)
	if ref == nil {
		ref = operation.Responses.Default()
	}
	if ref == nil {
		return nil
	}
	return ref.Value
}

// declaredContent returns the media type of a response and its example, and "" and nil if it has no
// body. JSON comes first.
func declaredContent(response *openapi3.Response) (string, *openapi3.MediaType) {
	if response == nil {
		return "", nil
	}
	names := slices.Sorted(maps.Keys(response.Content))
	if len(names) == 0 {
		return "", nil
	}
	name := names[0]
	if slices.Contains(names, mediaTypeJSON) {
		name = mediaTypeJSON
	}
	return name, response.Content[name]
}

// exampleBody returns the body of a response that the spec declares for a status. The spec's
// example of a failure says what is wrong with a request. So it fits a status that means an invalid
// request, or the only status it is declared for. The body of another failure names its status.
func exampleBody(operation *openapi3.Operation, status int) string {
	mediaType, media := declaredContent(declaredResponse(operation, status))
	isSuccess := status < http.StatusBadRequest
	switch {
	case media == nil && isSuccess:
		return ""
	case isSuccess:
		return encodeAs(mediaType, exampleOf(media.Example, media.Examples, media.Schema))
	}
	isInvalid := status == http.StatusBadRequest || status == http.StatusUnprocessableEntity
	if media != nil && (isInvalid || isDeclared(operation, status)) {
		if example := exampleOf(media.Example, media.Examples, nil); example != nil {
			return encodeAs(mediaType, example)
		}
	}
	message := http.StatusText(status)
	if message == "" {
		message = fmt.Sprintf("Status %d", status)
	}
	return failureBody(operation, status, message)
}

// failureBody returns the body of a failure with a message of the server's own. It has the shape of
// the spec's example or schema. It is the vendor's envelope if the spec declares no response.
func failureBody(operation *openapi3.Operation, status int, message string) string {
	code := fmt.Sprintf("APITEST-%d", status)
	response := declaredResponse(operation, status)
	if response == nil {
		return encode(gen.ErrorResponse{Error: &gen.APIError{Code: &code, Message: &message}})
	}
	mediaType, media := declaredContent(response)
	if media == nil {
		return ""
	}
	value := exampleOf(media.Example, media.Examples, media.Schema)
	texts := map[string]string{
		"":        message, // a body that is a text
		"message": message, "description": message, "error_description": message,
	}
	described := describeFailure("", value, status, texts)
	texts["code"], texts["error"] = code, code
	// The spec may list its codes, and then the server has none of its own.
	for _, candidate := range []any{describeFailure("", value, status, texts), described} {
		if media.Schema == nil || media.Schema.Value.VisitJSON(candidate) == nil {
			return encodeAs(mediaType, candidate)
		}
	}
	return encodeAs(mediaType, value)
}

// describeFailure returns a copy of a JSON value with other texts in the members that have one.
func describeFailure(name string, value any, status int, texts map[string]string) any {
	text, isOther := texts[name]
	switch v := value.(type) {
	case map[string]any:
		members := make(map[string]any, len(v))
		for name, member := range v {
			members[name] = describeFailure(name, member, status, texts)
		}
		return members
	case []any:
		elements := make([]any, len(v))
		for i, element := range v {
			elements[i] = describeFailure(name, element, status, texts)
		}
		return elements
	case string:
		if isOther {
			return text
		}
	case float64:
		if isOther {
			return float64(status) // a code that is a number
		}
	}
	return value
}

// exampleHeader returns the examples of the header fields of a response. OpenAPI 3.0.3 says that a
// declared Content-Type is ignored.
func exampleHeader(response *openapi3.Response) http.Header {
	header := make(http.Header)
	if response == nil {
		return header
	}
	for name, ref := range response.Headers {
		value := exampleOf(ref.Value.Example, ref.Value.Examples, ref.Value.Schema)
		if value != nil && !strings.EqualFold(name, "Content-Type") {
			header.Set(name, headerText(value))
		}
	}
	return header
}

// headerText writes a value in the style "simple", which is the only one of a header field.
func headerText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []any:
		texts := make([]string, len(v))
		for i, element := range v {
			texts[i] = headerText(element)
		}
		return strings.Join(texts, ",")
	}
	return encode(value)
}

// exampleOf returns an example, the first of several, or a value made of the schema.
func exampleOf(example any, examples openapi3.Examples, schema *openapi3.SchemaRef) any {
	if names := slices.Sorted(maps.Keys(examples)); len(names) > 0 {
		example = examples[names[0]].Value.Value
	}
	if example == nil && schema != nil {
		example = (&exampleMaker{}).value(schema.Value, nil)
	}
	return example
}

// maxExample is the number of values from which an example has no more optional properties. Schemas
// that refer to each other would make one of every path between them.
const maxExample = 1000

// exampleMaker makes a value of the examples of a schema and its properties.
type exampleMaker struct{ made int }

// value returns nil if the schema is part of itself, or requires a property that is.
func (m *exampleMaker) value(s *openapi3.Schema, within []*openapi3.Schema) any {
	if slices.Contains(within, s) {
		return nil
	}
	within = append(slices.Clip(within), s)
	m.made++
	switch {
	case s.Example != nil:
		return s.Example
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.OneOf)+len(s.AnyOf) > 0:
		return m.oneOf(s, within)
	case s.Type.Is(openapi3.TypeString):
		text := textOfFormat[s.Format]
		return text + strings.Repeat("x", max(0, int(s.MinLength)-len(text)))
	case s.Type.Is(openapi3.TypeNumber), s.Type.Is(openapi3.TypeInteger):
		least := 0.0
		if s.Min != nil {
			least = *s.Min
		}
		if exclusive := s.ExclusiveMin.Bool; exclusive != nil && *exclusive {
			least++
		}
		return least
	case s.Type.Is(openapi3.TypeBoolean):
		return false
	case s.Type.Is(openapi3.TypeArray):
		elements := []any{}
		for range max(1, s.MinItems) {
			if element := m.value(s.Items.Value, within); element != nil {
				elements = append(elements, element)
			}
		}
		return elements
	}
	members := make(map[string]any)
	for _, part := range s.AllOf {
		object, _ := m.value(part.Value, within).(map[string]any)
		maps.Copy(members, object)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name].Value
		if property.WriteOnly || m.made > maxExample && !slices.Contains(s.Required, name) {
			continue
		}
		member := m.value(property, within)
		isRequired := slices.Contains(s.Required, name)
		if member == nil && isRequired && !property.Nullable {
			return nil
		}
		if member != nil || isRequired {
			members[name] = member
		}
	}
	return members
}

// oneOf returns the value of the first branch that conforms to the whole schema, or else of the
// first one.
func (m *exampleMaker) oneOf(s *openapi3.Schema, within []*openapi3.Schema) any {
	var first any
	for i, branch := range slices.Concat(s.OneOf, s.AnyOf) {
		value := m.value(branch.Value, within)
		if members, ok := value.(map[string]any); ok && s.Discriminator != nil {
			members = maps.Clone(members)
			members[s.Discriminator.PropertyName] = discriminatorOf(s, branch.Ref)
			value = members
		}
		if s.VisitJSON(value) == nil {
			return value
		}
		if i == 0 {
			first = value
		}
	}
	return first
}

// discriminatorOf returns the value that names the branch with a reference.
func discriminatorOf(s *openapi3.Schema, ref string) string {
	schema := ref[strings.LastIndexByte(ref, '/')+1:]
	for _, name := range slices.Sorted(maps.Keys(s.Discriminator.Mapping)) {
		if target := s.Discriminator.Mapping[name].Ref; target == ref || target == schema {
			return name
		}
	}
	return schema
}

// textOfFormat is a text of each format that is validated.
var textOfFormat = map[string]string{
	"date":      "2023-11-07",
	"date-time": "2023-11-07T05:31:56Z",
	"email":     "name@example.com",
	"uuid":      "00000000-0000-0000-0000-000000000000",
}

// encodeAs returns a value in a media type. A text is written as it is, unless the type is JSON.
func encodeAs(mediaType string, value any) string {
	base, _, _ := mime.ParseMediaType(mediaType)
	text, isText := value.(string)
	switch {
	case value == nil:
		return ""
	case isText && base != mediaTypeJSON && !strings.HasSuffix(base, "+json"):
		return text
	}
	return encode(value)
}

// encode returns a value as JSON. It panics if that fails, because the value is the server's own.
func encode(value any) string {
	body, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		panic(fmt.Sprintf("apitest: encode a response: %v", err))
	}
	return string(body)
}
