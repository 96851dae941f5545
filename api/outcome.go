package api

import (
	"fmt"
	"net/http"
	"reflect"

	"github.com/sakari-go/sakari-go/gen"
)

// Outcome is whether a call was applied by the server, and so whether it may be sent again:
// [Unknown], [NotApplied] or [Applied].
type Outcome int

const (
	// Unknown means that the request may have been applied. Check before you send it again.
	Unknown Outcome = iota
	// NotApplied means that the request was not sent, or that the server refused it. It may be sent
	// again.
	NotApplied
	// Applied means that the API itself said that it applied the request. Do not send it again.
	Applied
)

// String returns "not applied", "unknown" or "applied".
func (o Outcome) String() string {
	switch o {
	case Unknown:
		return "unknown"
	case NotApplied:
		return "not applied"
	case Applied:
		return "applied"
	}
	return fmt.Sprintf("Outcome(%d)", int(o))
}

// OutcomeOf returns the outcome of a call by its error. A nil error is [Applied]. It finds the
// errors of this package in wrapped and joined errors. Errors that disagree, nil pointers to errors
// of this package, and errors of other packages, are [Unknown]. An exception is a
// [gen.EncodeError], with which a call of the generated client ends before anything is sent.
func OutcomeOf(err error) (outcome Outcome) {
	if err == nil {
		return Applied
	}
	defer func() {
		if recover() != nil { // in the Unwrap of another package, or in a nil pointer that a type embeds
			outcome = Unknown
		}
	}()
	left := maxErrors
	found := outcomesIn(err, nil, &left)
	if len(found) == 0 {
		return Unknown
	}
	for _, o := range found[1:] {
		if o != found[0] {
			return Unknown
		}
	}
	return found[0]
}

// maxErrors is how many errors of a tree are looked at: one that wraps itself has no end.
const maxErrors = 100_000

// outcomesIn returns the outcomes of the errors in a tree. It does not unwrap an error that has an
// outcome: the cause of an AuthError is an error of the token call.
func outcomesIn(err error, found []Outcome, left *int) []Outcome {
	if *left--; *left < 0 {
		return append(found, Unknown)
	}
	switch e := err.(type) {
	case outcomeError:
		if isNil(e) {
			return append(found, Unknown)
		}
		return append(found, e.outcome())
	case *gen.EncodeError:
		if e == nil {
			return append(found, Unknown)
		}
		// The generated client encodes the body before the pipeline sees the call.
		return append(found, NotApplied)
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return outcomesIn(inner, found, left)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if inner != nil {
				found = outcomesIn(inner, found, left)
			}
		}
	}
	return found
}

// isNil reports whether an error is a nil pointer.
func isNil(err error) bool {
	v := reflect.ValueOf(err)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// outcomeOfStatus returns the outcome of a failure by its status. A 302 or 303 may follow a POST
// that was processed (RFC 9110 15.4.4), and a proxy may send a 408 or 499 while a request is on its
// way. A 2xx alone proves nothing: a gateway may have sent it.
func outcomeOfStatus(status int) Outcome {
	switch status {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return NotApplied
	case http.StatusRequestTimeout, 499:
		return Unknown
	}
	if status >= 400 && status < 500 {
		return NotApplied
	}
	return Unknown
}

func isSuccess(status int) bool { return status >= 200 && status < 300 }
