package api_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestOperationFromContext_NamesEachRoundTrip(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(limited("0"))
	var got []api.Operation
	client := server.Client(withRoundTrip(func(r *http.Request) (*http.Response, error) {
		operation, ok := api.OperationFromContext(r.Context())
		if !ok {
			t.Errorf("%s has no operation", r.URL.Path)
		}
		got = append(got, operation)
		return http.DefaultTransport.RoundTrip(r)
	}))
	defer http.DefaultClient.CloseIdleConnections()
	if _, err := create(t, client); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Generated().ListAttributesWithResponse(t.Context(), "acc", &gen.ListAttributesParams{}); err != nil {
		t.Fatal(err)
	}
	const contacts = "/v1/accounts/{accountId}/attributes/{attributeType}"
	want := []api.Operation{
		{ID: "createToken", Path: "/oauth2/token", Attempt: 1},
		{ID: "createAttribute", Path: contacts, Attempt: 1},
		{ID: "createAttribute", Path: contacts, Attempt: 2},
		{ID: "listAttributes", Path: "/v1/accounts/{accountId}/attributes", Attempt: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if operation, ok := api.OperationFromContext(t.Context()); ok {
		t.Errorf("another context has %v", operation)
	}
}
