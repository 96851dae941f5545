package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/zip"
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
	released, remove, err := treeOf(root, last)
	if err != nil {
		return err
	}
	defer remove()
	before, err := os.ReadFile(filepath.Join(released, "openapi.yaml"))
	if err != nil {
		return err
	}
	after, err := os.ReadFile(filepath.Join(root, "openapi.yaml"))
	if err != nil {
		return err
	}
	bump, err := report(string(before), string(after), released, root, out)
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

// treeOf extracts the tree of a revision.
func treeOf(root, revision string) (tree string, remove func(), err error) {
	tree, remove, err = temporary()
	if err != nil {
		return "", nil, err
	}
	command := exec.Command("git", "archive", revision)
	command.Dir = root
	archive, err := command.Output()
	if err == nil {
		err = extract(tar.NewReader(bytes.NewReader(archive)), tree)
	}
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("the tree of %s: %w", revision, err)
	}
	return tree, remove, nil
}

func extract(archive *tar.Reader, tree string) error {
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		target := filepath.Join(tree, filepath.FromSlash(header.Name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			return err
		}
		if err := os.WriteFile(target, text, 0o644); err != nil {
			return err
		}
	}
}

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

// pack makes a module proxy of one version of this tree, so that a program can be built against it as if it were released.
func pack(version, directory string) error {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		return err
	}
	this := module.Version{Path: modfile.ModulePath(text), Version: version}
	if err := module.Check(this.Path, this.Version); err != nil {
		return err
	}
	clean, remove, err := temporary()
	if err != nil {
		return err
	}
	defer remove()
	if err := copyTree(".", clean); err != nil {
		return err
	}
	target := filepath.Join(directory, filepath.FromSlash(this.Path), "@v")
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	var packed bytes.Buffer
	if err := zip.CreateFromDir(&packed, this, clean); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		version + ".info": fmt.Appendf(nil, "{%q:%q}\n", "Version", version),
		version + ".mod":  text,
		version + ".zip":  packed.Bytes(),
		"list":            []byte(version + "\n"),
	} {
		if err := os.WriteFile(filepath.Join(target, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
