package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// prepare changes a document to what the generator of Go types reads of it, so that every value
// that conforms to a schema can be read as its Go type, and is written as it was read:
//
//   - Undeclared properties, values of any type and those of one of several types (oneOf, anyOf)
//     are raw JSON.
//   - The parts of an allOf are one schema.
//   - A property that only one direction has is optional.
//   - A container that may be null is a pointer.
//
// It also writes the number of segments behind each path, as a fragment. That is not sent. The
// pipeline of package api compares: a parameter "." or ".." would make the path one of another
// operation.
func prepare(doc *openapi3.T) {
	visit(doc, mergeAllOf)
	visit(doc, prepareSchema)
	counted := openapi3.NewPaths()
	for path, item := range doc.Paths.Map() {
		counted.Set(fmt.Sprintf("%s#%d", path, strings.Count(path, "/")), item)
	}
	doc.Paths = counted
}

// visit calls f with each schema of a document, before those in it, and prepares what has schemas.
func visit(doc *openapi3.T, f func(*openapi3.Schema)) {
	c := doc.Components
	if c == nil {
		c = &openapi3.Components{}
	}
	for _, ref := range c.Schemas {
		visitSchema(ref, f)
	}
	visitParameters(slices.Collect(maps.Values(c.Parameters)), f)
	for _, ref := range c.RequestBodies {
		visitContent(ref.Value.Content, f)
	}
	for _, ref := range c.Responses {
		visitResponse(ref.Value.Content, f)
	}
	for _, item := range doc.Paths.Map() {
		visitParameters(item.Parameters, f)
		for _, op := range item.Operations() {
			visitParameters(op.Parameters, f)
			if op.RequestBody != nil {
				visitContent(op.RequestBody.Value.Content, f)
			}
			for _, ref := range op.Responses.Map() {
				visitResponse(ref.Value.Content, f)
			}
		}
	}
}

// visitParameters makes a parameter of one of several types a text.
func visitParameters(parameters openapi3.Parameters, f func(*openapi3.Schema)) {
	for _, ref := range parameters {
		p := ref.Value
		if p.Schema != nil && isUnion(p.Schema.Value) {
			p.Schema = openapi3.NewStringSchema().NewRef()
		}
		visitSchema(p.Schema, f)
		visitContent(p.Content, f)
	}
}

// visitContent leaves out the Go type of a form, of which oapi-codegen's runtime would not send
// additional properties, and arrays under other names. A form is a body of bytes.
func visitContent(content openapi3.Content, f func(*openapi3.Schema)) {
	const form = "application/x-www-form-urlencoded"
	if content[form] != nil {
		delete(content, form)
		content["application/octet-stream"] = openapi3.NewMediaType()
	}
	for _, media := range content {
		visitSchema(media.Schema, f)
	}
}

// visitResponse leaves out the Go types of responses that are not JSON, such as XML: they are
// bytes.
func visitResponse(content openapi3.Content, f func(*openapi3.Schema)) {
	for name, media := range content {
		if !strings.Contains(name, "json") && !strings.HasPrefix(name, "text/") {
			media.Schema = nil
		}
	}
	visitContent(content, f)
}

// visitSchema leaves out a reference: a component is visited by itself.
func visitSchema(ref *openapi3.SchemaRef, f func(*openapi3.Schema)) {
	if ref == nil || ref.Ref != "" || ref.Value.Extensions["x-go-type"] != nil {
		return
	}
	s := ref.Value
	f(s)
	for _, part := range s.AllOf {
		visitSchema(part, f)
	}
	visitSchema(s.Items, f)
	visitSchema(s.AdditionalProperties.Schema, f)
	for _, property := range s.Properties {
		visitSchema(property, f)
	}
}

func prepareSchema(s *openapi3.Schema) {
	if isUnion(s) || isAny(s) {
		*s = *rawSchema(s)
		return
	}
	s.Enum = slices.DeleteFunc(slices.Clone(s.Enum), func(value any) bool { return value == nil }) // it is nullable
	isContainer := s.Items != nil || isObject(s) && len(s.Properties) == 0
	if isContainer && s.Nullable {
		setExtension(s, "x-go-type-skip-optional-pointer", false) // a null is not an empty one
	}
	if !isObject(s) {
		return
	}
	s.Type = &openapi3.Types{openapi3.TypeObject}
	if s.AdditionalProperties.Schema == nil {
		s.AdditionalProperties = openapi3.AdditionalProperties{Schema: rawSchema(&openapi3.Schema{}).NewRef()}
	}
	for _, property := range s.Properties {
		if p := property.Value; property.Ref == "" && (p.Items != nil || isObject(p) && len(p.Properties) == 0) {
			setExtension(p, "x-omitempty", false) // an empty one that is set is sent
		}
	}
	s.Required = slices.DeleteFunc(slices.Clone(s.Required), func(name string) bool {
		p := s.Properties[name]
		return p != nil && (p.Value.ReadOnly || p.Value.WriteOnly)
	})
}

// rawSchema returns the schema of raw JSON in place of another.
func rawSchema(of *openapi3.Schema) *openapi3.Schema {
	raw := &openapi3.Schema{
		Description: of.Description, Example: of.Example, Deprecated: of.Deprecated, Nullable: of.Nullable,
		Extensions: maps.Clone(of.Extensions),
	}
	setExtension(raw, "x-go-type", "jsontext.Value")
	setExtension(raw, "x-go-type-skip-optional-pointer", true) // nil means that it is not set
	return raw
}

func setExtension(s *openapi3.Schema, name string, value any) {
	if s.Extensions == nil {
		s.Extensions = make(map[string]any)
	}
	s.Extensions[name] = value
}

// mergeAllOf replaces the parts of an allOf by one schema with what the Go type has of them. What
// refers to another schema, and adds nothing to its type, stays a reference. Of two parts that have
// the same property the later one counts: its Go type reads what conforms to both.
func mergeAllOf(s *openapi3.Schema) {
	parts := slices.DeleteFunc(slices.Clone(s.AllOf), func(part *openapi3.SchemaRef) bool { return !hasType(part) })
	own := *s
	own.AllOf = nil
	if len(parts) == 0 || len(parts) == 1 && !hasType(own.NewRef()) {
		s.AllOf = parts
		return
	}
	s.AllOf = nil
	for _, ref := range append(parts, own.NewRef()) {
		part := *ref.Value
		mergeAllOf(&part)
		for len(part.AllOf) == 1 { // a reference
			part = *part.AllOf[0].Value
			mergeAllOf(&part)
		}
		mergeInto(s, &part)
	}
}

// hasType reports whether a schema says something about the Go type.
func hasType(ref *openapi3.SchemaRef) bool {
	s := ref.Value
	return ref.Ref != "" || s.Type != nil || isObject(s) || isUnion(s) || s.Items != nil ||
		len(s.Enum)+len(s.AllOf)+len(s.Required) > 0
}

func mergeInto(s, part *openapi3.Schema) {
	s.Type = cmp.Or(part.Type, s.Type)
	s.Format = cmp.Or(part.Format, s.Format)
	s.Items = cmp.Or(part.Items, s.Items)
	if len(part.Enum) > 0 {
		s.Enum = part.Enum
	}
	if part.AdditionalProperties.Schema != nil {
		s.AdditionalProperties = part.AdditionalProperties
	}
	s.OneOf = append(slices.Clip(s.OneOf), part.OneOf...)
	s.AnyOf = append(slices.Clip(s.AnyOf), part.AnyOf...)
	s.Required = append(slices.Clip(s.Required), part.Required...)
	properties := make(openapi3.Schemas)
	maps.Copy(properties, s.Properties)
	for name, property := range part.Properties {
		if properties[name] == nil || hasType(property) {
			properties[name] = property
		}
	}
	s.Properties = properties
}

func isUnion(s *openapi3.Schema) bool { return len(s.OneOf)+len(s.AnyOf) > 0 }

func isObject(s *openapi3.Schema) bool {
	hasMembers := len(s.Properties) > 0 || s.AdditionalProperties.Schema != nil || s.AdditionalProperties.Has != nil
	return s.Type.Is(openapi3.TypeObject) || s.Type == nil && hasMembers
}

// isAny reports whether a schema allows values of several types.
func isAny(s *openapi3.Schema) bool {
	return s.Type == nil && s.Items == nil && !isObject(s) && len(s.AllOf) == 0
}
