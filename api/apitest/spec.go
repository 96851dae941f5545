package apitest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/sakari-go/sakari-go/gen"
)

// spec is a spec as the server uses it.
type spec struct {
	router    routers.Router
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
	doc.Servers = nil // the paths are served at the root of every host
	router, err := legacy.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("read the spec: %w", err)
	}
	path, err := tokenPath(doc)
	if err != nil {
		return nil, fmt.Errorf("read the spec: %w", err)
	}
	return &spec{router, path}, nil
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
	return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request:    r,
		PathParams: params,
		Route:      route,
		Options: &openapi3filter.Options{
			MultiError:                 true,
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
