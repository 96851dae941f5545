package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// pack makes a module proxy of one version of this tree, so that a program can be built against it as if it were released.
func pack(version, directory string) error {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		return err
	}
	this := module.Version{Path: modfile.ModulePath(text), Version: version}
	if err := module.Check(this.Path, this.Version); err != nil {
		return err
	}
	target := filepath.Join(directory, filepath.FromSlash(this.Path), "@v")
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	var packed bytes.Buffer
	if err := zip.CreateFromDir(&packed, this, "."); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		version + ".info": fmt.Appendf(nil, "{%q:%q}\n", "Version", version),
		version + ".mod":  text,
		version + ".zip":  packed.Bytes(),
		"list":            []byte(version + "\n"),
	} {
		if err := os.WriteFile(filepath.Join(target, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
