package main

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"golang.org/x/mod/semver"
)

// revise reports what a change from one contract to another breaks.
func revise(from, to string, out io.Writer) error {
	before, remove, err := readSide(".", from)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	defer remove()
	after, remove, err := readSide(".", to)
	if err != nil {
		return fmt.Errorf("%s: %w", to, err)
	}
	defer remove()
	fmt.Fprintf(out, "From %s to %s.\n", from, to)
	bump, err := report(before, after, out)
	if err != nil {
		return err
	}
	if before.text == after.text {
		fmt.Fprintf(out, "\nThe two contracts are the same. Name others, such as FROM=HEAD~1:%s.\n", contractFile)
	}
	fmt.Fprintf(out, "\nThe change is %s.\n", bump)
	if last := lastRelease("."); last != "" {
		fmt.Fprintf(out, "After %s the version is at least %s.\n", last, bump.next(last))
	} else {
		fmt.Fprintln(out, "There is no release yet: say it below the first version of CHANGELOG.md.")
	}
	return nil
}

// side is one of the two that are compared: a tree with a contract, and the code for it.
type side struct {
	tree string
	text string
	doc  *openapi3.T
}

func sideOf(tree string) (side, error) {
	text, err := os.ReadFile(filepath.Join(tree, contractFile))
	if err != nil {
		return side{}, err
	}
	doc, err := loadContract(text)
	return side{tree, string(text), doc}, err
}

// readSide takes the contract of a git revision with that revision's code, which was written for it. Any other file it puts
// into a copy of the tree below a root.
func readSide(root, name string) (s side, remove func(), err error) {
	text, err := os.ReadFile(name)
	revision, file, hasRevision := strings.Cut(name, ":") // no revision is the index
	switch {
	case err == nil:
	case !hasRevision:
		return side{}, nil, fmt.Errorf("%w (of a git revision write %s:%s)", err, name, contractFile)
	case revision != "" && path.Clean(file) == contractFile:
		return sideIn(treeOf(root, revision))
	default:
		committed, err := output(root, "git", "show", name)
		if err != nil {
			return side{}, nil, err
		}
		text = []byte(committed)
	}
	if _, err := loadContract(text); err != nil { // the generator would say less
		return side{}, nil, err
	}
	return sideIn(treeWith(root, text))
}

func sideIn(tree string, remove func(), err error) (side, func(), error) {
	if err != nil {
		return side{}, nil, err
	}
	s, err := sideOf(tree)
	if err != nil {
		remove()
	}
	return s, remove, err
}

// report writes what changes, and returns the bump that follows.
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
	fmt.Fprintf(out, "\nOn the wire: %d breaking, %d warning, %d info\n", levels[checker.ERR], levels[checker.WARN], levels[checker.INFO])
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
	if len(changes.newBroke) > 0 {
		fmt.Fprintln(out, "\nThe code does not compile with the newer contract: it has to change, and its callers with it.")
		fmt.Fprintln(out, "  "+strings.Join(changes.newBroke, "\n  "))
		follows = major
	}
	if len(changes.oldBroke) > 0 {
		fmt.Fprintf(out, "\nThe code does not compile with the older contract, so it is not compared. It is if FROM is a git revision, such as HEAD:%s.\n", contractFile)
		fmt.Fprintln(out, "  "+strings.Join(changes.oldBroke, "\n  "))
	}
	return follows, nil
}

// bump is the part of a version that a change moves.
type bump int

const (
	none bump = iota
	patch
	minor
	major
)

func (b bump) String() string {
	return []string{"none that anybody notices", "a patch", "an addition (minor)", "breaking (major)"}[b]
}

// next is the lowest version that may follow a release. Before 1.0.0 a breaking change moves the minor number, and an addition
// the patch number.
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
