package sandbox

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/swaggest/swgui/v5emb"
	"go.yaml.in/yaml/v4"

	"github.com/sakari-go/sakari-go/gen"
)

// openapi serves the spec with the address of the sandbox that the client used. Swagger UI could
// not call another one, because that would be another origin.
func (s *Server) openapi(w http.ResponseWriter, r *http.Request) {
	text, err := specFor("http://" + r.Host)
	if err != nil {
		fail(w, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(text)
}

func specFor(base string) ([]byte, error) {
	doc, err := gen.GetSpec() // a copy that can be changed
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: base, Description: "Sandbox"}}
	for _, scheme := range doc.Components.SecuritySchemes {
		if flows := scheme.Value.Flows; flows != nil && flows.ClientCredentials != nil {
			u, err := url.Parse(flows.ClientCredentials.TokenURL)
			if err != nil {
				return nil, err
			}
			flows.ClientCredentials.TokenURL = base + u.Path
		}
	}
	return yaml.Dump(doc)
}

const docsPage = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sakari sandbox: API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
<noscript>Swagger UI needs script. The spec itself is <a href="/openapi.yaml">openapi.yaml</a>.</noscript>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
`

const docsScript = `"use strict";
SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  // Swagger UI sends credentials as RFC 6749 says. The vendor's API takes them as JSON.
  requestInterceptor: function (request) {
    const basic = (request.headers.Authorization || "").match(/^Basic (.*)$/);
    if (basic) {
      const credentials = atob(basic[1]).match(/^([^:]*):(.*)$/);
      request.headers = { "Content-Type": "application/json" };
      request.body = JSON.stringify({
        grant_type: "client_credentials", client_id: credentials[1], client_secret: credentials[2],
      });
    }
    return request;
  },
});
`

// docs serves Swagger UI. Its page is our own, because that of the module has a script inside. The
// policy would have to allow it.
func docs() http.HandlerFunc {
	assets := v5emb.New("", "/openapi.yaml", docsPath)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'; "+
			"style-src 'self'; img-src 'self' data:; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		switch strings.TrimPrefix(r.URL.Path, docsPath) {
		case "", "/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, docsPage)
		case "/start.js":
			w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			_, _ = io.WriteString(w, docsScript)
		default:
			assets.ServeHTTP(w, r)
		}
	}
}
