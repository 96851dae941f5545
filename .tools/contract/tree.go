package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// treeWith copies the tree below a root, puts a contract into it and generates the code.
func treeWith(root string, contract []byte) (tree string, remove func(), err error) {
	tree, remove, err = temporary()
	if err != nil {
		return "", nil, err
	}
	if err := copyTree(root, tree); err != nil {
		remove()
		return "", nil, err
	}
	if err := os.WriteFile(filepath.Join(tree, contractFile), contract, 0o644); err != nil {
		remove()
		return "", nil, err
	}
	if _, err := output(tree, "go", "generate", "./..."); err != nil {
		remove()
		return "", nil, err
	}
	return tree, remove, nil
}

func temporary() (string, func(), error) {
	directory, err := os.MkdirTemp("", "contract")
	return directory, func() { _ = os.RemoveAll(directory) }, err
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
func treeOf(root, revision string) (tree string, remove func(), err error) {
	tree, remove, err = temporary()
	if err != nil {
		return "", nil, err
	}
	archive, err := output(root, "git", "archive", revision)
	if err == nil {
		err = extract(tar.NewReader(strings.NewReader(archive)), tree)
	}
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("the tree of %s: %w", revision, err)
	}
	return tree, remove, nil
}

func extract(archive *tar.Reader, tree string) error {
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		target := filepath.Join(tree, filepath.FromSlash(header.Name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			return err
		}
		if err := os.WriteFile(target, text, 0o644); err != nil {
			return err
		}
	}
}
