package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

var (
	releaseHeading = regexp.MustCompile(`^## \[(\d+\.\d+\.\d+)\] - (unreleased|\d{4}-\d{2}-\d{2})$`)
	kinds          = []string{"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
)

// readChangelog returns the newest version of a changelog, and what is wrong with its form.
func readChangelog(text string) (newest string, problems []string) {
	wrong := func(line int, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("line %d: %s", line+1, fmt.Sprintf(format, args...)))
	}
	previous, entries, at := "", 0, 0
	closeRelease := func() {
		if previous != "" && entries == 0 {
			wrong(at, "the release has no entry: write one below ### and one of %s", strings.Join(kinds, ", "))
		}
	}
	for i, line := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(line, "### "):
			if !slices.Contains(kinds, strings.TrimPrefix(line, "### ")) {
				wrong(i, "%q is none of %s", line, strings.Join(kinds, ", "))
			}
		case strings.HasPrefix(line, "## "):
			closeRelease()
			heading := releaseHeading.FindStringSubmatch(line)
			if heading == nil {
				wrong(i, "%q: write ## [1.2.3] - and unreleased or the date, such as 2026-12-31", line)
				continue
			}
			version := "v" + heading[1]
			switch {
			case newest == "":
				newest = version
			case heading[2] == "unreleased":
				wrong(i, "only the newest release may be unreleased")
			}
			if previous != "" && semver.Compare(version, previous) >= 0 {
				wrong(i, "%s stands below %s", version, previous)
			}
			if _, err := time.Parse(time.DateOnly, heading[2]); err != nil && heading[2] != "unreleased" {
				wrong(i, "%s is no date", heading[2])
			}
			previous, entries, at = version, 0, i
		case strings.HasPrefix(line, "- "):
			entries++
		}
	}
	closeRelease()
	if newest == "" && len(problems) == 0 {
		wrong(0, "no release: write ## [0.1.0] - unreleased")
	}
	return newest, problems
}
