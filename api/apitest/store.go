package apitest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/gen"
)

// store holds the attributes of each account, in the order of their making.
type store struct {
	made       int
	attributes map[string][]gen.Attribute
}

// do does what a request asks for, and tells the answer. What it does not know is answered with the contract's example.
//
// The vendor's body is a contact, which has neither name nor label nor data type, and no page tells what becomes of it. So an
// attribute has those of the body's own properties of these names, if they are there.
func (s *store) do(operation *openapi3.Operation, path map[string]string, query url.Values, body []byte) Reply {
	account, attributeType, id := path["accountId"], path["attributeType"], path["attributeId"]
	switch operation.OperationID {
	case "createAttribute":
		s.create(account, attributeType, body)
	case "updateAttribute":
		if !s.update(account, attributeType, id, body) {
			return notFound()
		}
	case "getAttribute":
		found := s.find(account, attributeType, id)
		if len(found) == 0 {
			return notFound()
		}
		return listOf(found, 0, 1)
	case "listAttributes", "listAttributesByType":
		offset, _ := strconv.Atoi(query.Get("offset"))
		limit, err := strconv.Atoi(query.Get("limit"))
		if err != nil {
			limit = maximum(operation, "limit")
		}
		return listOf(s.find(account, attributeType, ""), offset, limit)
	}
	return Reply{}
}

func (s *store) create(account, attributeType string, body []byte) {
	s.made++
	now := &gen.Change{At: new(time.Now().UTC())}
	made := gen.Attribute{ID: new(fmt.Sprintf("attribute-%d", s.made)), Type: &attributeType, Created: now, Updated: now}
	describe(&made, body)
	s.attributes[account] = append(s.attributes[account], made)
}

func (s *store) update(account, attributeType, id string, body []byte) bool {
	all := s.attributes[account]
	for i := range all {
		if *all[i].Type == attributeType && *all[i].ID == id {
			describe(&all[i], body)
			all[i].Updated = &gen.Change{At: new(time.Now().UTC())}
			return true
		}
	}
	return false
}

// find returns the attributes of a type and with an id, where these are given.
func (s *store) find(account, attributeType, id string) []gen.Attribute {
	var found []gen.Attribute
	for _, a := range s.attributes[account] {
		if (attributeType == "" || *a.Type == attributeType) && (id == "" || *a.ID == id) {
			found = append(found, a)
		}
	}
	return found
}

func describe(a *gen.Attribute, body []byte) {
	var given map[string]any
	_ = json.Unmarshal(body, &given) // it has passed the check
	for name, field := range map[string]**string{"name": &a.Name, "label": &a.Label, "dataType": &a.DataType} {
		if text, ok := given[name].(string); ok { // the contract says nothing of these: they may be anything
			*field = &text
		}
	}
}

func listOf(attributes []gen.Attribute, offset, limit int) Reply {
	from := min(offset, len(attributes))
	to := min(limit, len(attributes)-from) + from
	return reply(http.StatusOK, gen.AttributeListResponse{
		Success:    true,
		Pagination: gen.Pagination{Limit: &limit, Offset: &offset, HasNext: new(to < len(attributes))},
		Data:       append([]gen.Attribute{}, attributes[from:to]...), // an empty list is no null
	})
}

func notFound() Reply {
	return reply(http.StatusNotFound, failure("NOT_FOUND", "There is no such attribute"))
}

func maximum(operation *openapi3.Operation, parameter string) int {
	return int(*operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, parameter).Schema.Value.Max)
}
