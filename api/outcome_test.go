package api_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// panickingError panics in each method that errors.Is calls.
type panickingError struct{}

func (panickingError) Error() string { return "panics" }
func (panickingError) Unwrap() error { panic("boom") }

// foreignError dereferences its receiver, as most do.
type foreignError struct{ err error }

func (e *foreignError) Error() string { return e.err.Error() }
func (e *foreignError) Unwrap() error { return e.err }

// endlessError wraps itself.
type endlessError struct{}

func (e endlessError) Error() string { return "endless" }
func (e endlessError) Unwrap() error { return e }

// endlessTree joins itself with itself.
type endlessTree struct{}

func (e endlessTree) Error() string   { return "endless" }
func (e endlessTree) Unwrap() []error { return []error{e, nil, e} }

// embedding has the methods of an error of this package, but not the error.
type embedding struct{ *api.NetworkError }

// No error makes OutcomeOf panic or hang, and a doubtful one is not reported as NotApplied.
func TestOutcomeOf_OfDoubtfulErrorsIsUnknown(t *testing.T) {
	refused := &api.Error{StatusCode: 400}
	for name, err := range map[string]error{
		"nil *Error":           (*api.Error)(nil),
		"nil *ValidationError": (*api.ValidationError)(nil),
		"nil *AuthError":       (*api.AuthError)(nil),
		"nil *NetworkError":    (*api.NetworkError)(nil),
		"nil *EncodeError":     (*gen.EncodeError)(nil),
		"nil of another type":  (*foreignError)(nil),
		"embedded nil":         embedding{},
		"a panic":              panickingError{},
		"an endless chain":     endlessError{},
		"an endless tree":      endlessTree{},
	} {
		wrapped := fmt.Errorf("x: %w", err)
		for form, err := range map[string]error{
			"":                        err,
			", wrapped":               wrapped,
			", joined":                errors.Join(err),
			", joined with a refusal": errors.Join(wrapped, refused),
			", after a refusal":       fmt.Errorf("%w, then %w", refused, err),
		} {
			t.Run(name+form, func(t *testing.T) {
				if got := api.OutcomeOf(err); got != api.Unknown {
					t.Errorf("got %v, want unknown", got)
				}
			})
		}
	}
	many := make([]error, 50_000)
	for i := range many {
		many[i] = refused
	}
	if got := api.OutcomeOf(errors.Join(many...)); got != api.NotApplied {
		t.Errorf("%d refusals: got %v", len(many), got)
	}
}

// A nil pointer in an error is a bug of a caller. It is printed and compared like another error.
func TestErrors_NilPointersDoNotPanic(t *testing.T) {
	for _, err := range []error{
		(*api.Error)(nil), (*api.ValidationError)(nil), (*api.AuthError)(nil), (*api.NetworkError)(nil),
	} {
		for _, target := range []error{
			api.ErrInvalidRequest, api.ErrInvalidResponse, api.ErrUnauthorized, api.ErrNotFound, context.Canceled,
		} {
			if errors.Is(err, target) {
				t.Errorf("nil %T is %v", err, target)
			}
		}
		if errors.As(err, new(*foreignError)) {
			t.Errorf("nil %T is a foreignError", err)
		}
		if got, want := err.Error(), "sakari: nil error (outcome unknown)"; got != want {
			t.Errorf("nil %T: got %s, want %s", err, got, want)
		}
	}
}
