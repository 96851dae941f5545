// Package spec tells what an OpenAPI document says of its operations. It knows no API and no generated code.
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

// Operation is what a client has to know of an operation before it validates anything. To read a document takes
// milliseconds, so the operations of openapi.yaml are generated.
type Operation struct {
	ID         string
	Method     string
	Path       string // with names in braces, such as "/things/{id}"
	Secured    bool   // needs an access token
	Accept     string // the media types of its responses
	Success    int    // the first 2xx status with JSON, 0 if there is none
	Body       string // the schema of the request body, if Go types express it whole
	Result     string // the schema of the response with status Success, if Go types express it whole
	Parameters []Parameter
}

// Parameter is a parameter of an operation. The text in the path is the value of a Plain one.
type Parameter struct {
	Name     string
	In       string
	Required bool     `json:",omitzero"`
	Plain    bool     `json:",omitzero"` // any text is valid that is one of Enum
	Enum     []string `json:",omitzero"` // nil for any
}

// Operations returns the operations of a document, in the order in which their paths are to be matched.
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

func operationOf(doc *openapi3.T, path, method string, item *openapi3.PathItem, op *openapi3.Operation) Operation {
	security := op.Security
	if security == nil {
		security = &doc.Security
	}
	operation := Operation{ID: op.OperationID, Method: method, Path: path, Secured: len(*security) > 0, Accept: acceptOf(op)}
	for _, ref := range op.Parameters {
		operation.Parameters = append(operation.Parameters, parameterOf(ref.Value))
	}
	for _, ref := range item.Parameters {
		if op.Parameters.GetByInAndName(ref.Value.In, ref.Value.Name) == nil {
			operation.Parameters = append(operation.Parameters, parameterOf(ref.Value))
		}
	}
	if op.RequestBody != nil {
		operation.Body = expressed(op.RequestBody.Value.Content, false)
	}
	for status := 200; status < 300; status++ {
		response := op.Responses.Status(status)
		if response == nil || response.Value.Content[MediaTypeJSON] == nil {
			continue
		}
		operation.Success = status
		if len(response.Value.Headers) == 0 {
			operation.Result = expressed(response.Value.Content, true)
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
	if p.In != openapi3.ParameterInPath || p.Style != "" && p.Style != openapi3.SerializationSimple || p.Schema == nil {
		return parameter
	}
	schema := *p.Schema.Value
	if parameter.Plain = schema.Type.Is(openapi3.TypeString) && schema.Format == "" && isPlain(schema); parameter.Plain {
		for _, value := range schema.Enum {
			text, _ := value.(string)
			parameter.Enum = append(parameter.Enum, text)
		}
	}
	return parameter
}

// expressed returns the name of the schema of a JSON body whose Go type reads and writes what is valid, and nothing
// else. A Go type can hold a value that is none of an enum: reading one reports that, writing it does not.
func expressed(content openapi3.Content, read bool) string {
	media := content[MediaTypeJSON]
	if media == nil || media.Schema == nil || !isExpressed(media.Schema, read, make(map[*openapi3.Schema]bool)) {
		return ""
	}
	if len(media.Schema.Value.Properties) == 0 { // its Go type is a map, which has no methods of ours
		return ""
	}
	return media.Schema.Ref[strings.LastIndexByte(media.Schema.Ref, '/')+1:]
}

func isExpressed(ref *openapi3.SchemaRef, read bool, seen map[*openapi3.Schema]bool) bool {
	if ref == nil || ref.Value == nil || !isPlain(*ref.Value) {
		return false
	}
	schema := ref.Value
	if seen[schema] { // it holds itself
		return true
	}
	seen[schema] = true
	switch {
	case schema.Type.Is(openapi3.TypeObject):
		for _, name := range schema.Required {
			if schema.Properties[name] == nil {
				return false
			}
		}
		for _, property := range schema.Properties {
			if !isExpressed(property, read, seen) {
				return false
			}
		}
		open := schema.AdditionalProperties.Has
		return open != nil && *open && schema.Format == ""
	case schema.Type.Is(openapi3.TypeArray):
		return schema.Format == "" && isExpressed(schema.Items, read, seen)
	case schema.Type.Is(openapi3.TypeString):
		return (schema.Format == "" || schema.Format == "date-time") && (schema.Enum == nil || read && ref.Ref != "" && !schema.Nullable)
	case schema.Type.Is(openapi3.TypeInteger):
		return schema.Format == "" || schema.Format == "int64"
	case schema.Type.Is(openapi3.TypeNumber):
		return schema.Format == "double"
	case schema.Type.Is(openapi3.TypeBoolean):
		return schema.Format == ""
	}
	return false
}

// isPlain reports whether a schema has no keywords but those that isExpressed looks at, and those that say nothing of
// validity. A string may have an enum of strings.
func isPlain(schema openapi3.Schema) bool {
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
	schema.Type, schema.Nullable, schema.Format, schema.Enum, schema.Items = nil, false, "", nil, nil
	schema.Properties, schema.Required, schema.AdditionalProperties = nil, nil, openapi3.AdditionalProperties{}
	schema.Extensions, schema.Origin, schema.Title, schema.Description, schema.ExternalDocs = nil, nil, "", "", nil
	schema.Default, schema.Example, schema.Deprecated, schema.XML = nil, nil, false, nil
	return reflect.ValueOf(schema).IsZero()
}
