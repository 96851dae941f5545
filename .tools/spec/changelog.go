package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

var (
	releaseHeading = regexp.MustCompile(`^## \[(\d+\.\d+\.\d+)\] - (unreleased|\d{4}-\d{2}-\d{2})$`)
	kinds          = []string{"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
)

// readChangelog returns the newest version of a changelog and the errors of its form.
func readChangelog(text string) (newest string, problems []string) {
	wrong := func(line int, format string, args ...any) {
		problem := fmt.Sprintf(format, args...)
		problems = append(problems, fmt.Sprintf("line %d: %s", line+1, problem))
	}
	previous := ""
	for i, line := range strings.Split(text, "\n") {
		if kind, ok := strings.CutPrefix(line, "### "); ok && !slices.Contains(kinds, kind) {
			wrong(i, "%q is not one of %s", line, strings.Join(kinds, ", "))
		}
		if !strings.HasPrefix(line, "## ") {
			continue
		}
		heading := releaseHeading.FindStringSubmatch(line)
		if heading == nil {
			wrong(i, "%q: write ## [1.2.3] - and unreleased or the date, such as 2026-12-31", line)
			continue
		}
		version := "v" + heading[1]
		if previous != "" && semver.Compare(version, previous) >= 0 {
			wrong(i, "%s is below %s", version, previous)
		}
		if newest != "" && heading[2] == "unreleased" {
			wrong(i, "only the newest release may be unreleased")
		}
		newest, previous = cmp.Or(newest, version), version
	}
	if newest == "" && len(problems) == 0 {
		wrong(0, "no release: write ## [0.1.0] - unreleased")
	}
	return newest, problems
}
