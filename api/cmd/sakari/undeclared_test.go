package main

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

func TestUndeclared_FollowsTheSchema(t *testing.T) {
	object := func(properties ...string) *openapi3.Schema {
		schema := openapi3.NewObjectSchema()
		for _, name := range properties {
			schema.WithProperty(name, openapi3.NewStringSchema())
		}
		return schema
	}
	for name, c := range map[string]struct {
		schema *openapi3.Schema
		value  string
		want   []string
	}{
		"free-form":        {schema: object(), value: `{"a":{"b":1}}`},
		"no object":        {schema: object("a"), value: `1`},
		"array of unknown": {schema: openapi3.NewArraySchema(), value: `[{"b":1}]`},
		"declared":         {schema: object("a"), value: `{"a":{"b":1}}`},
		"undeclared": {
			schema: object("a"), value: `{"c":1,"b":{"d":1}}`,
			want: []string{`"body/b" is not declared in the spec`, `"body/c" is not declared in the spec`},
		},
		"composed": {
			schema: &openapi3.Schema{AllOf: openapi3.SchemaRefs{object("a").NewRef(), object("b").NewRef()}},
			value:  `{"a":1,"b":1,"c":1}`, want: []string{`"body/c" is not declared in the spec`},
		},
		"map": {
			schema: object().WithAdditionalProperties(object("a")), value: `{"x":{"a":1,"b":1}}`,
			want: []string{`"body/x/b" is not declared in the spec`},
		},
		"near": {
			schema: object("first", "second"), value: `{"secnod":1}`,
			want: []string{`"body/secnod" is not declared in the spec; did you mean "second"?`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var value any
			if err := json.Unmarshal([]byte(c.value), &value); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, undeclared(c.schema, value, "body")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestIsNear_AllowsOneSlip(t *testing.T) {
	for name, c := range map[string]struct {
		a, b string
		want bool
	}{
		"swapped":             {a: "emial", b: "email", want: true},
		"swapped at the end":  {a: "emali", b: "email", want: true},
		"missing":             {a: "emal", b: "email", want: true},
		"added":               {a: "emaill", b: "email", want: true},
		"changed":             {a: "amail", b: "email", want: true},
		"case and separators": {a: "First_Name", b: "firstName", want: true},
		"two slips":           {a: "emil_s", b: "email", want: false},
		"swapped far apart":   {a: "lmaie", b: "email", want: false},
		"one letter":          {a: "x", b: "q", want: false},
		"empty":               {a: "", b: "q", want: false},
		"another word":        {a: "label", b: "name", want: false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := isNear(c.a, c.b); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
