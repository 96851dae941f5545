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
		"a property of a shared schema": {
			old: `{name: {type: string}}`, new: `{name: {type: integer}}`,
			want: []string{
				`breaking  GET /x, POST /y: the ` + "`" + `list/items/name` + "`" + ` response's property ` + "`" + `type` + "`" + ` changed from ` + "`" + `string` + "`" + ` to ` + "`" + `integer` + "`" + ` for status ` + "`" + `200` + "`" + ` (shared schema: ` + "`" + `Part` + "`" + `, also at ` + "`" + `part/name` + "`" + `)`,
				`breaking  POST /y: the ` + "`" + `list/items/name` + "`" + ` request property ` + "`" + `type` + "`" + ` changed from ` + "`" + `string` + "`" + ` to ` + "`" + `integer` + "`" + ` (shared schema: ` + "`" + `Part` + "`" + `, also at ` + "`" + `part/name` + "`" + `)`,
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
