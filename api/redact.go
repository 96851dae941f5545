package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sakari-go/sakari-go/api/internal/redact"
)

// credentials returns the credentials of the client, and those of this call, which may be older.
func (x *exchange) credentials() []string {
	c := x.secrets
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Concat([]string{c.clientSecret}, c.tokens, x.tokens)
}

// redactor returns what removes the credentials and the personal data of the request from text.
func (x *exchange) redactor() *redact.Redactor {
	r := redact.New(x.credentials()...)
	if personal := x.operation.Sensitive(x.request.Body); len(personal) > 0 {
		for _, text := range personal {
			r.Add(text)
		}
		r.Allow(x.operation.FailureExamples()...)
	}
	return r
}

// redactError redacts the text of an error of net/http. That quotes what it cannot read of a
// response, which is left out. If nothing was sent the text is about the host, whose name is no
// secret.
func (x *exchange) redactError(err error, outcome Outcome) error {
	redactor, text := x.redactor(), err.Error()
	if outcome == NotApplied {
		redactor.Allow(x.request.URL.Hostname())
	} else if before, _, isQuoted := strings.Cut(text, `"`); isQuoted {
		text = before + "..."
	}
	return &redactedError{oneLine(redactor.Text(text)), err}
}

// redactedError is an error with another text. It does not unwrap, so that printing each error of a
// chain does not print the original text.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string        { return e.text }
func (e *redactedError) Is(target error) bool { return errors.Is(e.err, target) }
func (e *redactedError) As(target any) bool   { return errors.As(e.err, target) }

// Format prints the text for every verb.
func (e redactedError) Format(f fmt.State, verb rune) { formatText(f, verb, e.text) }
