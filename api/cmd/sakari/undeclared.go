package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/gen"
)

// readSpec reads the spec once: the fuzz test checks many contacts.
var readSpec = sync.OnceValues(gen.GetSpec)

// checkDeclared reports the properties of a valid contact that the spec does not declare. The spec
// allows them, but they may be misspelled. If it is strict they are an error.
func checkDeclared(p *process, contact []byte, strict bool) error {
	doc, err := readSpec()
	if err != nil {
		return err
	}
	path := doc.Paths.Find("/v1/accounts/{accountId}/attributes/{attributeType}")
	schema := path.Post.RequestBody.Value.Content.Get("application/json").Schema
	var value any
	if err := json.Unmarshal(contact, &value); err != nil {
		return err
	}
	found := undeclared(schema.Value, value, "body")
	prefix := "warning: "
	if strict {
		prefix = ""
	}
	for _, message := range found {
		fmt.Fprintf(p.stderr, "sakari: %s%s\n", prefix, message)
	}
	if strict && len(found) > 0 {
		return usageError{fmt.Errorf("sakari: -strict: the spec does not declare %d of the properties", len(found))}
	}
	return nil
}

// undeclared returns a message for each property that a schema does not declare, at every depth. An
// object without declared properties is free-form.
func undeclared(schema *openapi3.Schema, value any, at jsontext.Pointer) []string {
	var found []string
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			if schema.Items != nil {
				found = append(found, undeclared(schema.Items.Value, element, at.AppendToken(strconv.Itoa(i)))...)
			}
		}
	case map[string]any:
		properties := declared(schema)
		names := slices.Sorted(maps.Keys(properties))
		for _, name := range slices.Sorted(maps.Keys(value)) {
			at := at.AppendToken(name)
			property := properties[name]
			if property == nil {
				property = schema.AdditionalProperties.Schema
			}
			if property != nil {
				found = append(found, undeclared(property.Value, value[name], at)...)
			} else if len(names) > 0 {
				message := fmt.Sprintf("%q is not declared in the spec", at)
				if i := slices.IndexFunc(names, func(n string) bool { return isNear(name, n) }); i >= 0 {
					message += fmt.Sprintf("; did you mean %q?", names[i])
				}
				found = append(found, message)
			}
		}
	}
	return found
}

// declared returns the properties of a schema and of the schemas that it is composed of.
func declared(schema *openapi3.Schema) openapi3.Schemas {
	properties := openapi3.Schemas{}
	maps.Copy(properties, schema.Properties)
	for _, part := range slices.Concat(schema.AllOf, schema.AnyOf, schema.OneOf) {
		maps.Copy(properties, declared(part.Value))
	}
	return properties
}

// isNear reports whether names differ in one letter at most, or in two that are swapped. It ignores
// case, "_" and "-".
func isNear(a, b string) bool {
	letters := strings.NewReplacer("_", "", "-", "")
	a, b = strings.ToLower(letters.Replace(a)), strings.ToLower(letters.Replace(b))
	length := len(a)
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	isSwapped := len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
	return len(a) < length && (len(a) <= 1 && len(b) <= 1 || isSwapped)
}
