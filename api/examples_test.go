package api_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// Every operation works against a mock server that is made of the spec. Such a server responds with
// the example of the response, or else with the examples of its schema.
func TestExamples_AreUsable(t *testing.T) {
	doc := readSpec(t)
	doc.Servers = nil
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	called := make(map[string]bool)
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		route, _, err := router.FindRoute(r)
		if err != nil {
			t.Error(err)
			return
		}
		called[route.Operation.OperationID] = true
		success := route.Operation.Responses.Status(200)
		if success == nil { // without a result there is no example
			w.WriteHeader(http.StatusNoContent)
			return
		}
		body, err := json.Marshal(exampleOf(success.Value.Content.Get("application/json")))
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
	client, err := api.New("acc", api.WithClientCredentials("id", "secret"), api.WithBaseURL(base))
	if err != nil {
		t.Fatal(err)
	}
	_, contact := pageContact(t)
	for name, call := range map[string]func() error{
		"createAttribute": func() error {
			return second(client.CreateAttribute(t.Context(), "contacts", contact))
		},
		"updateAttribute": func() error {
			return second(client.UpdateAttribute(t.Context(), "contacts", "1", contact))
		},
		"getAttribute": func() error {
			return second(client.GetAttribute(t.Context(), "contacts", "<string>"))
		},
		"listAttributes": func() error {
			return lastError(client.ListAttributes(t.Context(), gen.ListAttributesParams{}))
		},
		"listAttributesByType": func() error {
			return lastError(client.ListAttributesByType(t.Context(), "contacts", gen.ListAttributesByTypeParams{}))
		},
	} {
		if err := call(); err != nil || !called[name] {
			t.Errorf("%s: called %v, %v", name, called[name], err)
		}
	}
	for _, op := range operationsOf(doc) {
		if !called[op.OperationID] {
			t.Errorf("nothing called %s", op.OperationID)
		}
	}
}

// operationsOf lists the operations of a spec.
func operationsOf(doc *openapi3.T) (all []*openapi3.Operation) {
	for _, item := range doc.Paths.Map() {
		all = slices.AppendSeq(all, maps.Values(item.Operations()))
	}
	return all
}

// exampleOf returns the example that a mock server responds with.
func exampleOf(media *openapi3.MediaType) any {
	for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
		return media.Examples[name].Value.Value
	}
	object := make(map[string]any)
	for name, property := range media.Schema.Value.Properties {
		object[name] = property.Value.Example
	}
	return object
}
