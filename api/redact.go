package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/sakari-go/sakari-go/api/internal/redact"
)

// credentials returns the credentials of the client, and those of this call, which may be older.
func (x *exchange) credentials() []string {
	return append(x.secrets.all(), x.tokens...)
}

// redactor returns what removes the credentials and the personal data of the request from text.
func (x *exchange) redactor() *redact.Redactor {
	r := redact.New(x.credentials()...)
	if personal := x.operation.Sensitive(x.request.URL.Query(), x.request.Body); len(personal) > 0 {
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
	return withText(oneLine(redactor.Text(text)), err)
}

// withoutSecrets returns a request as it is kept with its response. As in net/http it has no body.
func withoutSecrets(r *http.Request) *http.Request {
	kept := r.WithContext(r.Context())
	kept.Body = nil
	kept.Header = r.Header.Clone() // a RoundTripper may still read the original
	kept.Header.Del("Authorization")
	return kept
}

// redactedError is an error with another text. It does not unwrap, so that printing each error of a
// chain does not print the original text. It holds the error in a function, because printers such
// as go-spew follow every field and pointer.
type redactedError struct {
	text string
	err  func() error
}

func withText(text string, err error) *redactedError {
	return &redactedError{text, func() error { return err }}
}

func (e *redactedError) Error() string        { return e.text }
func (e *redactedError) Is(target error) bool { return errors.Is(e.err(), target) }
func (e *redactedError) As(target any) bool   { return errors.As(e.err(), target) }

// hiddenError is an error of this package in a function: a response of the token call, which it
// keeps, may contain a token.
type hiddenError struct{ get func() outcomeError }

func (e hiddenError) Error() string                 { return e.get().Error() }
func (e hiddenError) text() string                  { return e.get().text() }
func (e hiddenError) outcome() Outcome              { return e.get().outcome() }
func (e hiddenError) Unwrap() error                 { return e.get() }
func (e hiddenError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// Format prints the text for every verb.
func (e redactedError) Format(f fmt.State, verb rune) { formatText(f, verb, e.text) }
