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
	before, oldBroke, err := loadPackages(fromTree)
	if err != nil {
		return goChanges{}, err
	}
	after, newBroke, err := loadPackages(toTree)
	if err != nil {
		return goChanges{}, err
	}
	if len(oldBroke)+len(newBroke) > 0 {
		before, after = inBoth(before, after), inBoth(after, before)
	}
	changes := goChanges{oldBroke: oldBroke, newBroke: newBroke}
	for _, change := range apidiff.ModuleChanges(before, after).Changes {
		message := strings.TrimPrefix(change.Message, "./")
		if change.Compatible || growsGeneratedInterface(message) {
			changes.added = append(changes.added, message)
		} else {
			changes.breaking = append(changes.breaking, message)
		}
	}
	for _, messages := range []*[]string{&changes.breaking, &changes.added} {
		slices.Sort(*messages)
		*messages = slices.Compact(*messages) // should apidiff say a thing twice
	}
	return changes, nil
}

// inBoth is a module with those of its packages that another one has too.
func inBoth(module, other *apidiff.Module) *apidiff.Module {
	packages := slices.DeleteFunc(slices.Clone(module.Packages), func(p *types.Package) bool {
		return !slices.ContainsFunc(other.Packages, func(o *types.Package) bool { return o.Path() == p.Path() })
	})
	return &apidiff.Module{Path: module.Path, Packages: packages}
}

// growsGeneratedInterface knows the interfaces that get a method with each operation. They are there for the
// generated client; who implements them has to expect that.
func growsGeneratedInterface(message string) bool {
	ofClient := strings.HasPrefix(message, "gen.ClientInterface.") || strings.HasPrefix(message, "gen.ClientWithResponsesInterface.")
	return ofClient && strings.HasSuffix(message, ": added")
}

// loadPackages returns those of a tree that users can import and use, and what does not compile.
func loadPackages(tree string) (*apidiff.Module, []string, error) {
	config := &packages.Config{Dir: tree, Mode: packages.NeedName | packages.NeedTypes | packages.NeedModule}
	loaded, err := packages.Load(config, "./...")
	if err != nil {
		return nil, nil, err
	}
	module := &apidiff.Module{}
	var broken []string
	for _, p := range loaded {
		if p.Module == nil {
			return nil, nil, fmt.Errorf("%s is in no module: %v", p.PkgPath, p.Errors)
		}
		module.Path = p.Module.Path
		if p.Name == "main" || p.PkgPath == p.Module.Path || slices.Contains(strings.Split(p.PkgPath, "/"), "internal") { // the root holds no code
			continue
		}
		for _, e := range p.Errors {
			broken = append(broken, strings.ReplaceAll(e.Error(), tree+string(filepath.Separator), ""))
		}
		if len(p.Errors) == 0 {
			module.Packages = append(module.Packages, p.Types)
		}
	}
	return module, broken, nil
}
