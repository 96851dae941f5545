package main

import (
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// pack writes the zip file of a directory as a version of the module in it.
func pack(directory, version, file string) error {
	text, err := os.ReadFile(filepath.Join(directory, "go.mod"))
	if err != nil {
		return err
	}
	packed, err := os.Create(file)
	if err != nil {
		return err
	}
	defer packed.Close()
	release := module.Version{Path: modfile.ModulePath(text), Version: version}
	return zip.CreateFromDir(packed, release, directory)
}
