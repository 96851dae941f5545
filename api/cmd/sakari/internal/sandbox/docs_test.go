package sandbox

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/gen"
)

func TestOpenAPI_IsTheSpecWithTheAddressOfTheSandbox(t *testing.T) {
	s := startServer(t, Config{})
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, host := range []string{"127.0.0.1" + port, "localhost" + port} {
		got := send(t, "GET", s.URL+"/openapi.yaml", "", "Host", host)
		if got.header.Get("Content-Type") != "application/yaml" || strings.HasPrefix(got.body, "{") {
			t.Errorf("%s: %.100s", got.header.Get("Content-Type"), got.body)
		}
		doc, err := openapi3.NewLoader().LoadFromData([]byte(got.body))
		if err != nil {
			t.Fatal(err)
		}
		if err := doc.Validate(t.Context()); err != nil {
			t.Error(err)
		}
		if strings.Contains(got.body, "api.sakari.io") || doc.Servers[0].URL != "http://"+host {
			t.Errorf("the server is %s", doc.Servers[0].URL)
		}
		// With the addresses of the spec it is the spec.
		want, err := gen.GetSpec()
		if err != nil {
			t.Fatal(err)
		}
		doc.Servers = want.Servers
		flow := doc.Components.SecuritySchemes["oauth2"].Value.Flows.ClientCredentials
		if flow.TokenURL != "http://"+host+"/oauth2/token" {
			t.Errorf("the token URL is %s", flow.TokenURL)
		}
		flow.TokenURL = want.Components.SecuritySchemes["oauth2"].Value.Flows.ClientCredentials.TokenURL
		if diff := cmp.Diff(toJSON(t, want), toJSON(t, doc)); diff != "" {
			t.Error(diff)
		}
	}
}

func toJSON(t *testing.T, doc *openapi3.T) string {
	t.Helper()
	text, err := doc.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDocs_ServesSwaggerUI(t *testing.T) {
	s := startServer(t, Config{})
	for path, want := range map[string]string{
		"":                      `<div id="swagger-ui">`,
		"/":                     `<div id="swagger-ui">`,
		"/start.js":             `url: "/openapi.yaml"`,
		"/swagger-ui.css":       ".swagger-ui",
		"/swagger-ui-bundle.js": "SwaggerUIBundle",
		"/favicon-32x32.png":    "PNG",
	} {
		got := send(t, "GET", s.URL+docsPath+path, "")
		if got.status != 200 || !strings.Contains(got.body, want) {
			t.Errorf("%s: status %d, without %s", path, got.status, want)
		}
		policy := got.header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "http") {
			t.Errorf("%s: %s", path, policy)
		}
	}
}
