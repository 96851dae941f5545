package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// Operations as a report names them.
const (
	list   = "GET /v1/accounts/{accountId}/attributes: "
	byType = "GET /v1/accounts/{accountId}/attributes/{attributeType}: "
	one    = "GET /v1/accounts/{accountId}/attributes/{attributeType}/{attributeId}: "
	create = "POST /v1/accounts/{accountId}/attributes/{attributeType}: "
	update = "PUT /v1/accounts/{accountId}/attributes/{attributeType}/{attributeId}: "
)

// frozenSpec does not change with openapi.yaml.
const frozenSpec = ".tools/spec/testdata/spec.yaml"

// each returns a text once for each operation.
func each(text string, operations ...string) []string {
	var lines []string
	for _, operation := range operations {
		lines = append(lines, operation+text)
	}
	return lines
}

func TestDrift_ReportsDifferences(t *testing.T) {
	const (
		missing = "it is not in the document"
		token   = "POST /oauth2/token: " + missing // the vendor documents it on a page only
		newEnum = "added the new enum value `companies` to the `path` request parameter " +
			"`attributeType`"
		newDate = "added the optional property `data/lastTopup` to the response with the " +
			"`200` status"
		newBoss = "schema Change: added the optional property `by/boss` to the response " +
			"with the `any` status"
		newType = "the `pagination/hasNext` response's property `type` changed from `boolean` to " +
			"`string` for status `200`"
		noLimit = `cannot be read: failed to resolve "limit" in fragment in URI: ` +
			`"#/components/parameters/limit": map key "limit" not found`
		noPages = `cannot be read: failed to resolve "Pages" in fragment in URI: ` +
			`"#/components/schemas/Pages": map key "Pages" not found`
		otherFile = "cannot be read: encountered disallowed external reference: " +
			`"params.yaml#/limit"`

		// Parts of the document.
		server  = "https://api.sakari.io/v1"
		servers = "servers:\n  - url: " + server + "\n"
		account = "        - {name: account, in: path, required: true, schema: {type: string}}"
		limit   = "        - {name: limit, in: query, " +
			"schema: {type: integer, minimum: 1, maximum: 100}}"
		below   = "below: {type: number, format: double}"
		mobile  = "              mobile:\n                type: object\n"
		data    = "              data:\n                type: object\n"
		page    = "    Page:\n      type: object\n"
		schemes = "components:\n  securitySchemes:\n" +
			"    b: {type: http, scheme: Bearer}\n" +
			"    o: {type: oauth2, description: x, flows: {clientCredentials: " +
			"{tokenUrl: https://api.sakari.io/oauth2/token, scopes: {}}}}\n"
		ours = `{"flows":{"clientCredentials":{"scopes":[],` +
			`"tokenUrl":"https://api.sakari.io/oauth2/token"}},"type":"oauth2"}`
		person = "lastName: {type: string}\n            email: {type: string}"
		getOne = "      operationId: fetchAttribute\n"
	)
	for name, c := range map[string]struct {
		replace []string // pairs of a text in the document and its replacement
		want    []string
		beside  []string // operations of the vendor beside ours
		gone    int      // known deviations that are no longer found
	}{
		"no change": {},
		"version in the paths": {
			replace: []string{"sakari.io/v1", "sakari.io", "  /accounts/", "  /v1/accounts/"},
		},
		"no server": {replace: []string{servers, "", "  /accounts/", "  /v1/accounts/"}},
		"trailing slashes": {
			replace: []string{"sakari.io/v1", "sakari.io/v1/", "/attributes:", "/attributes/:"},
		},
		"OpenAPI 3.1":         {replace: []string{"openapi: 3.0.0", "openapi: 3.1.0"}},
		"statuses as numbers": {replace: []string{`"200"`, "200"}},
		"titles, summaries and descriptions": {
			replace: []string{
				"description: successful operation", "description: fine",
				"title: Sakari API", "title: A",
				"operationId: fetchAttribute\n", "summary: x\n",
			},
		},
		"new property of a response": {
			replace: []string{
				below, below + "\n                  lastTopup: {type: string, format: date-time}",
			},
			want: each(newDate, create, update),
		},
		"other type of a property": {
			replace: []string{"hasNext: {type: boolean}", "hasNext: {type: string}"},
			want:    each(newType, list, byType, one),
		},
		"new enum value": {
			replace: []string{"deals, tickets]", "deals, tickets, companies]"},
			want:    each(newEnum, byType, create, one, update),
		},
		"new required parameter": {
			replace: []string{
				getOne, "      parameters:\n" +
					"        - {name: X-Key, in: header, required: true, schema: {type: string}}\n",
			},
			want: each("added the new required `header` request parameter `X-Key`", one),
		},
		"server with a variable": {
			replace: []string{
				server, "https://api.sakari.io/{version}\n    variables: {version: {default: v1}}",
			},
		},
		"one server of several": {
			replace: []string{
				"  - url: " + server, "  - url: https://sandbox.sakari.io/v0\n  - url: " + server,
			},
		},
		"reference to a reference": {
			replace: []string{
				account, "        - {$ref: '#/components/parameters/A'}",
				"components:\n", "components:\n  parameters:\n" +
					"    A: {$ref: '#/components/parameters/B'}\n" +
					"    B: {name: account, in: path, required: true, schema: {type: string}}\n",
			},
		},
		"reference into a component": {
			replace: []string{
				`$ref: "#/components/schemas/Change"`,
				`$ref: "#/components/schemas/Change%20s/properties/x~1y"`,
				"    Change:\n", "    Change s: {type: object, " +
					"properties: {x/y: {$ref: '#/components/schemas/Change'}}}\n    Change:\n",
			},
		},
		"parameter of an operation that replaces one of its path": {
			replace: []string{
				getOne, "      parameters:\n        - {name: id, in: path, required: true, " +
					"schema: {type: string, maxLength: 9}}\n",
			},
			want: each("for the `path` request parameter `attributeId`, "+
				"the maxLength was set to `9`", one),
		},
		"explicitly open schemas": {
			replace: []string{
				page, page + "      additionalProperties: true\n",
				mobile, mobile + "                additionalProperties: true\n",
			},
		},
		"explicit defaults": {
			replace: []string{
				"{name: limit, in: query,",
				"{name: limit, in: query, style: form, explode: true, allowReserved: false,",
			},
		},
		"reference to a parameter that is missing": {
			replace: []string{limit, "        - {$ref: '#/components/parameters/limit'}"},
			want:    each(noLimit, list, byType),
		},
		"reference to another file": {
			replace: []string{limit, "        - {$ref: 'params.yaml#/limit'}"},
			want:    each(otherFile, list, byType),
		},
		"other host": {
			replace: []string{server, "https://api.example.com/v1"},
			want:    []string{"servers: the API is at api.example.com, and not at api.sakari.io"},
		},
		"recursive schema": {
			replace: []string{
				person, person + "\n            boss: {$ref: '#/components/schemas/Change'}",
			},
			want: []string{newBoss},
		},
		"recursive schema in an allOf": {
			replace: []string{
				person, person + "\n            boss: {$ref: '#/components/schemas/Change'}",
				`created:
                $ref: "#/components/schemas/Change"`,
				`created: {allOf: [{$ref: "#/components/schemas/Change"}], description: x}`,
			},
			want: []string{newBoss},
		},
		"security of the same kind": {
			replace: []string{"components:\n", "security: [{o: []}]\n" + schemes},
		},
		"security of the API": {
			replace: []string{"components:\n", "security: [{b: []}, {o: [read]}]\n" + schemes},
			want: []string{"security: the API requires " + ours + ` with [read] or {"scheme":"bearer",` +
				`"type":"http"}, and not ` + ours + " of " +
				strings.ReplaceAll(strings.TrimSuffix(list+byType+create+one+update, ": "), ": ", ", ")},
		},
		"security of an operation": {
			replace: []string{
				"components:\n", "security: [{o: []}]\n" + schemes,
				getOne, "      security: []\n",
			},
			want: []string{"security: the API requires nothing, and not " + ours + " of " +
				strings.TrimSuffix(one, ": ")},
		},
		"address of the token": {
			replace: []string{
				getOne, "      security: [{o: []}, {}]\n",
				"components:\n", "security: [{o: []}]\n" + strings.Replace(schemes, "/token", "/other", 1),
			},
			want: []string{
				"security: the API requires nothing or " + strings.Replace(ours, "/token", "/other", 1) +
					", and not " + ours + " of " + strings.TrimSuffix(one, ": "),
				"security: the API requires " + strings.Replace(ours, "/token", "/other", 1) +
					", and not " + ours + " of " +
					strings.ReplaceAll(strings.TrimSuffix(list+byType+create+update, ": "), ": ", ", "),
			},
		},
		"operation is null": {
			replace: []string{"    put:\n", "    put: null\n    x-put:\n"},
			want:    each("cannot be read: it is not an object", update),
		},
		"known deviation is gone": {
			replace: []string{data, strings.Replace(data, "type: object",
				"required: [amount]\n                type: object", 1)},
			gone: 2,
		},
		"operation is missing": {
			replace: []string{"    put:\n", "    patch:\n"},
			want:    each(missing+"; near is PATCH /v1/accounts/{account}/attributes/{kind}/{id}", update),
			beside:  []string{"PATCH /accounts/{account}/attributes/{kind}/{id}"},
		},
		"path is missing": {
			replace: []string{
				"  /accounts/{account}/attributes:\n", "  /accounts/{account}/other:\n",
			},
			want: each(missing, list),
		},
		"reference to a schema that is missing": {
			replace: []string{`schemas/Page"`, `schemas/Pages"`},
			want:    each(noPages, list, byType, one),
		},
		"other version of the API": {
			replace: []string{"sakari.io/v1", "sakari.io/v2"},
			want: []string{
				list + missing + "; near is GET /v2/accounts/{account}/attributes",
				byType + missing + "; near is GET /v2/accounts/{account}/attributes/{kind}",
				create + missing + "; near is POST /v2/accounts/{account}/attributes/{kind}",
				one + missing + "; near is GET /v2/accounts/{account}/attributes/{kind}/{id}",
				update + missing + "; near is PUT /v2/accounts/{account}/attributes/{kind}/{id}",
			},
		},
		"servers of a path and of an operation": {
			replace: []string{
				servers, "servers:\n  - url: https://other.invalid/v9\n",
				"    parameters:\n      - {name: account", "    servers: [{url: https://api.sakari.io/v1}]\n" +
					"    parameters:\n      - {name: account",
				"      operationId: fetchAttributes\n", "      operationId: fetchAttributes\n" +
					"      servers: [{url: https://api.sakari.io/v1}]\n",
			},
			want: []string{"servers: the API is at other.invalid, and not at api.sakari.io"},
		},
		"new operations": {
			replace: []string{
				"    put:\n", "    delete: {responses: {}}\n    put:\n",
				"paths:\n", "paths:\n  /accounts/{a}/attributes/{b}/{c}/history: {get: {responses: {}}}\n" +
					"  /accounts/{a}/attributesofanother: {get: {responses: {}}}\n",
			},
			beside: []string{
				"DELETE /accounts/{account}/attributes/{kind}/{id}", "GET /accounts/{a}/attributes/{b}/{c}/history",
			},
		},
		"parameters are a text": {
			replace: []string{getOne, getOne + "      parameters: x\n"},
			want: each("cannot be read: unexpected str `x` in "+
				"/paths/~1v1~1accounts~1{account}~1attributes~1{kind}~1{id}/get/parameters", one),
		},
		"paths is an array": {
			replace: []string{"\npaths:\n", "\npaths: []\nx-paths:\n"},
			want:    each(missing, list, byType, create, one, update),
		},
		"servers is a string": {
			replace: []string{servers, "servers: x\n"},
			want:    each(missing, list, byType, create, one, update),
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := read(t, ".tools/spec/testdata/vendor.yaml")
			for i := 0; i < len(c.replace); i += 2 {
				if !strings.Contains(text, c.replace[i]) {
					t.Fatalf("the document has no %q", c.replace[i])
				}
				text = strings.ReplaceAll(text, c.replace[i], c.replace[i+1])
			}
			var out strings.Builder
			err := drift(frozenSpec, write(t, filepath.Join(t.TempDir(), "vendor.yaml"), text), &out)
			if !errors.Is(err, errFound) {
				t.Fatal(err)
			}
			var differences []string
			for line := range strings.Lines(out.String()) {
				if found, ok := strings.CutPrefix(line, "  "); ok {
					differences = append(differences, strings.TrimSuffix(found, "\n"))
				}
			}
			if diff := cmp.Diff(append([]string{token}, c.want...), differences); diff != "" {
				t.Error(diff)
			}
			var beside []string
			for line := range strings.Lines(out.String()) {
				if found, ok := strings.CutPrefix(line, "+ "); ok {
					beside = append(beside, strings.TrimSuffix(found, "\n"))
				}
			}
			if diff := cmp.Diff(c.beside, beside); diff != "" {
				t.Error(diff)
			}
			if gone := strings.Count(out.String(), "\n- "); gone != c.gone {
				t.Errorf("%d deviations are gone, want %d\n%s", gone, c.gone, out.String())
			}
		})
	}
}

func TestDrift_OurSpecHasKnownDeviationsOnly(t *testing.T) {
	var out strings.Builder
	err := drift(specFile, specFile, &out)
	if err != nil || !strings.Contains(out.String(), "  nothing\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestDrift_ReadsALargeDocumentThatIsInvalidElsewhere(t *testing.T) {
	var large strings.Builder
	large.WriteString(`{"openapi":"3.0.0","paths":{`)
	for i := range 50_000 {
		fmt.Fprintf(&large, `"/v1/other/%d":{"get":{"responses":`+
			`{"200":{"$ref":"#/components/responses/%d"}}}},`, i, i)
	}
	large.WriteString(`"/v1/accounts/{a}/attributes":{"get":7}}}`)
	var out strings.Builder
	err := drift(frozenSpec, write(t, filepath.Join(t.TempDir(), "large.json"), large.String()), &out)
	if !errors.Is(err, errFound) || !strings.Contains(out.String(), "\n6 differences") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// A document as JSON is read as the same document as YAML is.
func TestDrift_ReadsJSON(t *testing.T) {
	text, err := json.Marshal(parseYAML(t, read(t, ".tools/spec/testdata/vendor.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	large := strings.ReplaceAll(string(text), `"type":"string"`, `"type":"string","maxLength":1000000`)
	var out strings.Builder
	err = drift(frozenSpec, write(t, filepath.Join(t.TempDir(), "vendor.json"), large), &out)
	if !errors.Is(err, errFound) || strings.Contains(out.String(), "cannot be") || !strings.Contains(out.String(), "`1000000`") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestDrift_RefusesWhatIsNotADocument(t *testing.T) {
	file := func(text string) string { return write(t, filepath.Join(t.TempDir(), "spec"), text) }
	// Each line expands to nine times the elements of the line before.
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for name := 'b'; name <= 'j'; name++ {
		aliases := strings.Repeat(fmt.Sprintf("*%c, ", name-1), 9)
		bomb += fmt.Sprintf("%c: &%c [%s]\n", name, name, aliases)
	}
	const html = "<!DOCTYPE html><html><body class=\"x\">\n\tnot found</body></html>"
	for want, spec := range map[string]string{
		"no such file or directory":               "nowhere.json",
		"it begins with \"<!DOCTYPE":              file(html),
		"neither JSON nor YAML":                   file(`{"openapi":"3.0.0",`),
		"is Swagger 2.0: convert it to OpenAPI 3": file(`{"swagger":"2.0"}`),
		"it has no openapi; it begins with":       file("a: b"),
		"it begins with \"- a":                    file("- a"),
		"is empty: write an OpenAPI 3 document":   file(""),
		"openapi is 4.0.0":                        file("openapi: 4.0.0"),
		"openapi is 3":                            file("openapi: 3"),
		"document contains excessive aliasing":    file(bomb),
	} {
		var out strings.Builder
		err := drift(frozenSpec, spec, &out)
		if err == nil || errors.Is(err, errFound) {
			t.Errorf("%s: got %v, want an error", spec, err)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q on one line", spec, err, want)
		}
	}
}

// oasdiff would not end.
func TestDrift_RefusesAnArrayOfItself(t *testing.T) {
	const document = `{"openapi":"3.0.3","info":{"title":"x","version":"1"},"servers":[{"url":"https://api.sakari.io"}],
		"paths":{"/v1/accounts/{accountId}/attributes":{"get":{"responses":{"200":{"description":"x","content":{
		"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}}}}}},"components":{"schemas":{
		"A":{"type":"array","items":{"type":"array","items":{"$ref":"#/components/schemas/B"}}},
		"B":{"type":"array","items":{"$ref":"#/components/schemas/A"}}}}}`
	var out strings.Builder
	err := drift(frozenSpec, write(t, filepath.Join(t.TempDir(), "spec.json"), document), &out)
	const want = "GET /v1/accounts/{accountId}/attributes: cannot be read: schema A is an array of itself"
	if !errors.Is(err, errFound) || !strings.Contains(out.String(), want) {
		t.Errorf("got %v, no %q in\n%s", err, want, out.String())
	}
}
