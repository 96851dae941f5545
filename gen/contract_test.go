package gen_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sakari-go/sakari-go/gen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func readContract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestContractAndItsExamplesAreValid(t *testing.T) {
	doc := readContract(t)
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation()); err != nil {
		t.Error(err)
	}
	if doc.OpenAPI != "3.0.3" {
		t.Errorf("the contract is OpenAPI %s, want 3.0.3", doc.OpenAPI)
	}
}

func TestEmbeddedContractIsTheContract(t *testing.T) {
	embedded, err := gen.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(asJSON(t, readContract(t)), asJSON(t, embedded)) {
		t.Error("the embedded contract is not openapi.yaml: run make generate")
	}
}

func pageRequest(t *testing.T) []byte {
	t.Helper()
	doc := readContract(t)
	post := doc.Paths.Value("/v1/accounts/{accountId}/attributes/{attributeType}").Post
	page, err := json.Marshal(post.RequestBody.Value.Content.Get("application/json").Examples["page"].Value.Value)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestPageRequestIsWhatTheCommandSends(t *testing.T) {
	contact, err := os.ReadFile("../api/cmd/sakari/testdata/contact.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(parse(t, contact), parse(t, pageRequest(t))); diff != "" {
		t.Errorf("testdata/contact.json (-), the contract's example (+)\n%s", diff)
	}
}

func TestGoTypes(t *testing.T) {
	for _, c := range []struct {
		of    any
		field string
		want  string
	}{
		{gen.Autotopup{}, "Amount", "float64"},
		{gen.Autotopup{}, "Below", "float64"},
		{gen.ContactIntegration{}, "ID", "*int64"},
		{gen.Contact{}, "Email", "*string"},
		{gen.Contact{}, "OptIn", "*time.Time"},
		{gen.Contact{}, "Lists", "[]gen.ContactList"},
		{gen.Contact{}, "Attributes", "map[string]jsontext.Value"},
		{gen.ListSource{}, "ID", "*string"},
		{gen.TokenRequest{}, "ClientID", "*string"},
	} {
		field, ok := reflect.TypeOf(c.of).FieldByName(c.field)
		if got := fmt.Sprint(field.Type); !ok || got != c.want {
			t.Errorf("%T.%s is %s, want %s", c.of, c.field, got, c.want)
		}
	}
	types := []gen.AttributeType{gen.AttributeTypeContacts, gen.AttributeTypeDeals, gen.AttributeTypeTickets}
	if diff := cmp.Diff([]gen.AttributeType{"contacts", "deals", "tickets"}, types); diff != "" {
		t.Error(diff)
	}
}

func parse(t *testing.T, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func asJSON(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, text)
}
