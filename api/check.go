package api

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// checkRequest lists what in a request breaks the contract.
func (op *operation) checkRequest(ctx context.Context, r *http.Request, pathParams map[string]string, body []byte) []Violation {
	var violations []Violation
	input := &openapi3filter.RequestValidationInput{
		Request:    r,
		PathParams: pathParams,
		Route:      op.route,
		Options:    &openapi3filter.Options{MultiError: true, SkipSettingDefaults: true},
	}
	for _, ref := range op.params {
		param := ref.Value
		place := param.In + "." + param.Name
		if param.In == openapi3.ParameterInPath {
			if unsafe := checkPathSegment(place, pathParams[param.Name]); unsafe != nil {
				violations = append(violations, unsafe...)
				continue
			}
		}
		if err := openapi3filter.ValidateParameter(ctx, input, param); err != nil {
			violations = append(violations, paramViolations(place, err)...)
		}
	}
	return append(violations, op.checkRequestBody(r.Header, body)...)
}

func (op *operation) checkRequestBody(header http.Header, body []byte) []Violation {
	if op.route.Operation.RequestBody == nil {
		if len(body) > 0 {
			return []Violation{{"body", "body", "the operation takes no body"}}
		}
		return nil
	}
	want := op.route.Operation.RequestBody.Value
	if len(body) == 0 {
		if want.Required {
			return []Violation{{"body", "required", "is missing"}}
		}
		return nil
	}
	media, violation := findMedia(want.Content, header)
	if violation != nil {
		return []Violation{*violation}
	}
	value, findings := parseJSON(body)
	return checkBody(media, value, findings, openapi3.VisitAsRequest(), openapi3.DisableReadOnlyValidation())
}

// checkResponse lists what in an answer breaks the contract. Value and findings are the parsed body.
func (op *operation) checkResponse(ctx context.Context, r *http.Request, answer *Response, value any, findings []finding) []Violation {
	documented := op.documented(answer.StatusCode)
	if documented == nil {
		return []Violation{{"status", "status", fmt.Sprintf("the contract has no status %d", answer.StatusCode)}}
	}
	violations := op.checkHeaders(ctx, r, documented, answer)
	if len(documented.Content) == 0 {
		if len(answer.Body) > 0 {
			violations = append(violations, Violation{"body", "body", "the contract has no body here"})
		}
		return violations
	}
	media, violation := findMedia(documented.Content, answer.Header)
	if violation != nil {
		return append(violations, *violation)
	}
	return append(violations, checkBody(media, value, findings, openapi3.VisitAsResponse())...)
}

func (op *operation) documented(status int) *openapi3.Response {
	responses := op.route.Operation.Responses
	ref := responses.Status(status)
	if ref == nil {
		ref = responses.Default()
	}
	if ref == nil {
		return nil
	}
	return ref.Value
}

func (op *operation) checkHeaders(ctx context.Context, r *http.Request, documented *openapi3.Response, answer *Response) []Violation {
	if len(documented.Headers) == 0 {
		return nil
	}
	err := openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: op.route},
		Status:                 answer.StatusCode,
		Header:                 answer.Header,
		Options:                &openapi3filter.Options{ExcludeResponseBody: true, MultiError: true},
	})
	var refused *openapi3filter.ResponseError
	if errors.As(err, &refused) {
		return []Violation{{"header", "header", refused.Reason}}
	}
	return nil
}

// findMedia returns the contract's media type for a Content-Type. A type with
// the suffix +json is JSON.
func findMedia(content openapi3.Content, header http.Header) (*openapi3.MediaType, *Violation) {
	if encoding := header.Get("Content-Encoding"); encoding != "" {
		return nil, &Violation{"content-encoding", "content-encoding", "the body is encoded in a way that was not asked for"}
	}
	name, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err == nil {
		if media := content.Get(name); media != nil {
			return media, nil
		}
		if strings.HasPrefix(name, "application/") && strings.HasSuffix(name, "+json") {
			if media := content.Get("application/json"); media != nil {
				return media, nil
			}
		}
	}
	known := make([]string, 0, len(content))
	for name := range content {
		known = append(known, name)
	}
	slices.Sort(known)
	return nil, &Violation{"content-type", "content-type", "must be " + strings.Join(known, " or ")}
}

func checkBody(media *openapi3.MediaType, value any, findings []finding, options ...openapi3.SchemaValidationOption) []Violation {
	if media.Schema == nil {
		return nil
	}
	schema := media.Schema.Value
	readable := !slices.ContainsFunc(findings, func(f finding) bool { return f.rule == "json" || f.rule == "nesting" })
	if readable {
		findings = append(findings, foldedNames(schema, value, nil)...)
		options = append(options, openapi3.MultiErrors(), goDateTime)
		if err := schema.VisitJSON(value, options...); err != nil {
			findings = append(findings, schemaFindings(err)...)
		}
	}
	violations := make([]Violation, 0, len(findings))
	for _, f := range findings {
		violations = append(violations, Violation{place("body", schema, f.pointer), f.rule, f.message})
	}
	slices.SortFunc(violations, func(a, b Violation) int { return strings.Compare(a.String(), b.String()) })
	return violations
}

// goDateTime holds a date-time to what the generated types can read: kin-openapi's own check lets 30 February pass.
var goDateTime = openapi3.WithStringFormatValidator("date-time", openapi3.NewCallbackValidator(func(s string) error {
	if new(time.Time).UnmarshalText([]byte(s)) != nil {
		return errors.New("RFC 3339")
	}
	return nil
}))

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

func paramViolations(place string, err error) []Violation {
	var violations []Violation
	var many openapi3.MultiError
	var schema *openapi3.SchemaError
	var refused *openapi3filter.RequestError
	switch {
	case errors.As(err, &many):
		for _, each := range many {
			violations = append(violations, paramViolations(place, each)...)
		}
	case errors.As(err, &schema):
		violations = append(violations, Violation{place, schema.SchemaField, schemaReason(schema)})
	case errors.As(err, &refused) && refused.Reason != "":
		violations = append(violations, Violation{place, "required", refused.Reason})
	default:
		violations = append(violations, Violation{place, "type", "has the wrong type"})
	}
	return violations
}

// checkPathSegment refuses a value that would not stay one segment of a URL's path, whoever reads it.
func checkPathSegment(place, value string) []Violation {
	const most = 128 // bytes
	refuse := func(rule, message string) []Violation { return []Violation{{place, rule, message}} }
	switch {
	case value == "":
		return refuse("required", "is empty")
	case len(value) > most:
		return refuse("maxLength", fmt.Sprintf("is longer than %d bytes", most))
	case value == "." || value == "..":
		return refuse("segment", "must not be . or ..")
	case !utf8.ValidString(value):
		return refuse("utf-8", "is not valid UTF-8")
	case strings.ContainsAny(value, `/\`):
		return refuse("segment", `must not hold / or \`)
	case strings.ContainsFunc(value, unicode.IsControl):
		return refuse("segment", "must not hold control characters")
	}
	return nil
}
