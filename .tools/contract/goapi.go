package main

import (
	"errors"
	"fmt"
	"go/types"
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
