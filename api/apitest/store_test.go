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
			want: `apitest: add attributes: attributes/Deals: the spec has no such attribute type`,
		},
		"id in use": {
			attributeType: "contacts", id: "1",
			want: `apitest: add attributes: attributes/contacts/0/id is in use`,
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
		if cause := recover(); cause != `apitest: add contacts: contacts/0/id is in use` {
			t.Errorf("panic: %v", cause)
		}
	}()
	server.AddContacts(gen.StoredContact{ID: new("1")})
}

func TestSeed_AddsAllOrNothing(t *testing.T) {
	for name, c := range map[string]struct {
		seed apitest.Seed
		want string // the error
	}{
		"contact that exists": {
			seed: apitest.Seed{Contacts: []gen.StoredContact{{ID: new("new")}, {ID: new("old")}}},
			want: "contacts/1/id is in use",
		},
		"contact twice": {
			seed: apitest.Seed{Contacts: []gen.StoredContact{{ID: new("new")}, {}, {ID: new("new")}}},
			want: "contacts/2/id is in use",
		},
		"attribute twice, with another type": {
			seed: apitest.Seed{
				Contacts: []gen.StoredContact{{ID: new("new")}},
				Attributes: map[gen.AttributeType][]gen.Attribute{
					gen.AttributeTypeContacts: {{ID: new("new")}},
					gen.AttributeTypeDeals:    {{}, {ID: new("new")}},
				},
			},
			want: "attributes/deals/1/id is in use",
		},
		"type that the spec does not have": {
			seed: apitest.Seed{
				Contacts:   []gen.StoredContact{{ID: new("new")}},
				Attributes: map[gen.AttributeType][]gen.Attribute{"Deals": nil},
			},
			want: "attributes/Deals: the spec has no such attribute type",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.AddContacts(gen.StoredContact{ID: new("old")})
			if err := server.Seed(c.seed); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if diff := cmp.Diff("old", contactIDs(t, server.Client())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSeed_GivesNoIDThatComesLater(t *testing.T) {
	server := apitest.NewServer(t)
	if err := server.Seed(apitest.Seed{Contacts: []gen.StoredContact{{}, {ID: new("contact-1")}, {}}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("contact-2 contact-1 contact-3", contactIDs(t, server.Client())); diff != "" {
		t.Error(diff)
	}
}

func contactIDs(t *testing.T, client *api.Client) string {
	t.Helper()
	var ids []string
	for contact, err := range client.ListContacts(t.Context(), api.ContactFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, *contact.ID)
	}
	return strings.Join(ids, " ")
}

func TestContacts_AreFoundAfterManyChanges(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	for range 10 {
		server.AddContacts(gen.StoredContact{Mobile: &gen.ContactMobile{Number: new("+1 (555) 0001")}})
	}
	for _, i := range []int{1, 2, 3, 5, 6, 8, 10} { // enough to close the gaps
		if err := client.DeleteContact(t.Context(), fmt.Sprintf("contact-%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	move := gen.Contact{Mobile: &gen.ContactMobile{Number: new("+15550002")}}
	if _, err := client.UpdateContact(t.Context(), "contact-4", move); err != nil {
		t.Fatal(err)
	}
	merged := func(contact gen.Contact) string {
		t.Helper()
		got, err := client.CreateContact(t.Context(), contact, api.WithMergeStrategy(gen.MergeStrategyCore))
		if err != nil {
			t.Fatal(err)
		}
		return *got.ID
	}
	for _, c := range []struct {
		number string
		want   string
	}{
		{"+15550001", "contact-7"},  // the first that is left
		{"+15550002", "contact-4"},  // its new number
		{"+15550003", "contact-11"}, // a new one
		{"+15550003", "contact-11"},
		{"none", "contact-12"}, // without a digit no number is the same
		{"none", "contact-13"},
	} {
		if got := merged(gen.Contact{Mobile: &gen.ContactMobile{Number: &c.number}}); got != c.want {
			t.Errorf("%s: %s, want %s", c.number, got, c.want)
		}
	}
	want := "contact-4 contact-7 contact-9 contact-11 contact-12 contact-13"
	if diff := cmp.Diff(want, contactIDs(t, client)); diff != "" {
		t.Error(diff)
	}
	for _, id := range strings.Fields(want) {
		if got, err := client.GetContact(t.Context(), id); err != nil || *got.ID != id {
			t.Errorf("%s: %v, %v", id, got.ID, err)
		}
	}
}
