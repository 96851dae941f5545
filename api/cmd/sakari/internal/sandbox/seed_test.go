package sandbox

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

func contactIDs(t *testing.T, s *Server) string {
	t.Helper()
	var ids []string
	for contact, err := range s.Client().ListContacts(t.Context(), api.ContactFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, *contact.ID)
	}
	return strings.Join(ids, " ")
}

func TestSeed_IsThereAtTheStartAndCanBeAddedAgain(t *testing.T) {
	const text = `{
		"contacts": [{"id":"a","email":"a@example.com","created":{"at":"2024-01-02T03:04:05Z"}, "own":12345678901234567890}, {}],
		"attributes": {"deals": [{"id":"size","label":"Size"}], "contacts": []}
	}`
	s := startServer(t, Config{SeedFile: write(t, text)})
	check := func() {
		t.Helper()
		if diff := cmp.Diff("a contact-1", contactIDs(t, s)); diff != "" {
			t.Error(diff)
		}
		contact, err := s.Client().GetContact(t.Context(), "a")
		if err != nil || string(contact.AdditionalProperties["own"]) != "12345678901234567890" {
			t.Errorf("%v, %v", contact, err)
		}
		attributes, err := s.Client().GetAttribute(t.Context(), gen.AttributeTypeDeals, "size")
		if err != nil {
			t.Error(attributes, err)
		}
	}
	check()
	again := send(t, "POST", s.URL+reserved+"seed", text)
	if again.status != 400 || !strings.Contains(again.body, "contacts/0/id is in use") {
		t.Errorf("a second time: %v", again)
	}
	send(t, "POST", s.URL+reserved+"reset", "", "Content-Type", "application/json")
	if got := contactIDs(t, s); got != "" {
		t.Errorf("contacts %s after the reset", got)
	}
	if got := send(t, "POST", s.URL+reserved+"seed", text); got.status != 204 {
		t.Fatal(got)
	}
	check()
}

func TestSeed_SaysWhereItIsWrong(t *testing.T) {
	s := startServer(t, Config{})
	for body, want := range map[string]string{
		`{"contacts":[{"id":"new"},{"email":"hidden"},{"email":8899}]}`:              "contacts/2/email: value must be a string",
		`{"contacts":[{"mobile":{"number":8899}}]}`:                                  "contacts/0/mobile/number: value must be a string",
		`{"contacts":[{"created":{"at":"hidden"}}]}`:                                 "contacts/0/created/at: ",
		`{"contacts":[{"lists":[{"id":8899}]}]}`:                                     "contacts/0/lists/0/id: value must be a string",
		`{"contacts":["hidden"]}`:                                                    "contacts/0: value must be an object",
		`{"contacts":[null]}`:                                                        "contacts/0: ",
		`{"contacts":[{"id":"new"}],"attributes":{"deals":[{},{"name":8899}]}}`:      "attributes/deals/1/name: value must be a string",
		`{"contacts":[{"id":"new"}],"attributes":{"Deals":[{}]}}`:                    "attributes/Deals: the spec has no such attribute type",
		`{"contacts":[{"id":"new"},{"id":"new"}]}`:                                   "contacts/1/id is in use",
		`{"attributes":{"deals":[{"id":"new"}],"contacts":[{"id":"new"}]}}`:          "attributes/deals/0/id is in use",
		`{"contacts":{"id":"hidden"}}`:                                               "contacts: a value of another type is needed",
		`{"contact":[{"id":"hidden"}]}`:                                              "contact: unknown member",
		`{"contacts":[{"id":"new"}]} {}`:                                             "after top-level value",
		`{"contacts":[{"email":"hidden","email":"hidden"}]}`:                         "duplicate",
		`{"contacts":[{"created":{"at":"2024-13-45T99:99:99Z","by":{"id":"hid"}}}]}`: "contacts/0/created/at: ",
	} {
		got := send(t, "POST", s.URL+reserved+"seed", body)
		if got.status != 400 || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d %s, want %s", body, got.status, got.body, want)
		}
		for _, value := range []string{"hidden", "8899", "99:99"} {
			if strings.Contains(got.body, value) {
				t.Errorf("%s: contains a value: %s", body, got.body)
			}
		}
	}
	if got := contactIDs(t, s); got != "" {
		t.Errorf("contacts %s were added", got)
	}
}
