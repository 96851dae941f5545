package spec

import (
	"errors"
	"net/url"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

func newSpec(t *testing.T, operations ...Operation) *Spec {
	t.Helper()
	return New(operations, func() (*openapi3.T, error) { return nil, errors.New("not needed") })
}

func TestMatch_FindsTheOperation(t *testing.T) {
	s := newSpec(t,
		Operation{ID: "fixed", Method: "GET", Path: "/things/all"},
		Operation{ID: "one", Method: "GET", Path: "/things/{id}"},
		Operation{ID: "put", Method: "PUT", Path: "/things/{id}"},
	)
	for name, c := range map[string]struct {
		method   string
		segments []string
		want     string
	}{
		"fixed path":       {method: "GET", segments: []string{"things", "all"}, want: "fixed"},
		"parameter":        {method: "GET", segments: []string{"things", "7"}, want: "one"},
		"method":           {method: "PUT", segments: []string{"things", "all"}, want: "put"},
		"other method":     {method: "POST", segments: []string{"things", "7"}},
		"too few segments": {method: "GET", segments: []string{"things"}},
		"too many":         {method: "GET", segments: []string{"things", "7", "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if op := s.Match(c.method, c.segments); op != nil {
				got = op.ID
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSegments_AreThoseBelowTheBase(t *testing.T) {
	base, err := url.Parse("https://api.invalid/base/")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string][]string{
		"https://api.invalid/base/a/b":    {"a", "b"},
		"https://api.invalid/base/a%2Fb":  {"a/b"},
		"https://api.invalid/base/a//b":   {"a", "", "b"},
		"https://api.invalid/other/a":     nil,
		"https://api.invalid/basement/a":  nil,
		"https://api.invalid/base/%C3%A4": {"ä"},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, Segments(base, u)); diff != "" {
			t.Errorf("%s\n%s", address, diff)
		}
	}
}

func TestCheckSegment_RefusesWhatChangesAPath(t *testing.T) {
	for value, rule := range map[string]string{
		"contacts": "", "a b": "", "ä": "", "%2F": "", "...": "",
		"": "required", ".": "segment", "..": "segment", "a/b": "segment", `a\b`: "segment",
		"a\x00": "segment", "a\u0085": "segment", "a\xff": "utf-8", string(make([]byte, maxSegment+1)): "maxLength",
	} {
		got := ""
		if found := CheckSegment("id", value); found != nil {
			got = found[0].Rule
		}
		if got != rule {
			t.Errorf("%q: got %q, want %q", value, got, rule)
		}
	}
}

func TestSensitive_ReturnsMarkedAndUndeclaredTexts(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := New(Operations(doc), func() (*openapi3.T, error) { return doc, nil })
	got := s.Operation("createAttribute").Sensitive(nil, []byte(
		`{"email":"a@b.c","mobile":{"number":"1-2","lineType":"mobile"},"x":[12345678901234567890]}`))
	want := map[string]bool{"a@b.c": true, "1-2": true, "x": true, "12345678901234567890": true}
	found := make(map[string]bool)
	for _, text := range got {
		found[text] = true
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
}

func TestSensitive_SeesEveryPartOfASchema(t *testing.T) {
	const document = `{"openapi":"3.0.3","info":{"title":"x","version":"1"},"paths":{"/x":{"post":{"operationId":"x",
		"requestBody":{"content":{"application/vnd.x+json":{"schema":{
			"allOf":[{"$ref":"#/components/schemas/Named"},{"type":"object","properties":{"plain":{"type":"string"},
				"either":{"oneOf":[{"$ref":"#/components/schemas/Named"},{"type":"string"}]},
				"marked":{"allOf":[{"type":"string"},{"x-sensitive":true}]},
				"list":{"anyOf":[{"type":"array","items":{"$ref":"#/components/schemas/Named"}}]}}}]}}}},
		"responses":{"204":{"description":"x"}}}}},
		"components":{"schemas":{"Named":{"type":"object","properties":{"name":{"type":"string","x-sensitive":true}}}}}}`
	doc, err := openapi3.NewLoader().LoadFromData([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	s := New(Operations(doc), func() (*openapi3.T, error) { return doc, nil })
	got := s.Operation("x").Sensitive(nil, []byte(
		`{"name":"a","plain":"-","either":{"name":"b"},"marked":"c","list":[{"name":"d"}],"other":"e"}`))
	slices.Sort(got)
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e", "other"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFailureExamples_AreNotPersonal(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(`{
		"openapi": "3.0.3", "info": {"title": "x", "version": "1"},
		"paths": {"/things": {"get": {"responses": {
			"200": {"description": "x", "content": {"application/json": {
				"schema": {"type": "string"}, "example": "of a success"
			}}},
			"204": {"description": "x"},
			"400": {"description": "x", "content": {"application/json": {
				"schema": {"$ref": "#/components/schemas/Failure"},
				"example": {"messages": ["one", {"undeclared": "Ann"}], "by": "Bob", "undeclared": "Cid", "count": 7}
			}}},
			"default": {"description": "x", "content": {"application/json": {
				"schema": {"$ref": "#/components/schemas/Failure"},
				"examples": {"a": {"value": {"messages": ["two", "one"]}}}
			}}},
			"500": {"description": "x", "content": {"text/plain": {"example": "plain"}}}
		}}}},
		"components": {"schemas": {"Failure": {"type": "object", "properties": {
			"messages": {"type": "array", "items": {"type": "string", "example": "three"}},
			"inner": {"$ref": "#/components/schemas/Failure"},
			"by": {"type": "string", "x-sensitive": true, "example": "Eve"},
			"person": {"type": "object", "x-sensitive": true, "properties": {"name": {"type": "string", "example": "Fay"}}}
		}}}}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	s := New([]Operation{{ID: "list", Path: "/things"}}, func() (*openapi3.T, error) { return doc, nil })
	if diff := cmp.Diff([]string{"one", "three", "two"}, s.Operation("list").FailureExamples()); diff != "" {
		t.Error(diff)
	}
	s = newSpec(t, Operation{ID: "list", Path: "/things"})
	if got := s.Operation("list").FailureExamples(); got != nil {
		t.Errorf("without a document: %q", got)
	}
}
