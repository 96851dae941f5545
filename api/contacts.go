package api

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/api/internal/spec"
	"github.com/sakari-go/sakari-go/gen"
)

// CreateContact creates a contact, and returns it as the API stored it. [WithMergeStrategy] says
// what happens to a contact that has its mobile number already.
//
// A POST is retried only if it certainly was not applied, also with a merge strategy: the vendor
// does not document that it may be repeated. If [OutcomeOf] the error is [Unknown], look with
// [Client.FindContact] before you send it again.
//
// The vendor documents a list as the response. If it does not have one contact the error is a
// [ValidationError] with the whole response. No field is required, so even the ID may be nil.
//
// See https://developer.sakari.io/api-reference/contacts/create-contact.
func (c *Client) CreateContact(
	ctx context.Context, contact gen.Contact, opts ...CallOption,
) (*gen.StoredContact, error) {
	r, x, err := do[gen.ContactsResponse](ctx, c.pipeline, "createContact", opts, pathValues{c.accountID},
		&contact, func(server string) (*http.Request, error) {
			return gen.NewCreateContactRequestWithBody(server, c.accountID, nil, spec.MediaTypeJSON, nil)
		})
	if err != nil {
		return nil, err
	}
	if len(r.Data) != 1 {
		err := c.pipeline.validator.refuse(ctx, x, len(r.Data) > 0, Violation{
			Location: "body/data", Rule: "contact", Message: "does not have one contact",
		})
		if err != nil {
			return nil, err
		}
	}
	return &r.Data[0], nil
}

// WithMergeStrategy sets how [Client.CreateContact] treats existing contacts with the same mobile
// number. The vendor lists the values, and does not document what each does. If it is not set, the
// server's default counts, which is not documented either.
func WithMergeStrategy(strategy gen.MergeStrategy) CallOption {
	return func(x *exchange) error {
		x.query = url.Values{"mergeStrategy": {string(strategy)}}
		return nil
	}
}

// GetContact returns a contact. An unknown id is an [Error] that matches [ErrNotFound] if the API
// responds 404, which the vendor does not document. The vendor has no page of this operation: it is
// that of an older document.
func (c *Client) GetContact(ctx context.Context, contactID string, opts ...CallOption) (*gen.StoredContact, error) {
	r, x, err := do[gen.ContactResponse](ctx, c.pipeline, "getContact", opts, pathValues{c.accountID, contactID},
		nil, func(server string) (*http.Request, error) {
			return gen.NewGetContactRequest(server, c.accountID, contactID)
		})
	if err != nil {
		return nil, err
	}
	return c.checkContact(ctx, x, &r.Data, contactID)
}

// UpdateContact sends a contact with a PUT, and returns it as the API stored it.
//
// Users report that the PUT replaces the contact: what is not set is gone. The vendor does not
// document it. So send every field, not only those that change. [ContactOf] returns the contact of
// [Client.GetContact] as a request.
//
// It is a PUT: it is also retried if it may have been applied.
//
// See https://developer.sakari.io/api-reference/contacts/updates-a-contact.
func (c *Client) UpdateContact(
	ctx context.Context, contactID string, contact gen.Contact, opts ...CallOption,
) (*gen.StoredContact, error) {
	r, x, err := do[gen.ContactResponse](ctx, c.pipeline, "updateContact", opts, pathValues{c.accountID, contactID},
		&contact, func(server string) (*http.Request, error) {
			return gen.NewUpdateContactRequestWithBody(server, c.accountID, contactID, spec.MediaTypeJSON, nil)
		})
	if err != nil {
		return nil, err
	}
	return c.checkContact(ctx, x, &r.Data, contactID)
}

// ContactOf returns what a request may have of a contact that the API returned: all but id, valid,
// created and updated. Properties that the spec does not declare are kept, and so are the ids of
// lists. The error is that of a contact that cannot be written as JSON, which the API does not
// return.
func ContactOf(stored *gen.StoredContact) (gen.Contact, error) {
	var contact gen.Contact
	text, err := stored.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(text, &contact)
	}
	for _, name := range []string{"id", "valid", "created", "updated"} {
		delete(contact.AdditionalProperties, name)
	}
	return contact, err
}

// checkContact returns a contact, if it is the requested one.
func (c *Client) checkContact(
	ctx context.Context, x *exchange, contact *gen.StoredContact, contactID string,
) (*gen.StoredContact, error) {
	if contact.ID != nil && *contact.ID != contactID {
		err := c.pipeline.validator.refuse(ctx, x, true, Violation{
			Location: "body/data/id", Rule: "contactId", Message: "is not the requested id",
		})
		if err != nil {
			return nil, err
		}
	}
	return contact, nil
}

// DeleteContact deletes a contact. An unknown id is an [Error] that matches [ErrNotFound] if the
// API responds 404. A DELETE is also retried if it may have been applied, and the retry of one that
// was applied may find no contact. The vendor has no page of this operation: it is that of an older
// document.
func (c *Client) DeleteContact(ctx context.Context, contactID string, opts ...CallOption) error {
	_, _, err := do[gen.SuccessResponse](ctx, c.pipeline, "deleteContact", opts, pathValues{c.accountID, contactID},
		nil, func(server string) (*http.Request, error) {
			return gen.NewDeleteContactRequest(server, c.accountID, contactID)
		})
	return err
}

// ContactFilter selects contacts. A field that is not set selects all.
type ContactFilter struct {
	FirstName string // or a part of it
	LastName  string // or a part of it
	Mobile    string // a mobile number, or a part of it
	Email     string // an e-mail address, or a part of it
	Tags      string // how several tags are written is not documented

	Offset int // the number of contacts to skip; the server's default if it is 0
	Limit  int // the size of a page, 1 to 100; the server's default if it is 0
}

// ListContacts returns the contacts that a filter selects, as [Client.ListAttributes] does
// attributes:
//
//	for contact, err := range client.ListContacts(ctx, api.ContactFilter{Email: "@example.com"}) {
//
// The filters are those of an older document of the vendor. An API that does not know them ignores
// them, and returns all contacts.
//
// See https://developer.sakari.io/api-reference/contacts/fetch-contacts.
func (c *Client) ListContacts(
	ctx context.Context, filter ContactFilter, opts ...CallOption,
) iter.Seq2[gen.StoredContact, error] {
	params := gen.ListContactsParams{
		FirstName: pointerTo(filter.FirstName), LastName: pointerTo(filter.LastName),
		Mobile: pointerTo(filter.Mobile), Email: pointerTo(filter.Email), Tags: pointerTo(filter.Tags),
		Limit: pointerTo(filter.Limit),
	}
	return paginate(ctx, c.pipeline, "listContacts", pointerTo(filter.Offset), opts, pathValues{c.accountID},
		func(server string, offset *int) (*http.Request, error) {
			page := params
			page.Offset = offset
			return gen.NewListContactsRequest(server, c.accountID, &page)
		},
		func(r *gen.ContactsResponse) ([]gen.StoredContact, *gen.Pagination) { return r.Data, r.Pagination },
		func(contact gen.StoredContact) string {
			if contact.ID != nil {
				return *contact.ID
			}
			text, _ := contact.MarshalJSON() // it came as JSON
			return string(text)
		})
}

// FindContact returns the first contact that has the mobile number and the e-mail address of a
// filter, if they are set. At least one must be. It reads the list of [Client.ListContacts] with
// the same filter, whose texts match a part of a value, and compares: only the digits of a mobile
// number, and an e-mail address without its case. Without such a contact the error matches
// [ErrNotFound].
//
// Use the mobile number as the API stores it, which is with "+" and the code of the country: the
// API may not find another spelling. A contact that was created a moment ago may not be in the list
// yet, and the vendor does not say for how long. After an [Unknown] outcome, one that is found may
// be older than the call: compare its fields, or its Created. If none is found, the call may still
// have been applied.
func (c *Client) FindContact(
	ctx context.Context, filter ContactFilter, opts ...CallOption,
) (*gen.StoredContact, error) {
	if digitsOf(filter.Mobile) == "" && filter.Email == "" {
		return nil, &usageError{"findContact", errors.New("set the mobile number or the e-mail address of the filter")}
	}
	for contact, err := range c.ListContacts(ctx, filter, opts...) {
		if err != nil {
			return nil, err
		}
		var number *string
		if contact.Mobile != nil {
			number = contact.Mobile.Number
		}
		if (filter.Mobile == "" || digitsOf(deref(number)) == digitsOf(filter.Mobile)) &&
			(filter.Email == "" || strings.EqualFold(deref(contact.Email), filter.Email)) {
			return &contact, nil
		}
	}
	return nil, &usageError{"findContact", errNoContact{}}
}

// errNoContact is the error of a search without a result.
type errNoContact struct{}

func (errNoContact) Error() string        { return "no contact matches the filter" }
func (errNoContact) Is(target error) bool { return target == ErrNotFound }

func digitsOf(number string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
}

// pointerTo returns nil for a zero value.
func pointerTo[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}
