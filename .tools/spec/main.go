// Spec reports what a change of openapi.yaml means. Usage, from anywhere in the repository:
//
//	spec revise FROM TO    what breaks for the server and for Go callers, and the version that
//	                       follows; FROM and TO are files, or files of a git revision such as
//	                       HEAD:openapi.yaml
//	spec release-check     the same between the last release and this tree, and whether
//	                       CHANGELOG.md has that version
//	spec drift FILE        how the vendor's own OpenAPI document differs
//	spec pack DIR VERSION FILE
//	                       writes the zip file of the module in a directory as a version, as a
//	                       module proxy has it
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

const (
	specFile        = "openapi.yaml"
	writeFile       = "write a file, or a file of a git revision such as HEAD:" + specFile
	writeVendorFile = "write the name of a file with the vendor's document"
)

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
		fmt.Fprintln(os.Stderr, message(os.Args[1:], err))
		os.Exit(2)
	}
}

// message returns an error on one line, after the name of the command.
func message(args []string, err error) string {
	text := err.Error()
	if len(args) > 0 {
		text = args[0] + ": " + text
	}
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
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
		return errors.New("SPEC: " + writeVendorFile)
	case command == "drift" && len(args) == 1:
		return drift(specFile, args[0], out)
	case command == "pack" && len(args) == 3:
		return pack(args[0], args[1], args[2])
	}
	return errors.New("usage: spec revise FROM TO | release-check | drift SPEC | pack DIR VERSION FILE")
}

// toRoot makes paths mean the same wherever the command is called from.
func toRoot() error {
	root, err := output(".", "git", "rev-parse", "--show-toplevel")
	if err != nil && strings.Contains(err.Error(), "not a git repository") {
		return fmt.Errorf("%w: run it in a clone of the repository", err)
	}
	if err != nil {
		return err
	}
	return os.Chdir(strings.TrimSpace(root))
}
