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

// wireChanges lists what changes on the wire from one contract to another, the worst first. It is as good as oasdiff, which has
// no words for changes of additionalProperties, not, style, explode, allowReserved and encoding.
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
	commonparams.Move(doc) // a parameter is the same on a path and on its operations
	return doc, nil
}
