package spec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

const (
	maxSegment = 128     // bytes of a parameter in a path
	maxURI     = 2 << 10 // bytes of a URI in a path
)

// Request is a request of an operation.
type Request struct {
	*http.Request
	PathValues []string // of the parameters in its path, in their order
	Body       []byte
	IsValid    bool // the body was written from the Go type of the operation's Body, which writes nothing else
}

// CheckPath returns the violations of values that would not stay one segment of a path. The values
// are those of the parameters in the path, in their order.
func (op *Operation) CheckPath(values []string) []Violation {
	var violations []Violation
	for i, p := range op.inPath {
		violations = append(violations, p.check(values[i])...)
	}
	return violations
}

// check returns the violation of a value. The slashes of a URI are escaped, but a server or proxy
// may unescape them before it reads the path.
func (p pathParameter) check(value string) []Violation {
	switch {
	case !p.isURI:
		return CheckSegment(p.name, value)
	case value == "":
		return []Violation{{"path." + p.name, "required", "is empty"}}
	case len(value) > maxURI:
		return []Violation{{"path." + p.name, "maxLength", fmt.Sprintf("is longer than %d bytes", maxURI)}}
	}
	for part := range strings.SplitSeq(value, "/") {
		if violation := checkPart(p.name, part); violation != nil {
			return violation
		}
	}
	return nil
}

// PathValues returns the values of the parameters in a path that matches, in their order.
func (op *Operation) PathValues(segments []string) []string {
	values := make([]string, len(op.inPath))
	for i, p := range op.inPath {
		values[i] = segments[p.segment]
	}
	return values
}

// PathValue returns the value of one of the parameters in a path, "" if there is none.
func (op *Operation) PathValue(name string, values []string) string {
	for i, p := range op.inPath {
		if p.name == name {
			return values[i]
		}
	}
	return ""
}

// CheckSegment returns the violation of a value that would not stay one segment of a path for every
// server and proxy.
func CheckSegment(parameter, value string) []Violation {
	switch {
	case value == "":
		return []Violation{{"path." + parameter, "required", "is empty"}}
	case len(value) > maxSegment:
		return []Violation{{"path." + parameter, "maxLength", fmt.Sprintf("is longer than %d bytes", maxSegment)}}
	case strings.Contains(value, "/"):
		return []Violation{{"path." + parameter, "segment", `must not contain / or \`}}
	}
	return checkPart(parameter, value)
}

// checkPart returns the violation of a value without slashes.
func checkPart(parameter, value string) []Violation {
	violation := func(rule, message string) []Violation { return []Violation{{"path." + parameter, rule, message}} }
	switch {
	case value == "." || value == "..":
		return violation("segment", "must not be . or ..")
	case !utf8.ValidString(value):
		return violation("utf-8", "is not valid UTF-8")
	case strings.Contains(value, `\`):
		return violation("segment", `must not contain / or \`)
	case strings.ContainsFunc(value, unicode.IsControl):
		return violation("segment", "must not contain control characters")
	}
	return nil
}

// CheckHeader returns the violations of header fields that cannot be sent (RFC 9110 5.1 and 5.5).
func CheckHeader(header http.Header) []Violation {
	var violations []Violation
	for name, values := range header {
		switch {
		case !isToken(name):
			violations = append(violations, Violation{"header", "name", "has a field whose name is not a token"})
		case slices.ContainsFunc(values, hasControl):
			violations = append(violations, Violation{"header." + name, "value", "contains control characters"})
		}
	}
	slices.SortFunc(violations, func(a, b Violation) int { return strings.Compare(a.Location, b.Location) })
	return violations
}

func isToken(name string) bool {
	for i := range len(name) {
		c := name[i]
		isLetterOrDigit := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !isLetterOrDigit && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return name != ""
}

func hasControl(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}

// CheckRequest returns the violations of a request.
func (op *Operation) CheckRequest(ctx context.Context, r Request) []Violation {
	var violations []Violation
	for _, parameter := range op.Parameters {
		violations = append(violations, op.checkParameter(ctx, r, parameter)...)
	}
	if query, err := url.QueryUnescape(r.URL.RawQuery); err != nil || !utf8.ValidString(query) {
		violations = append(violations, Violation{"query", "utf-8", "is not valid UTF-8"})
	}
	if r.IsValid {
		return violations
	}
	return append(violations, op.checkRequestBody(ctx, r)...)
}

func (op *Operation) checkParameter(ctx context.Context, r Request, parameter Parameter) []Violation {
	switch parameter.In {
	case openapi3.ParameterInPath:
		i := slices.IndexFunc(op.inPath, func(p pathParameter) bool { return p.name == parameter.Name })
		if i < 0 {
			break
		}
		value := r.PathValues[i]
		if parameter.Plain && (parameter.Enum == nil || slices.Contains(parameter.Enum, value)) ||
			op.inPath[i].check(value) != nil { // reported by CheckPath
			return nil
		}
	case openapi3.ParameterInQuery:
		if !parameter.Required && r.URL.RawQuery == "" {
			return nil
		}
	}
	route, err := op.route()
	if err != nil {
		return unreadable(err)
	}
	pathParameters := make(map[string]string)
	for i, p := range op.inPath {
		pathParameters[p.name] = r.PathValues[i]
	}
	err = openapi3filter.ValidateParameter(ctx, &openapi3filter.RequestValidationInput{
		Request:    r.Request,
		PathParams: pathParameters,
		Route:      route,
		Options: &openapi3filter.Options{
			MultiError: true, SkipSettingDefaults: true, SchemaValidationOptions: formats,
		},
	}, declared(route, parameter))
	if err != nil {
		return parameterViolations(parameter.In+"."+parameter.Name, err)
	}
	return nil
}

// declared returns a parameter as kin-openapi has it.
func declared(route *routers.Route, p Parameter) *openapi3.Parameter {
	if own := route.Operation.Parameters.GetByInAndName(p.In, p.Name); own != nil {
		return own
	}
	return route.PathItem.Parameters.GetByInAndName(p.In, p.Name)
}

func (op *Operation) checkRequestBody(ctx context.Context, r Request) []Violation {
	route, err := op.route()
	switch {
	case err != nil:
		return unreadable(err)
	case route.Operation.RequestBody == nil && len(r.Body) > 0:
		return []Violation{{"body", "body", "the operation takes no body"}}
	case route.Operation.RequestBody == nil:
		return nil
	}
	want := route.Operation.RequestBody.Value
	if len(r.Body) == 0 {
		if want.Required {
			return []Violation{{"body", "required", "is missing"}}
		}
		return nil
	}
	media, violation := findMediaType(want.Content, r.Header)
	if violation != nil {
		return []Violation{*violation}
	}
	if name := mediaTypeOf(r.Header); !isJSON(name) {
		return checkOtherBody(ctx, r, route, name, media)
	}
	return parseJSON(r.Body).validate(media, openapi3.VisitAsRequest(), openapi3.DisableReadOnlyValidation())
}

// checkOtherBody returns the violations of a body that is not JSON, if kin-openapi can read it.
func checkOtherBody(
	ctx context.Context, r Request, route *routers.Route, name string, media *openapi3.MediaType,
) []Violation {
	if media.Schema == nil || openapi3filter.RegisteredBodyDecoder(name) == nil {
		return nil
	}
	request := r.WithContext(ctx) // the validation replaces its body
	request.Body, request.GetBody = io.NopCloser(bytes.NewReader(r.Body)), nil
	err := openapi3filter.ValidateRequestBody(ctx, &openapi3filter.RequestValidationInput{
		Request: request,
		Route:   route,
		Options: &openapi3filter.Options{
			MultiError: true, SkipSettingDefaults: true, ExcludeReadOnlyValidations: true,
			SchemaValidationOptions: formats,
		},
	}, route.Operation.RequestBody.Value)
	return bodyViolations(err, name, media.Schema.Value)
}

// bodyViolations returns the violations that kin-openapi finds in a body that is not JSON.
func bodyViolations(err error, mediaType string, schema *openapi3.Schema) []Violation {
	var many openapi3.MultiError
	var one *openapi3.SchemaError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &many):
		err = many
	case errors.As(err, &one):
		err = one
	default: // its text may contain a part of the body
		return []Violation{{"body", "media type", "cannot be read as " + mediaType}}
	}
	return violationsOf(schema, schemaFindings(err))
}

func parameterViolations(location string, err error) []Violation {
	var violations []Violation
	var many openapi3.MultiError
	var schema *openapi3.SchemaError
	var refused *openapi3filter.RequestError
	switch {
	case errors.As(err, &many):
		for _, each := range many {
			violations = append(violations, parameterViolations(location, each)...)
		}
	case errors.As(err, &schema):
		violations = append(violations, Violation{location, schema.SchemaField, schemaReason(schema)})
	case errors.As(err, &refused) && refused.Reason != "":
		violations = append(violations, Violation{location, "required", refused.Reason})
	default:
		violations = append(violations, Violation{location, "type", "has the wrong type"})
	}
	return violations
}

func unreadable(err error) []Violation { return []Violation{{"spec", "spec", err.Error()}} }
