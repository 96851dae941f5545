package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/tools/go/packages"
)

// public are the packages that users import.
var public = []string{"./gen", "./api", "./api/apitest"}

// goChanges are the changes of the public Go packages from one tree to another.
type goChanges struct {
	breaking, added []string
}

func compareGo(fromTree, toTree string) (goChanges, error) {
	var changes goChanges
	before, err := loadPackages(fromTree)
	if err != nil {
		return changes, err
	}
	after, err := loadPackages(toTree)
	if err != nil {
		return changes, err
	}
	for i, name := range public {
		for _, c := range apidiff.Changes(before[i], after[i]).Changes {
			message := filepath.Base(name) + ": " + c.Message
			if c.Compatible || growsGeneratedInterface(c.Message) {
				changes.added = append(changes.added, message)
			} else {
				changes.breaking = append(changes.breaking, message)
			}
		}
	}
	slices.Sort(changes.breaking)
	slices.Sort(changes.added)
	return changes, nil
}

// growsGeneratedInterface knows the interfaces that get a method with each operation. They are there for the
// generated client; who implements them has to expect that.
func growsGeneratedInterface(message string) bool {
	ofClient := strings.HasPrefix(message, "ClientInterface.") || strings.HasPrefix(message, "ClientWithResponsesInterface.")
	return ofClient && strings.HasSuffix(message, ": added")
}

func loadPackages(tree string) ([]*types.Package, error) {
	config := &packages.Config{Dir: tree, Mode: packages.NeedName | packages.NeedTypes}
	loaded, err := packages.Load(config, public...)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]*types.Package)
	var problems []error
	for _, p := range loaded {
		for _, e := range p.Errors {
			problems = append(problems, errors.New(strings.ReplaceAll(e.Error(), tree+string(filepath.Separator), "")))
		}
		byName[p.Name] = p.Types
	}
	if len(problems) > 0 {
		return nil, &uncompiled{errors.Join(problems...)}
	}
	all := make([]*types.Package, len(public))
	for i, name := range public {
		if all[i] = byName[filepath.Base(name)]; all[i] == nil {
			return nil, fmt.Errorf("no package %s", name)
		}
	}
	return all, nil
}

// uncompiled says that the code does not compile.
type uncompiled struct{ error }

// treeWith copies the tree below a root, puts a contract into it and generates the code.
func treeWith(root, contract string) (tree string, remove func(), err error) {
	tree, remove, err = temporary()
	if err != nil {
		return "", nil, err
	}
	if err := copyTree(root, tree); err != nil {
		remove()
		return "", nil, err
	}
	if err := os.WriteFile(filepath.Join(tree, "openapi.yaml"), []byte(contract), 0o644); err != nil {
		remove()
		return "", nil, err
	}
	if _, err := output(tree, "go", "generate", "./..."); err != nil {
		remove()
		return "", nil, err
	}
	return tree, remove, nil
}

func temporary() (string, func(), error) {
	directory, err := os.MkdirTemp("", "contract")
	return directory, func() { _ = os.RemoveAll(directory) }, err
}

// copyTree copies what git would.
func copyTree(from, to string) error {
	listed, err := output(from, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimRight(listed, "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, and not yet committed
		}
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// output runs a command in a directory and returns what it prints.
func output(directory, name string, args ...string) (string, error) {
	command := exec.Command(name, args...)
	command.Dir = directory
	var stderr bytes.Buffer
	command.Stderr = &stderr
	printed, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(printed), nil
}
