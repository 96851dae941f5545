package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/semver"
)

// releaseCheck checks that the changelog of a tree has the version that the changes since the last
// release need.
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
	shallow, err := output(root, "git", "rev-parse", "--is-shallow-repository")
	if err == nil && strings.TrimSpace(shallow) == "true" {
		return errors.New("the clone is shallow, so the last release cannot be found: " +
			"git fetch --unshallow --tags")
	}
	last := lastRelease(root)
	if last == "" {
		fmt.Fprintf(out, "No release yet: the first one will be %s.\n", version)
		return nil
	}
	fmt.Fprintf(out, "From %s to this tree.\n", last)
	work, err := os.MkdirTemp("", "spec")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	released, err := readSide(root, last+":"+specFile, work)
	if err != nil {
		return fmt.Errorf("%s: %w", last, err)
	}
	now, err := sideIn(root)
	if err != nil {
		return err
	}
	bump, err := report(released, now, out)
	if err != nil {
		return err
	}
	code, err := changedCode(root, last)
	if err != nil {
		return err
	}
	if len(code) > 0 {
		fmt.Fprintf(out, "\nIn the code: %d changed\n  %s\n", len(code), strings.Join(code, "\n  "))
		bump = max(bump, patch)
	}
	needed := bump.next(last)
	fmt.Fprintf(out, "\nThe change is %s. After %s the version is at least %s, "+
		"and CHANGELOG.md has %s.\n", bump, last, needed, version)
	_, err = output(root, "git", "rev-parse", "--verify", "--quiet", "refs/tags/"+version)
	if err == nil && version != last {
		fmt.Fprintf(out, "%s is the version of a tag already, on another branch.\n", version)
		return errFound
	}
	if semver.Compare(version, needed) < 0 {
		fmt.Fprintf(out, "Begin CHANGELOG.md with: ## [%s] - unreleased\n", needed[1:])
		return errFound
	}
	return nil
}

// changedCode returns the changed files that users build, also those whose public surface is the
// same.
func changedCode(root, last string) ([]string, error) {
	changed, err := output(root, "git", "diff", "--name-only", "--no-renames", "-z", last)
	if err != nil {
		return nil, err
	}
	added, err := output(root, "git", "ls-files", "-z", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	var code []string
	for name := range strings.SplitSeq(changed+added, "\x00") {
		inPackage := strings.Contains(name, "/") && !strings.HasPrefix(name, ".")
		isCode := path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go")
		if name == "go.mod" || inPackage && isCode {
			code = append(code, name)
		}
	}
	return code, nil
}

// lastRelease returns the tag of the last release before this tree, or an empty string.
func lastRelease(root string) string {
	tag, _ := output(root, "git", "describe", "--tags", "--abbrev=0",
		"--match", "v[0-9]*.*.*", "--exclude", "*-*")
	return strings.TrimSpace(tag)
}
