package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3conv"
	"github.com/oasdiff/oasdiff/flatten/allof"
)

// load reads one operation as if it stood at a path, with what it refers to, and without what no server and no client sees.
func (d document) load(at place, path string) (*openapi3.T, error) {
	item := d.item(at.path)
	operation := maps.Clone(object(item[at.method]))
	if operation == nil {
		return nil, errors.New("it is no object")
	}
	for _, key := range []string{"operationId", "tags", "summary", "description", "externalDocs", "security", "servers", "callbacks"} {
		delete(operation, key)
	}
	names := make(map[string]string)
	for i, name := range parameterName.FindAllString(at.path, -1) {
		names[name] = parameterName.FindAllString(path, -1)[i]
	}
	parameters, own := []any{}, make(map[string]bool)
	for _, parameter := range slices.Concat(list(operation["parameters"]), list(item["parameters"])) {
		p := d.target(object(parameter))
		if key := fmt.Sprint(p["in"], " ", p["name"], p["$ref"]); !own[key] { // that of an operation stands for that of its path
			own[key] = true
			parameters = append(parameters, renamed(p, names))
		}
	}
	operation["parameters"] = parameters
	responses := make(map[string]any)
	for status, response := range object(operation["responses"]) {
		if strings.HasPrefix(status, "2") {
			responses[status] = response
		}
	}
	operation["responses"] = responses
	components := make(map[string]any)
	d.collect(operation, components)
	text, err := json.Marshal(map[string]any{
		"openapi":    d["openapi"],
		"info":       map[string]any{"title": "one operation", "version": "1"},
		"paths":      map[string]any{path: map[string]any{at.method: operation}},
		"components": components,
	})
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if doc, err = allof.MergeSpec(doc); err != nil {
		return nil, err
	}
	openapi3conv.Upgrade(doc)
	doc.Components = nil // all is resolved, and the names are nobody's business
	return doc, nil
}

// renamed is a parameter, with the name that the other document has for it if it stands in the path.
func renamed(p map[string]any, names map[string]string) map[string]any {
	name, _ := p["name"].(string)
	if other, ok := names["{"+name+"}"]; ok && p["in"] == "path" {
		p = maps.Clone(p)
		p["name"] = strings.Trim(other, "{}")
	}
	return p
}

// collect adds to components what a value refers to. A reference that leads nowhere is left to the loader.
func (d document) collect(value any, components map[string]any) {
	switch value := value.(type) {
	case map[string]any:
		if ref, ok := value["$ref"].(string); ok {
			d.collectRef(ref, components)
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

func (d document) collectRef(ref string, components map[string]any) {
	kind, name, ok := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
	name, _, _ = strings.Cut(name, "/") // the rest is within the component
	name = unescaped(name)
	target, there := object(object(d["components"])[kind])[name]
	if !ok || !there {
		return
	}
	if components[kind] == nil {
		components[kind] = make(map[string]any)
	}
	if object(components[kind])[name] == nil {
		object(components[kind])[name] = target
		d.collect(target, components)
	}
}
