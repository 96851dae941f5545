package apitest

import (
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sakari-go/sakari-go/gen"
)

// store contains the attributes and contacts of each account. The zero store is empty.
type store struct {
	accounts map[string]*accountStore

	created         int // attributes
	createdContacts int
	changes         int
}

type accountStore struct {
	attributes table[gen.Attribute]
	contacts   table[gen.StoredContact]
	byNumber   map[string][]string // ids of contacts by the digits of their numbers; see withNumber
}

func (s *store) account(id string) *accountStore {
	if s.accounts[id] == nil {
		if s.accounts == nil {
			s.accounts = make(map[string]*accountStore)
		}
		s.accounts[id] = &accountStore{byNumber: make(map[string][]string)}
	}
	return s.accounts[id]
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
	account, attributeType, id := s.account(path["accountId"]), path["attributeType"], path["attributeId"]
	switch operation.OperationID {
	case "createAttribute":
		attribute := gen.Attribute{Created: s.change()}
		attribute.Updated = attribute.Created
		describe(&attribute, body)
		s.addAttribute(account, attributeType, attribute, nil)
		return Reply{}
	case "updateAttribute", "getAttribute":
		attribute := account.attributes.get(id)
		if attribute == nil || *attribute.Type != attributeType {
			return failure(operation, http.StatusNotFound, "There is no such attribute")
		}
		if operation.OperationID == "updateAttribute" {
			describe(attribute, body)
			attribute.Updated = s.change()
			return Reply{}
		}
		return listOf(slices.Values([]*gen.Attribute{attribute}), 0, 1)
	case "listAttributes", "listAttributesByType":
		offset, limit := pageOf(operation, query)
		return listOf(account.attributes.all(func(a *gen.Attribute) bool {
			return attributeType == "" || *a.Type == attributeType
		}), offset, limit)
	}
	return s.applyToContacts(operation, account, path["contactId"], query, body)
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

// addAttribute sets the type of an attribute, and its id if it has none. It uses no id that is
// taken.
func (s *store) addAttribute(account *accountStore, attributeType string, a gen.Attribute, taken map[string]bool) {
	if textOf(a.ID) == "" {
		a.ID = new(account.attributes.newID("attribute", &s.created, taken))
	}
	a.Type = &attributeType
	account.attributes.add(*a.ID, a)
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

func listOf(attributes iter.Seq[*gen.Attribute], offset, limit int) Reply {
	data, position := cut(attributes, offset, limit)
	return Reply{Body: encode(gen.AttributeListResponse{Success: true, Pagination: position, Data: data})}
}

// cut returns a page of a list. A page without items is not nil, which would be null.
func cut[T any](all iter.Seq[*T], offset, limit int) ([]T, gen.Pagination) {
	page, position := []T{}, gen.Pagination{Limit: &limit, Offset: &offset, HasNext: new(false)}
	skipped := 0
	for row := range all {
		switch {
		case skipped < offset:
			skipped++
		case len(page) < limit:
			page = append(page, *row)
		default:
			*position.HasNext = true
			return page, position
		}
	}
	return page, position
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func maximum(operation *openapi3.Operation, parameter string) int {
	return int(*operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, parameter).Schema.Value.Max)
}
