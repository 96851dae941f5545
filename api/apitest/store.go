package apitest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sakari-go/sakari-go/gen"
)

// store contains the attributes and contacts of each account, in the order in which they were
// created.
type store struct {
	attributes map[string][]gen.Attribute     // of an account
	contacts   map[string][]gen.StoredContact // of an account

	created         int // attributes
	createdContacts int
	changes         int
}

// change returns that something changed. Each change is a second after the one before, so that the
// responses are the same in every run.
func (s *store) change() *gen.Change {
	s.changes++
	return &gen.Change{At: new(time.Date(2023, time.November, 7, 5, 31, 55+s.changes, 0, time.UTC))}
}

// apply applies a valid request to the store. It returns the response, or an empty reply if the
// response is the spec's example.
//
// The vendor's body is a contact. It declares no name, label or data type, and no page says how it
// becomes an attribute. So an attribute takes these three from the body's additional properties.
func (s *store) apply(operation *openapi3.Operation, path map[string]string, query url.Values, body []byte) Reply {
	account, attributeType, id := path["accountId"], path["attributeType"], path["attributeId"]
	switch operation.OperationID {
	case "createAttribute":
		s.create(account, attributeType, body)
	case "updateAttribute":
		if !s.update(account, attributeType, id, body) {
			return failure(operation, http.StatusNotFound, "There is no such attribute")
		}
	case "getAttribute":
		found := s.find(account, attributeType, id)
		if len(found) == 0 {
			return failure(operation, http.StatusNotFound, "There is no such attribute")
		}
		return listOf(found, 0, 1)
	case "listAttributes", "listAttributesByType":
		offset, limit := pageOf(operation, query)
		return listOf(s.find(account, attributeType, ""), offset, limit)
	}
	return s.applyToContacts(operation, path, query, body)
}

// pageOf returns the offset and the limit of a list, by default the largest one.
func pageOf(operation *openapi3.Operation, query url.Values) (offset, limit int) {
	offset, _ = strconv.Atoi(query.Get("offset"))
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil {
		limit = maximum(operation, "limit")
	}
	return offset, limit
}

func (s *store) create(account, attributeType string, body []byte) {
	now := s.change()
	attribute := gen.Attribute{Created: now, Updated: now}
	describe(&attribute, body)
	s.add(account, attributeType, attribute)
}

// add sets the type of an attribute, and its id if it has none.
func (s *store) add(account, attributeType string, a gen.Attribute) {
	isInUse := func(id string) bool { return len(s.find(account, "", id)) > 0 }
	if a.ID == nil || *a.ID == "" {
		a.ID = new(string)
		for *a.ID == "" || isInUse(*a.ID) {
			s.created++
			*a.ID = fmt.Sprintf("attribute-%d", s.created)
		}
	} else if isInUse(*a.ID) {
		panic(fmt.Sprintf("apitest: add attributes: the id %q is in use", *a.ID))
	}
	a.Type = &attributeType
	s.attributes[account] = append(s.attributes[account], a)
}

// update reports whether there is such an attribute.
func (s *store) update(account, attributeType, id string, body []byte) bool {
	all := s.attributes[account]
	for i := range all {
		if *all[i].Type == attributeType && *all[i].ID == id {
			describe(&all[i], body)
			all[i].Updated = s.change()
			return true
		}
	}
	return false
}

// find returns the attributes of an account. An empty type or id matches every attribute.
func (s *store) find(account, attributeType, id string) []gen.Attribute {
	var found []gen.Attribute
	for _, a := range s.attributes[account] {
		if (attributeType == "" || *a.Type == attributeType) && (id == "" || *a.ID == id) {
			found = append(found, a)
		}
	}
	return found
}

// describe copies name, label and data type from a body. The spec does not declare them, so a valid
// body may have another type there.
func describe(a *gen.Attribute, body []byte) {
	members := decode(body)
	for name, field := range map[string]**string{"name": &a.Name, "label": &a.Label, "dataType": &a.DataType} {
		if text, ok := members[name].(string); ok {
			*field = &text
		}
	}
}

func listOf(attributes []gen.Attribute, offset, limit int) Reply {
	data, position := cut(attributes, offset, limit)
	return Reply{Body: encode(gen.AttributeListResponse{Success: true, Pagination: position, Data: data})}
}

// cut returns a page of a list. A page without items is not nil, which would be null.
func cut[T any](all []T, offset, limit int) ([]T, gen.Pagination) {
	from := min(offset, len(all))
	to := from + min(limit, len(all)-from)
	return append([]T{}, all[from:to]...), gen.Pagination{Limit: &limit, Offset: &offset, HasNext: new(to < len(all))}
}

func maximum(operation *openapi3.Operation, parameter string) int {
	return int(*operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, parameter).Schema.Value.Max)
}
