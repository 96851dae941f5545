package apitest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/sakari-go/sakari-go/gen"
)

// contract is the embedded contract, as the server reads it. It shares nothing with the client's reading.
type contract struct {
	router    routers.Router
	tokenPath string
}

var readContract = sync.OnceValues(func() (*contract, error) {
	doc, err := gen.GetSpec()
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // served at the root, whatever the host
	router, err := legacy.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	path, err := tokenPath(doc)
	return &contract{router, path}, err
})

// tokenPath is the path of the token endpoint, as the security scheme has it.
func tokenPath(doc *openapi3.T) (string, error) {
	for _, ref := range doc.Components.SecuritySchemes {
		if flows := ref.Value.Flows; flows != nil && flows.ClientCredentials != nil {
			endpoint, err := url.Parse(flows.ClientCredentials.TokenURL)
			if err != nil {
				return "", err
			}
			return endpoint.Path, nil
		}
	}
	return "", errors.New("the contract has no OAuth 2 client credentials")
}

// check holds a request against the contract; who sent it is not its matter.
func check(r *http.Request, route *routers.Route, params map[string]string) error {
	return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request:    r,
		PathParams: params,
		Route:      route,
		Options: &openapi3filter.Options{
			MultiError:                 true,
			ExcludeReadOnlyValidations: true,
			SkipSettingDefaults:        true,
			AuthenticationFunc:         func(context.Context, *openapi3filter.AuthenticationInput) error { return nil },
			SchemaValidationOptions:    []openapi3.SchemaValidationOption{openapi3.DisableSchemaErrorDetails()},
		},
	})
}

func security(route *routers.Route) openapi3.SecurityRequirements {
	if own := route.Operation.Security; own != nil {
		return *own
	}
	return route.Spec.Security
}
