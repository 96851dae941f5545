// Package internal has the rule for the packages below it.
package internal

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/sakari-go/sakari-go/"

// An internal package can be read and tested by itself: it imports neither api nor gen nor another
// internal package.
func TestInternalPackages_ImportNoOtherOfTheModule(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "testdata":
			return filepath.SkipDir
		case filepath.Ext(name) != ".go" || filepath.Dir(name) == ".":
			return nil
		}
		files++
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		own := module + "api/internal/" + strings.Split(filepath.ToSlash(name), "/")[0]
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if strings.HasPrefix(path, module) && path != own && !strings.HasPrefix(path, own+"/") {
				t.Errorf("api/internal/%s imports %s: convert in package api instead", name, path)
			}
		}
		return nil
	})
	if err != nil || files == 0 {
		t.Errorf("%d files: %v", files, err)
	}
}
