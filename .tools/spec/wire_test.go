package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wireSpec is a spec whose parts a test replaces.
const wireSpec = `openapi: 3.0.3
info: {title: t, version: "1"}
security: [{oauth: [read]}]
paths:
  /x:
    get:
      operationId: x
      responses:
        "200": {description: d, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
  /public:
    get: {operationId: public, security: [], responses: {"204": {description: d}}}
  /y:
    post:
      operationId: y
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
      responses:
        "200": {description: d, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
components:
  securitySchemes:
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: https://example.com/token, scopes: {read: r}}}}
  schemas:
    Thing: {type: object, properties: {part: {$ref: "#/components/schemas/Part"}, list: {type: array, items: {$ref: "#/components/schemas/Part"}}}}
    Part: {type: object, properties: {name: {type: string}}}
`

func TestWireChanges_AreToldOnce(t *testing.T) {
	const part = `part: {$ref: "#/components/schemas/Part"}`
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"nothing": {},
		"a $ref in an allOf": {
			old: part, new: `part: {allOf: [{$ref: "#/components/schemas/Part"}], description: d, example: {name: x}}`,
		},
		"a $ref of an element in an allOf": {
			old: `items: {$ref: "#/components/schemas/Part"}`, new: `items: {allOf: [{$ref: "#/components/schemas/Part"}], x-source: x}`,
		},
		"a $ref in an allOf with nullable": {
			old: part, new: `part: {allOf: [{$ref: "#/components/schemas/Part"}], nullable: true}`,
			want: []string{
				"breaking  schema Thing: the response property `part` became nullable for the status `any`",
				"info      schema Thing: the request property `part` became nullable",
			},
		},
		"a $ref in an allOf without nullable": {
			old: part, new: `part: {allOf: [{$ref: "#/components/schemas/Part"}], nullable: false}`,
		},
		"a $ref of a body in an allOf": {
			old: `schema: {$ref: "#/components/schemas/Thing"}`, new: `schema: {allOf: [{$ref: "#/components/schemas/Thing"}]}`,
		},
		"a property of a shared schema": {
			old: `{name: {type: string}}`, new: `{name: {type: integer}}`,
			want: []string{
				"breaking  schema Part: the `name` request property `type` changed from `string` to `integer`",
				"breaking  schema Part: the `name` response's property `type` changed from `string` to `integer` for status `any`",
			},
		},
		"a schema with another name": {
			old: `schemas:
    Thing: {type: object, properties: {part: {$ref: "#/components/schemas/Part"}, list: {type: array, items: {$ref: "#/components/schemas/Part"}}}}
    Part: {type: object, properties: {name: {type: string}}}`,
			new: `schemas:
    Thing: {type: object, properties: {part: {$ref: "#/components/schemas/Piece"}, list: {type: array, items: {$ref: "#/components/schemas/Piece"}}}}
    Piece: {type: object, properties: {name: {type: integer}}}`,
			want: []string{
				"breaking  schema Thing: the `list/items/name` request property `type` changed from `string` to `integer` (shared schema: `Piece`, also at `part/name`)",
				"breaking  schema Thing: the `list/items/name` response's property `type` changed from `string` to `integer` for status `any` (shared schema: `Piece`, also at `part/name`)",
				"info      components: removed the schema `Part`",
			},
		},
		"an operation that requires security": {
			old: " security: [],", new: "",
			want: []string{
				"breaking  GET /public: the endpoint no longer allows anonymous access and now only accepts `oauth: [read]`",
			},
		},
		"another flow": {
			old: "clientCredentials: {tokenUrl", new: "password: {tokenUrl",
			want: []string{
				"breaking  components: the flow `clientCredentials` was removed from the security scheme `oauth`",
				"info      components: the flow `password` was added to the security scheme `oauth`",
			},
		},
		"a public operation": {
			old: "operationId: x", new: "operationId: x\n      security: []",
			want: []string{
				`info      GET /x: the endpoint now allows anonymous access`,
			},
		},
		"a scope": {old: "security: [{oauth: [read]}]", new: "security: [{oauth: []}]", want: []string{
			`info      GET /x, POST /y: the security scope ` + "`" + `read` + "`" + ` was removed from the endpoint's security scheme ` + "`" + `oauth` + "`" + ``,
		}},
		"no security": {old: "security: [{oauth: [read]}]\n", new: "", want: []string{
			`info      GET /x, POST /y: the endpoint now allows anonymous access`,
		}},
		"the address of the token": {old: "https://example.com/token", new: "https://example.com/other", want: []string{
			`warning   components: the component security scheme ` + "`" + `oauth` + "`" + ` oauth ` + "`" + `clientCredentials` + "`" + ` flow token url changed from ` + "`" + `https://example.com/token` + "`" + ` to ` + "`" + `https://example.com/other` + "`" + ``,
		}},
		"another scheme": {
			old: "oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: https://example.com/token, scopes: {read: r}}}}",
			new: "oauth: {type: http, scheme: bearer}", want: []string{
				`breaking  components: the component security scheme ` + "`" + `oauth` + "`" + ` type changed from ` + "`" + `oauth2` + "`" + ` to ` + "`" + `http` + "`" + ``,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, err := loadSpec([]byte(wireSpec))
			if err != nil {
				t.Fatal(err)
			}
			to, err := loadSpec([]byte(strings.Replace(wireSpec, c.old, c.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			changes, err := wireChanges(from, to)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, change := range changes {
				got = append(got, change.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// oasdiff and its preparation do not end with these, or crash.
func TestLoadSpec_RefusesWhatHasNoEnd(t *testing.T) {
	const (
		loop  = "write a schema that is no part of itself"
		array = "is an array of itself, which cannot be compared: write an array of objects"
	)
	for name, c := range map[string]struct{ part, want string }{
		"$ref to itself":             {part: `{$ref: "#/components/schemas/Part"}`, want: loop},
		"$ref into itself":           {part: `{type: array, items: {$ref: "#/components/schemas/Part/items"}}`, want: loop},
		"allOf of itself":            {part: `{allOf: [{$ref: "#/components/schemas/Part"}]}`, want: loop},
		"allOf of another":           {part: `{allOf: [{$ref: "#/components/schemas/B"}]}, B: {allOf: [{$ref: "#/components/schemas/Part"}]}`, want: loop},
		"allOf in an allOf":          {part: `{allOf: [{allOf: [{$ref: "#/components/schemas/Part"}]}]}`, want: loop},
		"array of itself":            {part: `{type: array, items: {$ref: "#/components/schemas/Part"}}`, want: array},
		"array of another":           {part: `{type: array, items: {$ref: "#/components/schemas/B"}}, B: {type: array, items: {$ref: "#/components/schemas/Part"}}`, want: array},
		"array of an allOf":          {part: `{type: array, items: {allOf: [{$ref: "#/components/schemas/Part"}, {minItems: 1}]}}`, want: array},
		"properties of itself":       {part: `{type: object, properties: {child: {$ref: "#/components/schemas/Part"}}}`},
		"children":                   {part: `{type: object, properties: {all: {type: array, items: {$ref: "#/components/schemas/Part"}}}}`},
		"additional properties":      {part: `{type: object, additionalProperties: {$ref: "#/components/schemas/Part"}}`},
		"oneOf of itself":            {part: `{oneOf: [{type: string}, {type: array, items: {$ref: "#/components/schemas/Part"}}]}`},
		"allOf, and a child":         {part: `{allOf: [{type: object, properties: {child: {$ref: "#/components/schemas/Part"}}}, {minProperties: 1}]}`},
		"child in an allOf":          {part: `{type: object, properties: {child: {allOf: [{$ref: "#/components/schemas/Part"}], nullable: true}}}`},
		"parent that is a oneOf":     {part: `{type: object, oneOf: [{$ref: "#/components/schemas/B"}]}, B: {allOf: [{$ref: "#/components/schemas/Part"}]}`},
		"example that is like a ref": {part: `{type: object, example: {allOf: [{name: x}]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(wireSpec, "Part: {type: object, properties: {name: {type: string}}}",
				strings.ReplaceAll("Part: "+c.part, "}, B: {", "}\n    B: {"), 1)
			before, err := loadSpec([]byte(text))
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
					t.Fatalf("got %v, want %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			after, err := loadSpec([]byte(wireSpec))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := wireChanges(before, after); err != nil {
				t.Error(err)
			}
		})
	}
}
