package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3conv"
	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v3"
)

// document is an OpenAPI document that need not be valid as a whole.
type document map[string]any

// place is where an operation is in a document.
type place struct {
	method, path string
	withServer   string // path after that of a server
}

func (p place) String() string { return strings.ToUpper(p.method) + " " + p.path }

func readDocument(file string) (document, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, writeVendorFile)
	}
	doc, err := parseDocument(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return doc, nil
}

// parseDocument returns an error that says what to do, if a text is no OpenAPI document.
func parseDocument(text []byte) (document, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("is empty: write an OpenAPI 3 document")
	}
	var parsed any
	err := json.Unmarshal(text, &parsed) // much faster than yaml.Unmarshal, which reads JSON too
	if err != nil {
		err = yaml.Unmarshal(text, &parsed)
	}
	if err != nil {
		reason := strings.TrimPrefix(strings.Join(strings.Fields(err.Error()), " "), "yaml: ")
		return nil, fmt.Errorf("is neither JSON nor YAML: %s; it begins with %.40q",
			strings.TrimPrefix(reason, "unmarshal errors: "), text)
	}
	doc := document(object(parsed))
	if doc["swagger"] != nil {
		return nil, fmt.Errorf("is Swagger %v: convert it to OpenAPI 3", doc["swagger"])
	}
	if doc["openapi"] == nil {
		return nil, fmt.Errorf("is not an OpenAPI 3 document: it has no openapi; it begins with %.40q", text)
	}
	if version, _ := doc["openapi"].(string); !strings.HasPrefix(version, "3.") {
		return nil, fmt.Errorf("is not an OpenAPI 3 document: openapi is %v; it begins with %.40q",
			doc["openapi"], text)
	}
	return doc, nil
}

func (d document) String() string {
	info := object(d["info"])
	return fmt.Sprintf("OpenAPI %v, %q, version %v", d["openapi"], info["title"], info["version"])
}

var methods = []string{"get", "put", "post", "delete", "patch", "head", "options", "trace"}

// places returns the operations of the document, each once per server. The key of an operation is
// its method and its path without the names of parameters.
func (d document) places() map[string]place {
	found := make(map[string]place)
	for path, item := range object(d["paths"]) {
		for method := range object(item) {
			if !slices.Contains(methods, method) {
				continue
			}
			for _, server := range serversOf(object(item)[method], item, map[string]any(d)) {
				whole := strings.TrimSuffix(strings.TrimSuffix(server.Path, "/")+path, "/")
				key := method + " " + parameterName.ReplaceAllString(whole, "{}")
				found[key] = place{method: method, path: path, withServer: whole}
			}
		}
	}
	return found
}

// servers returns the addresses of the servers, an empty one if there is none.
func (d document) servers() []*url.URL { return serversOf(map[string]any(d)) }

// serversOf returns the addresses in the first of an operation, its path and the document that has
// servers.
func serversOf(places ...any) []*url.URL {
	var servers []*url.URL
	var all []any
	for _, at := range places {
		if all, _ = object(at)["servers"].([]any); len(all) > 0 {
			break
		}
	}
	for _, server := range all {
		address, _ := object(server)["url"].(string)
		for name, variable := range object(object(server)["variables"]) {
			value := fmt.Sprint(object(variable)["default"])
			address = strings.ReplaceAll(address, "{"+name+"}", value)
		}
		if parsed, err := url.Parse(address); err == nil {
			servers = append(servers, parsed)
		}
	}
	if len(servers) == 0 {
		return []*url.URL{{}}
	}
	return servers
}

var parameterName = regexp.MustCompile(`\{[^}]*\}`)

// ignoredKeys are those of an operation that drift does not compare with oasdiff. Security is
// compared without the names of its schemes. Failures are a convention of the whole API.
var ignoredKeys = []string{"operationId", "summary", "description", "tags", "security", "servers"}

// load reads one operation of the document, and what it refers to. The rest of the document may be
// invalid.
func (d document) load(at place) (*openapi3.T, error) {
	item := object(object(d["paths"])[at.path])
	operation := maps.Clone(object(item[at.method]))
	if operation == nil {
		return nil, errors.New("it is not an object")
	}
	for _, key := range ignoredKeys {
		delete(operation, key)
	}
	responses := maps.Clone(object(operation["responses"]))
	for status := range responses {
		if !strings.HasPrefix(status, "2") {
			delete(responses, status)
		}
	}
	operation["responses"] = responses
	components := make(map[string]any)
	d.collect([]any{operation, item["parameters"]}, components)
	loaded, err := document{
		"openapi": d["openapi"],
		"info":    map[string]any{"title": "one operation", "version": "1"},
		"paths": map[string]any{
			at.withServer: map[string]any{"parameters": item["parameters"], at.method: operation},
		},
		"components": components,
	}.flat()
	if err != nil {
		return nil, err
	}
	openapi3conv.Upgrade(loaded)
	loaded.Components = nil // all references are resolved
	return loaded, nil
}

// collect adds the components to which a value refers. The loader reports a reference whose target
// is missing.
func (d document) collect(value any, components map[string]any) {
	switch value := value.(type) {
	case map[any]any:
		d.collect(object(value), components)
	case map[string]any:
		ref, _ := value["$ref"].(string)
		if kind, name, ok := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/"); ok {
			name, _, _ = strings.Cut(name, "/") // the rest is within the component
			name = unescaped(name)
			target, found := object(object(d["components"])[kind])[name]
			if components[kind] == nil {
				components[kind] = make(map[string]any)
			}
			if _, done := object(components[kind])[name]; found && !done {
				object(components[kind])[name] = target
				d.collect(target, components)
			}
		}
		for _, member := range value {
			d.collect(member, components)
		}
	case []any:
		for _, element := range value {
			d.collect(element, components)
		}
	}
}

// object returns the members of a value. YAML reads a name such as 200 as a number.
func object(value any) map[string]any {
	members, _ := value.(map[string]any)
	if mixed, ok := value.(map[any]any); ok {
		members = make(map[string]any, len(mixed))
		for name, member := range mixed {
			members[fmt.Sprint(name)] = member
		}
	}
	return members
}
