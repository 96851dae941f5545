package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"golang.org/x/mod/semver"
)

// revise reports what a change from one spec to another breaks, and the version that it needs.
func revise(from, to string, out io.Writer) error {
	if from == "" || to == "" {
		return errors.New("FROM and TO: " + writeFile)
	}
	work, err := os.MkdirTemp("", "spec")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	before, err := readSide(".", from, filepath.Join(work, "from"))
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	after, err := readSide(".", to, filepath.Join(work, "to"))
	if err != nil {
		return fmt.Errorf("%s: %w", to, err)
	}
	fmt.Fprintf(out, "From %s to %s.\n", from, to)
	bump, err := report(before, after, out)
	if err != nil {
		return err
	}
	if before.text == after.text {
		fmt.Fprintf(out, "\nThe two specs are the same. Compare another one, "+
			"such as FROM=HEAD~1:%s.\n", specFile)
	}
	fmt.Fprintf(out, "\nThe change is %s.\n", bump)
	if last := lastRelease("."); last != "" {
		fmt.Fprintf(out, "After %s the version is at least %s.\n", last, bump.next(last))
	}
	return nil
}

// side is one of the two that are compared: a directory with a spec and the code for it.
type side struct {
	tree string
	text string
	doc  *openapi3.T
}

// readSide fills a directory with a spec and the code for it. The spec of a git revision gets that
// revision's code, which was written for it. Any other spec gets the code of the work tree.
func readSide(root, name, tree string) (side, error) {
	text, err := os.ReadFile(name)
	revision, file, hasRevision := strings.Cut(name, ":") // no revision is the index
	switch {
	case err == nil:
		err = treeWith(root, text, tree)
	case !hasRevision:
		var failed *os.PathError
		if errors.As(err, &failed) { // it names the file again
			err = failed.Err
		}
		err = fmt.Errorf("%w: %s", err, writeFile)
	case revision != "" && path.Clean(file) == specFile:
		if err = extract(root, revision, tree); err != nil {
			err = fmt.Errorf("%w: %s", err, writeFile)
		}
	default:
		committed, failed := output(root, "git", "show", name)
		if failed != nil {
			return side{}, fmt.Errorf("%w: %s", failed, writeFile)
		}
		err = treeWith(root, []byte(committed), tree)
	}
	if err != nil {
		return side{}, err
	}
	return sideIn(tree)
}

// sideIn reads the spec in a tree.
func sideIn(tree string) (side, error) {
	text, err := os.ReadFile(filepath.Join(tree, specFile))
	if errors.Is(err, fs.ErrNotExist) {
		return side{}, fmt.Errorf("it has no %s: %s", specFile, writeFile)
	}
	if err != nil {
		return side{}, err
	}
	doc, err := loadSpec(text)
	return side{tree: tree, text: string(text), doc: doc}, err
}

// report writes the changes, and returns the bump that they need.
func report(before, after side, out io.Writer) (bump, error) {
	follows := none
	if before.text != after.text {
		follows = patch
	}
	wire, err := wireChanges(before.doc, after.doc)
	if err != nil {
		return none, err
	}
	levels := make(map[checker.Level]int)
	for _, c := range wire {
		levels[c.level]++
	}
	fmt.Fprintf(out, "\nOn the wire: %d breaking, %d warning, %d info\n",
		levels[checker.ERR], levels[checker.WARN], levels[checker.INFO])
	for _, c := range wire {
		fmt.Fprintln(out, "  "+c.String())
		if c.level == checker.ERR {
			follows = max(follows, major)
		} else {
			follows = max(follows, minor)
		}
	}
	changes, err := compareGo(before.tree, after.tree)
	if err != nil {
		return none, err
	}
	fmt.Fprintf(out, "\nIn Go: %d breaking, %d added\n", len(changes.breaking), len(changes.added))
	for _, c := range changes.breaking {
		fmt.Fprintln(out, "  breaking  "+c)
		follows = max(follows, major)
	}
	for _, c := range changes.added {
		fmt.Fprintln(out, "  added     "+c)
		follows = max(follows, minor)
	}
	if len(changes.newErrors) > 0 {
		fmt.Fprintf(out, "\nThe code does not compile with the newer spec, so it has to change, "+
			"and its callers too.\n  %s\n", strings.Join(changes.newErrors, "\n  "))
		follows = major
	}
	if len(changes.oldErrors) > 0 {
		fmt.Fprintf(out, "\nThe code does not compile with the older spec, so it is not compared. "+
			"It is if FROM is a git revision, such as HEAD:%s.\n  %s\n",
			specFile, strings.Join(changes.oldErrors, "\n  "))
	}
	return follows, nil
}

// bump is the part of a version that a change increases.
type bump int

const (
	none bump = iota
	patch
	minor
	major
)

func (b bump) String() string {
	return []string{"without effect", "a patch", "an addition (minor)", "breaking (major)"}[b]
}

// next returns the lowest version that may follow a release. Before 1.0.0 a breaking change
// increases the minor number, and an addition the patch number.
func (b bump) next(last string) string {
	var x, y, z int
	_, _ = fmt.Sscanf(semver.Canonical(last), "v%d.%d.%d", &x, &y, &z)
	if x == 0 && b > patch {
		b--
	}
	switch b {
	case none:
		return last
	case patch:
		return fmt.Sprintf("v%d.%d.%d", x, y, z+1)
	case minor:
		return fmt.Sprintf("v%d.%d.0", x, y+1)
	}
	return fmt.Sprintf("v%d.0.0", x+1)
}
