package api

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// maxListed is the size of a body up to which every breach of its schema is listed; of a larger one it is the
// first, so that no answer makes a list without bounds.
const maxListed = 64 << 10

func checkBody(media *openapi3.MediaType, size int, value any, findings []finding, options ...openapi3.SchemaValidationOption) []Violation {
	if media.Schema == nil {
		return nil
	}
	schema := media.Schema.Value
	if value != nil || len(findings) == 0 {
		findings = append(findings, foldedNames(schema, value, nil)...)
		options = append(options, goDateTime)
		if size <= maxListed {
			options = append(options, openapi3.MultiErrors())
		}
		if err := schema.VisitJSON(value, options...); err != nil {
			findings = append(findings, schemaFindings(err)...)
		}
	}
	if len(findings) > maxFindings {
		findings = append(findings[:maxFindings], finding{rule: "size", message: "has more breaches than are told"})
	}
	violations := make([]Violation, 0, len(findings))
	for _, f := range findings {
		violations = append(violations, Violation{place("body", schema, f.pointer), f.rule, f.message})
	}
	slices.SortFunc(violations, func(a, b Violation) int {
		return cmp.Or(strings.Compare(a.Location, b.Location), strings.Compare(a.Message, b.Message))
	})
	return violations
}

// goDateTime holds a date-time to what both RFC 3339 and the generated types read: kin-openapi's own check lets 30 February pass.
var goDateTime = openapi3.WithStringFormatValidator("date-time", openapi3.NewCallbackValidator(func(s string) error {
	if !isDateTime([]byte(s)) {
		return errors.New("RFC 3339")
	}
	return nil
}))

// isDateTime refuses what package time reads beside RFC 3339: an hour of one digit, a comma, and an offset of a day or more.
func isDateTime(text []byte) bool {
	const hour, second, offset = len("2006-01-02T15"), len("2006-01-02T15:04:05"), len("07:00")
	if len(text) <= second || text[hour] != ':' || text[second] == ',' || new(time.Time).UnmarshalText(text) != nil {
		return false
	}
	return text[len(text)-1] == 'Z' || string(text[len(text)-offset:]) < "24:00" && text[len(text)-len("00")] < '6'
}

// foldedNames finds names that differ from a declared one only in case. The
// validator takes them for unknown ones, encoding/json for the declared one.
func foldedNames(schema *openapi3.Schema, value any, pointer []string) []finding {
	var found []finding
	switch value := value.(type) {
	case map[string]any:
		declared := declaredProperties(schema)
		for name, member := range value {
			at := append(slices.Clip(pointer), name)
			if ref, ok := declared[name]; ok {
				found = append(found, foldedNames(ref.Value, member, at)...)
				continue
			}
			for other := range declared {
				if strings.EqualFold(name, other) {
					found = append(found, finding{append(slices.Clip(pointer), other), "case", "the name is spelled in another case"})
				}
			}
			if extra := schema.AdditionalProperties.Schema; extra != nil {
				found = append(found, foldedNames(extra.Value, member, at)...)
			}
		}
	case []any:
		if schema.Items != nil {
			for i, element := range value {
				found = append(found, foldedNames(schema.Items.Value, element, append(slices.Clip(pointer), fmt.Sprint(i)))...)
			}
		}
	}
	return found
}

// declaredProperties are the properties of a schema and of those that it is composed of.
func declaredProperties(schema *openapi3.Schema) openapi3.Schemas {
	parts := slices.Concat(schema.AllOf, schema.AnyOf, schema.OneOf)
	if len(parts) == 0 {
		return schema.Properties
	}
	all := make(openapi3.Schemas)
	for _, part := range parts {
		for name, ref := range declaredProperties(part.Value) {
			all[name] = ref
		}
	}
	for name, ref := range schema.Properties {
		all[name] = ref
	}
	return all
}

// place writes a pointer into a body. Names that the schema does not declare may be personal data.
func place(root string, schema *openapi3.Schema, pointer []string) string {
	for _, step := range pointer {
		if ref, ok := declaredProperties(schema)[step]; ok {
			root, schema = root+"/"+step, ref.Value
		} else if schema.Items != nil {
			root, schema = root+"/"+step, schema.Items.Value
		} else {
			return root + "/*"
		}
	}
	return root
}

func schemaFindings(err error) []finding {
	var findings []finding
	switch err := err.(type) {
	case openapi3.MultiError:
		for _, each := range err {
			findings = append(findings, schemaFindings(each)...)
		}
	case *openapi3.SchemaError:
		findings = append(findings, finding{err.JSONPointer(), err.SchemaField, schemaReason(err)})
	default:
		findings = append(findings, finding{rule: "schema", message: "does not match the schema"})
	}
	return findings
}

// schemaReason is kin-openapi's reason, which names no value, but for one that names a property.
func schemaReason(err *openapi3.SchemaError) string {
	switch {
	case err.SchemaField == "properties":
		return "holds a property that the contract does not allow"
	case err.Reason == "":
		return fmt.Sprintf("does not match %q", err.SchemaField)
	}
	return err.Reason
}
