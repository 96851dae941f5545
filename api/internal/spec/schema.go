package spec

import (
	"cmp"
	"errors"
	"fmt"
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
		options = append(options, goDateTime)
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

// goDateTime validates a date-time as the generated types read it: kin-openapi accepts 30 February,
// and time.Time drops digits after the nanoseconds.
var goDateTime = openapi3.WithStringFormatValidator("date-time", openapi3.NewCallbackValidator(func(s string) error {
	quoted, err := jsontext.AppendQuote(nil, s)
	_, fraction, _ := strings.Cut(s, ".")
	isFiner := len(fraction)-len(strings.TrimLeft(fraction, "0123456789")) > len("123456789")
	if err != nil || isFiner || json.Unmarshal(quoted, new(time.Time)) != nil {
		return errors.New("RFC 3339")
	}
	return nil
}))

// misspelledNames finds names that differ from a declared one in case only: some decoders ignore
// case.
func misspelledNames(schema *openapi3.Schema, value any, pointer jsontext.Pointer) []finding {
	var found []finding
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if ref, ok := schema.Properties[name]; ok {
				found = append(found, misspelledNames(ref.Value, member, pointer.AppendToken(name))...)
				continue
			}
			for declared := range schema.Properties {
				if strings.EqualFold(name, declared) {
					at := pointer.AppendToken(declared)
					found = append(found, finding{at, "case", "the name is spelled in another case"})
				}
			}
			if additional := schema.AdditionalProperties.Schema; additional != nil {
				found = append(found, misspelledNames(additional.Value, member, pointer.AppendToken(name))...)
			}
		}
	case []any:
		if schema.Items != nil {
			for i, element := range value {
				at := pointer.AppendToken(strconv.Itoa(i))
				found = append(found, misspelledNames(schema.Items.Value, element, at)...)
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
		if ref, ok := schema.Properties[step]; ok {
			location, schema = location+"/"+step, ref.Value
		} else if schema.Items != nil {
			location, schema = location+"/"+step, schema.Items.Value
		} else {
			return location + "/*"
		}
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
	if media := content.Get(MediaTypeJSON); media != nil && media.Schema != nil {
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
