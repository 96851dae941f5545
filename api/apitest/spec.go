package apitest

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/sakari-go/sakari-go/gen"
)

// spec is a spec as the server uses it.
type spec struct {
	doc       *openapi3.T
	tokenPath string
}

var readSpec = sync.OnceValues(func() (*spec, error) {
	doc, err := gen.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("read the spec: %w", err)
	}
	return newSpec(doc)
})

func newSpec(doc *openapi3.T) (*spec, error) {
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("read the spec: %w", err)
	}
	path, err := tokenPath(doc)
	if err != nil {
		return nil, fmt.Errorf("read the spec: %w", err)
	}
	return &spec{doc, path}, nil
}

// findRoute returns the operation of a request, and the values of the parameters in its path. An
// escaped slash is a part of a value.
func (s *spec) findRoute(r *http.Request) (*routers.Route, map[string]string, error) {
	segments := strings.Split(r.URL.EscapedPath(), "/")
	for _, path := range s.doc.Paths.InMatchingOrder() {
		item := s.doc.Paths.Value(path)
		params, isMatch := matchPath(path, segments)
		if operation := item.GetOperation(r.Method); isMatch && operation != nil {
			return &routers.Route{
				Spec: s.doc, Path: path, PathItem: item, Method: r.Method, Operation: operation,
			}, params, nil
		}
	}
	return nil, nil, errors.New("no matching operation was found")
}

func matchPath(path string, segments []string) (map[string]string, bool) {
	own := strings.Split(path, "/")
	if len(own) != len(segments) {
		return nil, false
	}
	params := make(map[string]string)
	for i, segment := range own {
		value, err := url.PathUnescape(segments[i])
		if name, isParameter := strings.CutPrefix(segment, "{"); isParameter {
			params[strings.TrimSuffix(name, "}")] = value
		} else if segment != value {
			return nil, false
		}
		if err != nil {
			return nil, false
		}
	}
	return params, true
}

// tokenPath returns the path of the token URL of the OAuth 2 security scheme.
func tokenPath(doc *openapi3.T) (string, error) {
	for _, ref := range doc.Components.SecuritySchemes {
		if flows := ref.Value.Flows; flows != nil && flows.ClientCredentials != nil {
			tokenURL, err := url.Parse(flows.ClientCredentials.TokenURL)
			if err != nil {
				return "", err
			}
			return tokenURL.Path, nil
		}
	}
	return "", errors.New("no security scheme has the client credentials flow of OAuth 2")
}

// validate returns the violations of a request. It does not check the access token: a missing token
// is a failure to respond with, not a violation to report.
func validate(r *http.Request, route *routers.Route, params map[string]string) error {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	isUnreadable := openapi3filter.RegisteredBodyDecoder(mediaType) == nil && route.Operation.RequestBody != nil &&
		route.Operation.RequestBody.Value.Content[mediaType] != nil // such as XML
	return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request:    r,
		PathParams: params,
		Route:      route,
		Options: &openapi3filter.Options{
			MultiError:                 true,
			ExcludeRequestBody:         isUnreadable,
			ExcludeReadOnlyValidations: true,
			SkipSettingDefaults:        true,
			AuthenticationFunc:         openapi3filter.NoopAuthenticationFunc,
			SchemaValidationOptions:    []openapi3.SchemaValidationOption{openapi3.DisableSchemaErrorDetails()},
		},
	})
}

// needsToken reports whether a request needs an access token.
func needsToken(route *routers.Route) bool {
	if own := route.Operation.Security; own != nil {
		return len(*own) > 0
	}
	return len(route.Spec.Security) > 0
}
