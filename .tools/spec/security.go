package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// describesSecurity reports whether a document has any security scheme.
func (d document) describesSecurity() bool {
	return len(object(object(d["components"])["securitySchemes"])) > 0
}

// security returns what a request of an operation needs, without the names of the schemes.
func (d document) security(at place) string {
	required, ok := object(object(object(d["paths"])[at.path])[at.method])["security"]
	if !ok {
		required = d["security"]
	}
	list, _ := required.([]any)
	var alternatives []string
	for _, alternative := range list {
		var schemes []string
		for name, scopes := range object(alternative) {
			scheme := object(object(d["components"])["securitySchemes"])[name]
			if ref, ok := object(scheme)["$ref"].(string); ok {
				scheme = d.target(ref)
			}
			text, _ := json.Marshal(withoutAnnotations(scheme), json.Deterministic(true))
			if needed, _ := scopes.([]any); len(needed) > 0 {
				text = fmt.Appendf(text, " with %v", needed)
			}
			schemes = append(schemes, string(text))
		}
		slices.Sort(schemes)
		alternatives = append(alternatives, cmp.Or(strings.Join(schemes, " and "), "nothing"))
	}
	slices.Sort(alternatives)
	return cmp.Or(strings.Join(slices.Compact(alternatives), " or "), "nothing")
}

// withoutAnnotations returns of a security scheme what a client needs. Of scopes that is the names.
func withoutAnnotations(scheme any) any {
	members := object(scheme)
	if members == nil {
		return scheme
	}
	needed := make(map[string]any)
	for key, member := range members {
		switch {
		case key == "scopes":
			needed[key] = slices.Sorted(maps.Keys(object(member)))
		case key == "scheme": // RFC 9110, section 11.1
			needed[key] = strings.ToLower(fmt.Sprint(member))
		case key != "description" && key != "bearerFormat" && !strings.HasPrefix(key, "x-"):
			needed[key] = withoutAnnotations(member)
		}
	}
	return needed
}
