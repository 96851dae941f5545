package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/oasdiff/oasdiff/checker"
	"golang.org/x/mod/semver"
)

// revise reports what a change from one contract to another breaks.
func revise(from, to string, out io.Writer) error {
	before, err := readContract(".", from)
	if err != nil {
		return err
	}
	after, err := readContract(".", to)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "From %s to %s.\n", from, to)
	fromTree, remove, err := treeWith(".", before)
	if err != nil {
		return err
	}
	defer remove()
	toTree, remove, err := treeWith(".", after)
	if err != nil {
		return err
	}
	defer remove()
	bump, err := report(before, after, fromTree, toTree, out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe change is %s.\n", bump)
	if last := lastRelease("."); last != "" {
		fmt.Fprintf(out, "After %s the version is at least %s.\n", last, bump.next(last))
	}
	return nil
}

// readContract reads a file, or a file of a git revision.
func readContract(root, name string) (string, error) {
	text, err := os.ReadFile(name)
	if err == nil || !strings.Contains(name, ":") {
		return string(text), err
	}
	return output(root, "git", "show", name)
}

// report writes what changes, and returns the bump that follows.
func report(before, after, fromTree, toTree string, out io.Writer) (bump, error) {
	fromDoc, err := loadContract([]byte(before))
	if err != nil {
		return none, fmt.Errorf("the older contract: %w", err)
	}
	toDoc, err := loadContract([]byte(after))
	if err != nil {
		return none, fmt.Errorf("the newer contract: %w", err)
	}
	follows := none
	if before != after {
		follows = patch
	}
	wire, err := wireChanges(fromDoc, toDoc)
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
	changes, err := compareGo(fromTree, toTree)
	var broken *uncompiled
	if errors.As(err, &broken) {
		fmt.Fprintf(out, "\nIn Go: this does not compile with both, so the code has to change as well, and its callers with it:\n")
		for line := range strings.Lines(broken.Error()) {
			fmt.Fprint(out, "  "+strings.TrimRight(line, "\n")+"\n")
		}
		return major, nil
	}
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
