package api_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestAttributesLive(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	for _, of := range []gen.AttributeType{gen.AttributeTypeContacts, gen.AttributeTypeDeals, gen.AttributeTypeContacts} {
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

	asked := len(server.Requests())
	ids("", nil)
	ids(gen.AttributeTypeContacts, new(1))
	if pages := len(server.Requests()) - asked; pages != 1+2 {
		t.Errorf("%d pages, want one of all, and two of one each", pages)
	}
	for range client.ListAttributes(t.Context(), gen.ListAttributesParams{Offset: new(math.MaxInt)}) {
		t.Error("there is something behind the end")
	}

	before, err := client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "attribute-3")
	if err != nil || *before.Name != "shoeSize" || before.Label != nil {
		t.Fatalf("got %v, %v", before, err)
	}
	update := gen.Contact{AdditionalProperties: properties{"label": "Shoe size", "dataType": 7}.raw()}
	if setting, err := client.UpdateAttribute(t.Context(), gen.AttributeTypeContacts, "attribute-3", update); err != nil || setting.Amount != 123 {
		t.Fatalf("got %v, %v", setting, err)
	}
	after, err := client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "attribute-3")
	if err != nil {
		t.Fatal(err)
	}
	if *after.Name != "shoeSize" || *after.Label != "Shoe size" || after.DataType != nil || !after.Updated.At.After(*before.Updated.At) || !after.Created.At.Equal(*before.Created.At) {
		t.Errorf("got %+v", after)
	}

	other, err := client.WithAccount("other")
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"another id": func() error {
			return second(client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "attribute-4"))
		},
		"another type":    func() error { return second(client.GetAttribute(t.Context(), gen.AttributeTypeDeals, "attribute-3")) },
		"another account": func() error { return second(other.GetAttribute(t.Context(), gen.AttributeTypeContacts, "attribute-3")) },
		"updated": func() error {
			return second(client.UpdateAttribute(t.Context(), gen.AttributeTypeContacts, "x y", update))
		},
		"updated, another type": func() error {
			return second(client.UpdateAttribute(t.Context(), gen.AttributeTypeDeals, "attribute-3", update))
		},
	} {
		if err := call(); !errors.Is(err, api.ErrNotFound) {
			t.Errorf("%s: got %v, want not found", name, err)
		}
	}
}

func createSome(t *testing.T, client *api.Client, n int) {
	t.Helper()
	for range n {
		if _, err := create(t, client); err != nil {
			t.Fatal(err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A GET and a PUT may be repeated after any failure that passes, a POST may not.
func TestReadsAndUpdatesAreRepeated(t *testing.T) {
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
			return lastError(c.ListAttributesByType(t.Context(), gen.AttributeTypeContacts, gen.ListAttributesByTypeParams{}))
		},
	} {
		for fault, reply := range map[string]apitest.Reply{
			"503": {Status: 503}, "cut": {Fault: apitest.Truncate}, "429": {Status: 429}, "408, no body": {Status: 408, Empty: true},
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

func lastError(list func(func(gen.Attribute, error) bool)) (last error) {
	for _, err := range list {
		last = err
	}
	return last
}

func TestBadArgumentsAreNotSent(t *testing.T) {
	server := apitest.NewServer(t)
	for _, mode := range []api.Validation{api.ValidationStrict, api.ValidationReport, api.ValidationOff} {
		told := 0
		client := server.Client(api.WithValidation(mode), api.WithViolationHandler(func(context.Context, *api.ValidationError) { told++ }))
		for _, id := range []string{"", ".", "..", "a/b", `a\b`, "a\n", "\xff", strings.Repeat("x", 129)} {
			of := gen.AttributeType(id)
			for name, err := range map[string]error{
				"get":            second(client.GetAttribute(t.Context(), gen.AttributeTypeContacts, id)),
				"update":         second(client.UpdateAttribute(t.Context(), gen.AttributeTypeContacts, id, gen.Contact{})),
				"get by type":    second(client.GetAttribute(t.Context(), of, "contacts")),
				"update by type": second(client.UpdateAttribute(t.Context(), of, "contacts", gen.Contact{})),
				"create by type": second(client.CreateAttribute(t.Context(), of, gen.Contact{})),
				"list by type":   lastError(client.ListAttributesByType(t.Context(), of, gen.ListAttributesByTypeParams{})),
			} {
				broken := as[*api.ValidationError](t, err)
				place := "path.attributeId"
				if strings.HasSuffix(name, "type") {
					place = "path.attributeType"
				}
				if len(broken.Violations) != 1 || broken.Violations[0].Location != place || broken.Operation == "" || api.OutcomeOf(err) != api.NotApplied {
					t.Errorf("%s %q: got %v", name, id, err)
				}
			}
			if id == "." || id == ".." {
				continue // the generated client makes another path of these, see Generated
			}
			_, err := client.Generated().UpdateAttributeWithResponse(t.Context(), "a", gen.AttributeTypeContacts, id, gen.Contact{})
			if !errors.Is(err, api.ErrInvalidRequest) {
				t.Errorf("generated, %q: got %v", id, err)
			}
			_, err = client.Generated().ListAttributesWithResponse(t.Context(), id, nil)
			if !errors.Is(err, api.ErrInvalidRequest) {
				t.Errorf("generated, account %q: got %v", id, err)
			}
		}
		if want := 8*6 + 6*2; told != want {
			t.Errorf("%d violations were told, want %d", told, want)
		}
	}
	client := server.Client()
	var missing context.Context
	for want, err := range map[string]error{
		"sakari: getAttribute: invalid request: path.attributeType: ":                     second(client.GetAttribute(t.Context(), "companies", "1")),
		"sakari: listAttributes: invalid request: query.limit: ":                          lastError(client.ListAttributes(t.Context(), gen.ListAttributesParams{Limit: new(101)})),
		"sakari: listAttributes: invalid request: query.limit: number must be at least 1": lastError(client.ListAttributes(t.Context(), gen.ListAttributesParams{Limit: new(0)})),
		"sakari: listAttributes: invalid request: query.offset: ":                         lastError(client.ListAttributes(t.Context(), gen.ListAttributesParams{Offset: new(-1)})),
		"sakari: listAttributesByType: invalid request: path.attributeType: ":             lastError(client.ListAttributesByType(t.Context(), "Deals", gen.ListAttributesByTypeParams{})),
		"sakari: listAttributesByType: the context is nil":                                lastError(client.ListAttributesByType(missing, "deals", gen.ListAttributesByTypeParams{})),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if len(server.Requests()) != 0 {
		t.Errorf("the server saw %d requests", len(server.Requests()))
	}
}

func TestGetAttributeFindsItInTheList(t *testing.T) {
	for name, c := range map[string]struct {
		data     string
		want     string // the name
		tolerant string // the name, if a breach is only reported
	}{
		"a list of one":            {`[{"id":"7","name":"it"}]`, "it", "it"},
		"one without an id":        {`[{"name":"it"}]`, "it", "it"},
		"one of two types":         {`[{"id":"7","type":"deals","name":"no"},{"id":"7","type":"contacts","name":"it"}]`, "it", "it"},
		"two without a type":       {`[{"id":"7","name":"it"},{"id":"7","name":"no"}]`, "it", "it"},
		"a type of its own":        {`[{"id":"7","type":"other","name":"it"},{"id":"8","type":"contacts"}]`, "it", "it"},
		"among others":             {`[{"id":"8","name":"no"},{"name":"no"},{"id":"7","name":"it"}]`, "it", "it"},
		"none":                     {`[]`, "", ""},
		"another":                  {`[{"id":"8","name":"other"}]`, "", "other"},
		"several without an id":    {`[{"name":"a"},{"name":"b"}]`, "", ""},
		"another case is another":  {`[{"id":"7A","name":"other"}]`, "", "other"},
		"an empty id is not no id": {`[{"id":"","name":"other"}]`, "", "other"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, mode := range []api.Validation{api.ValidationStrict, api.ValidationReport, api.ValidationOff} {
				server := apitest.NewServer(t)
				body := `{"success":true,"pagination":{},"data":` + c.data + `}`
				server.Respond(apitest.Reply{Body: body})
				told := 0
				var answer api.Response
				client := server.Client(api.WithValidation(mode), api.WithViolationHandler(func(context.Context, *api.ValidationError) { told++ }))
				got, err := client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "7", api.CaptureResponse(&answer))
				if string(answer.Body) != body {
					t.Errorf("captured %s", answer.Body)
				}
				want, tells := c.want, 0
				if mode == api.ValidationReport && want == "" {
					want, tells = c.tolerant, 1
				}
				if want != "" {
					if err != nil || *got.Name != want || told != tells {
						t.Errorf("mode %v: got %v, %v, told %d", mode, got, err, told)
					}
					continue
				}
				broken := as[*api.ValidationError](t, err)
				if got != nil || told != 1 || string(broken.Body) != body || broken.Violations[0].Location != "body/data" || !errors.Is(err, api.ErrInvalidResponse) || broken.StatusCode != 200 {
					t.Errorf("got %v, %v, told %d", got, err, told)
				}
			}
		})
	}
}

// A page as a server may send it: entries, and what pagination holds.
func page(pagination string, ids ...string) string {
	var data []string
	for _, id := range ids {
		data = append(data, fmt.Sprintf(`{"id":%q}`, id))
	}
	return fmt.Sprintf(`{"success":true,"pagination":{%s},"data":[%s]}`, pagination, strings.Join(data, ","))
}

func TestListsEnd(t *testing.T) {
	const more, last = `"hasNext":true`, `"hasNext":false`
	const endless = "body/pagination/hasNext: says that there is more, and the list comes to no end"
	for name, c := range map[string]struct {
		start   *int
		pages   []string // then 500
		want    string   // ids
		queries string
		err     string // "" for none
	}{
		"one page":                  {nil, []string{page(last, "a", "b")}, "a b", "-", ""},
		"an empty one":              {nil, []string{page(last)}, "", "-", ""},
		"two pages":                 {nil, []string{page(more, "a", "b"), page(last, "c")}, "a b c", "- 2", ""},
		"from an offset":            {new(5), []string{page(more, "a", "b"), page(more, "c"), page(last)}, "a b c", "5 7 8", ""},
		"from the beginning":        {new(0), []string{page(more, "a"), page(last, "b")}, "a b", "0 1", ""},
		"always more, then nothing": {nil, []string{page(more, "a"), page(more)}, "a", "- 1", endless},
		"always more, and nothing":  {nil, []string{page(more)}, "", "-", endless},
		"the same page again":       {nil, []string{page(more, "a", "b"), page(more, "a", "b")}, "a b", "- 2", endless},
		"the same page, then none":  {nil, []string{page(more, "a", "b"), page(last, "a", "b")}, "a b", "- 2", ""},
		"a circle":                  {nil, []string{page(more, "a", "b"), page(more, "c"), page(more, "a", "b")}, "a b c", "- 2 3", endless},
		"it moved":                  {nil, []string{page(more, "a", "b"), page(more, "b", "c"), page(last, "c", "d")}, "a b c d", "- 2 4", ""},
		"it moved and changed": {nil, []string{page(more, "a", "b"), `{"success":true,"pagination":{"hasNext":false},"data":[{"id":"b","name":"new"}]}`},
			"a b", "- 2", ""},
		"it shrinks":             {nil, []string{page(more, "a", "b"), page(more, "c"), page(more, "b")}, "a b c", "- 2 3", endless},
		"it shrank":              {nil, []string{page(more, "a", "b"), page(last)}, "a b", "- 2", ""},
		"not said":               {nil, []string{page("", "a"), page("", "b"), page("")}, "a b", "- 1 2", ""},
		"not said, and the same": {nil, []string{page("", "a"), page("", "a")}, "a", "- 1", ""},
		"an id in two types": {nil, []string{`{"success":true,"pagination":{"hasNext":false},"data":[{"id":"a","type":"deals"},{"id":"a","type":"contacts"}]}`},
			"a a", "-", ""},
		"without ids": {nil, []string{`{"success":true,"pagination":{"hasNext":true},"data":[{"name":"x"},{"name":"x"}]}`, `{"success":true,"pagination":{"hasNext":true},"data":[{"name":"y"}]}`, page(last)},
			"? ? ?", "- 2 3", ""},
		"without ids, again": {nil, []string{`{"success":true,"pagination":{"hasNext":true},"data":[{"name":"x"}]}`, `{"success":true,"pagination":{"hasNext":true},"data":[{"name":"x"}]}`},
			"? ?", "- 1", endless},
		"an id twice on a page":    {nil, []string{page(more, "a", "a", ""), page(last, "", "a", "b", "")}, "a a  b", "- 3", ""},
		"an offset that overflows": {new(math.MaxInt), []string{page(more, "a")}, "a", fmt.Sprint(math.MaxInt), endless},
		"an error":                 {nil, []string{page(more, "a")}, "a", "- 1", "500 Internal Server Error"},
		"no list":                  {nil, []string{page(more, "a"), `{"success":true,"pagination":{},"data":null}`}, "a", "- 1", "body/data: Value is not nullable"},
		"no pagination":            {nil, []string{`{"success":true,"data":[]}`}, "", "-", `body/pagination: property "pagination" is missing`},
		"a no":                     {nil, []string{page(more, "a"), `{"success":false,"pagination":{},"data":[]}`}, "a", "- 1", "the body says no"},
		"hasNext is a text":        {nil, []string{page(`"hasNext":"false"`, "a")}, "", "-", "body/pagination/hasNext: value must be a boolean"},
		"hasNext stands twice":     {nil, []string{page(`"hasNext":true,"hasNext":false`, "a")}, "", "-", "body/pagination/hasNext"},
	} {
		t.Run(name, func(t *testing.T) {
			var queries []string
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				query := r.URL.Query().Get("offset")
				if query == "" {
					query = "-"
				}
				if r.URL.Query().Get("limit") != "2" {
					t.Errorf("limit %q", r.URL.Query().Get("limit"))
				}
				queries = append(queries, query)
				w.Header().Set("Content-Type", "application/json")
				if len(queries) > len(c.pages) {
					w.WriteHeader(500)
					return
				}
				fmt.Fprint(w, c.pages[len(queries)-1])
			})
			client := newClient(t, server, api.WithMaxAttempts(1))
			list := client.ListAttributes(t.Context(), gen.ListAttributesParams{Offset: c.start, Limit: new(2)})
			for range 2 { // a list can be gone through again
				queries = nil
				var got []string
				var failure error
				for a, err := range list {
					if failure != nil {
						t.Error("the list goes on after an error")
					}
					if failure = err; err == nil {
						got = append(got, idOf(a))
					}
				}
				if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(c.queries, strings.Join(queries, " ")); diff != "" {
					t.Error(diff)
				}
				if c.err == "" && failure != nil || c.err != "" && (failure == nil || !strings.Contains(failure.Error(), c.err)) {
					t.Errorf("error %v, want %q", failure, c.err)
				}
			}
		})
	}
}

func idOf(a gen.Attribute) string {
	if a.ID == nil {
		return "?"
	}
	return *a.ID
}

// What contradicts itself is a violation, so the mode decides what comes of it. The list ends in every mode.
func TestContradictionsFollowTheMode(t *testing.T) {
	for mode, want := range map[api.Validation]string{
		api.ValidationStrict: "told 1, logged 0, failed true",
		api.ValidationReport: "told 1, logged 1, failed false",
		api.ValidationOff:    "told 0, logged 0, failed false",
	} {
		server := apitest.NewServer(t)
		server.Respond(apitest.Reply{Body: page(`"hasNext":true`, "a")}, apitest.Reply{Body: page(`"hasNext":true`, "a")})
		told := 0
		var log lockedBuffer
		client := server.Client(api.WithValidation(mode), api.WithLogger(slog.New(slog.NewTextHandler(&log, nil))), api.WithViolationHandler(func(context.Context, *api.ValidationError) { told++ }))
		var answer api.Response
		err := lastError(client.ListAttributes(t.Context(), gen.ListAttributesParams{}, api.CaptureResponse(&answer)))
		got := fmt.Sprintf("told %d, logged %d, failed %v", told, strings.Count(log.String(), "contract violated"), err != nil)
		if got != want {
			t.Errorf("mode %v: %s, want %s", mode, got, want)
		}
		if string(answer.Body) != page(`"hasNext":true`, "a") {
			t.Errorf("captured %s", answer.Body)
		}
		if err != nil {
			broken := as[*api.ValidationError](t, err)
			if string(broken.Body) != string(answer.Body) || broken.StatusCode != 200 || broken.Header.Get("Content-Type") != "application/json" || api.OutcomeOf(err) != api.Applied {
				t.Errorf("got %v, %+v", err, broken.Header)
			}
		}
	}
}

// A server that always has something new says the same on every page.
func TestListWithoutAnEnd(t *testing.T) {
	var asked atomic.Int64
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, page(`"hasNext":true`, fmt.Sprint(asked.Add(1))))
	})
	var got int
	var last error
	for _, err := range newClient(t, server).ListAttributes(t.Context(), gen.ListAttributesParams{}) {
		got++
		last = err
	}
	if asked.Load() != 10_000 || got != 10_001 || !errors.Is(last, api.ErrInvalidResponse) {
		t.Errorf("%d pages, %d steps, %v", asked.Load(), got, last)
	}
}

// The arguments of a list are those that it was given, whatever the caller does with them while it is read.
func TestArgumentsOfAListAreCopied(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	createSome(t, client, 5)
	offset, limit := 1, 2
	of := gen.AttributeTypeContacts
	for name, list := range map[string]func(func(gen.Attribute, error) bool){
		"all":     client.ListAttributes(t.Context(), gen.ListAttributesParams{Offset: &offset, Limit: &limit}),
		"by type": client.ListAttributesByType(t.Context(), of, gen.ListAttributesByTypeParams{Offset: &offset, Limit: &limit}),
	} {
		offset, limit = 1, 2
		before := len(server.Requests())
		var got []string
		for a, err := range list {
			if err != nil {
				t.Fatal(name, err)
			}
			got = append(got, idOf(a))
			offset++
			limit = 1
		}
		if pages := len(server.Requests()) - before; pages != 2 {
			t.Errorf("%s: %d pages of two, want 2", name, pages)
		}
		if diff := cmp.Diff("attribute-2 attribute-3 attribute-4 attribute-5", strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Without a check an offset below the beginning is sent as it is.
func TestListFromBelowTheBeginning(t *testing.T) {
	var offsets []string
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		offsets = append(offsets, r.URL.Query().Get("offset"))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, page(fmt.Sprintf(`"hasNext":%v`, len(offsets) < 3), fmt.Sprint(len(offsets))))
	})
	client := newClient(t, server, api.WithValidation(api.ValidationOff))
	if err := lastError(client.ListAttributes(t.Context(), gen.ListAttributesParams{Offset: new(-5)})); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"-5", "-4", "-3"}, offsets); diff != "" {
		t.Error(diff)
	}
}

// The options of a call are the caller's, with the room behind them.
func TestOptionsAreLeftAsTheyAre(t *testing.T) {
	client := apitest.NewServer(t).Client()
	var answer api.Response
	room := []api.CallOption{api.CaptureResponse(&answer), nil, nil}
	_ = lastError(client.ListAttributes(t.Context(), gen.ListAttributesParams{}, room[:1]...))
	_, _ = client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "1", room[:1]...)
	if room[1] != nil || answer.StatusCode != 404 {
		t.Errorf("got %v, %v", room[1] == nil, answer)
	}
}

func TestListStopsWhenItsReaderDoes(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	createSome(t, client, 3)
	before := len(server.Requests())
	for range client.ListAttributes(t.Context(), gen.ListAttributesParams{Limit: new(1)}) {
		break
	}
	if asked := len(server.Requests()) - before; asked != 1 {
		t.Errorf("%d pages were asked for, want 1", asked)
	}
}
