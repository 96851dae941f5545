package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/sakari-go/sakari-go/api/internal/spec"
)

// checkRequest lists the violations of a request.
func (x *exchange) checkRequest(ctx context.Context) []Violation {
	var violations []Violation
	for _, param := range x.operation.Parameters {
		violations = append(violations, x.checkParameter(ctx, param)...)
	}
	if query, err := url.QueryUnescape(x.request.URL.RawQuery); err != nil || !utf8.ValidString(query) {
		violations = append(violations, Violation{"query", "utf-8", "is not valid UTF-8"})
	}
	if x.bodyType != "" && x.bodyType == x.operation.Body {
		return violations // its Go type writes nothing else
	}
	return append(violations, x.checkRequestBody()...)
}

// checkPath lists what in a path would not stay one segment.
func (x *exchange) checkPath() []Violation {
	var violations []Violation
	for _, p := range x.operation.inPath {
		violations = append(violations, checkPathSegment(p.name, x.segments[p.segment])...)
	}
	return violations
}

func (x *exchange) checkParameter(ctx context.Context, param spec.Parameter) []Violation {
	switch {
	case param.In == openapi3.ParameterInPath:
		value := x.pathValue(param.Name)
		if param.Plain && (param.Enum == nil || slices.Contains(param.Enum, value)) || checkPathSegment(param.Name, value) != nil {
			return nil // checkPath tells
		}
	case param.In == openapi3.ParameterInQuery && !param.Required && x.request.URL.RawQuery == "":
		return nil
	}
	route, err := x.operation.route()
	if err != nil {
		return unreadableSpec(err)
	}
	parameter := route.Operation.Parameters.GetByInAndName(param.In, param.Name)
	if parameter == nil {
		parameter = route.PathItem.Parameters.GetByInAndName(param.In, param.Name)
	}
	err = openapi3filter.ValidateParameter(ctx, &openapi3filter.RequestValidationInput{
		Request:    x.request,
		PathParams: x.operation.pathParams(x.segments),
		Route:      route,
		Options:    &openapi3filter.Options{MultiError: true, SkipSettingDefaults: true},
	}, parameter)
	if err != nil {
		return paramViolations(param.In+"."+param.Name, err)
	}
	return nil
}

func (x *exchange) pathValue(name string) string {
	for _, p := range x.operation.inPath {
		if p.name == name {
			return x.segments[p.segment]
		}
	}
	return ""
}

func (x *exchange) checkRequestBody() []Violation {
	route, err := x.operation.route()
	switch {
	case err != nil:
		return unreadableSpec(err)
	case route.Operation.RequestBody == nil && len(x.body) > 0:
		return []Violation{{"body", "body", "the operation takes no body"}}
	case route.Operation.RequestBody == nil:
		return nil
	}
	want := route.Operation.RequestBody.Value
	if len(x.body) == 0 {
		if want.Required {
			return []Violation{{"body", "required", "is missing"}}
		}
		return nil
	}
	media, violation := findMedia(want.Content, x.request.Header)
	if violation != nil {
		return []Violation{*violation}
	}
	return parseJSON(x.body).validate(media, len(x.body), openapi3.VisitAsRequest(), openapi3.DisableReadOnlyValidation())
}

// checkResponse lists the violations of a response, whose body is parsed.
func (x *exchange) checkResponse(ctx context.Context, answer *Response, body parsed) []Violation {
	route, err := x.operation.route()
	if err != nil {
		return unreadableSpec(err)
	}
	documented := documentedIn(route, answer.StatusCode)
	if documented == nil {
		return []Violation{{"status", "status", fmt.Sprintf("the contract has no status %d", answer.StatusCode)}}
	}
	violations := checkHeaders(ctx, x.request, route, documented, answer)
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
	return append(violations, body.validate(media, len(answer.Body), openapi3.VisitAsResponse())...)
}

func unreadableSpec(err error) []Violation { return []Violation{{"spec", "spec", err.Error()}} }

func documentedIn(route *routers.Route, status int) *openapi3.Response {
	responses := route.Operation.Responses
	ref := responses.Status(status)
	if ref == nil {
		ref = responses.Default()
	}
	if ref == nil {
		return nil
	}
	return ref.Value
}

func checkHeaders(ctx context.Context, r *http.Request, route *routers.Route, documented *openapi3.Response, answer *Response) []Violation {
	if len(documented.Headers) == 0 {
		return nil
	}
	err := openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
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

// findMedia returns the contract's media type for a Content-Type.
func findMedia(content openapi3.Content, header http.Header) (*openapi3.MediaType, *Violation) {
	name := mediaTypeOf(header)
	switch {
	case isEncoded(header):
		return nil, &Violation{"content-encoding", "content-encoding", "the body is encoded in a way that was not asked for"}
	case name != "" && content.Get(name) != nil:
		return content.Get(name), nil
	case isJSON(name) && content.Get(mediaTypeJSON) != nil:
		return content.Get(mediaTypeJSON), nil
	}
	known := slices.Sorted(maps.Keys(content))
	return nil, &Violation{"content-type", "content-type", "must be " + strings.Join(known, " or ")}
}

const mediaTypeJSON = spec.MediaTypeJSON

// mediaTypeOf returns the media type of a body, "" if its header does not say one.
func mediaTypeOf(header http.Header) string {
	given := header["Content-Type"]
	if len(given) != 1 {
		return ""
	}
	if given[0] == mediaTypeJSON {
		return mediaTypeJSON
	}
	name, _, err := mime.ParseMediaType(given[0])
	if err != nil {
		return ""
	}
	return name
}

func isEncoded(header http.Header) bool {
	encoding := header.Get("Content-Encoding")
	return encoding != "" && !strings.EqualFold(encoding, "identity")
}

// hasJSON reports whether a body is JSON by its header.
func hasJSON(header http.Header) bool { return !isEncoded(header) && isJSON(mediaTypeOf(header)) }

func isJSON(mediaType string) bool {
	return mediaType == mediaTypeJSON || strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
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

// checkPathSegment refuses a parameter that would not stay one segment of a URL's path, whoever reads it.
func checkPathSegment(param, value string) []Violation {
	const most = 128 // bytes
	refuse := func(rule, message string) []Violation { return []Violation{{"path." + param, rule, message}} }
	switch {
	case value == "":
		return refuse("required", "is empty")
	case len(value) > most:
		return refuse("maxLength", fmt.Sprintf("is longer than %d bytes", most))
	case value == "." || value == "..":
		return refuse("segment", "must not be . or ..")
	case !utf8.ValidString(value):
		return refuse("utf-8", "is not valid UTF-8")
	}
	for _, r := range value {
		switch {
		case r == '/', r == '\\':
			return refuse("segment", `must not hold / or \`)
		case unicode.IsControl(r):
			return refuse("segment", "must not hold control characters")
		}
	}
	return nil
}
