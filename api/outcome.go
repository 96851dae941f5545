package api

import (
	"fmt"

	"github.com/sakari-go/sakari-go/gen"
)

// Outcome tells whether a call took effect at the server, and so whether it
// may be repeated.
type Outcome int

const (
	// Unknown: the request may have been processed. Look before you repeat it.
	Unknown Outcome = iota
	// NotApplied: the request was not sent, or the server refused it. It may be repeated.
	NotApplied
	// Applied: the server processed the request. Do not repeat it.
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

// OutcomeOf tells what an error that this package returned says about the
// call's effect. It finds the answer in wrapped and joined errors; errors that
// disagree, and errors of other packages, are [Unknown], but for a [gen.EncodeError], with which
// a call of the generated client ends before anything is sent. A nil error is [Applied].
func OutcomeOf(err error) Outcome {
	if err == nil {
		return Applied
	}
	found := outcomesIn(err, nil)
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

// outcomesIn does not look below an error that has an outcome: what an
// AuthError wraps happened to the token call.
func outcomesIn(err error, found []Outcome) []Outcome {
	switch e := err.(type) {
	case ownError:
		return append(found, e.outcome())
	case *gen.EncodeError:
		// The generated client encodes the body before the pipeline sees the call.
		return append(found, NotApplied)
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return outcomesIn(inner, found)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if inner != nil {
				found = outcomesIn(inner, found)
			}
		}
	}
	return found
}

// outcomeOfStatus is the outcome that an answer's status alone tells.
func outcomeOfStatus(status int) Outcome {
	switch {
	case status >= 200 && status < 300:
		return Applied
	case status == 408:
		return Unknown
	case status >= 300 && status < 500:
		return NotApplied
	}
	return Unknown
}
