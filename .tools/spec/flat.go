package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/flatten/allof"
	"github.com/oasdiff/oasdiff/flatten/commonparams"
	"go.yaml.in/yaml/v3"
)

// flat loads a document in a form that oasdiff can compare. An allOf is the properties of its
// parts, and a parameter of a path is one of its operations.
func (d document) flat() (*openapi3.T, error) {
	if err := d.refuseLoops(); err != nil {
		return nil, err
	}
	text, err := yaml.Marshal(unwrapped(map[string]any(d)))
	if err != nil {
		return nil, err
	}
	loaded, err := loadText(text)
	if err != nil { // the lines are those of text
		return nil, errors.New(lineNumber.ReplaceAllString(err.Error(), ""))
	}
	var nullable []*openapi3.Schema // MergeSpec reads nullable beside an allOf as that of a part
	for schema := range schemas(loaded) {
		if schema.Nullable && len(schema.AllOf) > 0 {
			nullable = append(nullable, schema)
		}
	}
	if loaded, err = allof.MergeSpec(loaded); err != nil {
		return nil, err
	}
	for _, schema := range nullable {
		schema.Nullable = true
	}
	commonparams.Move(loaded)
	return loaded, refuseArrays(loaded)
}

var (
	lineNumber = regexp.MustCompile(`\bline \d+: `)
	goType     = regexp.MustCompile(` into \S+ in `)
)

// loadText loads a document, and names no Go type in an error.
func loadText(text []byte) (*openapi3.T, error) {
	loaded, err := openapi3.NewLoader().LoadFromData(text)
	if err == nil {
		return loaded, nil
	}
	_, reason, isForm := strings.Cut(err.Error(), "construct errors: ")
	if !isForm {
		return nil, err
	}
	reason = strings.ReplaceAll(goType.ReplaceAllString(reason, " in "), "cannot construct !!", "unexpected ")
	return nil, errors.New(reason)
}

// annotations are the keys of a schema that change nothing on the wire.
var annotations = []string{"title", "description", "example", "examples", "externalDocs", "$comment"}

// unwrapped returns a value in which an allOf of one reference is that reference, if only
// annotations are beside it. So the reference keeps the name of its schema.
func unwrapped(value any) any {
	switch value := value.(type) {
	case map[any]any:
		return unwrapped(object(value))
	case map[string]any:
		parts, _ := value["allOf"].([]any)
		isWrapper := len(parts) == 1 && object(parts[0])["$ref"] != nil
		members := make(map[string]any, len(value))
		for key, member := range value {
			members[key] = unwrapped(member)
			isAnnotation := slices.Contains(annotations, key) || strings.HasPrefix(key, "x-")
			isWrapper = isWrapper && (key == "allOf" || isAnnotation || key == "nullable" && member == false)
		}
		if isWrapper {
			return parts[0]
		}
		return members
	case []any:
		elements := make([]any, len(value))
		for i, element := range value {
			elements[i] = unwrapped(element)
		}
		return elements
	}
	return value
}

// refuseLoops returns an error if a part of a document refers to itself through $ref and allOf
// alone. Neither the loader nor MergeSpec expects that.
func (d document) refuseLoops() error {
	const onPath, done = 1, 2
	state := make(map[string]int) // of a reference
	var follow func(value any) error
	follow = func(value any) error {
		members := object(value)
		if ref, ok := members["$ref"].(string); ok && state[ref] != done {
			if state[ref] == onPath {
				return fmt.Errorf("%s: write a schema that is no part of itself", ref)
			}
			state[ref] = onPath
			if err := follow(d.target(ref)); err != nil {
				return err
			}
			state[ref] = done
		}
		parts, _ := members["allOf"].([]any)
		for _, part := range parts {
			if err := follow(part); err != nil {
				return err
			}
		}
		return nil
	}
	var walk func(value any) error
	walk = func(value any) error {
		err := follow(value)
		elements, _ := value.([]any)
		for _, element := range elements {
			err = cmp.Or(err, walk(element))
		}
		members := object(value)
		for _, key := range slices.Sorted(maps.Keys(members)) {
			err = cmp.Or(err, walk(members[key]))
		}
		return err
	}
	return walk(map[string]any(d))
}

// target returns what a reference within the document refers to, nil if there is nothing.
func (d document) target(ref string) any {
	pointer, isLocal := strings.CutPrefix(ref, "#/")
	if !isLocal {
		return nil
	}
	var value any = map[string]any(d)
	for name := range strings.SplitSeq(pointer, "/") {
		value = object(value)[unescaped(name)]
	}
	return value
}

// unescaped returns a name in a reference as the document has it (RFC 6901, section 6).
func unescaped(name string) string {
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
}

// refuseArrays returns an error if the elements of an array are arrays down to itself. oasdiff
// names such a type array<array<...>> without an end (typeString of its package checker).
func refuseArrays(doc *openapi3.T) error {
	var found []string
	for schema, name := range schemas(doc) {
		seen := make(map[*openapi3.Schema]bool)
		for array := schema; array != nil && array.Type.Includes("array") && array.Items != nil; {
			if seen[array] {
				found = append(found, name)
				break
			}
			seen[array] = true
			array = array.Items.Value
		}
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("schema %s is an array of itself, which cannot be compared: "+
		"write an array of objects", slices.Min(found))
}

// schemas returns all schemas of a document and their names. WalkSchemas alone needs the square of
// the depth, which is that of a chain of references.
func schemas(doc *openapi3.T) map[*openapi3.Schema]string {
	found := make(map[*openapi3.Schema]string)
	var open []*openapi3.Schema
	add := func(at string, s *openapi3.SchemaRef) error {
		if _, ok := found[s.Value]; !ok {
			found[s.Value] = path.Base(at)
			open = append(open, s.Value)
		}
		return openapi3.SkipSubtree
	}
	_ = doc.WalkSchemas(add)
	for len(open) > 0 {
		parent := open[len(open)-1]
		open = open[:len(open)-1]
		_ = openapi3.NewSchemaRef("", parent).WalkSubtree(func(at string, s *openapi3.SchemaRef) error {
			if s.Value == parent {
				return nil
			}
			return add(at, s)
		})
	}
	return found
}
