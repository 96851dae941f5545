package apitest

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sakari-go/sakari-go/gen"
)

// Seed is what [Server.Seed] adds to the account AccountID.
type Seed struct {
	Contacts   []gen.StoredContact
	Attributes map[gen.AttributeType][]gen.Attribute
}

// seed adds all of a seed or nothing. Its errors say where the seed is wrong, such as
// "contacts/3/id is in use".
func (s *store) seed(accountID string, seed Seed) error {
	account := s.account(accountID)
	takenContacts, takenAttributes := make(map[string]bool), make(map[string]bool)
	for i, c := range seed.Contacts {
		if err := take(textOf(c.ID), account.contacts.get, takenContacts); err != nil {
			return fmt.Errorf("contacts/%d/id %w", i, err)
		}
	}
	types := slices.Sorted(maps.Keys(seed.Attributes)) // so that ids are the same in every run
	for _, attributeType := range types {
		location := "attributes/" + string(attributeType)
		if !attributeType.Valid() {
			return fmt.Errorf("%s: the spec has no such attribute type", location)
		}
		for i, a := range seed.Attributes[attributeType] {
			if err := take(textOf(a.ID), account.attributes.get, takenAttributes); err != nil {
				return fmt.Errorf("%s/%d/id %w", location, i, err)
			}
		}
	}
	for _, c := range seed.Contacts {
		s.addContact(account, c, takenContacts)
	}
	for _, attributeType := range types {
		for _, a := range seed.Attributes[attributeType] {
			s.addAttribute(account, string(attributeType), a, takenAttributes)
		}
	}
	return nil
}

var errInUse = errors.New("is in use")

// take adds an id to those that are taken. It is an error if it is taken or in use.
func take[T any](id string, get func(id string) *T, taken map[string]bool) error {
	if id != "" && (taken[id] || get(id) != nil) {
		return errInUse
	}
	taken[id] = true
	return nil
}
