package apitest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestAddAttributes_AreListedReadAndUpdated(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	given := gen.Attribute{
		ID:                   new("attribute-1"), // as the server issues them
		Type:                 new("contacts"),    // another type than the one it is added to
		Name:                 new("size"),
		AdditionalProperties: map[string]jsontext.Value{"unit": jsontext.Value(`"cm"`)},
	}
	server.AddAttributes(gen.AttributeTypeDeals, given, gen.Attribute{}, gen.Attribute{ID: new("")})
	server.AddAttributes(gen.AttributeTypeTickets)
	if _, err := client.CreateAttribute(t.Context(), gen.AttributeTypeDeals, gen.Contact{}); err != nil {
		t.Fatal(err)
	}
	if *given.Type != "contacts" {
		t.Errorf("the caller's attribute has the type %s", *given.Type)
	}
	list := func() (got []string) {
		for a, err := range client.ListAttributesByType(t.Context(), gen.AttributeTypeDeals, gen.ListAttributesByTypeParams{}) {
			if err != nil {
				t.Fatal(err)
			}
			name := "-"
			if a.Name != nil {
				name = *a.Name
			}
			got = append(got, fmt.Sprintf("%s %s %s %s", *a.ID, *a.Type, name, a.AdditionalProperties["unit"]))
		}
		return got
	}
	want := []string{`attribute-1 deals size "cm"`, "attribute-2 deals - null", "attribute-3 deals - null", "attribute-4 deals - null"}
	if diff := cmp.Diff(want, list()); diff != "" {
		t.Error(diff)
	}
	update := gen.Contact{AdditionalProperties: map[string]jsontext.Value{"name": jsontext.Value(`"weight"`)}}
	if _, err := client.UpdateAttribute(t.Context(), gen.AttributeTypeDeals, "attribute-1", update); err != nil {
		t.Fatal(err)
	}
	want[0] = `attribute-1 deals weight "cm"`
	if diff := cmp.Diff(want, list()); diff != "" {
		t.Error(diff)
	}
	if *given.Name != "size" {
		t.Errorf("the caller's attribute has the name %s", *given.Name)
	}
}

func TestAddAttributes_BelongToAccountOfServer(t *testing.T) {
	server := apitest.NewServer(t)
	server.AddAttributes(gen.AttributeTypeDeals, gen.Attribute{ID: new("1")})
	for account, want := range map[string]int{server.AccountID: 1, "another": 0} {
		client, err := server.Client().WithAccount(account)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, err := range client.ListAttributes(t.Context(), gen.ListAttributesParams{}) {
			if err != nil {
				t.Fatal(err)
			}
			got++
		}
		if got != want {
			t.Errorf("account %s: %d attributes, want %d", account, got, want)
		}
	}
}

func TestAddAttributes_PanicsOnImpossibleAttributes(t *testing.T) {
	server := apitest.NewServer(t)
	server.AddAttributes(gen.AttributeTypeDeals, gen.Attribute{ID: new("1")})
	for name, c := range map[string]struct {
		attributeType gen.AttributeType
		id            string
		want          string
	}{
		"type that the spec does not have": {
			attributeType: "Deals", id: "2",
			want: `apitest: add attributes: the spec has no attribute type "Deals"`,
		},
		"id in use": {
			attributeType: "contacts", id: "1",
			want: `apitest: add attributes: the id "1" is in use`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != c.want {
					t.Errorf("got %v, want %s", got, c.want)
				}
			}()
			server.AddAttributes(c.attributeType, gen.Attribute{ID: &c.id})
		})
	}
	server.AddAttributes(gen.AttributeTypeContacts, gen.Attribute{ID: new("2")}) // the server is not locked
}

func TestContacts_AreTheSameInEveryRun(t *testing.T) {
	var before string
	for range 2 {
		server := apitest.NewServer(t)
		client := server.Client()
		number := "+15550001"
		server.AddContacts(gen.StoredContact{ID: new("contact-2"), Email: new("a@example.com")}, gen.StoredContact{})
		for _, opts := range [][]api.CallOption{nil, nil, {api.WithMergeStrategy(gen.MergeStrategyCore)}} {
			contact := gen.Contact{Mobile: &gen.ContactMobile{Number: &number}}
			if _, err := client.CreateContact(t.Context(), contact, opts...); err != nil {
				t.Fatal(err)
			}
		}
		if err := client.DeleteContact(t.Context(), "contact-4"); err != nil {
			t.Fatal(err)
		}
		if _, err := client.CreateContact(t.Context(), gen.Contact{}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for contact, err := range client.ListContacts(t.Context(), api.ContactFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			at := "-"
			if contact.Updated != nil {
				at = contact.Updated.At.Format(time.TimeOnly)
			}
			got = append(got, *contact.ID+" "+at)
		}
		// contact-3 was merged, contact-4 is gone, and its id is not used again.
		want := "contact-2 -, contact-1 -, contact-3 05:31:58, contact-5 05:31:59"
		if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
			t.Error(diff)
		}
		if all := strings.Join(got, ", "); before != "" && all != before {
			t.Errorf("got %s, before %s", all, before)
		} else {
			before = all
		}
	}
}

func TestAddContacts_PanicsIfAnIDIsInUse(t *testing.T) {
	server := apitest.NewServer(t)
	server.AddContacts(gen.StoredContact{ID: new("1")})
	defer func() {
		if cause := recover(); cause != `apitest: add contacts: the id "1" is in use` {
			t.Errorf("panic: %v", cause)
		}
	}()
	server.AddContacts(gen.StoredContact{ID: new("1")})
}
