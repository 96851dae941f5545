package gen_test

import (
	"fmt"
	"os"
	"reflect"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sakari-go/sakari-go/gen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func readSpec(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// readSpecWithLines returns the spec with the lines of its elements.
func readSpecWithLines(t *testing.T) *openapi3.T {
	t.Helper()
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true
	doc, err := loader.LoadFromFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// readFrozen returns the spec as it was once, for tests of rules: they do not change with it.
func readFrozen(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../.tools/spec/testdata/spec.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSpec_IsValidWithItsExamples(t *testing.T) {
	doc := readSpec(t)
	options := []openapi3.ValidationOption{
		openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation(),
	}
	if err := doc.Validate(t.Context(), options...); err != nil {
		t.Error(err)
	}
	if doc.OpenAPI != "3.0.3" {
		t.Errorf("the spec is OpenAPI %s, want 3.0.3", doc.OpenAPI)
	}
}

func TestGetSpec_ReturnsTheFile(t *testing.T) {
	embedded, err := gen.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	if canonical(t, asJSON(t, readSpec(t))) != canonical(t, asJSON(t, embedded)) {
		t.Error("the embedded spec is not openapi.yaml: run make generate")
	}
}

// pageRequest returns the request of the vendor's page as JSON.
func pageRequest(t *testing.T) []byte {
	t.Helper()
	body := readSpec(t).Paths.Value(createPath).Post.RequestBody.Value
	return asJSON(t, body.Content.Get("application/json").Examples["page"].Value.Value)
}

func TestSpec_HasTheContactOfTheCommandAsExample(t *testing.T) {
	contact, err := os.ReadFile("testdata/contact.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(canonical(t, contact), canonical(t, pageRequest(t))); diff != "" {
		t.Errorf("testdata/contact.json (-), example page (+)\n%s", diff)
	}
}

func TestTypes_HaveTheGoTypesOfTheirFormats(t *testing.T) {
	for _, c := range []struct {
		object any
		field  string
		want   string
	}{
		{object: gen.Autotopup{}, field: "Amount", want: "float64"},
		{object: gen.Autotopup{}, field: "Below", want: "float64"},
		{object: gen.ContactIntegration{}, field: "ID", want: "*int64"},
		{object: gen.Contact{}, field: "Email", want: "*string"},
		{object: gen.Contact{}, field: "OptIn", want: "*time.Time"},
		{object: gen.Contact{}, field: "Lists", want: "[]gen.ContactList"},
		{object: gen.Contact{}, field: "Attributes", want: "map[string]jsontext.Value"},
		{object: gen.ListSource{}, field: "ID", want: "*string"},
		{object: gen.TokenRequest{}, field: "ClientID", want: "*string"},
	} {
		field, ok := reflect.TypeOf(c.object).FieldByName(c.field)
		if got := fmt.Sprint(field.Type); !ok || got != c.want {
			t.Errorf("%T.%s is %s, want %s", c.object, c.field, got, c.want)
		}
	}
	constants := []gen.AttributeType{
		gen.AttributeTypeContacts, gen.AttributeTypeDeals, gen.AttributeTypeTickets,
	}
	want := []gen.AttributeType{"contacts", "deals", "tickets"}
	if diff := cmp.Diff(want, constants); diff != "" {
		t.Error(diff)
	}
}

func asJSON(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
