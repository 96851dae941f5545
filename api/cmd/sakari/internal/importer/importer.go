// Package importer sends the records of a file, one call each. It keeps a journal beside the file,
// so that an import which ended early can go on: no record is lost, and none is sent again that may
// have been applied.
package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// Target is what the records of a file are sent to.
type Target struct {
	Into    string // such as "contacts"
	Server  string
	Account string

	Schema *openapi3.Schema // of a record
	// Check returns why a record cannot be sent. It sends nothing.
	Check func(context.Context, jsontext.Value) error
	// Undeclared returns a message for each property that the spec does not declare. It is nil if
	// they are allowed.
	Undeclared func(jsontext.Value) []string
	// Send returns the id of what was created, if the response has one.
	Send func(context.Context, jsontext.Value) (string, error)
	// Find is nil if what was created cannot be found.
	Find func(context.Context, api.ContactFilter) (*gen.StoredContact, error)
	// MayShareIDs reports whether several records may be one contact, as with a merge strategy.
	MayShareIDs bool
}

// Import is an import of a file.
type Import struct {
	File        string
	Target      Target
	Concurrency int

	Resume    bool // send what was not applied
	Reconcile bool // look up what may have been

	Log        io.Writer
	IsTerminal bool // whether Log is one
}

// Counts are numbers of records.
type Counts struct{ Applied, NotApplied, Unknown, NotSent int }

// Stopped reports that an import ended before its last record or its report. It can be resumed.
type Stopped struct{ Cause error }

func (e *Stopped) Error() string { return "the import stopped: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *Stopped) Unwrap() error { return e.Cause }

// Check validates all records, and writes those that are invalid to out. It sends nothing.
func (i *Import) Check(ctx context.Context, out io.Writer) (valid, invalid int, err error) {
	err = i.each(func(r record) error {
		if err := i.Target.check(ctx, r.body); err != nil {
			invalid++
			_, err := fmt.Fprintf(out, "%s:%d: %v\n", i.File, r.line, err)
			return err
		}
		valid++
		return context.Cause(ctx)
	})
	return valid, invalid, err
}

// Run imports the file. It returns [*Stopped] if it ended early, without counts if it could not
// report them. Any other error means that it sent nothing. If the context ends, it waits for the
// calls in progress.
func (i *Import) Run(ctx context.Context) (*Counts, error) {
	r := &run{Import: i}
	if err := r.open(); err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	if r.journal == nil {
		var err error
		if r.journal, err = createJournal(i.journalName(), i.begin()); err != nil {
			return nil, err
		}
	}
	var err error
	if i.Reconcile {
		err = r.reconcile(ctx)
	}
	if err == nil && (i.Resume || !i.Reconcile) {
		err = r.send(ctx)
	}
	counts, reportErr := r.report()
	if err = errors.Join(err, reportErr); err != nil {
		err = &Stopped{err}
	}
	return counts, err
}

func (i *Import) journalName() string { return i.File + ".journal" }

func (i *Import) begin() begin {
	return begin{Into: i.Target.Into, Server: i.Target.Server, Account: i.Target.Account}
}

// each calls do with each record of the file.
func (i *Import) each(do func(record) error) error {
	records, file, err := open(i.File, i.Target)
	if err != nil {
		return err
	}
	defer file.Close()
	return each(records, do)
}

func each(records source, do func(record) error) error {
	for {
		r, err := records.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = do(r)
		}
		if err != nil {
			return err
		}
	}
}

// check returns why a record cannot be sent.
func (t *Target) check(ctx context.Context, body jsontext.Value) error {
	if err := t.Check(ctx, body); err != nil || t.Undeclared == nil {
		return err
	}
	if messages := t.Undeclared(body); len(messages) > 0 {
		return errors.New(strings.Join(messages, "; "))
	}
	return nil
}
