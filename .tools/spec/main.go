// Spec reports what a change of openapi.yaml means. Usage, from anywhere in the repository:
//
//	spec revise FROM TO    what breaks for the server and for Go callers, and the version that
//	                       follows; FROM and TO are files, or files of a git revision such as
//	                       HEAD:openapi.yaml
//	spec release-check     the same between the last release and this tree, and whether
//	                       CHANGELOG.md has that version
//	spec drift FILE        how the vendor's own OpenAPI document differs
//	spec pack VERSION FILE writes the zip file of a version, as a module proxy has it
//
// It exits with 1 if it found something, such as drift, and with 2 if it failed.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const specFile = "openapi.yaml"

// errFound reports that the command worked, and printed what is wrong.
var errFound = errors.New("see above")

func main() {
	err := toRoot()
	if err == nil {
		err = run(os.Args[1:], os.Stdout)
	}
	switch {
	case errors.Is(err, errFound):
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run(args []string, out io.Writer) error {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch {
	case command == "revise" && len(args) == 2:
		return revise(args[0], args[1], out)
	case command == "release-check" && len(args) == 0:
		return releaseCheck(".", out)
	case command == "drift" && len(args) == 1 && args[0] == "":
		return errors.New("SPEC: write the name of a file with the vendor's document")
	case command == "drift" && len(args) == 1:
		return drift(specFile, args[0], out)
	case command == "pack" && len(args) == 2:
		return pack(args[0], args[1])
	}
	return errors.New("usage: spec revise FROM TO | release-check | drift SPEC | pack VERSION FILE")
}

// toRoot makes paths mean the same wherever the command is called from.
func toRoot() error {
	root, err := output(".", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	return os.Chdir(strings.TrimSpace(root))
}
