package api_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestClient_HasAMethodForEachOperation(t *testing.T) {
	doc := readSpec(t)
	token := doc.Components.SecuritySchemes["oauth2"].Value.Flows.ClientCredentials.TokenURL
	for path, item := range doc.Paths.Map() {
		if strings.HasSuffix(token, path) {
			continue
		}
		for _, op := range item.Operations() {
			name := strings.ToUpper(op.OperationID[:1]) + op.OperationID[1:]
			if _, ok := reflect.TypeFor[*api.Client]().MethodByName(name); !ok {
				t.Errorf("the operation %s has no method %s: add one, such as those in contacts.go", op.OperationID, name)
			}
		}
	}
}

func TestAttributes_AreCreatedAndUpdated(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	for _, of := range []gen.AttributeType{
		gen.AttributeTypeContacts, gen.AttributeTypeDeals, gen.AttributeTypeContacts,
	} {
		contact := gen.Contact{AdditionalProperties: properties{"name": "shoeSize"}.raw()}
		if _, err := client.CreateAttribute(t.Context(), of, contact); err != nil {
			t.Fatal(err)
		}
	}
	ids := func(of gen.AttributeType, limit *int) (ids []string) {
		t.Helper()
		list := client.ListAttributes(t.Context(), gen.ListAttributesParams{Limit: limit})
		if of != "" {
			list = client.ListAttributesByType(t.Context(), of, gen.ListAttributesByTypeParams{Limit: limit})
		}
		for a, err := range list {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, *a.ID)
		}
		return ids
	}
	for _, limit := range []*int{nil, new(1), new(2), new(3), new(100)} {
		for of, want := range map[gen.AttributeType][]string{
			"":                        {"attribute-1", "attribute-2", "attribute-3"},
			gen.AttributeTypeContacts: {"attribute-1", "attribute-3"},
			gen.AttributeTypeDeals:    {"attribute-2"},
			gen.AttributeTypeTickets:  nil,
		} {
			if diff := cmp.Diff(want, ids(of, limit)); diff != "" {
				t.Errorf("type %q: %s", of, diff)
			}
		}
	}

	before := len(server.Requests())
	ids("", nil)
	ids(gen.AttributeTypeContacts, new(1))
	if pages := len(server.Requests()) - before; pages != 1+2 {
		t.Errorf("%d pages, want 1 of all attributes and 2 of one contact attribute each", pages)
	}
	for range client.ListAttributes(t.Context(), gen.ListAttributesParams{Offset: new(math.MaxInt)}) {
		t.Error("there is an attribute after the end")
	}

	created, err := client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "attribute-3")
	if err != nil || *created.Name != "shoeSize" || created.Label != nil {
		t.Fatalf("got %v, %v", created, err)
	}
	update := gen.Contact{AdditionalProperties: properties{"label": "Shoe size", "dataType": 7}.raw()}
	setting, err := client.UpdateAttribute(t.Context(), gen.AttributeTypeContacts, "attribute-3", update)
	if err != nil || setting.Amount != 123 {
		t.Fatalf("got %v, %v", setting, err)
	}
	updated, err := client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "attribute-3")
	if err != nil {
		t.Fatal(err)
	}
	if *updated.Name != "shoeSize" || *updated.Label != "Shoe size" || updated.DataType != nil {
		t.Errorf("got %+v", updated)
	}
	if !updated.Updated.At.After(*created.Updated.At) || !updated.Created.At.Equal(*created.Created.At) {
		t.Errorf("created %v and updated %v, before %v and %v",
			updated.Created.At, updated.Updated.At, created.Created.At, created.Updated.At)
	}

	other, err := client.WithAccount("other")
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"another id": func() error {
			return second(client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "attribute-4"))
		},
		"another type": func() error {
			return second(client.GetAttribute(t.Context(), gen.AttributeTypeDeals, "attribute-3"))
		},
		"another account": func() error {
			return second(other.GetAttribute(t.Context(), gen.AttributeTypeContacts, "attribute-3"))
		},
		"update of another id": func() error {
			return second(client.UpdateAttribute(t.Context(), gen.AttributeTypeContacts, "x y", update))
		},
		"update of another type": func() error {
			return second(client.UpdateAttribute(t.Context(), gen.AttributeTypeDeals, "attribute-3", update))
		},
	} {
		if err := call(); !errors.Is(err, api.ErrNotFound) {
			t.Errorf("%s: got %v, want not found", name, err)
		}
	}
}

// createSome creates a number of contact attributes.
func createSome(t *testing.T, client *api.Client, n int) {
	t.Helper()
	for range n {
		if _, err := create(t, client); err != nil {
			t.Fatal(err)
		}
	}
}

// second returns the error of a call, without its result.
func second[T any](_ T, err error) error { return err }

// A GET and a PUT are retried after every temporary failure. A POST is not.
func TestReadsAndUpdates_AreRetried(t *testing.T) {
	for name, call := range map[string]func(*api.Client) error{
		"getAttribute": func(c *api.Client) error {
			return second(c.GetAttribute(t.Context(), gen.AttributeTypeContacts, "attribute-1"))
		},
		"updateAttribute": func(c *api.Client) error {
			return second(c.UpdateAttribute(t.Context(), gen.AttributeTypeContacts, "attribute-1", gen.Contact{}))
		},
		"listAttributes": func(c *api.Client) error {
			return lastError(c.ListAttributes(t.Context(), gen.ListAttributesParams{}))
		},
		"listAttributesByType": func(c *api.Client) error {
			params := gen.ListAttributesByTypeParams{}
			return lastError(c.ListAttributesByType(t.Context(), gen.AttributeTypeContacts, params))
		},
	} {
		for fault, reply := range map[string]apitest.Reply{
			"503":                {Status: 503},
			"cut off":            {Fault: apitest.Truncate},
			"429":                {Status: 429},
			"408 without a body": {Status: 408, Empty: true},
		} {
			t.Run(name+" "+fault, func(t *testing.T) {
				server := apitest.NewServer(t)
				var waited waits
				client := server.Client(waited.option())
				if _, err := create(t, client); err != nil {
					t.Fatal(err)
				}
				server.Respond(reply, reply)
				if err := call(client); err != nil || len(waited) != 2 {
					t.Errorf("got %v after %d waits, want success after 2", err, len(waited))
				}
				server.Respond(reply, reply, reply)
				err := call(client)
				if err == nil || len(server.Requests()) != 1+3+3 {
					t.Errorf("got %v after %d requests, want an error after 7", err, len(server.Requests()))
				}
			})
		}
	}
}

func TestGetAttribute_FindsTheAttribute(t *testing.T) {
	for name, c := range map[string]struct {
		data     string
		want     string // the name of the attribute, "" if it is not found
		reported string // the same if violations are only reported
	}{
		"the only one":                {data: `[{"id":"7","name":"it"}]`, want: "it", reported: "it"},
		"the only one, without an id": {data: `[{"name":"it"}]`, want: "it", reported: "it"},
		"one of two types with the same id": {
			data:     `[{"id":"7","type":"deals","name":"no"},{"id":"7","type":"contacts","name":"it"}]`,
			want:     "it",
			reported: "it",
		},
		"the first of two with the same id": {
			data: `[{"id":"7","name":"it"},{"id":"7","name":"no"}]`, want: "it", reported: "it",
		},
		"of an unknown type": {
			data:     `[{"id":"7","type":"other","name":"it"},{"id":"8","type":"contacts"}]`,
			want:     "it",
			reported: "it",
		},
		"among others with and without an id": {
			data:     `[{"id":"8","name":"no"},{"name":"no"},{"id":"7","name":"it"}]`,
			want:     "it",
			reported: "it",
		},
		"an empty list":         {data: `[]`},
		"another id":            {data: `[{"id":"8","name":"other"}]`, reported: "other"},
		"several without an id": {data: `[{"name":"a"},{"name":"b"}]`},
		"an id in another case": {data: `[{"id":"7A","name":"other"}]`, reported: "other"},
		"an empty id":           {data: `[{"id":"","name":"other"}]`, reported: "other"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, mode := range modes {
				server := apitest.NewServer(t)
				body := `{"success":true,"pagination":{},"data":` + c.data + `}`
				server.Respond(apitest.Reply{Body: body})
				reported := 0
				var response api.Response
				client := server.Client(api.WithValidation(mode), countViolations(&reported))
				got, err := client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "7", api.CaptureResponse(&response))
				if string(response.Body) != body {
					t.Errorf("captured %s", response.Body)
				}
				want, wantReported := c.want, 0
				if mode == api.ValidationReport && want == "" {
					want, wantReported = c.reported, 1
				}
				if want != "" {
					if err != nil || *got.Name != want || reported != wantReported {
						t.Errorf("mode %v: got %v, %v, %d reported", mode, got, err, reported)
					}
					continue
				}
				if got != nil || reported != 1 || !errors.Is(err, api.ErrInvalidResponse) {
					t.Errorf("mode %v: got %v, %v, %d reported", mode, got, err, reported)
				}
				invalid := as[*api.ValidationError](t, err)
				if invalid.StatusCode != 200 || string(invalid.Body) != body ||
					invalid.Violations[0].Location != "body/data" {
					t.Errorf("mode %v: status %d, body %s, %v",
						mode, invalid.StatusCode, invalid.Body, invalid.Violations)
				}
			}
		})
	}
}
