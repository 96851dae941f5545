package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/flatten/commonparams"
	"github.com/oasdiff/oasdiff/load"
)

// wireChange is a change that one end of the connection may notice.
type wireChange struct {
	level checker.Level
	where string // method and path
	text  string
}

func (c wireChange) String() string {
	names := map[checker.Level]string{checker.ERR: "breaking", checker.WARN: "warning", checker.INFO: "info"}
	return fmt.Sprintf("%-9s %s: %s", names[c.level], c.where, c.text)
}

// wireChanges lists what changes on the wire from one contract to another, the worst first.
func wireChanges(from, to *openapi3.T) ([]wireChange, error) {
	report, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), &load.SpecInfo{Spec: from}, &load.SpecInfo{Spec: to})
	if err != nil {
		return nil, err
	}
	var changes []wireChange
	for _, c := range checker.CheckBackwardCompatibilityUntilLevel(checker.NewConfig(checker.GetAllChecks()), report, sources, checker.INFO) {
		where := strings.TrimSpace(c.GetOperation() + " " + c.GetPath())
		changes = append(changes, wireChange{c.GetLevel(), cmp.Or(where, c.GetSection()), c.GetUncolorizedText(checker.NewDefaultLocalizer())})
	}
	silent, err := unwordedChanges(report)
	if err != nil {
		return nil, err
	}
	changes = append(changes, silent...)
	slices.SortFunc(changes, func(a, b wireChange) int {
		return cmp.Or(-cmp.Compare(a.level, b.level), strings.Compare(a.where, b.where), strings.Compare(a.text, b.text))
	})
	return slices.Compact(changes), nil
}

// loadContract reads a contract as this project writes them: one file, valid, with no reference outside.
func loadContract(text []byte) (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(loader.Context); err != nil {
		return nil, err
	}
	if err := refuseEndlessArrays(doc); err != nil {
		return nil, err
	}
	commonparams.Move(doc) // a parameter is the same on a path and on its operations
	return doc, nil
}

// refuseEndlessArrays finds components whose elements are such arrays again: oasdiff would spell out their type for ever.
func refuseEndlessArrays(doc *openapi3.T) error {
	inside := make(map[*openapi3.Schema]bool)
	var endless func(ref *openapi3.SchemaRef) bool
	endless = func(ref *openapi3.SchemaRef) bool {
		if ref == nil || ref.Value == nil {
			return false
		}
		if within, met := inside[ref.Value]; met {
			return within
		}
		inside[ref.Value] = true
		defer func() { inside[ref.Value] = false }()
		return endless(ref.Value.Items) || slices.ContainsFunc(ref.Value.AllOf, endless)
	}
	if doc.Components == nil {
		return nil
	}
	for name, schema := range doc.Components.Schemas {
		if endless(schema) {
			return fmt.Errorf("the schema %s is an array of itself", name)
		}
	}
	return nil
}
