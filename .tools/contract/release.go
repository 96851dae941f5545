package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
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
	code, err := changedCode(root, last)
	if err != nil {
		return err
	}
	if len(code) > 0 {
		fmt.Fprintf(out, "\nIn the code: %d changed\n  %s\n", len(code), strings.Join(code, "\n  "))
		bump = max(bump, patch)
	}
	needed := bump.next(last)
	fmt.Fprintf(out, "\nThe change is %s. After %s the version is at least %s, and CHANGELOG.md has %s.\n", bump, last, needed, version)
	if _, err := output(root, "git", "rev-parse", "--verify", "--quiet", "refs/tags/"+version); err == nil && version != last {
		fmt.Fprintf(out, "%s is the version of a tag already, on another branch.\n", version)
		return errFound
	}
	if semver.Compare(version, needed) < 0 {
		fmt.Fprintf(out, "Begin CHANGELOG.md with: ## [%s] - unreleased\n", strings.TrimPrefix(needed, "v"))
		return errFound
	}
	return nil
}

// changedCode lists what of the files that users build has changed since a release, whether their surface shows it or not.
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
		isCode := path.Ext(name) == ".go" && strings.Contains(name, "/") && !strings.HasSuffix(name, "_test.go") || name == "go.mod"
		if isCode && !strings.HasPrefix(name, ".") {
			code = append(code, name)
		}
	}
	return code, nil
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
