package api_test

import (
	"errors"
	"fmt"
	"iter"
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

// page returns a page of a list: the members of its pagination object, and attributes with ids.
func page(pagination string, ids ...string) string {
	var data []string
	for _, id := range ids {
		data = append(data, fmt.Sprintf(`{"id":%q}`, id))
	}
	return pageOf(pagination, strings.Join(data, ","))
}

// pageOf returns a page of attributes that are given as JSON.
func pageOf(pagination, attributes string) string {
	return fmt.Sprintf(`{"success":true,"pagination":{%s},"data":[%s]}`, pagination, attributes)
}

// idOf returns the id of an attribute, "?" if it has none.
func idOf(a gen.Attribute) string {
	if a.ID == nil {
		return "?"
	}
	return *a.ID
}

// lastError reads a list to its end and returns the error it ends with.
func lastError[T any](list iter.Seq2[T, error]) (last error) {
	for _, err := range list {
		last = err
	}
	return last
}

func TestLists_End(t *testing.T) {
	const (
		more   = `"hasNext":true`
		last   = `"hasNext":false`
		unsaid = ""
	)
	const endless = "body/pagination/hasNext: says that there is a next page, but the list does not end"
	for name, c := range map[string]struct {
		start   *int
		pages   []string // then 500
		want    string   // the ids
		offsets string   // of the requests, "-" for none
		err     string   // part of the error, "" for success
	}{
		"one page":       {pages: []string{page(last, "a", "b")}, want: "a b", offsets: "-"},
		"one empty page": {pages: []string{page(last)}, offsets: "-"},
		"two pages": {
			pages: []string{page(more, "a", "b"), page(last, "c")}, want: "a b c", offsets: "- 2",
		},
		"from an offset": {
			start:   new(5),
			pages:   []string{page(more, "a", "b"), page(more, "c"), page(last)},
			want:    "a b c",
			offsets: "5 7 8",
		},
		"from offset 0": {
			start:   new(0),
			pages:   []string{page(more, "a"), page(last, "b")},
			want:    "a b",
			offsets: "0 1",
		},
		"an empty page that says hasNext, after a full one": {
			pages: []string{page(more, "a"), page(more)}, want: "a", offsets: "- 1", err: endless,
		},
		"an empty page that says hasNext": {pages: []string{page(more)}, offsets: "-", err: endless},
		"the same page twice, both say hasNext": {
			pages:   []string{page(more, "a", "b"), page(more, "a", "b"), page(last, "c")},
			want:    "a b c",
			offsets: "- 2 4",
		},
		"a page of attributes is added during the list": {
			pages:   []string{page(more, "a", "b"), page(more, "a", "b"), page(more, "c", "d"), page(last, "e")},
			want:    "a b c d e",
			offsets: "- 2 4 6",
		},
		"the same page twice, the second is the last": {
			pages:   []string{page(more, "a", "b"), page(last, "a", "b")},
			want:    "a b",
			offsets: "- 2",
		},
		"the first page again after the second": {
			pages:   []string{page(more, "a", "b"), page(more, "c"), page(more, "a", "b"), page(last, "d")},
			want:    "a b c d",
			offsets: "- 2 3 5",
		},
		"attributes are added during the list": {
			pages:   []string{page(more, "a", "b"), page(more, "b", "c"), page(last, "c", "d")},
			want:    "a b c d",
			offsets: "- 2 4",
		},
		"an attribute is on two pages and has changed": {
			pages:   []string{page(more, "a", "b"), pageOf(last, `{"id":"b","name":"new"}`)},
			want:    "a b",
			offsets: "- 2",
		},
		"attributes are added and then deleted": {
			pages:   []string{page(more, "a", "b"), page(more, "c"), page(more, "b"), page(more)},
			want:    "a b c",
			offsets: "- 2 3 4",
			err:     endless,
		},
		"attributes are deleted before the last page": {
			pages: []string{page(more, "a", "b"), page(last)}, want: "a b", offsets: "- 2",
		},
		"no hasNext, up to an empty page": {
			pages: []string{page(unsaid, "a"), page(unsaid, "b"), page(unsaid)}, want: "a b", offsets: "- 1 2",
		},
		"no hasNext, and the same page twice": {
			pages: []string{page(unsaid, "a"), page(unsaid, "a")}, want: "a", offsets: "- 1",
		},
		"one id in two types": {
			pages:   []string{pageOf(last, `{"id":"a","type":"deals"},{"id":"a","type":"contacts"}`)},
			want:    "a a",
			offsets: "-",
		},
		"attributes without ids": {
			pages:   []string{pageOf(more, `{"name":"x"},{"name":"x"}`), pageOf(more, `{"name":"y"}`), page(last)},
			want:    "? ? ?",
			offsets: "- 2 3",
		},
		"attributes without ids, the same page twice": {
			pages:   []string{pageOf(more, `{"name":"x"}`), pageOf(more, `{"name":"x"}`), page(last)},
			want:    "?",
			offsets: "- 1 2",
		},
		"one id twice on a page": {
			pages:   []string{page(more, "a", "a", ""), page(last, "", "a", "b", "")},
			want:    "a a  b",
			offsets: "- 3",
		},
		"an offset that overflows": {
			start:   new(math.MaxInt),
			pages:   []string{page(more, "a")},
			want:    "a",
			offsets: fmt.Sprint(math.MaxInt),
			err:     endless,
		},
		"500": {
			pages:   []string{page(more, "a")},
			want:    "a",
			offsets: "- 1",
			err:     "500 Internal Server Error",
		},
		"data is null": {
			pages:   []string{page(more, "a"), `{"success":true,"pagination":{},"data":null}`},
			want:    "a",
			offsets: "- 1",
			err:     "body/data: Value is not nullable",
		},
		"no pagination": {
			pages:   []string{`{"success":true,"data":[]}`},
			offsets: "-",
			err:     `body/pagination: property "pagination" is missing`,
		},
		"success is false": {
			pages:   []string{page(more, "a"), `{"success":false,"pagination":{},"data":[]}`},
			want:    "a",
			offsets: "- 1",
			err:     "the response says success: false",
		},
		"hasNext is a string": {
			pages:   []string{page(`"hasNext":"false"`, "a")},
			offsets: "-",
			err:     "body/pagination/hasNext: value must be a boolean",
		},
		"hasNext is given twice": {
			pages:   []string{page(`"hasNext":true,"hasNext":false`, "a")},
			offsets: "-",
			err:     "body/pagination/hasNext",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var offsets []string
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				query := r.URL.Query()
				offset := query.Get("offset")
				if offset == "" {
					offset = "-"
				}
				offsets = append(offsets, offset)
				if limit := query.Get("limit"); limit != "2" {
					t.Errorf("limit %q", limit)
				}
				if len(offsets) > len(c.pages) {
					w.WriteHeader(500)
					return
				}
				writeJSON(w, c.pages[len(offsets)-1])
			})
			client := newClient(t, server, api.WithMaxAttempts(1))
			list := client.ListAttributes(t.Context(), gen.ListAttributesParams{Offset: c.start, Limit: new(2)})
			for range 2 { // a list can be read again
				offsets = nil
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
				if diff := cmp.Diff(c.offsets, strings.Join(offsets, " ")); diff != "" {
					t.Error(diff)
				}
				switch {
				case c.err == "" && failure != nil,
					c.err != "" && (failure == nil || !strings.Contains(failure.Error(), c.err)):
					t.Errorf("error %v, want %q", failure, c.err)
				}
			}
		})
	}
}

// A list ends even if every page has a new attribute and says hasNext.
func TestLists_EndAtTheMaximumOfPages(t *testing.T) {
	var pages atomic.Int64
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, page(`"hasNext":true`, fmt.Sprint(pages.Add(1))))
	})
	var got int
	var last error
	for _, err := range newClient(t, server).ListAttributes(t.Context(), gen.ListAttributesParams{}) {
		got++
		last = err
	}
	if pages.Load() != 10_000 || got != 10_001 || !errors.Is(last, api.ErrInvalidResponse) {
		t.Errorf("%d pages, %d steps, %v", pages.Load(), got, last)
	}
}

// A caller may change the arguments of a list while it reads the list. The list does not change.
func TestLists_CopyTheirArguments(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	createSome(t, client, 5)
	offset, limit := 1, 2
	of := gen.AttributeTypeContacts
	for name, list := range map[string]func(func(gen.Attribute, error) bool){
		"all": client.ListAttributes(t.Context(), gen.ListAttributesParams{
			Offset: &offset, Limit: &limit,
		}),
		"by type": client.ListAttributesByType(t.Context(), of, gen.ListAttributesByTypeParams{
			Offset: &offset, Limit: &limit,
		}),
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
		want := "attribute-2 attribute-3 attribute-4 attribute-5"
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Without validation a negative offset is sent as it is.
func TestLists_SendANegativeOffsetWithoutValidation(t *testing.T) {
	var offsets []string
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		offsets = append(offsets, r.URL.Query().Get("offset"))
		writeJSON(w, page(fmt.Sprintf(`"hasNext":%v`, len(offsets) < 3), fmt.Sprint(len(offsets))))
	})
	client := newClient(t, server, api.WithValidation(api.ValidationOff))
	params := gen.ListAttributesParams{Offset: new(-5)}
	if err := lastError(client.ListAttributes(t.Context(), params)); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"-5", "-4", "-3"}, offsets); diff != "" {
		t.Error(diff)
	}
}

func TestLists_StopWithTheLoop(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	createSome(t, client, 3)
	before := len(server.Requests())
	for range client.ListAttributes(t.Context(), gen.ListAttributesParams{Limit: new(1)}) {
		break
	}
	if pages := len(server.Requests()) - before; pages != 1 {
		t.Errorf("%d pages were requested, want 1", pages)
	}
}

// A page that contradicts an earlier one is a violation, so the mode decides what the caller gets.
// The list ends in every mode.
func TestLists_ReportAContradictionByMode(t *testing.T) {
	for mode, want := range map[api.Validation]string{
		api.ValidationStrict: "reported 1, logged 0, failed true",
		api.ValidationReport: "reported 1, logged 1, failed false",
		api.ValidationOff:    "reported 0, logged 0, failed false",
	} {
		server := apitest.NewServer(t)
		emptyPage := page(`"hasNext":true`)
		server.Respond(apitest.Reply{Body: page(`"hasNext":true`, "a")}, apitest.Reply{Body: emptyPage})
		reported := 0
		var log lockedBuffer
		client := server.Client(api.WithValidation(mode), logTo(&log, slog.LevelInfo), countViolations(&reported))
		var response api.Response
		list := client.ListAttributes(t.Context(), gen.ListAttributesParams{}, api.CaptureResponse(&response))
		err := lastError(list)
		got := fmt.Sprintf("reported %d, logged %d, failed %v",
			reported, strings.Count(log.String(), "violation of the spec"), err != nil)
		if got != want {
			t.Errorf("mode %v: %s, want %s", mode, got, want)
		}
		if string(response.Body) != emptyPage {
			t.Errorf("captured %s", response.Body)
		}
		if err != nil {
			invalid := as[*api.ValidationError](t, err)
			if string(invalid.Body) != emptyPage || invalid.StatusCode != 200 ||
				invalid.Header.Get("Content-Type") != "application/json" {
				t.Errorf("got %v, %+v", err, invalid.Header)
			}
			checkFailure(t, err, api.Applied, nil)
		}
	}
}
