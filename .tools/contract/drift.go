package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// knownDeviations are differences that are on purpose, a line each, as the report words them.
//
//go:embed known-deviations.txt
var knownDeviations string

// drift compares the vendor's own document with the contract, operation by operation, for the operations of
// the contract alone. It looks at what goes over the wire: parameters, bodies, and the answers of a success. Error answers
// and security are conventions of the whole API, and the contract words them in its own way.
func drift(spec string, out io.Writer) error {
	theirs, err := readDocument(spec)
	if err != nil {
		return err
	}
	ours, err := readDocument(contractFile)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s\n", filepath.Base(spec), theirs.describe())
	known := make(map[string]bool) // whether it was met
	for line := range strings.Lines(knownDeviations) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			known[line] = false
		}
	}
	found, compared := 0, make(map[string]bool)
	tell := func(place, text string) {
		line := place + ": " + text
		if _, ok := known[line]; ok {
			known[line] = true
			return
		}
		found++
		fmt.Fprintln(out, "  "+line)
	}
	fmt.Fprintln(out, "\nIt differs from openapi.yaml in:")
	for _, at := range ours.places() {
		place := at.String()
		changes, err := compareOperation(ours, theirs, at)
		if err != nil {
			tell(place, err.Error())
			continue
		}
		compared[place] = true
		for _, c := range changes {
			tell(place, c.text)
		}
	}
	for _, our := range ours.hosts() {
		if their := theirs.hosts(); len(their) > 0 && !slices.Contains(their, our) {
			tell("servers", fmt.Sprintf("the API is at %s, and not at %s", strings.Join(their, ", "), our))
		}
	}
	if found == 0 {
		fmt.Fprintln(out, "  nothing")
	}
	met, gone := 0, ""
	for _, line := range slices.Sorted(maps.Keys(known)) {
		operation, _, _ := strings.Cut(line, ": ")
		switch {
		case known[line]:
			met++
		case compared[operation]:
			gone += "- " + line + "\n"
		}
	}
	if gone != "" {
		fmt.Fprintf(out, "\nThese deviations are not there any more, take them from known-deviations.txt:\n%s", gone)
	}
	fmt.Fprintf(out, "\n%d differences, and %d that are known.\n", found, met)
	if found > 0 {
		return errFound
	}
	return nil
}

// compareOperation reports one operation by itself, so that a document that is broken elsewhere can be compared.
func compareOperation(ours, theirs document, at place) (changes []wireChange, err error) {
	defer func() {
		if crash := recover(); crash != nil { // of a library that meets a document it was not made for
			changes, err = nil, fmt.Errorf("can not be compared: %v", crash)
		}
	}()
	there, ok := theirs.find(at)
	if !ok {
		return nil, errors.New("the document does not have it")
	}
	own, err := ours.load(at, at.path)
	if err != nil {
		return nil, err
	}
	vendor, err := theirs.load(there, at.path)
	if err != nil {
		return nil, fmt.Errorf("can not be read: %w", err)
	}
	return wireChanges(own, vendor)
}
