package main

import (
	"os"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// pack writes the zip file of this tree as a version of its module.
func pack(version, file string) error {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		return err
	}
	packed, err := os.Create(file)
	if err != nil {
		return err
	}
	defer packed.Close()
	release := module.Version{Path: modfile.ModulePath(text), Version: version}
	return zip.CreateFromDir(packed, release, ".")
}
