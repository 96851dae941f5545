package main

import (
	"errors"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/tools/go/packages"
)

// goChanges are the changes of the public Go packages from one tree to another. Packages that do
// not compile are not compared.
type goChanges struct {
	breaking, added      []string
	oldErrors, newErrors []string // of the compiler
}

func compareGo(fromTree, toTree string) (goChanges, error) {
	before, oldErrors, err := loadPackages(fromTree)
	if err != nil {
		return goChanges{}, err
	}
	after, newErrors, err := loadPackages(toTree)
	if err != nil {
		return goChanges{}, err
	}
	if len(oldErrors)+len(newErrors) > 0 {
		before, after = inBoth(before, after), inBoth(after, before)
	}
	changes := goChanges{oldErrors: oldErrors, newErrors: newErrors}
	for _, change := range apidiff.ModuleChanges(before, after).Changes {
		message := strings.TrimPrefix(change.Message, "./")
		if change.Compatible || growsGeneratedInterface(message) {
			changes.added = append(changes.added, message)
		} else {
			changes.breaking = append(changes.breaking, message)
		}
	}
	changes.breaking = slices.Compact(slices.Sorted(slices.Values(changes.breaking)))
	changes.added = slices.Compact(slices.Sorted(slices.Values(changes.added)))
	return changes, nil
}

// inBoth returns a module with those of its packages that another module has too.
func inBoth(module, other *apidiff.Module) *apidiff.Module {
	common := &apidiff.Module{Path: module.Path}
	for _, p := range module.Packages {
		isSame := func(o *types.Package) bool { return o.Path() == p.Path() }
		if slices.ContainsFunc(other.Packages, isSame) {
			common.Packages = append(common.Packages, p)
		}
	}
	return common
}

// growsGeneratedInterface reports whether a change adds a method to an interface of the generated
// client. Each new operation does that, and implementations of the interface have to expect it.
func growsGeneratedInterface(message string) bool {
	ofClient := strings.HasPrefix(message, "gen.ClientInterface.") ||
		strings.HasPrefix(message, "gen.ClientWithResponsesInterface.")
	return ofClient && strings.HasSuffix(message, ": added")
}

// loadPackages returns the packages of a tree that users can import, and the compiler's errors.
func loadPackages(tree string) (*apidiff.Module, []string, error) {
	const mode = packages.NeedName | packages.NeedTypes | packages.NeedModule
	loaded, err := packages.Load(&packages.Config{Dir: tree, Mode: mode}, "./...")
	if err != nil {
		return nil, nil, err
	}
	module := &apidiff.Module{}
	var problems []string
	for _, p := range loaded {
		if p.Module == nil {
			return nil, nil, errors.New("one of the two has no go.mod: compare revisions that have code")
		}
		module.Path = p.Module.Path
		isInternal := slices.Contains(strings.Split(p.PkgPath, "/"), "internal")
		if isInternal || p.Name == "main" || p.PkgPath == p.Module.Path { // the root has no code
			continue
		}
		for _, e := range p.Errors {
			inTree := strings.ReplaceAll(e.Error(), tree+string(filepath.Separator), "")
			problems = append(problems, inTree)
		}
		if len(p.Errors) == 0 {
			module.Packages = append(module.Packages, p.Types)
		}
	}
	return module, problems, nil
}
