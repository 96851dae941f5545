package apitest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/gen"
)

// applyToContacts applies a valid request to the contacts of an account.
func (s *store) applyToContacts(
	operation *openapi3.Operation, account *accountStore, id string, query url.Values, body []byte,
) Reply {
	found := account.contacts.get(id)
	if id != "" && found == nil {
		return failure(operation, http.StatusNotFound, "There is no such contact")
	}
	switch operation.OperationID {
	case "createContact":
		contact := s.createContact(account, body, query.Get("mergeStrategy") != "")
		data, position := cut(slices.Values([]*gen.StoredContact{contact}), 0, 1)
		return Reply{Body: encode(gen.ContactsResponse{Success: true, Pagination: &position, Data: data})}
	case "listContacts":
		offset, limit := pageOf(operation, query)
		data, position := cut(account.contacts.all(contactFilter(query)), offset, limit)
		return Reply{Body: encode(gen.ContactsResponse{Success: true, Pagination: &position, Data: data})}
	case "getContact":
		return contactReply(*found)
	case "updateContact":
		after := gen.StoredContact{Created: found.Created}
		_ = json.Unmarshal(body, &after) // it is valid
		account.replace(found, after, s.change())
		return contactReply(*found)
	case "deleteContact":
		account.contacts.remove(id)
		account.withNumber(digits(numberOf(*found)))
		return Reply{Body: encode(gen.SuccessResponse{Success: true})}
	}
	return Reply{}
}

func contactReply(contact gen.StoredContact) Reply {
	return Reply{Body: encode(gen.ContactResponse{Success: true, Data: contact})}
}

// createContact stores a contact, or changes the one that has its mobile number.
func (s *store) createContact(account *accountStore, body []byte, isMerge bool) *gen.StoredContact {
	var contact gen.StoredContact
	_ = json.Unmarshal(body, &contact) // it is valid
	if isMerge {
		if found := account.withNumber(digits(numberOf(contact))); found != nil {
			merged := merge(*found, body)
			merged.Created = found.Created
			account.replace(found, merged, s.change())
			return found
		}
	}
	contact.ID, contact.Created = nil, s.change()
	contact.Updated = contact.Created
	return s.addContact(account, contact, nil)
}

// merge returns a contact with the members of a request in place of its own.
func merge(contact gen.StoredContact, body []byte) gen.StoredContact {
	members := decode([]byte(encode(contact)))
	for name, member := range decode(body) {
		members[name] = member
	}
	var merged gen.StoredContact
	_ = json.Unmarshal([]byte(encode(members)), &merged) // both are valid
	return merged
}

// addContact sets the id of a contact that has none. It uses no id that is taken.
func (s *store) addContact(account *accountStore, c gen.StoredContact, taken map[string]bool) *gen.StoredContact {
	if textOf(c.ID) == "" {
		c.ID = new(account.contacts.newID("contact", &s.createdContacts, taken))
	}
	account.index(c)
	return account.contacts.add(*c.ID, c)
}

// replace changes a stored contact. Its id stays.
func (a *accountStore) replace(stored *gen.StoredContact, c gen.StoredContact, at *gen.Change) {
	c.ID, c.Updated = stored.ID, at
	before := digits(numberOf(*stored))
	*stored = c
	if digits(numberOf(c)) != before {
		a.index(c)
		a.withNumber(before)
	}
}

// index remembers the number of a contact.
func (a *accountStore) index(c gen.StoredContact) {
	if number := digits(numberOf(c)); number != "" {
		a.byNumber[number] = append(a.byNumber[number], *c.ID)
	}
}

// withNumber returns the first contact that has a number, or nil. It forgets the ids before it:
// those contacts are deleted, or have another number now.
func (a *accountStore) withNumber(number string) *gen.StoredContact {
	ids := a.byNumber[number]
	for i, id := range ids {
		if c := a.contacts.get(id); c != nil && digits(numberOf(*c)) == number {
			a.byNumber[number] = ids[i:]
			return c
		}
	}
	delete(a.byNumber, number)
	return nil
}

// contactFilter returns a function that reports whether a contact matches the query of a list.
func contactFilter(query url.Values) func(*gen.StoredContact) bool {
	first, last, email := query.Get("firstName"), query.Get("lastName"), query.Get("email")
	mobile := query.Get("mobile")
	return func(c *gen.StoredContact) bool {
		return contains(c.FirstName, first) && contains(c.LastName, last) && contains(c.Email, email) &&
			strings.Contains(numberOf(*c), mobile)
	}
}

// contains reports whether a text contains a part, if case is ignored.
func contains(text *string, part string) bool {
	return part == "" || text != nil && strings.Contains(strings.ToLower(*text), strings.ToLower(part))
}

func numberOf(contact gen.StoredContact) string {
	if contact.Mobile == nil || contact.Mobile.Number == nil {
		return ""
	}
	return *contact.Mobile.Number
}

func digits(number string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
}
