package main

import (
	"go/types"
	"path"
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
	breaking, added    []string
	oldBroke, newBroke []string // what does not compile in a tree; the packages that it is in are not compared
}

func compareGo(fromTree, toTree string) (goChanges, error) {
	var changes goChanges
	before, oldBroke, err := loadPackages(fromTree)
	if err != nil {
		return changes, err
	}
	after, newBroke, err := loadPackages(toTree)
	if err != nil {
		return changes, err
	}
	changes.oldBroke, changes.newBroke = oldBroke, newBroke
	for _, name := range public {
		name := path.Base(name)
		if before[name] == nil || after[name] == nil {
			continue
		}
		for _, c := range apidiff.Changes(before[name], after[name]).Changes {
			message := name + ": " + c.Message
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

// loadPackages returns the public packages of a tree that compile, and what is wrong with the others.
func loadPackages(tree string) (map[string]*types.Package, []string, error) {
	config := &packages.Config{Dir: tree, Mode: packages.NeedName | packages.NeedTypes}
	loaded, err := packages.Load(config, public...)
	if err != nil {
		return nil, nil, err
	}
	byName := make(map[string]*types.Package)
	var broken []string
	for _, p := range loaded {
		if len(p.Errors) == 0 {
			byName[p.Name] = p.Types
		}
		for _, e := range p.Errors {
			broken = append(broken, strings.ReplaceAll(e.Error(), tree+string(filepath.Separator), ""))
		}
	}
	return byName, broken, nil
}
