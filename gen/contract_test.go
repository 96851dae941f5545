package gen_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

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

func TestContactKeepsWhatItReads(t *testing.T) {
	for name, contact := range map[string]string{
		"the page":          string(pageRequest(t)),
		"empty":             `{}`,
		"empty containers":  `{"lists":[],"attributes":{}}`,
		"unknown":           `{"nickname":"C","score":1.5,"tags":["a",null]}`,
		"unknown in nested": `{"mobile":{"carrier":"x"},"lists":[{"colour":"red","filter":{"attributes":[{"z":1,"value":[]}]}}]}`,
		"big identifier":    `{"hubspot":{"id":9007199254740993}}`,
		"another case":      `{"nested":{"Email":"x"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			var c gen.Contact
			if err := json.Unmarshal([]byte(contact), &c); err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(parse(t, []byte(contact)), parse(t, got)); diff != "" {
				t.Errorf("read (-), written (+)\n%s", diff)
			}
		})
	}
}

func TestContactLeavesOutNil(t *testing.T) {
	got, err := json.Marshal(gen.Contact{Email: new(""), Lists: []gen.ContactList{}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"email":"","lists":[]}`, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestAdditionalPropertyMayNotShadow(t *testing.T) {
	for _, name := range []string{"email", "Email", "EMAIL", "li\u017fts"} {
		t.Run(name, func(t *testing.T) {
			for _, contact := range []any{
				gen.Contact{AdditionalProperties: map[string]any{name: "x"}},
				&gen.Contact{Email: new("y"), AdditionalProperties: map[string]any{name: "x"}},
			} {
				got, err := json.Marshal(contact)
				if err == nil || !strings.Contains(err.Error(), "declared property") {
					t.Errorf("got %s, %v, want an error about a declared property", got, err)
				}
			}
		})
	}
}

func TestTextMustBeUTF8(t *testing.T) {
	for place, contact := range map[string]any{
		"firstName":       gen.Contact{FirstName: new("Chris\xff")},
		"lists/1/keyword": gen.Contact{Lists: []gen.ContactList{{}, {Keyword: new("\xc3")}}},
		"lists/0/filter/attributes/0/value/1": gen.Contact{Lists: []gen.ContactList{{Filter: &gen.ListFilter{
			Attributes: []gen.FilterAttribute{{Value: []string{"\ufffd", "\xff"}}}}}}},
		"attributes/*": &gen.Contact{Attributes: map[string]any{"a": []any{1, map[string]any{"b": "\xff"}}}},
		"*":            gen.Contact{AdditionalProperties: map[string]any{"\xff": 1}},
		"mobile/*":     gen.Contact{Mobile: &gen.ContactMobile{AdditionalProperties: map[string]any{"x": new("\xff")}}},
		"client_id":    gen.TokenRequest{ClientID: new("\xff")},
	} {
		got, err := json.Marshal(contact)
		var broken *gen.InvalidTextError
		if !errors.As(err, &broken) || broken.Place != place {
			t.Errorf("got %s, %v, want an error at %s", got, err, place)
		}
	}
	endless := map[string]any{}
	endless["self"] = endless
	for range 20 { // maps have no order: sometimes encoding/json meets the bad string first
		if _, err := json.Marshal(gen.Contact{AdditionalProperties: map[string]any{"a": gen.ContactMobile{Country: new("\xff")}, "z": endless}}); err == nil {
			t.Error("no error")
		}
	}
	name := "\ufffd is a character"
	got, err := json.Marshal(gen.Contact{FirstName: &name, AdditionalProperties: map[string]any{"x": json.RawMessage(`"\ufffd"`)}})
	if err != nil || !utf8.Valid(got) {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestContactGetAndSet(t *testing.T) {
	var c gen.Contact
	c.Set("nickname", "C")
	if got, ok := c.Get("nickname"); got != "C" || !ok {
		t.Errorf("got %v, %v", got, ok)
	}
	if _, ok := c.Get("other"); ok {
		t.Error("found what was not set")
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
		{gen.Contact{}, "Attributes", "map[string]interface {}"},
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
