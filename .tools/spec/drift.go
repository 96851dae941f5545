package main

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// knownDeviations lists the intended differences, one a line, as drift reports them.
//
//go:embed known-deviations.txt
var knownDeviations string

// drift reports where the vendor's own document differs from a spec. It compares the parameters,
// bodies, success responses and security of the operations that the spec has.
func drift(spec, file string, out io.Writer) error {
	theirs, err := readDocument(file)
	if err != nil {
		return err
	}
	ours, err := readDocument(spec)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s\n\nIt differs from openapi.yaml in:\n", filepath.Base(file), theirs)
	known := make(map[string]bool) // whether the line was found
	for line := range strings.Lines(knownDeviations) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			known[line] = false
		}
	}
	found := 0
	isTold := make(map[string]bool) // operations have schemas in common
	report := func(place, text string) {
		line := place + ": " + text
		if isTold[line] {
			return
		}
		isTold[line] = true
		if _, ok := known[line]; ok {
			known[line] = true
			return
		}
		found++
		fmt.Fprintln(out, "  "+line)
	}
	places, theirPlaces := ours.places(), theirs.places()
	compared := make(map[string]bool)
	for name := range object(object(ours["components"])["schemas"]) {
		_, compared[schemaPrefix+name] = object(object(theirs["components"])["schemas"])[name]
	}
	compared["security"] = theirs.describesSecurity()
	security := make(map[string][]string) // the operations with each difference
	byPath := func(a, b string) int {
		x, y := places[a], places[b]
		return cmp.Or(strings.Compare(x.path, y.path), strings.Compare(x.method, y.method))
	}
	for _, key := range slices.SortedFunc(maps.Keys(places), byPath) {
		at := places[key].String()
		there, ok := theirPlaces[key]
		if !ok {
			text := "it is not in the document"
			if similar := near(key, places, theirPlaces); len(similar) > 0 {
				text += "; near is " + strings.Join(similar, ", ")
			}
			report(at, text)
			continue
		}
		own, vendors := ours.security(places[key]), theirs.security(there)
		if theirs.describesSecurity() && own != vendors {
			text := fmt.Sprintf("the API requires %s, and not %s", vendors, own)
			security[text] = append(security[text], at)
		}
		changes, err := compareOperation(ours, theirs, places[key], there)
		if err != nil {
			report(at, err.Error())
			continue
		}
		compared[at] = true
		for _, c := range changes {
			if strings.HasPrefix(c.where, schemaPrefix) {
				report(c.where, c.text)
			} else {
				report(at, c.text)
			}
		}
	}
	for _, text := range slices.Sorted(maps.Keys(security)) {
		report("security", text+" of "+strings.Join(security[text], ", "))
	}
	our, their := ours.servers()[0].Host, theirs.servers()
	isOurs := func(server *url.URL) bool { return server.Host == "" || server.Host == our }
	if !slices.ContainsFunc(their, isOurs) {
		report("servers", fmt.Sprintf("the API is at %s, and not at %s", their[0].Host, our))
	}
	if found == 0 {
		fmt.Fprintln(out, "  nothing")
	}
	if more := beside(places, theirPlaces); len(more) > 0 {
		fmt.Fprintf(out, "\nThe vendor also has, at our paths and below them:\n+ %s\n", strings.Join(more, "\n+ "))
	}
	expected := 0
	for _, line := range slices.Sorted(maps.Keys(known)) {
		operation, _, _ := strings.Cut(line, ": ")
		switch {
		case known[line]:
			expected++
		case compared[operation]:
			fmt.Fprintln(out, "\nNo longer found, remove from known-deviations.txt:\n- "+line)
		}
	}
	fmt.Fprintf(out, "\n%d differences, and %d that are known.\n", found, expected)
	if found > 0 {
		return errFound
	}
	return nil
}

// beside returns the operations of the vendor at the paths of ours, or below them, that we do not
// have.
func beside(ours, theirs map[string]place) []string {
	var more []string
	for key, there := range theirs {
		_, path, _ := strings.Cut(key, " ")
		isBelow := func(own string) bool {
			_, ownPath, _ := strings.Cut(own, " ")
			return path == ownPath || strings.HasPrefix(path, ownPath+"/")
		}
		if _, isOurs := ours[key]; !isOurs && slices.ContainsFunc(slices.Collect(maps.Keys(ours)), isBelow) {
			more = append(more, there.String())
		}
	}
	slices.Sort(more)
	return slices.Compact(more)
}

// near returns the operations of the vendor that may be the one with a key, with another method or
// another name in the path, such as that of a version.
func near(key string, ours, theirs map[string]place) []string {
	parts := strings.Split(key, "/")
	var found []string
	for other, there := range theirs {
		others := strings.Split(other, "/")
		if _, isOurs := ours[other]; isOurs || len(others) != len(parts) {
			continue
		}
		differences := 0
		for i := range parts { // the first of them is the method
			if parts[i] != others[i] {
				differences++
			}
		}
		if last := len(parts) - 1; differences == 1 && parts[last] == others[last] {
			found = append(found, strings.ToUpper(there.method)+" "+there.withServer)
		}
	}
	slices.Sort(found)
	return found
}

// compareOperation compares one operation by itself.
func compareOperation(ours, theirs document, here, there place) (changes []wireChange, err error) {
	defer func() {
		if recover() != nil { // oasdiff expects a valid document
			changes, err = nil, errors.New("cannot be compared: it is not valid OpenAPI")
		}
	}()
	own, err := ours.load(here)
	if err != nil {
		return nil, fmt.Errorf("cannot be read in the spec: %w", err)
	}
	vendor, err := theirs.load(there)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	return wireChanges(own, vendor)
}
