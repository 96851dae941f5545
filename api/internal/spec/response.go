package spec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Response is a response to an operation.
type Response struct {
	StatusCode int
	Header     http.Header
	Body       Body
}

// CheckResponse returns the violations of the response to a request.
func (op *Operation) CheckResponse(ctx context.Context, request *http.Request, r Response) []Violation {
	route, err := op.route()
	if err != nil {
		return unreadable(err)
	}
	documented := documentedResponse(route, r.StatusCode)
	if documented == nil {
		message := fmt.Sprintf("the spec documents no status %d", r.StatusCode)
		return []Violation{{"status", "status", message}}
	}
	violations := checkHeaders(ctx, request, route, documented, r)
	if len(documented.Content) == 0 {
		if r.Body.size > 0 {
			violations = append(violations, Violation{"body", "body", "the spec documents no body"})
		}
		return violations
	}
	media, violation := findMediaType(documented.Content, r.Header)
	if violation != nil {
		return append(violations, *violation)
	}
	name := mediaTypeOf(r.Header)
	if !isJSON(name) && !isText(media) {
		return append(violations, checkOtherResponse(ctx, request, route, r, name, media)...)
	}
	return append(violations, r.Body.validate(media, openapi3.VisitAsResponse())...)
}

// isText reports whether a body that is not JSON is a text, or bytes, to its schema.
func isText(media *openapi3.MediaType) bool {
	return media.Schema == nil || media.Schema.Value.Type.Is(openapi3.TypeString)
}

// checkOtherResponse returns the violations of a body that is neither JSON nor a text, if
// kin-openapi can read it.
func checkOtherResponse(
	ctx context.Context, request *http.Request, route *routers.Route, r Response,
	name string, media *openapi3.MediaType,
) []Violation {
	text, _ := r.Body.value.(string)
	if openapi3filter.RegisteredBodyDecoder(name) == nil {
		return nil
	}
	err := openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, Route: route},
		Status:                 r.StatusCode,
		Header:                 r.Header,
		Body:                   io.NopCloser(strings.NewReader(text)),
		Options:                &openapi3filter.Options{MultiError: true, SchemaValidationOptions: formats},
	})
	return bodyViolations(err, name, media.Schema.Value)
}

// HasNoResult reports whether the spec documents a response with a status, and no JSON for it.
func (op *Operation) HasNoResult(status int) bool {
	if status == op.SuccessStatus {
		return false
	}
	route, err := op.route()
	if err != nil {
		return false
	}
	documented := documentedResponse(route, status)
	return documented != nil && jsonOf(documented.Content) == nil
}

func documentedResponse(route *routers.Route, status int) *openapi3.Response {
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

func checkHeaders(
	ctx context.Context, request *http.Request, route *routers.Route, documented *openapi3.Response, r Response,
) []Violation {
	if len(documented.Headers) == 0 {
		return nil
	}
	err := openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, Route: route},
		Status:                 r.StatusCode,
		Header:                 r.Header,
		Options: &openapi3filter.Options{
			ExcludeResponseBody: true, MultiError: true, SchemaValidationOptions: formats,
		},
	})
	var refused *openapi3filter.ResponseError
	if errors.As(err, &refused) {
		return []Violation{{"header", "header", refused.Reason}}
	}
	return nil
}

// findMediaType returns the media type of the spec for a Content-Type.
func findMediaType(content openapi3.Content, header http.Header) (*openapi3.MediaType, *Violation) {
	if isEncoded(header) {
		message := "the body has an encoding that was not asked for"
		return nil, &Violation{"content-encoding", "content-encoding", message}
	}
	if name := mediaTypeOf(header); name != "" {
		media := mediaTypeIn(content, name)
		if media == nil && isJSON(name) {
			media = mediaTypeIn(content, MediaTypeJSON)
		}
		if media != nil {
			return media, nil
		}
	}
	known := slices.Sorted(maps.Keys(content))
	return nil, &Violation{"content-type", "content-type", "must be " + strings.Join(known, " or ")}
}

// mediaTypeIn returns the media type of the spec with a name, which may have parameters there.
func mediaTypeIn(content openapi3.Content, name string) *openapi3.MediaType {
	if media := content.Get(name); media != nil {
		return media
	}
	for full, media := range content {
		if base, _, _ := strings.Cut(full, ";"); strings.EqualFold(strings.TrimSpace(base), name) {
			return media
		}
	}
	return nil
}

// jsonOf returns the media type of JSON, nil if there is none.
func jsonOf(content openapi3.Content) *openapi3.MediaType {
	if media := mediaTypeIn(content, MediaTypeJSON); media != nil {
		return media
	}
	for _, name := range slices.Sorted(maps.Keys(content)) {
		if isJSON(name) {
			return content[name]
		}
	}
	return nil
}

// mediaTypeOf returns the media type of a body, "" if its header does not have exactly one.
func mediaTypeOf(header http.Header) string {
	given := header["Content-Type"]
	if len(given) != 1 {
		return ""
	}
	if given[0] == MediaTypeJSON {
		return MediaTypeJSON
	}
	name, _, err := mime.ParseMediaType(given[0])
	if err == nil {
		return name
	}
	// A parameter may be repeated. Package mime refuses that, and RFC 9110 does not.
	kind, parameters, _ := strings.Cut(given[0], ";")
	for parameter := range strings.SplitSeq(parameters, ";") {
		if name, _, err = mime.ParseMediaType(kind + ";" + parameter); err != nil {
			return ""
		}
	}
	return name
}

func isEncoded(header http.Header) bool {
	encoding := header.Get("Content-Encoding")
	return encoding != "" && !strings.EqualFold(encoding, "identity")
}

func isJSON(mediaType string) bool {
	return mediaType == MediaTypeJSON ||
		strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}

// HasJSON reports whether a body is JSON, as its header says.
func HasJSON(header http.Header) bool { return !isEncoded(header) && isJSON(mediaTypeOf(header)) }
