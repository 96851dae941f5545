package spec

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"
)

// checkLoops reports a schema that contains itself in a way that no Go type has, or whose
// validation does not end.
func checkLoops(s *openapi3.Schema, add func(message string)) {
	branches := slices.Concat(s.OneOf, s.AnyOf)
	switch {
	case contains(s, s, partsOf):
		add("write a schema that is no part of itself, which allows no value or any")
	case s.Discriminator != nil && len(s.Discriminator.Mapping) == 0:
		add("write the mapping of the discriminator: without one kin-openapi compares with all schemas")
	case contains(s, s, elementsOf):
		add("write an object with a property that is the array or the map: Go has no array of itself")
	case slices.ContainsFunc(branches, func(branch *openapi3.SchemaRef) bool {
		return branch.Value == s || contains(branch.Value, s, childrenOf)
	}):
		add("write {}, which is any JSON, where a oneOf or an anyOf contains itself: the time of its " +
			"validation would double with each level of a value")
	}
}

// checkNames reports properties of an object that would have the same Go name, or one that is
// taken.
func checkNames(s *openapi3.Schema, add func(message string)) {
	names := map[string]string{ // the property that has a Go name
		"additionalproperties": "", "get": "", "set": "",
		"marshaljson": "", "unmarshaljson": "", "unmarshaljsonfrom": "",
	}
	properties := propertiesOf(s)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		goName := name
		for _, extensions := range []map[string]any{properties[name].Value.Extensions, properties[name].Extensions} {
			if own, ok := extensions["x-go-name"].(string); ok {
				goName = own
			}
		}
		sign := goName[:len(goName)-len(strings.TrimLeft(goName, "+-"))] // the generator writes Plus or Minus
		goName = sign + strings.ToLower(strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return -1
		}, goName))
		if other, isTaken := names[goName]; isTaken && other == "" {
			add(fmt.Sprintf("write x-go-name: %sValue at the property %s: a Go type has a field or a method of "+
				"this name", strings.ToUpper(name[:1])+name[1:], name))
		} else if isTaken {
			add(fmt.Sprintf("write an x-go-name at the property %s: its Go name may be that of %s", name, other))
		}
		names[goName] = name
	}
}

// propertiesOf returns the properties that the Go type of a schema has.
func propertiesOf(s *openapi3.Schema) openapi3.Schemas {
	properties := make(openapi3.Schemas)
	for _, part := range s.AllOf {
		maps.Copy(properties, propertiesOf(part.Value))
	}
	maps.Copy(properties, s.Properties)
	return properties
}

// visitSchemas calls f with a schema, and with those in it that have no name.
func visitSchemas(place string, s *openapi3.Schema, f func(place string, s *openapi3.Schema)) {
	f(place, s)
	for step, ref := range childrenOf(s) {
		if ref.Ref == "" {
			visitSchemas(place+"/"+step, ref.Value, f)
		}
	}
}

type children = func(*openapi3.Schema) iter.Seq2[string, *openapi3.SchemaRef]

// contains reports whether a schema is among the children of another, or their children.
func contains(parent, wanted *openapi3.Schema, of children) bool {
	seen := make(map[*openapi3.Schema]bool)
	var isBelow func(*openapi3.Schema) bool
	isBelow = func(s *openapi3.Schema) bool {
		for _, ref := range of(s) {
			if ref.Value == wanted {
				return true
			}
			if !seen[ref.Value] {
				seen[ref.Value] = true
				if isBelow(ref.Value) {
					return true
				}
			}
		}
		return false
	}
	return isBelow(parent)
}

// partsOf yields the schemas that say something about the same value.
func partsOf(s *openapi3.Schema) iter.Seq2[string, *openapi3.SchemaRef] {
	return func(yield func(string, *openapi3.SchemaRef) bool) {
		for i, ref := range slices.Concat(s.AllOf, s.OneOf, s.AnyOf, openapi3.SchemaRefs{s.Not}) {
			if ref != nil && !yield(fmt.Sprintf("part %d", i+1), ref) {
				return
			}
		}
	}
}

// elementsOf yields the schema of the elements of an array, or of a map that is no struct.
func elementsOf(s *openapi3.Schema) iter.Seq2[string, *openapi3.SchemaRef] {
	return func(yield func(string, *openapi3.SchemaRef) bool) {
		if s.Items != nil && !yield("items", s.Items) {
			return
		}
		if additional := s.AdditionalProperties.Schema; additional != nil && len(s.Properties) == 0 {
			yield("additionalProperties", additional)
		}
	}
}

// childrenOf yields the schemas in a schema.
func childrenOf(s *openapi3.Schema) iter.Seq2[string, *openapi3.SchemaRef] {
	return func(yield func(string, *openapi3.SchemaRef) bool) {
		for step, ref := range partsOf(s) {
			if !yield(step, ref) {
				return
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			if !yield(name, s.Properties[name]) {
				return
			}
		}
		if s.Items != nil && !yield("items", s.Items) {
			return
		}
		if additional := s.AdditionalProperties.Schema; additional != nil {
			yield("additionalProperties", additional)
		}
	}
}
