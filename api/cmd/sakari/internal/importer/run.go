package importer

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sakari-go/sakari-go/api"
)

// run is an import in progress.
type run struct {
	*Import
	journal *journal
	known   *states
	toSend  int

	progress *progress
	mu       sync.Mutex
	failures int // in a row, of calls and not of records
}

// open reads the journal, if there is one.
func (r *run) open() error {
	name := r.journalName()
	_, err := os.Lstat(name)
	isNew := errors.Is(err, os.ErrNotExist)
	switch {
	case r.Reconcile && r.Target.Find == nil:
		return errors.New("attributes cannot be looked up")
	case isNew && (r.Resume || r.Reconcile):
		return fmt.Errorf("there is no %s: leave out -resume and -reconcile, if nothing of the file was sent", name)
	case isNew:
		r.known, err = newStates()
	case err == nil && !r.Resume && !r.Reconcile:
		return fmt.Errorf("there is a journal, %s, so records of the file may have been sent: "+
			"continue with -resume; without the journal all of them would be sent again", name)
	case err == nil:
		r.journal, r.known, err = resumeJournal(name, r.begin())
	}
	return err
}

func (r *run) close() {
	r.known.close()
	if r.journal != nil {
		r.journal.close()
	}
}

// prepare reads the whole file before anything is sent. It refuses a file that cannot be read, or
// that is not the one of the journal.
func (r *run) prepare(ctx context.Context) error {
	found := 0
	err := r.each(func(rec record) error {
		known, err := r.known.of(rec.line)
		if err != nil {
			return err
		}
		if known.outcome != none {
			found++
		}
		if known.outcome == none || known.outcome == notApplied {
			r.toSend++
		} else if known.hash != hashOf(rec.body) {
			return fmt.Errorf("%s:%d: the record has changed since it was sent: undo the change", r.File, rec.line)
		}
		return context.Cause(ctx)
	})
	if err == nil && found < r.known.lines {
		err = fmt.Errorf("%s: %d records that were sent are no longer in their lines: undo the change",
			r.File, r.known.lines-found)
	}
	return err
}

// send sends the records that were not applied.
func (r *run) send(ctx context.Context) error {
	r.progress = newProgress(r.Log, r.IsTerminal, r.toSend)
	defer r.progress.end()
	calling, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var calls errgroup.Group
	calls.SetLimit(r.Concurrency)
	err := r.each(func(rec record) error {
		known, err := r.known.of(rec.line)
		if err != nil || known.outcome == unknown || known.outcome == applied {
			return err
		}
		calls.Go(func() error {
			if calling.Err() != nil {
				return nil
			}
			err := r.sendOne(context.WithoutCancel(ctx), rec)
			if err != nil {
				stop(err)
			}
			return err
		})
		return context.Cause(calling)
	})
	// The first error of a call has stopped the reading, and is its error too.
	return errors.Join(cmp.Or(calls.Wait(), err), r.journal.sync())
}

func (r *run) sendOne(ctx context.Context, rec record) error {
	if err := r.Target.check(ctx, rec.body); err != nil {
		r.progress.add(notApplied)
		return r.journal.add(entry{
			Line: rec.line, Outcome: api.NotApplied.String(), Code: "invalid", Message: err.Error(),
		})
	}
	hash := hashOf(rec.body)
	if err := r.journal.add(entry{Line: rec.line, Sending: hex.EncodeToString(hash[:])}); err != nil {
		return err // and nothing was sent
	}
	id, err := r.Target.Send(ctx, rec.body)
	e := entry{Line: rec.line, Outcome: api.OutcomeOf(err).String(), ID: id}
	if err != nil {
		e.Code, e.Message = codeOf(err), err.Error()
	}
	r.progress.add(outcomeOf[e.Outcome])
	if err := r.journal.add(e); err != nil {
		return fmt.Errorf("line %d was sent; its outcome, %q, cannot be written: %w", rec.line, e.Outcome, err)
	}
	return r.countFailure(err)
}

// codeOf names an error in one word.
func codeOf(err error) string {
	var failure *api.Error
	switch {
	case errors.As(err, new(*api.AuthError)):
		return "auth"
	case errors.As(err, &failure) && failure.Code != "":
		return failure.Code
	case errors.As(err, &failure):
		return strconv.Itoa(failure.StatusCode)
	case errors.Is(err, api.ErrInvalidRequest):
		return "invalid"
	case errors.Is(err, api.ErrInvalidResponse):
		return "invalid-response"
	}
	return "network"
}

// maxFailures is the number of failures in a row, of calls and not of records, that end an import.
const maxFailures = 10

// countFailure returns the error of a call if the next calls would fail in the same way.
func (r *run) countFailure(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil || isOfRecord(err) {
		r.failures = 0
		return nil
	}
	r.failures++
	isOfAll := errors.As(err, new(*api.AuthError)) ||
		errors.Is(err, api.ErrUnauthorized) || errors.Is(err, api.ErrForbidden)
	if isOfAll || r.failures == maxFailures {
		return err
	}
	return nil
}

// isOfRecord reports whether a failure is about the record that was sent.
func isOfRecord(err error) bool {
	var failure *api.Error
	if errors.As(err, &failure) {
		switch failure.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests:
			return false
		}
		return api.OutcomeOf(err) == api.NotApplied
	}
	return errors.Is(err, api.ErrInvalidRequest) || api.OutcomeOf(err) == api.Applied
}
