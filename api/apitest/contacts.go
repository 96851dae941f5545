package apitest

import (
	"fmt"
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
	operation *openapi3.Operation, path map[string]string, query url.Values, body []byte,
) Reply {
	account, id := path["accountId"], path["contactId"]
	i := slices.IndexFunc(s.contacts[account], func(c gen.StoredContact) bool { return *c.ID == id })
	if id != "" && i < 0 {
		return failure(operation, http.StatusNotFound, "There is no such contact")
	}
	switch operation.OperationID {
	case "createContact":
		contact := s.createContact(account, body, query.Get("mergeStrategy") != "")
		data, position := cut([]gen.StoredContact{contact}, 0, 1)
		return Reply{Body: encode(gen.ContactsResponse{Success: true, Pagination: &position, Data: data})}
	case "listContacts":
		offset, limit := pageOf(operation, query)
		data, position := cut(filterContacts(s.contacts[account], query), offset, limit)
		return Reply{Body: encode(gen.ContactsResponse{Success: true, Pagination: &position, Data: data})}
	case "getContact":
		return contactReply(s.contacts[account][i])
	case "updateContact":
		before := s.contacts[account][i]
		after := gen.StoredContact{Created: before.Created}
		_ = json.Unmarshal(body, &after) // it is valid
		after.ID, after.Updated = before.ID, s.change()
		s.contacts[account][i] = after
		return contactReply(after)
	case "deleteContact":
		s.contacts[account] = slices.Delete(s.contacts[account], i, i+1)
		return Reply{Body: encode(gen.SuccessResponse{Success: true})}
	}
	return Reply{}
}

func contactReply(contact gen.StoredContact) Reply {
	return Reply{Body: encode(gen.ContactResponse{Success: true, Data: contact})}
}

// createContact stores a contact, or changes the one that has its mobile number.
func (s *store) createContact(account string, body []byte, isMerge bool) gen.StoredContact {
	var contact gen.StoredContact
	_ = json.Unmarshal(body, &contact) // it is valid
	if isMerge && numberOf(contact) != "" {
		for i, c := range s.contacts[account] {
			if digits(numberOf(c)) == digits(numberOf(contact)) {
				id, created := c.ID, c.Created
				merged := merge(c, body)
				merged.ID, merged.Created, merged.Updated = id, created, s.change()
				s.contacts[account][i] = merged
				return merged
			}
		}
	}
	contact.ID, contact.Created = nil, s.change()
	contact.Updated = contact.Created
	return s.addContact(account, contact)
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

// addContact sets the id of a contact that has none.
func (s *store) addContact(account string, contact gen.StoredContact) gen.StoredContact {
	isInUse := func(id string) bool {
		return slices.ContainsFunc(s.contacts[account], func(c gen.StoredContact) bool { return *c.ID == id })
	}
	if contact.ID == nil || *contact.ID == "" {
		contact.ID = new(string)
		for *contact.ID == "" || isInUse(*contact.ID) {
			s.createdContacts++
			*contact.ID = fmt.Sprintf("contact-%d", s.createdContacts)
		}
	} else if isInUse(*contact.ID) {
		panic(fmt.Sprintf("apitest: add contacts: the id %q is in use", *contact.ID))
	}
	s.contacts[account] = append(s.contacts[account], contact)
	return contact
}

func filterContacts(contacts []gen.StoredContact, query url.Values) []gen.StoredContact {
	var found []gen.StoredContact
	for _, c := range contacts {
		if contains(c.FirstName, query.Get("firstName")) && contains(c.LastName, query.Get("lastName")) &&
			contains(c.Email, query.Get("email")) && strings.Contains(numberOf(c), query.Get("mobile")) {
			found = append(found, c)
		}
	}
	return found
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
