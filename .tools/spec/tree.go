package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// treeWith fills a directory with the work tree below a root, another spec, and the code that is
// generated for that spec.
func treeWith(root string, spec []byte, to string) error {
	if _, err := loadSpec(spec); err != nil { // the generator would say less
		return err
	}
	if err := copyTree(root, to); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(to, specFile), spec, 0o644); err != nil {
		return err
	}
	_, err := output(to, "go", "generate", "./...")
	return err
}

// copyTree copies the work tree as git would commit it, by an index of its own.
func copyTree(root, to string) error {
	defer os.Remove(to + ".index")
	index := "GIT_INDEX_FILE=" + to + ".index"
	if _, err := output(root, "env", index, "git", "add", "--all"); err != nil {
		return err
	}
	tree, err := output(root, "env", index, "git", "write-tree")
	if err != nil {
		return err
	}
	return extract(root, strings.TrimSpace(tree), to)
}

// output runs a command in a directory and returns what it prints.
func output(directory, name string, args ...string) (string, error) {
	command := exec.Command(name, args...)
	command.Dir = directory
	var stderr bytes.Buffer
	command.Stderr = &stderr
	printed, err := command.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%s is not in PATH: install it", name)
	}
	if err != nil {
		said := strings.TrimSpace(stderr.String())
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, said)
	}
	return string(printed), nil
}

// extract fills a directory with the files of a git revision.
func extract(root, revision, to string) error {
	archive, err := output(root, "git", "archive", "--format=zip", revision)
	if err != nil {
		return err
	}
	files, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	if err != nil {
		return err
	}
	return os.CopyFS(to, files)
}
