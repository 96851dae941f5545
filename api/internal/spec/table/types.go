package main

import (
	"maps"
	"slices"

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
func prepare(doc *openapi3.T) {
	c := doc.Components
	if c == nil {
		c = &openapi3.Components{}
	}
	for _, ref := range c.Schemas {
		prepareSchema(ref)
	}
	prepareParameters(slices.Collect(maps.Values(c.Parameters)))
	for _, ref := range c.RequestBodies {
		prepareContent(ref.Value.Content)
	}
	for _, ref := range c.Responses {
		prepareContent(ref.Value.Content)
	}
	for _, item := range doc.Paths.Map() {
		prepareParameters(item.Parameters)
		for _, op := range item.Operations() {
			prepareParameters(op.Parameters)
			if op.RequestBody != nil {
				prepareContent(op.RequestBody.Value.Content)
			}
			for _, ref := range op.Responses.Map() {
				prepareContent(ref.Value.Content)
			}
		}
	}
}

// prepareParameters makes a parameter of one of several types a text.
func prepareParameters(parameters openapi3.Parameters) {
	for _, ref := range parameters {
		p := ref.Value
		if p.Schema != nil && isUnion(p.Schema.Value) {
			p.Schema = openapi3.NewStringSchema().NewRef()
		}
		prepareSchema(p.Schema)
		prepareContent(p.Content)
	}
}

// prepareContent leaves out the Go type of a form, of which oapi-codegen's runtime would not send
// additional properties, and arrays under other names. A form is a body of bytes.
func prepareContent(content openapi3.Content) {
	const form = "application/x-www-form-urlencoded"
	if content[form] != nil {
		delete(content, form)
		content["application/octet-stream"] = openapi3.NewMediaType()
	}
	for _, media := range content {
		prepareSchema(media.Schema)
	}
}

// prepareSchema changes a schema and those in it. A schema that is only referred to is a component,
// which is changed there.
func prepareSchema(ref *openapi3.SchemaRef) {
	if ref == nil || ref.Ref != "" || ref.Value.Extensions["x-go-type"] != nil {
		return
	}
	s := ref.Value
	mergeAllOf(s)
	if isUnion(s) || isAny(s) {
		*s = *rawSchema(s)
		return
	}
	for _, part := range s.AllOf {
		prepareSchema(part)
	}
	s.Enum = slices.DeleteFunc(slices.Clone(s.Enum), func(value any) bool { return value == nil }) // it is nullable
	prepareSchema(s.Items)
	isContainer := s.Items != nil || isObject(s) && len(s.Properties) == 0
	if isContainer && s.Nullable {
		setExtension(s, "x-go-type-skip-optional-pointer", false) // a null is not an empty one
	}
	if !isObject(s) {
		return
	}
	s.Type = &openapi3.Types{openapi3.TypeObject}
	prepareSchema(s.AdditionalProperties.Schema)
	if s.AdditionalProperties.Schema == nil {
		s.AdditionalProperties = openapi3.AdditionalProperties{Schema: rawSchema(&openapi3.Schema{}).NewRef()}
	}
	for _, property := range s.Properties {
		prepareSchema(property)
	}
	s.Required = slices.DeleteFunc(s.Required, func(name string) bool {
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
// refers to another schema, and adds nothing to its type, stays a reference.
func mergeAllOf(s *openapi3.Schema) {
	parts := slices.DeleteFunc(slices.Clone(s.AllOf), func(part *openapi3.SchemaRef) bool {
		return part.Ref == "" && !hasType(part.Value)
	})
	own := *s
	own.AllOf = nil
	if len(parts) == 0 || len(parts) == 1 && !hasType(&own) {
		s.AllOf = parts
		return
	}
	s.AllOf = nil
	for _, ref := range parts {
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
func hasType(s *openapi3.Schema) bool {
	return s.Type != nil || isObject(s) || isUnion(s) || s.Items != nil || len(s.Enum)+len(s.AllOf)+len(s.Required) > 0
}

func mergeInto(s, part *openapi3.Schema) {
	if s.Type == nil {
		s.Type = part.Type
	}
	if s.Format == "" {
		s.Format = part.Format
	}
	if s.Items == nil {
		s.Items = part.Items
	}
	if len(s.Enum) == 0 {
		s.Enum = part.Enum
	}
	if s.AdditionalProperties.Schema == nil {
		s.AdditionalProperties.Schema = part.AdditionalProperties.Schema
	}
	s.OneOf = slices.Concat(s.OneOf, part.OneOf)
	s.AnyOf = slices.Concat(s.AnyOf, part.AnyOf)
	for _, name := range part.Required {
		if !slices.Contains(s.Required, name) {
			s.Required = append(s.Required, name)
		}
	}
	properties := maps.Clone(part.Properties)
	for name, property := range s.Properties {
		if other := properties[name]; other != nil && (other.Ref == "" || other.Ref != property.Ref) {
			property = (&openapi3.Schema{AllOf: openapi3.SchemaRefs{property, other}}).NewRef()
		}
		if properties == nil {
			properties = make(openapi3.Schemas)
		}
		properties[name] = property
	}
	s.Properties = properties
}

func isUnion(s *openapi3.Schema) bool { return len(s.OneOf)+len(s.AnyOf) > 0 }

func isObject(s *openapi3.Schema) bool {
	return s.Type.Is(openapi3.TypeObject) || len(s.Properties) > 0 ||
		s.AdditionalProperties.Schema != nil || s.AdditionalProperties.Has != nil
}

// isAny reports whether a schema allows values of several types.
func isAny(s *openapi3.Schema) bool {
	return s.Type == nil && s.Items == nil && !isObject(s) && len(s.AllOf) == 0
}
