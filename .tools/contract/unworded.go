package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
)

// unworded are the keywords whose changes oasdiff finds, and has no words for in its list of changes.
var unworded = map[string]string{
	"additionalPropertiesAllowed": "additionalProperties", "additionalProperties": "additionalProperties",
	"unevaluatedPropertiesAllowed": "unevaluatedProperties", "unevaluatedProperties": "unevaluatedProperties",
	"not": "not", "style": "style", "explode": "explode", "allowReserved": "allowReserved", "encoding": "encoding",
}

// unwordedChanges lists the changes of such keywords in the operations that both contracts have.
func unwordedChanges(report *diff.Diff) ([]wireChange, error) {
	if report == nil || report.PathsDiff == nil {
		return nil, nil
	}
	var changes []wireChange
	for path, item := range report.PathsDiff.Modified {
		if item.OperationsDiff == nil {
			continue
		}
		for method, operation := range item.OperationsDiff.Modified {
			text, err := json.Marshal(operation)
			if err != nil {
				return nil, err
			}
			var tree any
			if err := json.Unmarshal(text, &tree); err != nil {
				return nil, err
			}
			findUnworded(tree, 0, nil, func(at []string, keyword string, changed any) {
				if change, ok := wordsFor(at, keyword, object(changed)); ok {
					change.where = method + " " + path
					changes = append(changes, change)
				}
			})
		}
	}
	return changes, nil
}

// findUnworded goes through a report. Behind "modified" stand names, which may be those of keywords; of parameters, two.
func findUnworded(node any, names int, at []string, found func(at []string, keyword string, changed any)) {
	for _, element := range list(node) {
		findUnworded(element, names, at, found)
	}
	members := object(node)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		here := append(at[:len(at):len(at)], name)
		switch {
		case names > 0:
			findUnworded(members[name], names-1, here, found)
		case unworded[name] != "":
			found(at, unworded[name], members[name])
		case name == "modified" && len(at) == 1 && at[0] == "parameters":
			findUnworded(members[name], 2, at, found)
		case name == "modified":
			findUnworded(members[name], 1, at, found)
		case name == "content" || name == "schema" || name == "properties":
			findUnworded(members[name], 0, at, found)
		default:
			findUnworded(members[name], 0, here, found)
		}
	}
}

// wordsFor describes a change, if it is one: what is not said has a default.
func wordsFor(at []string, keyword string, changed map[string]any) (wireChange, bool) {
	_, isValue := changed["to"]
	from, to := valueOr(changed["from"], unsaid(at, keyword)), valueOr(changed["to"], unsaid(at, keyword))
	if isValue && from == to || !isValue && !isMore(changed) {
		return wireChange{}, false
	}
	level := checker.ERR // one end refuses what the other sends, or reads something else
	if isValue && keyword == "additionalProperties" && to == "true" {
		level = checker.INFO
	}
	text := fmt.Sprintf("the `%s` of `%s` changed", keyword, strings.Join(at, "/"))
	if isValue {
		text += fmt.Sprintf(" from `%s` to `%s`", from, to)
	}
	return wireChange{level: level, text: text}, true
}

// isMore tells whether a change of a schema is one of more than its words.
func isMore(changed any) bool {
	members, elements := object(changed), list(changed)
	if members == nil && elements == nil {
		return true
	}
	for name, value := range members {
		isWords := slices.Contains([]string{"description", "title", "example", "examples", "externalDocs", "extensions", "deprecated"}, name)
		if !isWords && isMore(value) {
			return true
		}
	}
	return slices.ContainsFunc(elements, isMore)
}

func valueOr(value any, unsaid string) string {
	if value == nil || value == "" {
		return unsaid
	}
	return fmt.Sprint(value)
}

// unsaid is the default of a keyword, where it has one.
func unsaid(at []string, keyword string) string {
	inURL := slices.Contains(at, "query") || slices.Contains(at, "cookie")
	switch keyword {
	case "additionalProperties", "unevaluatedProperties":
		return "true"
	case "style":
		return map[bool]string{true: "form", false: "simple"}[inURL]
	case "explode":
		return fmt.Sprint(inURL)
	case "allowReserved":
		return "false"
	}
	return ""
}
