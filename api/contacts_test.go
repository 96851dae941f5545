package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func contactWith(number, email string) gen.Contact {
	return gen.Contact{Mobile: &gen.ContactMobile{Number: &number}, Email: &email}
}

func TestContacts_AreCreatedReadUpdatedAndDeleted(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	ctx := t.Context()
	contact := contactWith("+15550001", "chris@example.com")
	contact.AdditionalProperties = properties{"x-tags": []string{"a"}}.raw()
	created, err := client.CreateContact(ctx, contact)
	if err != nil {
		t.Fatal(err)
	}
	server.AddContacts(gen.StoredContact{ID: new("a b/c")})
	if err := second(client.GetContact(ctx, "a b")); !errors.Is(err, api.ErrNotFound) {
		t.Errorf("got %v, want not found", err)
	}
	server.AddContacts(gen.StoredContact{ID: new("a b%2F")})
	if got, err := client.GetContact(ctx, "a b%2F"); err != nil || *got.ID != "a b%2F" {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err := client.GetContact(ctx, *created.ID)
	if diff := cmp.Diff(created, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if string(got.AdditionalProperties["x-tags"]) != `["a"]` || *got.Mobile.Number != "+15550001" {
		t.Errorf("got %+v", got)
	}
	updated, err := client.UpdateContact(ctx, *created.ID, gen.Contact{LastName: new("Bloggs")})
	if err != nil || *updated.ID != *created.ID || *updated.LastName != "Bloggs" || updated.Email != nil {
		t.Errorf("got %+v, %v", updated, err)
	}
	if err := client.DeleteContact(ctx, *created.ID); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"get":    second(client.GetContact(ctx, *created.ID)),
		"update": second(client.UpdateContact(ctx, *created.ID, gen.Contact{})),
		"delete": client.DeleteContact(ctx, *created.ID),
	} {
		if !errors.Is(err, api.ErrNotFound) {
			t.Errorf("%s of a deleted contact: got %v, want not found", name, err)
		}
	}
}

func TestListContacts_FiltersAndPages(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	for _, c := range []struct{ first, last, number, email string }{
		{"Ann", "Bloggs", "+15550001", "ann@example.com"},
		{"Ben", "Bloggs", "+15550002", "ben@example.com"},
		{"Ann", "Other", "+15550003", "ann@example.org"},
	} {
		contact := contactWith(c.number, c.email)
		contact.FirstName, contact.LastName = &c.first, &c.last
		if _, err := client.CreateContact(t.Context(), contact); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		filter api.ContactFilter
		want   string
		path   string // of the first request
	}{
		"all":        {want: "contact-1 contact-2 contact-3"},
		"first name": {filter: api.ContactFilter{FirstName: "ann"}, want: "contact-1 contact-3", path: "?firstName=ann"},
		"last name":  {filter: api.ContactFilter{LastName: "Blog"}, want: "contact-1 contact-2", path: "?lastName=Blog"},
		"mobile":     {filter: api.ContactFilter{Mobile: "+1555000"}, want: "contact-1 contact-2 contact-3", path: "?mobile=%2B1555000"},
		"email":      {filter: api.ContactFilter{Email: ".org"}, want: "contact-3", path: "?email=.org"},
		"two":        {filter: api.ContactFilter{FirstName: "Ann", LastName: "Other"}, want: "contact-3", path: "?firstName=Ann&lastName=Other"},
		"pages":      {filter: api.ContactFilter{Limit: 2}, want: "contact-1 contact-2 contact-3", path: "?limit=2"},
		"from":       {filter: api.ContactFilter{Offset: 1, Limit: 1}, want: "contact-2 contact-3", path: "?offset=1&limit=1"},
		"none":       {filter: api.ContactFilter{Email: "zz"}, path: "?email=zz"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(server.Requests())
			var got []string
			for contact, err := range client.ListContacts(t.Context(), c.filter) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, *contact.ID)
			}
			path := strings.TrimPrefix(server.Requests()[before].Path, "/v1/accounts/test-account/contacts")
			if diff := cmp.Diff([]string{c.want, c.path}, []string{strings.Join(got, " "), path}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The list may lack hasNext, or both fields of the position. It ends with a page without a new
// contact.
func TestListContacts_EndsWithoutAPosition(t *testing.T) {
	server := apitest.NewServer(t)
	page := apitest.Reply{Body: `{"success":true,"data":[{"id":"1"},{"id":"2"}]}`}
	server.Respond(page, page)
	n := 0
	for _, err := range server.Client().ListContacts(t.Context(), api.ContactFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("got %d contacts, want 2", n)
	}
}

func TestFindContact_ComparesTheWholeValue(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	server.AddContacts(
		gen.StoredContact{},
		gen.StoredContact{Email: new("joann@example.com"), Mobile: &gen.ContactMobile{}},
		gen.StoredContact{Email: new("Ann@example.com"), Mobile: &gen.ContactMobile{Number: new("+155500012")}},
		gen.StoredContact{Email: new("ann@example.com"), Mobile: &gen.ContactMobile{Number: new("+1 555 0001")}},
	)
	for name, c := range map[string]struct {
		filter  api.ContactFilter
		want    string
		wantErr error
	}{
		"e-mail address":            {filter: api.ContactFilter{Email: "ann@EXAMPLE.com"}, want: "contact-3"},
		"mobile number":             {filter: api.ContactFilter{Mobile: "+155500012"}, want: "contact-3"},
		"a part of a mobile number": {filter: api.ContactFilter{Mobile: "+15550001"}, wantErr: api.ErrNotFound},
		"another spelling":          {filter: api.ContactFilter{Mobile: "555 0001"}, wantErr: api.ErrNotFound},
		"both":                      {filter: api.ContactFilter{Email: "ann@example.com", Mobile: "+1 555 0001"}, want: "contact-4"},
		"one of both":               {filter: api.ContactFilter{Email: "joann@example.com", Mobile: "+1 555 0001"}, wantErr: api.ErrNotFound},
		"pages":                     {filter: api.ContactFilter{Email: "ann@example.com", Limit: 1}, want: "contact-3"},
		"none":                      {filter: api.ContactFilter{Email: "x@example.com"}, wantErr: api.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := client.FindContact(t.Context(), c.filter)
			if !errors.Is(err, c.wantErr) || (got == nil) != (c.want == "") || got != nil && *got.ID != c.want {
				t.Errorf("got %+v, %v, want %s", got, err, c.want)
			}
		})
	}
	sent := len(server.Requests())
	for _, filter := range []api.ContactFilter{{}, {FirstName: "Ann"}, {Mobile: "none"}} {
		const want = "sakari: findContact: set the mobile number or the e-mail address of the filter (not applied)"
		if _, err := client.FindContact(t.Context(), filter); err == nil || err.Error() != want {
			t.Errorf("%+v: got %v", filter, err)
		}
	}
	if n := len(server.Requests()); n != sent {
		t.Errorf("sent %d requests for filters that cannot be used", n-sent)
	}
	server.Respond(apitest.Reply{Status: http.StatusForbidden})
	if _, err := client.FindContact(t.Context(), api.ContactFilter{Email: "x"}); !errors.Is(err, api.ErrForbidden) {
		t.Errorf("got %v, want forbidden", err)
	}
}

// An API may repeat a filter in its message.
func TestListContacts_ErrorsHaveNoPersonalData(t *testing.T) {
	server := apitest.NewServer(t)
	filter := api.ContactFilter{FirstName: "Annabel", LastName: "Bloggson", Mobile: "+15559998877", Email: "ann@example.com"}
	server.Respond(apitest.Reply{
		Status: http.StatusBadRequest,
		Body:   `{"success":false,"error":{"code":"X","message":"no Annabel, Bloggson, 15559998877, ann@example.com"}}`,
	})
	_, err := server.Client().FindContact(t.Context(), filter)
	checkText(t, err, "Annabel", "Bloggson", "15559998877", "ann@")
	const want = "sakari: listContacts: 400 Bad Request: X: no [redacted], [redacted], [redacted], [redacted] (not applied)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestMergeStrategy_ChangesTheContactWithTheNumber(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	first, err := client.CreateContact(t.Context(), contactWith("+1 555 0001", "ann@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	number := "+15550001"
	update := gen.Contact{LastName: new("Bloggs"), Mobile: &gen.ContactMobile{Number: &number}}
	for i, strategy := range []gen.MergeStrategy{gen.MergeStrategyAppend, gen.MergeStrategyCore, gen.MergeStrategyRemove} {
		merged, err := client.CreateContact(t.Context(), update, api.WithMergeStrategy(strategy))
		if err != nil || *merged.ID != *first.ID || *merged.Email != "ann@example.com" || *merged.LastName != "Bloggs" {
			t.Errorf("%s: got %+v, %v", strategy, merged, err)
		}
		path := server.Requests()[i+1].Path
		if want := "/v1/accounts/test-account/contacts?mergeStrategy=" + string(strategy); path != want {
			t.Errorf("sent %s, want %s", path, want)
		}
	}
	other, err := client.CreateContact(t.Context(), update)
	if err != nil || *other.ID == *first.ID {
		t.Errorf("without a strategy: got %+v, %v", other, err)
	}
	sent := len(server.Requests())
	_, err = client.CreateContact(t.Context(), update, api.WithMergeStrategy("x"))
	if !errors.Is(err, api.ErrInvalidRequest) {
		t.Errorf("got %v, want an invalid request", err)
	}
	const want = "sakari: getContact: the operation has no parameter mergeStrategy: omit the option (not applied)"
	_, err = client.GetContact(t.Context(), "1", api.WithMergeStrategy(gen.MergeStrategyCore))
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if n := len(server.Requests()); n != sent {
		t.Errorf("sent %d invalid requests", n-sent)
	}
}

// A POST is not sent again if it may have been applied, also with a merge strategy. The others are.
func TestContacts_AreRetriedIfThatIsSafe(t *testing.T) {
	for name, c := range map[string]struct {
		call     func(*api.Client) error
		requests int
	}{
		"create": {requests: 1, call: func(c *api.Client) error { return second(c.CreateContact(t.Context(), gen.Contact{})) }},
		"merge": {requests: 1, call: func(c *api.Client) error {
			return second(c.CreateContact(t.Context(), gen.Contact{}, api.WithMergeStrategy(gen.MergeStrategyCore)))
		}},
		"get":    {requests: 2, call: func(c *api.Client) error { return second(c.GetContact(t.Context(), "contact-1")) }},
		"update": {requests: 2, call: func(c *api.Client) error { return second(c.UpdateContact(t.Context(), "contact-1", gen.Contact{})) }},
		"list":   {requests: 2, call: func(c *api.Client) error { return lastError(c.ListContacts(t.Context(), api.ContactFilter{})) }},
		"delete": {requests: 2, call: func(c *api.Client) error { return c.DeleteContact(t.Context(), "contact-1") }},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.AddContacts(gen.StoredContact{})
			server.Respond(apitest.Reply{Status: http.StatusServiceUnavailable})
			var waited waits
			err := c.call(server.Client(waited.option()))
			isRetried := c.requests > 1
			if n := len(server.Requests()); n != c.requests || (err == nil) != isRetried {
				t.Errorf("%d requests, want %d; %v", n, c.requests, err)
			}
			if want := api.Unknown; !isRetried && api.OutcomeOf(err) != want {
				t.Errorf("got %v, want %v", err, want)
			}
		})
	}
}

func TestContacts_RefuseWhatDoesNotFitTheRequest(t *testing.T) {
	two := `{"success":true,"data":[{"id":"1"},{"id":"2"}]}`
	none := `{"success":true,"data":[]}`
	other := `{"success":true,"data":{"id":"other"}}`
	for name, c := range map[string]struct {
		body     string
		call     func(*api.Client) (*gen.StoredContact, error)
		want     string
		reported string // id that ValidationReport returns
	}{
		"create: two": {body: two, want: "body/data: does not have one contact", reported: "1",
			call: func(c *api.Client) (*gen.StoredContact, error) { return c.CreateContact(t.Context(), gen.Contact{}) }},
		"create: none": {body: none, want: "body/data: does not have one contact",
			call: func(c *api.Client) (*gen.StoredContact, error) { return c.CreateContact(t.Context(), gen.Contact{}) }},
		"get: another": {body: other, want: "body/data/id: is not the requested id", reported: "other",
			call: func(c *api.Client) (*gen.StoredContact, error) { return c.GetContact(t.Context(), "1") }},
		"update: another": {body: other, want: "body/data/id: is not the requested id", reported: "other",
			call: func(c *api.Client) (*gen.StoredContact, error) {
				return c.UpdateContact(t.Context(), "1", gen.Contact{})
			}},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.Respond(apitest.Reply{Body: c.body}, apitest.Reply{Body: c.body})
			got, err := c.call(server.Client())
			if got != nil || err == nil || !strings.Contains(err.Error(), c.want) || api.OutcomeOf(err) != api.Applied {
				t.Errorf("got %+v, %v, want %s", got, err, c.want)
			}
			got, err = c.call(server.Client(api.WithValidation(api.ValidationReport)))
			if c.reported == "" && err == nil || c.reported != "" && (err != nil || *got.ID != c.reported) {
				t.Errorf("reported: got %+v, %v", got, err)
			}
		})
	}
}

func TestCreateContact_AcceptsBothDocumentedStatuses(t *testing.T) {
	server := apitest.NewServer(t)
	for _, status := range []int{200, 201} {
		server.Respond(apitest.Reply{Status: status, Body: `{"success":true,"data":[{"id":"7","x":1}]}`})
		got, err := server.Client().CreateContact(t.Context(), gen.Contact{})
		if err != nil || *got.ID != "7" || string(got.AdditionalProperties["x"]) != "1" {
			t.Errorf("%d: got %+v, %v", status, got, err)
		}
	}
}

func TestContactOf_KeepsWhatARequestMayHave(t *testing.T) {
	text := `{"created":{"at":"2023-11-07T05:31:56Z"},"email":"a@example.com","id":"1","lists":[{"id":"2","name":"n"}],` +
		`"mobile":{"number":"+1"},"more":[1.50],"updated":{},"valid":true}`
	var stored gen.StoredContact
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		t.Fatal(err)
	}
	if id := *stored.Lists[0].ID; id != "2" {
		t.Errorf("the list has the id %s", id)
	}
	contact, err := api.ContactOf(&stored)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(contact)
	const want = `{"email":"a@example.com","lists":[{"name":"n","id":"2"}],"mobile":{"number":"+1"},"more":[1.50]}`
	if diff := cmp.Diff(want, string(got)); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
