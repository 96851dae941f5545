package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// releaseCheck holds the changelog of a tree against what has changed since the last release.
func releaseCheck(root string, out io.Writer) error {
	text, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	version, problems := readChangelog(string(text))
	for _, problem := range problems {
		fmt.Fprintln(out, "CHANGELOG.md: "+problem)
	}
	if len(problems) > 0 {
		return errFound
	}
	if shallow, err := output(root, "git", "rev-parse", "--is-shallow-repository"); err == nil && strings.TrimSpace(shallow) == "true" {
		return errors.New("the clone is shallow, so the last release can not be found: git fetch --unshallow --tags")
	}
	last := lastRelease(root)
	if last == "" {
		fmt.Fprintf(out, "No release yet, so nothing can break: the first one will be %s.\n", version)
		return nil
	}
	fmt.Fprintf(out, "From %s to this tree.\n", last)
	released, remove, err := sideIn(treeOf(root, last))
	if err != nil {
		return fmt.Errorf("%s: %w", last, err)
	}
	defer remove()
	now, err := sideOf(root)
	if err != nil {
		return err
	}
	bump, err := report(released, now, out)
	if err != nil {
		return err
	}
	needed := bump.next(last)
	fmt.Fprintf(out, "\nThe change is %s. After %s the version is at least %s, and CHANGELOG.md has %s.\n", bump, last, needed, version)
	if semver.Compare(version, needed) < 0 {
		fmt.Fprintf(out, "Begin CHANGELOG.md with: ## [%s] - unreleased\n", strings.TrimPrefix(needed, "v"))
		return errFound
	}
	return nil
}

// lastRelease is the newest version tag before this tree, empty if there is none.
func lastRelease(root string) string {
	listed, err := output(root, "git", "tag", "--list", "v*", "--merged", "HEAD")
	if err != nil {
		return "" // no repository, or no commit
	}
	versions := slices.DeleteFunc(strings.Fields(listed), func(tag string) bool {
		return semver.Canonical(tag) != tag || semver.Prerelease(tag) != ""
	})
	semver.Sort(versions)
	if len(versions) == 0 {
		return ""
	}
	return versions[len(versions)-1]
}
