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

// newTree fills a temporary directory.
func newTree(fill func(tree string) error) (tree string, remove func(), err error) {
	tree, err = os.MkdirTemp("", "contract")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(tree) }
	if err := fill(tree); err != nil {
		remove()
		return "", nil, err
	}
	return tree, remove, nil
}

// treeWith copies the tree below a root, puts a contract into it and generates the code.
func treeWith(root string, contract []byte) (string, func(), error) {
	return newTree(func(tree string) error {
		if err := copyTree(root, tree); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(tree, contractFile), contract, 0o644); err != nil {
			return err
		}
		_, err := output(tree, "go", "generate", "./...")
		return err
	})
}

// copyTree copies what git would.
func copyTree(from, to string) error {
	listed, err := output(from, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimRight(listed, "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) || strings.HasSuffix(name, "/") {
			continue // deleted, and not yet committed; or a repository within this one
		}
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// output runs a command in a directory and returns what it prints.
func output(directory, name string, args ...string) (string, error) {
	command := exec.Command(name, args...)
	command.Dir = directory
	var stderr bytes.Buffer
	command.Stderr = &stderr
	printed, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(printed), nil
}

// treeOf extracts the tree of a revision.
func treeOf(root, revision string) (string, func(), error) {
	return newTree(func(tree string) error {
		archive, err := output(root, "git", "archive", "--format=zip", revision)
		if err != nil {
			return err
		}
		files, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
		if err != nil {
			return err
		}
		return os.CopyFS(tree, files)
	})
}
