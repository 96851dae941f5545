// Package spec validates requests and responses against the operations of an OpenAPI document. It
// knows no particular API and no generated code.
package spec

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// MediaTypeJSON is the media type whose bodies have a Go type.
const MediaTypeJSON = "application/json"

// Operation is what a client needs of an operation to send a request. It is generated, because
// reading a document takes milliseconds at the start of a program.
type Operation struct {
	ID            string
	Method        string
	Path          string // with names in braces, such as "/things/{id}"
	RequiresAuth  bool   // takes an access token
	Accept        string // the media types of all responses
	SuccessStatus int    // the first 2xx status with a JSON body, 0 if there is none

	// Body and Result are the names of the schemas of the request body and of the response with
	// status SuccessStatus. They are empty if the Go type of the schema does not express all of it.
	// A value of an expressed schema needs no other validation than to be encoded or decoded.
	Body   string
	Result string

	Parameters []Parameter

	segments        []string // of Path
	inPath          []pathParameter
	document        func() (*openapi3.T, error) // takes milliseconds at its first call
	failureExamples func() []string
}

// Parameter is a parameter of an operation.
type Parameter struct {
	Name     string
	In       string
	Required bool     `json:",omitzero"`
	Plain    bool     `json:",omitzero"` // a string in the path that only Enum restricts
	URI      bool     `json:",omitzero"` // a URI in the path, whose slashes are escaped
	Enum     []string `json:",omitzero"` // the values of a Plain parameter, nil if all are valid
}

// Operations returns the operations of a document in the order in which to match their paths.
func Operations(doc *openapi3.T) []Operation {
	var operations []Operation
	for _, path := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(path)
		methods := item.Operations()
		for _, method := range slices.Sorted(maps.Keys(methods)) {
			operations = append(operations, operationOf(doc, path, method, item, methods[method]))
		}
	}
	return operations
}

func operationOf(
	doc *openapi3.T, path, method string, item *openapi3.PathItem, op *openapi3.Operation,
) Operation {
	operation := Operation{
		ID:           op.OperationID,
		Method:       method,
		Path:         path,
		RequiresAuth: takesToken(doc, securityOf(doc, op)),
		Accept:       acceptOf(op),
	}
	for _, ref := range op.Parameters {
		operation.Parameters = append(operation.Parameters, parameterOf(ref.Value))
	}
	for _, ref := range item.Parameters {
		if op.Parameters.GetByInAndName(ref.Value.In, ref.Value.Name) == nil {
			operation.Parameters = append(operation.Parameters, parameterOf(ref.Value))
		}
	}
	if op.RequestBody != nil {
		operation.Body = expressedSchema(op.RequestBody.Value.Content, toEncode)
	}
	for status := 200; status < 300; status++ {
		response := op.Responses.Status(status)
		if response == nil || jsonOf(response.Value.Content) == nil {
			continue
		}
		operation.SuccessStatus = status
		if len(response.Value.Headers) == 0 { // decoding the body validates no header
			operation.Result = expressedSchema(response.Value.Content, toDecode)
		}
		break
	}
	return operation
}

func acceptOf(op *openapi3.Operation) string {
	var names []string
	for _, ref := range op.Responses.Map() {
		names = slices.AppendSeq(names, maps.Keys(ref.Value.Content))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

func parameterOf(p *openapi3.Parameter) Parameter {
	parameter := Parameter{Name: p.Name, In: p.In, Required: p.Required}
	isSimple := p.Style == "" || p.Style == openapi3.SerializationSimple
	if p.In != openapi3.ParameterInPath || !isSimple || p.Schema == nil {
		return parameter
	}
	schema := p.Schema.Value
	parameter.URI = schema.Format == "uri"
	if !schema.Type.Is(openapi3.TypeString) || schema.Format != "" || !hasKnownKeywords(schema) {
		return parameter
	}
	parameter.Plain = true
	for _, value := range schema.Enum {
		text, _ := value.(string)
		parameter.Enum = append(parameter.Enum, text)
	}
	return parameter
}

// TakesHeader reports whether the spec declares a header field for requests of the operation.
func (op *Operation) TakesHeader(name string) bool {
	return slices.ContainsFunc(op.Parameters, func(p Parameter) bool {
		return p.In == openapi3.ParameterInHeader && strings.EqualFold(p.Name, name)
	})
}

// TakesQuery reports whether the spec declares a parameter in the query of the operation.
func (op *Operation) TakesQuery(name string) bool {
	return slices.ContainsFunc(op.Parameters, func(p Parameter) bool {
		return p.In == openapi3.ParameterInQuery && p.Name == name
	})
}

// direction is what happens to a Go type.
type direction int

const (
	toEncode direction = iota
	toDecode
)

// expressedSchema returns the name of the schema of a JSON body, "" if its Go type does not express
// all of it.
func expressedSchema(content openapi3.Content, d direction) string {
	media := jsonOf(content)
	if media == nil || media.Schema == nil ||
		!isExpressed(media.Schema, d, make(map[*openapi3.Schema]bool)) {
		return ""
	}
	if len(propertiesOf(media.Schema.Value)) == 0 { // its Go type is a map, without our JSON methods
		return ""
	}
	return media.Schema.Ref[strings.LastIndexByte(media.Schema.Ref, '/')+1:]
}

// isExpressed reports whether the Go type of a schema encodes or decodes valid values only.
func isExpressed(ref *openapi3.SchemaRef, d direction, seen map[*openapi3.Schema]bool) bool {
	if ref == nil || ref.Value == nil || !hasKnownKeywords(ref.Value) {
		return false
	}
	schema := ref.Value
	if seen[schema] { // it contains itself
		return true
	}
	seen[schema] = true
	switch {
	case len(schema.AllOf) > 0:
		return isExpressedAllOf(schema, d, seen)
	case schema.Type.Is(openapi3.TypeObject):
		for _, name := range schema.Required {
			if schema.Properties[name] == nil {
				return false
			}
		}
		for _, property := range schema.Properties {
			if !isExpressed(property, d, seen) {
				return false
			}
		}
		isOpen := schema.AdditionalProperties.Has == nil || *schema.AdditionalProperties.Has
		return isOpen && schema.AdditionalProperties.Schema == nil && schema.Format == ""
	case schema.Type.Is(openapi3.TypeArray):
		return schema.Format == "" && isExpressed(schema.Items, d, seen)
	case schema.Type.Is(openapi3.TypeString) && schema.Enum != nil:
		// A Go type of its own has the method Valid, which only decoding calls.
		return d == toDecode && ref.Ref != "" && !schema.Nullable && isStringFormat(schema.Format)
	case schema.Type.Is(openapi3.TypeString):
		return isStringFormat(schema.Format)
	case schema.Type.Is(openapi3.TypeInteger):
		return schema.Format == "" || schema.Format == "int64"
	case schema.Type.Is(openapi3.TypeNumber):
		return schema.Format == "" || schema.Format == "double" || schema.Format == "float"
	case schema.Type.Is(openapi3.TypeBoolean):
		return schema.Format == ""
	}
	return false
}

// isExpressedAllOf reports it of a schema whose Go type has the properties of all parts. The type
// of a property of two parts is that of the later one, which must validate all that the earlier one
// does.
func isExpressedAllOf(schema *openapi3.Schema, d direction, seen map[*openapi3.Schema]bool) bool {
	own := *schema
	own.AllOf = nil
	parts := slices.Clone(schema.AllOf)
	if own.Type != nil {
		parts = append(parts, own.NewRef())
	} else if len(own.Properties)+len(own.Required) > 0 {
		return false
	}
	properties := make(openapi3.Schemas)
	for _, part := range parts {
		if !isExpressed(part, d, seen) || !part.Value.Type.Is(openapi3.TypeObject) && len(part.Value.AllOf) == 0 {
			return false
		}
		for name, property := range propertiesOf(part.Value) {
			if earlier := properties[name]; earlier != nil && !extends(property, earlier) {
				return false
			}
			properties[name] = property
		}
	}
	return true
}

// extends reports whether what conforms to a schema conforms to an earlier one by its definition.
func extends(schema, earlier *openapi3.SchemaRef) bool {
	s, e := schema.Value, earlier.Value
	isPart := func(part *openapi3.SchemaRef) bool { return extends(part, earlier) }
	areArrays := s.Type.Is(openapi3.TypeArray) && e.Type.Is(openapi3.TypeArray)
	return s == e || !s.Nullable && (slices.ContainsFunc(s.AllOf, isPart) || areArrays && extends(s.Items, e.Items))
}

func isStringFormat(format string) bool { return format == "" || format == "date-time" }

// hasKnownKeywords reports whether a schema has only keywords that isExpressed evaluates, and those
// that do not validate anything. An enum must consist of strings.
func hasKnownKeywords(schema *openapi3.Schema) bool {
	for name := range schema.Extensions {
		if !strings.HasPrefix(name, "x-") || strings.HasPrefix(name, "x-go-") {
			return false
		}
	}
	for _, value := range schema.Enum {
		if _, isText := value.(string); !isText || !schema.Type.Is(openapi3.TypeString) {
			return false
		}
	}
	// Whatever else is set, even by a later version of kin-openapi, is unknown.
	rest := *schema
	rest.Type, rest.Nullable, rest.Format, rest.Enum, rest.Items = nil, false, "", nil, nil
	rest.Properties, rest.Required, rest.AllOf = nil, nil, nil
	rest.AdditionalProperties = openapi3.AdditionalProperties{}
	rest.Extensions, rest.Origin, rest.Title, rest.Description = nil, nil, "", ""
	rest.ExternalDocs, rest.Default, rest.Example, rest.Deprecated = nil, nil, nil, false
	rest.XML = nil
	return reflect.ValueOf(rest).IsZero()
}
