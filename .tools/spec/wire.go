package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"
)

// wireChange is a change of what goes over the network.
type wireChange struct {
	level checker.Level
	where string // the methods and paths, or the schema
	text  string
}

var levelNames = map[checker.Level]string{
	checker.ERR: "breaking", checker.WARN: "warning", checker.INFO: "info",
}

func (c wireChange) String() string {
	return fmt.Sprintf("%-9s %s: %s", levelNames[c.level], c.where, c.text)
}

// wireChanges returns the changes from one spec to another, breaking ones first. Those of a schema
// that has its name in both are at that schema. oasdiff does not report changes of
// additionalProperties, not, style, explode, allowReserved and encoding.
func wireChanges(from, to *openapi3.T) ([]wireChange, error) {
	var changes []wireChange
	isDone := make(map[use]bool)
	var compare func(from, to *openapi3.T, schema string) error
	compare = func(from, to *openapi3.T, schema string) error {
		report, sources, err := diff.GetWithOperationsSourcesMap(
			diff.NewConfig(), &load.SpecInfo{Spec: from}, &load.SpecInfo{Spec: to})
		if err != nil {
			return err
		}
		shared := takeShared(report)
		config := checker.NewConfig(checker.GetAllChecks())
		all := checker.CheckBackwardCompatibilityUntilLevel(config, report, sources, checker.INFO)
		for _, c := range all {
			where := strings.TrimSpace(c.GetOperation() + " " + c.GetPath())
			text := c.GetUncolorizedText(checker.NewDefaultLocalizer())
			changes = append(changes, wireChange{c.GetLevel(), cmp.Or(schema, where, c.GetSection()), text})
		}
		changes = append(changes, flowChanges(report)...)
		for use, both := range shared {
			if !isDone[use] {
				isDone[use] = true
				err = cmp.Or(err, compare(around(both.Base, use.isResponse),
					around(both.Revision, use.isResponse), schemaPrefix+use.name))
			}
		}
		return err
	}
	err := compare(from, to, "")
	return grouped(changes), err
}

// schemaPrefix is before the name of a schema that a change is at.
const schemaPrefix = "schema "

// flowChanges returns the flows of security schemes that were added or removed, which oasdiff does
// not report.
func flowChanges(report *diff.Diff) []wireChange {
	if report == nil || report.ComponentsDiff == nil || report.ComponentsDiff.SecuritySchemesDiff == nil {
		return nil
	}
	var changes []wireChange
	for name, scheme := range report.ComponentsDiff.SecuritySchemesDiff.Modified {
		flows := scheme.OAuthFlowsDiff
		if flows == nil || scheme.TypeDiff != nil { // with another type the flows are another thing
			continue
		}
		for flow, change := range map[string]*diff.OAuthFlowDiff{
			"implicit": flows.ImplicitDiff, "password": flows.PasswordDiff,
			"clientCredentials": flows.ClientCredentialsDiff, "authorizationCode": flows.AuthorizationCodeDiff,
		} {
			text := fmt.Sprintf("the flow `%s` was %%s the security scheme `%s`", flow, name)
			if change != nil && change.Added {
				changes = append(changes, wireChange{checker.INFO, "components", fmt.Sprintf(text, "added to")})
			}
			if change != nil && change.Deleted {
				changes = append(changes, wireChange{checker.ERR, "components", fmt.Sprintf(text, "removed from")})
			}
		}
	}
	return changes
}

// grouped returns each change once, with all its places: a schema may be that of many operations.
// The most severe changes are first.
func grouped(changes []wireChange) []wireChange {
	slices.SortFunc(changes, func(a, b wireChange) int {
		return cmp.Or(-cmp.Compare(a.level, b.level),
			strings.Compare(a.text, b.text), strings.Compare(a.where, b.where))
	})
	var all []wireChange
	for _, c := range slices.Compact(changes) {
		last := len(all) - 1
		if last >= 0 && all[last].level == c.level && all[last].text == c.text {
			all[last].where += ", " + c.where
			continue
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b wireChange) int {
		return cmp.Or(-cmp.Compare(a.level, b.level), strings.Compare(a.where, b.where))
	})
	return all
}

// loadSpec reads a spec, which must be valid and must not refer to other files.
func loadSpec(text []byte) (*openapi3.T, error) {
	parsed, err := parseDocument(text)
	if err != nil {
		return nil, err
	}
	if err := parsed.refuseLoops(); err != nil { // Validate would say less
		return nil, err
	}
	doc, err := loadText(text)
	if err == nil {
		err = doc.Validate(context.Background())
	}
	if err != nil {
		return nil, err
	}
	return parsed.flat()
}
