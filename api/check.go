package api

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// checkRequest lists what in a request breaks the contract.
func (op *operation) checkRequest(ctx context.Context, r *http.Request, segments []string, body []byte) []Violation {
	var violations []Violation
	for _, param := range op.params {
		violations = append(violations, op.checkParameter(ctx, r, segments, param)...)
	}
	if query, err := url.QueryUnescape(r.URL.RawQuery); err != nil || !utf8.ValidString(query) {
		violations = append(violations, Violation{"query", "utf-8", "is not valid UTF-8"})
	}
	return append(violations, op.checkRequestBody(r.Header, body)...)
}

// checkPath lists what in a path would not stay one segment.
func (op *operation) checkPath(segments []string) []Violation {
	var violations []Violation
	for _, param := range op.params {
		if param.In == openapi3.ParameterInPath {
			violations = append(violations, checkPathSegment(param.place, segments[param.segment])...)
		}
	}
	return violations
}

func (op *operation) checkParameter(ctx context.Context, r *http.Request, segments []string, param parameter) []Violation {
	if param.In == openapi3.ParameterInPath {
		value := segments[param.segment]
		if violations := checkPathSegment(param.place, value); violations != nil {
			return violations
		}
		if param.text != nil && param.text.acceptsText([]byte(value)) {
			return nil
		}
	}
	err := openapi3filter.ValidateParameter(ctx, &openapi3filter.RequestValidationInput{
		Request:    r,
		PathParams: op.pathParams(segments),
		Route:      op.route,
		Options:    &openapi3filter.Options{MultiError: true, SkipSettingDefaults: true},
	}, param.Parameter)
	if err != nil {
		return paramViolations(param.place, err)
	}
	return nil
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
	if op.bodies[media].accepts(body) {
		return nil
	}
	value, findings := parseJSON(body)
	return checkBody(media, len(body), value, findings, openapi3.VisitAsRequest(), openapi3.DisableReadOnlyValidation())
}

// surelyKeeps is true only of an answer that checkResponse has nothing to say of.
func (op *operation) surelyKeeps(answer *Response) bool {
	documented := op.documented(answer.StatusCode)
	if documented == nil || len(documented.Headers) > 0 {
		return false
	}
	media, violation := findMedia(documented.Content, answer.Header)
	return violation == nil && op.bodies[media].accepts(answer.Body)
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
	return append(violations, checkBody(media, len(answer.Body), value, findings, openapi3.VisitAsResponse())...)
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

// findMedia returns the contract's media type for a Content-Type.
func findMedia(content openapi3.Content, header http.Header) (*openapi3.MediaType, *Violation) {
	if encoding := header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, &Violation{"content-encoding", "content-encoding", "the body is encoded in a way that was not asked for"}
	}
	given := header.Values("Content-Type")
	if len(given) == 1 && content[given[0]] != nil {
		return content[given[0]], nil
	}
	name, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err == nil && len(given) == 1 {
		if media := content.Get(name); media != nil {
			return media, nil
		}
		if media := content.Get(mediaTypeJSON); media != nil && isJSON(name) {
			return media, nil
		}
	}
	known := make([]string, 0, len(content))
	for name := range content {
		known = append(known, name)
	}
	slices.Sort(known)
	return nil, &Violation{"content-type", "content-type", "must be " + strings.Join(known, " or ")}
}

const mediaTypeJSON = "application/json"

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
