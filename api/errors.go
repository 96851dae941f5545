package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
)

// Sentinels for [errors.Is]. Those of a status match an [AuthError] too, if the token endpoint answered with it.
var (
	ErrInvalidRequest  = errors.New("sakari: the request breaks the contract")
	ErrInvalidResponse = errors.New("sakari: the answer breaks the contract")
	ErrUnauthorized    = errors.New("sakari: unauthorized") // 401
	ErrForbidden       = errors.New("sakari: forbidden")    // 403
	ErrNotFound        = errors.New("sakari: not found")    // 404
	ErrRateLimited     = errors.New("sakari: rate limited") // 429
)

// Error says that the API answered, and not with a yes: the status is not 2xx,
// or the body says success: false, or a 2xx answer broke off before its end
// (then Unwrap returns the cause and the outcome is unknown).
//
// Code, Message, Header and Body are as the server sent them. The text and the JSON of the error hold neither Header nor
// Body, and code and message without e-mail addresses and the words of the request that are, or may be, personal data.
type Error struct {
	Operation  string // operationId of the contract
	StatusCode int    // HTTP status
	Code       string // the API's code, such as "CONT-001", if it gave one
	Message    string // the API's message, if it gave one
	Header     http.Header
	Body       []byte        // raw, after decompression
	RetryAfter time.Duration // how long the server asks to wait, 0 if it does not say, the longest Duration if it is absurd
	Attempts   int           // round trips made for the call, this one included

	cause error
	shown *shown // nil: as Code and Message
}

// shown is what of an API's words the text of an error shows.
type shown struct{ code, message string }

func (e *Error) words() shown {
	if e.shown != nil {
		return *e.shown
	}
	return shown{e.Code, e.Message}
}

func (e *Error) Error() string { return errorText(e) }

func (e *Error) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Operation, statusText(e.StatusCode))
	words := e.words()
	for _, s := range []string{words.code, words.message} {
		if s != "" {
			b.WriteString(": " + oneLine(s))
		}
	}
	switch {
	case e.cause != nil:
		fmt.Fprintf(&b, ": the answer broke off: %v", e.cause)
	case outcomeOfStatus(e.StatusCode) == Applied:
		b.WriteString(": the body says no")
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, ", retry after %v", e.RetryAfter)
	}
	return b.String()
}

// Format keeps header and body out of every verb.
func (e Error) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// MarshalJSON writes what the text says, by fields.
func (e Error) MarshalJSON() ([]byte, error) {
	words := e.words()
	return json.Marshal(struct {
		Operation  string
		StatusCode int
		Code       string
		Message    string
		RetryAfter string
		Attempts   int
		Outcome    string
	}{e.Operation, e.StatusCode, words.code, words.message, e.RetryAfter.String(), e.Attempts, e.outcome().String()})
}

// Is matches the sentinel of the status.
func (e *Error) Is(target error) bool {
	switch e.StatusCode {
	case http.StatusUnauthorized:
		return target == ErrUnauthorized
	case http.StatusForbidden:
		return target == ErrForbidden
	case http.StatusNotFound:
		return target == ErrNotFound
	case http.StatusTooManyRequests:
		return target == ErrRateLimited
	}
	return false
}

// Unwrap returns why the answer broke off, if it did.
func (e *Error) Unwrap() error { return e.cause }

func (e *Error) outcome() Outcome {
	o := outcomeOfStatus(e.StatusCode)
	switch {
	case o != Applied:
		return o
	case e.cause != nil:
		return Unknown
	}
	return NotApplied // 2xx, and the body says no
}

// Direction tells which message of a call breaks the contract.
type Direction int

const (
	// DirectionRequest: nothing was sent.
	DirectionRequest Direction = iota
	// DirectionResponse: the server answered.
	DirectionResponse
)

// String returns "request" or "response".
func (d Direction) String() string {
	if d == DirectionRequest {
		return "request"
	}
	return "response"
}

// ValidationError says that a request or an answer breaks the contract. A
// request was then not sent. An answer is kept whole in Header and Body, which
// are in no text and no JSON of the error.
type ValidationError struct {
	Operation  string // operationId of the contract; empty for a check of New or WithAccount
	Direction  Direction
	StatusCode int         // of the answer; 0 for a request
	Violations []Violation // at least one; the first 100; of the schema of a body over 64 KiB the first one
	Header     http.Header `json:"-"`
	Body       []byte      `json:"-"` // raw, after decompression; up to the limit if the answer is over it
}

// Violation is one breach of the contract.
type Violation struct {
	// Location is the place: "path.attributeType", "query.limit",
	// "body/mobile/verified", "status", "content-type". A name that the contract
	// does not declare reads "*", as it may be personal data.
	Location string
	Rule     string // what is broken: "type", "enum", "required", "format", "json", ...
	Message  string // in words, without the value
}

// String returns the location and the message.
func (v Violation) String() string { return v.Location + ": " + v.Message }

// MarshalText makes "request" or "response" of a direction in JSON.
func (d Direction) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (e *ValidationError) Error() string { return errorText(e) }

func (e *ValidationError) text() string {
	const most = 5
	var b strings.Builder
	if e.Operation != "" {
		b.WriteString(e.Operation + ": ")
	}
	if e.Direction == DirectionRequest {
		b.WriteString("invalid request")
	} else if e.StatusCode == 0 {
		b.WriteString("invalid response")
	} else {
		fmt.Fprintf(&b, "invalid response, status %d", e.StatusCode)
	}
	for i, v := range e.Violations {
		if i == most {
			fmt.Fprintf(&b, "; and %d more", len(e.Violations)-most)
			break
		}
		b.WriteString([]string{": ", "; "}[min(i, 1)] + v.String())
	}
	return b.String()
}

// Format keeps header and body out of every verb.
func (e ValidationError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// Is matches [ErrInvalidRequest] or [ErrInvalidResponse].
func (e *ValidationError) Is(target error) bool {
	if e.Direction == DirectionRequest {
		return target == ErrInvalidRequest
	}
	return target == ErrInvalidResponse
}

func (e *ValidationError) outcome() Outcome {
	if e.Direction == DirectionRequest {
		return NotApplied
	}
	return outcomeOfStatus(e.StatusCode)
}

// AuthError says that no usable access token was to be had. The call was not sent.
type AuthError struct {
	StatusCode int    // of the token endpoint's answer, 0 if there was none
	Code       string // the token endpoint's error code, if it gave one, without secrets
	Message    string // the token endpoint's message, if it gave one, without secrets
	Err        error  `json:"-"` // the cause
}

func (e *AuthError) Error() string { return errorText(e) }

func (e *AuthError) text() string {
	var parts []string
	if e.StatusCode != 0 {
		parts = append(parts, "the token endpoint answered "+statusText(e.StatusCode))
	}
	for _, s := range []string{e.Code, e.Message} {
		if s != "" {
			parts = append(parts, oneLine(s))
		}
	}
	switch cause := e.Err.(type) {
	case *Error: // the rest of it is in the fields
		if cause.cause != nil {
			parts = append(parts, fmt.Sprintf("the answer broke off: %v", cause.cause))
		}
	case ownError: // its outcome is the token call's
		parts = append(parts, cause.text())
	case nil:
	default:
		if len(parts) == 0 {
			parts = append(parts, oneLine(cause.Error()))
		}
	}
	return "no access token: " + strings.Join(parts, ": ")
}

// Format keeps the cause's fields out of every verb.
func (e AuthError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// Unwrap returns the cause.
func (e *AuthError) Unwrap() error { return e.Err }

func (e *AuthError) outcome() Outcome { return NotApplied }

// callError is any other failure: of the network, of a context, of the configuration.
type callError struct {
	operation string
	result    Outcome
	err       error
}

func (e *callError) Error() string { return errorText(e) }

func (e *callError) text() string {
	if own, ok := e.err.(ownError); ok {
		return own.text()
	}
	if e.operation == "" {
		return e.err.Error()
	}
	return e.operation + ": " + e.err.Error()
}

// Format keeps the cause's fields out of every verb.
func (e callError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

func (e *callError) Unwrap() error    { return e.err }
func (e *callError) outcome() Outcome { return e.result }

// ownError is what every error of this package is.
type ownError interface {
	error
	text() string // without prefix and outcome
	outcome() Outcome
}

func errorText(e ownError) string {
	return fmt.Sprintf("sakari: %s (%s)", e.text(), describe(e.outcome()))
}

func describe(o Outcome) string {
	if o == Unknown {
		return "outcome unknown"
	}
	return o.String()
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// oneLine makes foreign text fit for a log line.
func oneLine(s string) string {
	const most = 200
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "..."
	}
	return s
}

func formatText(f fmt.State, verb rune, text string) {
	if verb == 'v' && f.Flag('#') {
		verb = 'q'
	}
	switch verb {
	case 'q':
		fmt.Fprintf(f, "%q", text)
	default:
		_, _ = io.WriteString(f, text)
	}
}
