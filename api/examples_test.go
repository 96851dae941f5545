package api_test

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/api"
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
	methods := 0
	for path, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			method := reflect.ValueOf(client).MethodByName(strings.ToUpper(op.OperationID[:1]) + op.OperationID[1:])
			if !method.IsValid() { // TestClient_HasAMethodForEachOperation says so
				continue
			}
			methods++
			if err := callMethod(t, method, pathArguments(path, item)); err != nil {
				t.Errorf("%s: %v", op.OperationID, err)
			}
		}
	}
	if !called["createToken"] || len(called) != methods+1 {
		t.Errorf("called %d operations, want %d and createToken", len(called), methods)
	}
}

// pathArguments returns the values of the parameters in a path that a method takes: the first of an
// enum, or else the id in the vendor's examples.
func pathArguments(path string, item *openapi3.PathItem) []string {
	var values []string
	for _, segment := range strings.Split(path, "/") {
		name := strings.Trim(segment, "{}")
		if name == segment || name == "accountId" {
			continue
		}
		value := "<string>"
		if p := item.Parameters.GetByInAndName("path", name); p != nil && len(p.Schema.Value.Enum) > 0 {
			value = p.Schema.Value.Enum[0].(string)
		}
		values = append(values, value)
	}
	return values
}

// callMethod calls a method of the client with zero values, and with texts in the path.
func callMethod(t *testing.T, method reflect.Value, path []string) (failure error) {
	args := []reflect.Value{reflect.ValueOf(t.Context())}
	for i := 1; i < method.Type().NumIn()-1; i++ { // the last ones are the options
		arg := reflect.New(method.Type().In(i)).Elem()
		if arg.Kind() == reflect.String {
			arg.SetString(path[0])
			path = path[1:]
		}
		args = append(args, arg)
	}
	results := method.Call(args)
	last := results[len(results)-1]
	if last.Kind() == reflect.Func { // a list
		for _, err := range last.Seq2() {
			failure, _ = err.Interface().(error)
		}
		return failure
	}
	failure, _ = last.Interface().(error)
	return failure
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
