package spec

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxListed is the size of a body in bytes up to which every violation of its schema is reported.
// Of a larger body it is the first, so that no response makes a list without bounds.
const maxListed = 64 << 10

// validate returns the violations of a body, sorted by location.
func (b Body) validate(media *openapi3.MediaType, options ...openapi3.SchemaValidationOption) []Violation {
	if media.Schema == nil {
		return nil
	}
	schema, findings := media.Schema.Value, b.findings
	if b.value != nil || len(findings) == 0 {
		findings = append(findings, misspelledNames(schema, b.value, "")...)
		options = append(options, formats...)
		if b.size <= maxListed {
			options = append(options, openapi3.MultiErrors())
		}
		if err := schema.VisitJSON(b.value, options...); err != nil {
			findings = append(findings, schemaFindings(err)...)
		}
	}
	if len(findings) > maxFindings {
		more := finding{rule: "size", message: "has more violations than are reported"}
		findings = append(findings[:maxFindings], more)
	}
	return violationsOf(schema, findings)
}

// violationsOf returns findings in a value of a schema, sorted by location.
func violationsOf(schema *openapi3.Schema, findings []finding) []Violation {
	violations := make([]Violation, 0, len(findings))
	for _, f := range findings {
		violations = append(violations, Violation{locate(schema, f.pointer), f.rule, f.message})
	}
	slices.SortFunc(violations, func(a, b Violation) int {
		return cmp.Or(strings.Compare(a.Location, b.Location), strings.Compare(a.Message, b.Message))
	})
	return violations
}

// formats validate what kin-openapi does not, or not as the generated types read it: it accepts
// base64 in two alphabets, and time.Time drops digits after the nanoseconds. Its own message for a
// date contains the value.
var formats = []openapi3.SchemaValidationOption{
	format("date-time", "RFC 3339", func(text string) bool {
		_, fraction, _ := strings.Cut(text, ".")
		isFiner := len(fraction)-len(strings.TrimLeft(fraction, "0123456789")) > len("123456789")
		return !isFiner && isReadable[time.Time](text)
	}),
	format("date", "YYYY-MM-DD", func(text string) bool {
		_, err := time.Parse(time.DateOnly, text)
		return err == nil
	}),
	format("byte", "base64 of RFC 4648, section 4", isReadable[[]byte]),
	format("uuid", "RFC 9562", regexp.MustCompile(openapi3.FormatOfStringForUUIDOfRFC9562).MatchString),
	format("email", "an e-mail address", regexp.MustCompile(openapi3.FormatOfStringForEmail).MatchString),
}

func format(name, want string, isValid func(string) bool) openapi3.SchemaValidationOption {
	return openapi3.WithStringFormatValidator(name, openapi3.NewCallbackValidator(func(text string) error {
		if !isValid(text) {
			return errors.New(want)
		}
		return nil
	}))
}

// isReadable reports whether a string of JSON can be read as a Go type.
func isReadable[T any](text string) bool {
	quoted, err := jsontext.AppendQuote(nil, text)
	return err == nil && json.Unmarshal(quoted, new(T)) == nil
}

// parts yields a schema, and those of which it is composed.
func parts(schema *openapi3.Schema) iter.Seq[*openapi3.Schema] {
	return func(yield func(*openapi3.Schema) bool) { visitParts(schema, yield) }
}

func visitParts(schema *openapi3.Schema, yield func(*openapi3.Schema) bool) bool {
	if !yield(schema) {
		return false
	}
	for _, refs := range []openapi3.SchemaRefs{schema.AllOf, schema.OneOf, schema.AnyOf} {
		for _, ref := range refs {
			if !visitParts(ref.Value, yield) {
				return false
			}
		}
	}
	return true
}

// within returns the schema of what is within a value. That is one of several if parts of its
// schema differ, and nil if there is none.
func within(schema *openapi3.Schema, of func(*openapi3.Schema) *openapi3.SchemaRef) *openapi3.Schema {
	var found openapi3.SchemaRefs
	for part := range parts(schema) {
		if ref := of(part); ref != nil {
			found = append(found, ref)
		}
	}
	switch len(found) {
	case 0:
		return nil
	case 1:
		return found[0].Value
	}
	return &openapi3.Schema{AnyOf: found}
}

func declaredProperty(schema *openapi3.Schema, name string) *openapi3.Schema {
	return within(schema, func(s *openapi3.Schema) *openapi3.SchemaRef { return s.Properties[name] })
}

func additionalProperty(schema *openapi3.Schema) *openapi3.Schema {
	return within(schema, func(s *openapi3.Schema) *openapi3.SchemaRef { return s.AdditionalProperties.Schema })
}

func itemsOf(schema *openapi3.Schema) *openapi3.Schema {
	return within(schema, func(s *openapi3.Schema) *openapi3.SchemaRef { return s.Items })
}

// misspelledNames finds names that differ from a declared one in case only: some decoders ignore
// case.
func misspelledNames(schema *openapi3.Schema, value any, pointer jsontext.Pointer) []finding {
	var found []finding
	switch value := value.(type) {
	case map[string]any:
		additional := additionalProperty(schema)
		for name, member := range value {
			of := declaredProperty(schema, name)
			if of == nil {
				found = append(found, misspelled(schema, name, pointer)...)
				of = additional
			}
			if of != nil {
				found = append(found, misspelledNames(of, member, pointer.AppendToken(name))...)
			}
		}
	case []any:
		if items := itemsOf(schema); items != nil {
			for i, element := range value {
				found = append(found, misspelledNames(items, element, pointer.AppendToken(strconv.Itoa(i)))...)
			}
		}
	}
	return found
}

func misspelled(schema *openapi3.Schema, name string, pointer jsontext.Pointer) []finding {
	var found []finding
	for part := range parts(schema) {
		for declared := range part.Properties {
			if strings.EqualFold(name, declared) {
				at := pointer.AppendToken(declared)
				found = append(found, finding{at, "case", "the name is spelled in another case"})
			}
		}
	}
	return found
}

// locate writes a pointer into a body. A name that the schema does not declare reads "*", as it may
// be personal data.
func locate(schema *openapi3.Schema, pointer jsontext.Pointer) string {
	location := "body"
	for step := range pointer.Tokens() {
		of := declaredProperty(schema, step)
		if of == nil {
			of = itemsOf(schema)
		}
		if of == nil {
			of, step = additionalProperty(schema), "*"
		}
		location += "/" + step
		if of == nil {
			break
		}
		schema = of
	}
	return location
}

// LocateInRequest writes a pointer into the JSON body of a request.
func (op *Operation) LocateInRequest(pointer jsontext.Pointer) string {
	route, err := op.route()
	if err != nil || route.Operation.RequestBody == nil {
		return "body"
	}
	return locateIn(route.Operation.RequestBody.Value.Content, pointer)
}

// LocateInResponse writes a pointer into the JSON body of a response with a status.
func (op *Operation) LocateInResponse(status int, pointer jsontext.Pointer) string {
	route, err := op.route()
	if err != nil {
		return "body"
	}
	documented := documentedResponse(route, status)
	if documented == nil {
		return "body"
	}
	return locateIn(documented.Content, pointer)
}

func locateIn(content openapi3.Content, pointer jsontext.Pointer) string {
	if media := jsonOf(content); media != nil && media.Schema != nil {
		return locate(media.Schema.Value, pointer)
	}
	return "body"
}

func schemaFindings(err error) []finding {
	var findings []finding
	switch err := err.(type) {
	case openapi3.MultiError:
		for _, each := range err {
			findings = append(findings, schemaFindings(each)...)
		}
	case *openapi3.SchemaError:
		var parts openapi3.MultiError
		isPart := err.SchemaField == "allOf" || err.SchemaField == "oneOf"
		if isPart && errors.As(err.Origin, &parts) && (err.SchemaField == "allOf" || len(parts) == 1) {
			for _, f := range schemaFindings(parts) {
				if !slices.Contains(findings, f) { // two parts may refuse the same
					findings = append(findings, f)
				}
			}
			return findings
		}
		var pointer jsontext.Pointer
		for _, step := range err.JSONPointer() {
			pointer = pointer.AppendToken(step)
		}
		findings = append(findings, finding{pointer, err.SchemaField, schemaReason(err)})
	default:
		findings = append(findings, finding{rule: "schema", message: "does not match the schema"})
	}
	return findings
}

// schemaReason returns kin-openapi's reason, which contains no value. For one rule it contains a
// name.
func schemaReason(err *openapi3.SchemaError) string {
	switch {
	case err.SchemaField == "properties":
		return "contains a property that the spec does not allow"
	case err.Reason == "":
		return fmt.Sprintf("does not match %q", err.SchemaField)
	}
	return err.Reason
}
