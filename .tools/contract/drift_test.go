package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDrift(t *testing.T) {
	const (
		list      = "GET /v1/accounts/{accountId}/attributes"
		byType    = "GET /v1/accounts/{accountId}/attributes/{attributeType}"
		one       = "GET /v1/accounts/{accountId}/attributes/{attributeType}/{attributeId}"
		create    = "POST /v1/accounts/{accountId}/attributes/{attributeType}"
		update    = "PUT /v1/accounts/{accountId}/attributes/{attributeType}/{attributeId}"
		notThere  = ": the document does not have it"
		token     = "POST /oauth2/token" + notThere // the vendor documents it on a page alone
		enum      = ": added the new enum value `companies` to the `path` request parameter `attributeType`"
		noLimit   = `: can not be read: failed to resolve "limit" in fragment in URI: "#/components/parameters/limit": map key "limit" not found`
		elsewhere = `: can not be read: encountered disallowed external reference: "params.yaml#/limit"`
		boss      = ": added the optional property `data/items/created/by/boss` to the response with the `200` status (shared schema: `Change`, also at `data/items/updated/by/boss`)"
		lost      = `: can not be read: failed to resolve "Pages" in fragment in URI: "#/components/schemas/Pages": map key "Pages" not found`
	)
	nothing := []string{list + notThere, byType + notThere, create + notThere, one + notThere, update + notThere}
	for name, c := range map[string]struct {
		replace []string // pairs
		want    []string
	}{
		"nothing":             {nil, nil},
		"whole paths":         {[]string{"sakari.io/v1", "sakari.io", "  /accounts/", "  /v1/accounts/"}, nil},
		"no server":           {[]string{"servers:\n  - url: https://api.sakari.io/v1\n", "", "  /accounts/", "  /v1/accounts/"}, nil},
		"slashes at the end":  {[]string{"sakari.io/v1", "sakari.io/v1/", "/attributes:", "/attributes/:"}, nil},
		"OpenAPI 3.1":         {[]string{"openapi: 3.0.0", "openapi: 3.1.0"}, nil},
		"statuses as numbers": {[]string{`"200"`, "200"}, nil},
		"words":               {[]string{"description: successful operation", "description: fine", "title: Sakari API", "title: A", "operationId: fetchAttribute\n", "summary: x\n"}, nil},
		"more in the answer": {[]string{"below: {type: number, format: double}", "below: {type: number, format: double}\n                  lastTopup: {type: string, format: date-time}"}, []string{
			create + ": added the optional property `data/lastTopup` to the response with the `200` status",
			update + ": added the optional property `data/lastTopup` to the response with the `200` status"}},
		"another type": {[]string{"hasNext: {type: boolean}", "hasNext: {type: string}"}, []string{
			list + ": the `pagination/hasNext` response's property `type` changed from `boolean` to `string` for status `200`",
			byType + ": the `pagination/hasNext` response's property `type` changed from `boolean` to `string` for status `200`",
			one + ": the `pagination/hasNext` response's property `type` changed from `boolean` to `string` for status `200`"}},
		"one more option": {[]string{"deals, tickets]", "deals, tickets, companies]"}, []string{byType + enum, create + enum, one + enum, update + enum}},
		"a parameter that is required": {[]string{"      operationId: fetchAttribute\n", "      parameters:\n        - {name: X-Key, in: header, required: true, schema: {type: string}}\n"}, []string{
			one + ": added the new required `header` request parameter `X-Key`"}},
		"a server by its parts": {[]string{"https://api.sakari.io/v1", "https://api.sakari.io/{version}\n    variables: {version: {default: v1}}"}, nil},
		"one server of several": {[]string{"  - url: https://api.sakari.io/v1", "  - url: https://sandbox.sakari.io/v0\n  - url: https://api.sakari.io/v1"}, nil},
		"a path that stands elsewhere": {[]string{"  /accounts/{account}/attributes/{kind}:\n", "  /accounts/{account}/attributes/{kind}: {$ref: '#/x-items/a~1b'}\nx-items:\n  a/b:\n"}, []string{
			one + notThere, update + notThere}}, // these come behind, and are no paths now
		"a reference to a reference": {[]string{
			"        - {name: account, in: path, required: true, schema: {type: string}}", "        - {$ref: '#/components/parameters/A'}",
			"components:\n", "components:\n  parameters:\n    A: {$ref: '#/components/parameters/B'}\n    B: {name: account, in: path, required: true, schema: {type: string}}\n"}, nil},
		"a reference into a component": {[]string{`$ref: "#/components/schemas/Change"`, `$ref: "#/components/schemas/Change%20s/properties/x~1y"`,
			"    Change:\n", "    Change s: {type: object, properties: {x/y: {$ref: '#/components/schemas/Change'}}}\n    Change:\n"}, nil},
		"a parameter in the place of its path's": {[]string{"      operationId: fetchAttribute\n", "      parameters:\n        - {name: id, in: path, required: true, schema: {type: string, maxLength: 9}}\n"}, []string{
			one + ": for the `path` request parameter `attributeId`, the maxLength was set to `9`"}},
		"open schemas that say so": {[]string{"    Page:\n      type: object\n", "    Page:\n      type: object\n      additionalProperties: true\n",
			"              mobile:\n                type: object\n", "              mobile:\n                type: object\n                additionalProperties: true\n"}, nil},
		"defaults that are said": {[]string{"{name: limit, in: query,", "{name: limit, in: query, style: form, explode: true, allowReserved: false,"}, nil},
		"a parameter that stands in an operation": {[]string{
			"operationId: fetchAttributesByType\n      parameters:\n        - {name: offset, in: query, schema: {type: integer, minimum: 0}}\n        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}",
			"operationId: fetchAttributesByType\n      parameters:\n        - {name: offset, in: query, schema: {type: integer, minimum: 0}}\n        - {$ref: '#/paths/~1accounts~1{account}~1attributes/get/parameters/2'}"}, nil},
		"a parameter that stands nowhere": {[]string{"        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}", "        - {$ref: '#/components/parameters/limit'}"}, []string{
			list + noLimit, byType + noLimit}},
		"a parameter of another file": {[]string{"        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}", "        - {$ref: 'params.yaml#/limit'}"}, []string{
			list + elsewhere, byType + elsewhere}},
		"another host": {[]string{"https://api.sakari.io/v1", "https://api.example.com/v1"}, []string{"servers: the API is at https://api.example.com, and not at https://api.sakari.io"}},
		"a schema of itself": {[]string{"lastName: {type: string}\n            email: {type: string}", "lastName: {type: string}\n            email: {type: string}\n            boss: {$ref: '#/components/schemas/Change'}"}, []string{
			list + boss, byType + boss, one + boss}},
		"an operation is null":      {[]string{"    put:\n", "    put: null\n    x-put:\n"}, []string{update + ": can not be read: it is no object"}},
		"a deviation that is gone":  {[]string{"              data:\n                type: object\n", "              data:\n                required: [amount]\n                type: object\n"}, []string{}},
		"an operation is gone":      {[]string{"    put:\n", "    patch:\n"}, []string{update + notThere}},
		"a path is gone":            {[]string{"  /accounts/{account}/attributes:\n", "  /accounts/{account}/other:\n"}, []string{list + notThere}},
		"a reference leads nowhere": {[]string{`schemas/Page"`, `schemas/Pages"`}, []string{list + lost, byType + lost, one + lost}},
		"another version":           {[]string{"sakari.io/v1", "sakari.io/v2"}, nothing},
		"paths is a list":           {[]string{"\npaths:\n", "\npaths: []\nx-paths:\n"}, nothing},
		"servers is a text":         {[]string{"servers:\n  - url: https://api.sakari.io/v1\n", "servers: x\n"}, nothing},
	} {
		t.Run(name, func(t *testing.T) {
			text := read(t, ".tools/contract/testdata/vendor.yaml")
			for i := 0; i < len(c.replace); i += 2 {
				if !strings.Contains(text, c.replace[i]) {
					t.Fatalf("the document has no %q", c.replace[i])
				}
				text = strings.ReplaceAll(text, c.replace[i], c.replace[i+1])
			}
			var out strings.Builder
			err := drift(write(t, filepath.Join(t.TempDir(), "vendor.yaml"), text), &out)
			if !errors.Is(err, errFound) {
				t.Fatal(err)
			}
			got := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
			var differences []string
			for _, line := range got {
				if found, ok := strings.CutPrefix(line, "  "); ok {
					differences = append(differences, found)
				}
			}
			if diff := cmp.Diff(append([]string{token}, c.want...), differences); diff != "" {
				t.Error(diff)
			}
			if counted := strings.Contains(out.String(), ", 6 operations\n"); name == "one server of several" && !counted {
				t.Errorf("the operations are not counted once\n%s", out.String())
			}
			gone := strings.Count(out.String(), "\n- ")
			if want := map[bool]int{true: 2}[name == "a deviation that is gone"]; gone != want {
				t.Errorf("%d deviations are gone, want %d\n%s", gone, want, out.String())
			}
		})
	}
}

// The contract does not differ from itself, but where it is known to.
func TestNoDrift(t *testing.T) {
	var out strings.Builder
	if err := drift("openapi.yaml", &out); err != nil || !strings.Contains(out.String(), "  nothing\n") || !strings.Contains(out.String(), "6 operations") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// A large document, whose rest is of no interest, and broken.
func TestDriftOfALargeDocument(t *testing.T) {
	var large strings.Builder
	large.WriteString(`{"openapi":"3.0.0","paths":{`)
	for i := range 50_000 {
		fmt.Fprintf(&large, `"/v1/other/%d":{"get":{"responses":{"200":{"$ref":"#/components/responses/%d"}}}},`, i, i)
	}
	large.WriteString(`"/v1/accounts/{a}/attributes":{"get":7}}}`)
	var out strings.Builder
	err := drift(write(t, filepath.Join(t.TempDir(), "large.json"), large.String()), &out)
	if !errors.Is(err, errFound) || !strings.Contains(out.String(), "50001 operations") || !strings.Contains(out.String(), "\n6 differences") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestDriftOfWhatIsNoDocument(t *testing.T) {
	file := func(text string) string { return write(t, filepath.Join(t.TempDir(), "spec"), text) }
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for name := 'b'; name <= 'j'; name++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", name, name, strings.Repeat(fmt.Sprintf("*%c, ", name-1), 9))
	}
	for want, spec := range map[string]string{
		"no such file or directory":            "nowhere.json",
		"and it begins with \"<!DOCTYPE":       file("<!DOCTYPE html><html><body class=\"x\">\n\tnot found</body></html>"),
		"neither JSON nor YAML":                file(`{"openapi":"3.0.0",`),
		"is Swagger 2.0":                       file(`{"swagger":"2.0"}`),
		"openapi is <nil>":                     file(""),
		"openapi is 4.0.0":                     file("openapi: 4.0.0"),
		"openapi is 3":                         file("openapi: 3"),
		"document contains excessive aliasing": file(bomb),
	} {
		var out strings.Builder
		if err := drift(spec, &out); err == nil || errors.Is(err, errFound) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q", spec, err, want)
		}
	}
}
