package main

import (
	"fmt"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/tools/go/packages"
)

// goChanges are the changes of the public Go packages from one tree to another.
type goChanges struct {
	breaking, added    []string
	oldBroke, newBroke []string // what does not compile in a tree; the packages that it is in are not compared
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
	changes.oldBroke, changes.newBroke = before.broken, after.broken
	for name, old := range before.compiled {
		switch now := after.compiled[name]; {
		case now != nil:
			changes.add(name, apidiff.Changes(old, now).Changes)
		case len(after.broken) == 0:
			changes.breaking = append(changes.breaking, name+": package removed")
		}
	}
	for name := range after.compiled {
		if before.compiled[name] == nil && len(before.broken) == 0 {
			changes.added = append(changes.added, name+": package added")
		}
	}
	for _, messages := range []*[]string{&changes.breaking, &changes.added} {
		slices.Sort(*messages)
		*messages = slices.Compact(*messages) // should apidiff say a thing twice
	}
	return changes, nil
}

func (c *goChanges) add(name string, found []apidiff.Change) {
	for _, change := range found {
		message := name + ": " + change.Message
		if change.Compatible || growsGeneratedInterface(change.Message) {
			c.added = append(c.added, message)
		} else {
			c.breaking = append(c.breaking, message)
		}
	}
}

// growsGeneratedInterface knows the interfaces that get a method with each operation. They are there for the
// generated client; who implements them has to expect that.
func growsGeneratedInterface(message string) bool {
	ofClient := strings.HasPrefix(message, "ClientInterface.") || strings.HasPrefix(message, "ClientWithResponsesInterface.")
	return ofClient && strings.HasSuffix(message, ": added")
}

// goPackages are those of a tree that users can import and use, by their directories.
type goPackages struct {
	compiled map[string]*types.Package
	broken   []string // what does not compile
}

func loadPackages(tree string) (goPackages, error) {
	config := &packages.Config{Dir: tree, Mode: packages.NeedName | packages.NeedTypes | packages.NeedModule}
	loaded, err := packages.Load(config, "./...")
	if err != nil {
		return goPackages{}, err
	}
	found := goPackages{compiled: make(map[string]*types.Package)}
	for _, p := range loaded {
		if p.Module == nil {
			return found, fmt.Errorf("%s is in no module: %v", p.PkgPath, p.Errors)
		}
		name := strings.TrimPrefix(strings.TrimPrefix(p.PkgPath, p.Module.Path), "/")
		if p.Name == "main" || slices.Contains(strings.Split(name, "/"), "internal") {
			continue
		}
		for _, e := range p.Errors {
			found.broken = append(found.broken, strings.ReplaceAll(e.Error(), tree+string(filepath.Separator), ""))
		}
		if len(p.Errors) == 0 && name != "" { // the root holds no code
			found.compiled[name] = p.Types
		}
	}
	return found, nil
}
