package api

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
)

// Sentinels for [errors.Is]. Those of a status also match an [AuthError] with that status of the
// token endpoint.
var (
	ErrInvalidRequest  = errors.New("sakari: invalid request")
	ErrInvalidResponse = errors.New("sakari: invalid response")
	ErrUnauthorized    = errors.New("sakari: unauthorized") // 401
	ErrForbidden       = errors.New("sakari: forbidden")    // 403
	ErrNotFound        = errors.New("sakari: not found")    // 404
	ErrRateLimited     = errors.New("sakari: rate limited") // 429
)

// Error reports a failure that the API responded: a status that is not 2xx, or success: false. It
// also reports a 2xx response that was cut off; then Unwrap returns the cause, and the outcome is
// unknown.
//
// Code, Message, Header and Body are as the server sent them. The text and the JSON of the error
// contain neither Header nor Body. In their code and message e-mail addresses and personal data of
// the request are redacted.
type Error struct {
	Operation  string // operationId of the spec
	Account    string // the account of the call, empty for the token call
	StatusCode int    // HTTP status
	Code       string // the API's code, such as "CONT-001", if it gave one
	Message    string // the API's message, if it gave one
	Header     http.Header
	Body       []byte        // after decompression
	RetryAfter time.Duration // how long the server asks to wait; 0 if it does not say
	Attempts   int           // round trips of the call, this one included

	retryNow bool // the server says to wait no time
	cause    error
	redacted *redacted // nil: Code and Message need not be redacted
}

// redacted contains the words of the API that the text of an error shows.
type redacted struct{ code, message string }

func (e *Error) words() redacted {
	if e.redacted != nil {
		return *e.redacted
	}
	return redacted{e.Code, e.Message}
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
		fmt.Fprintf(&b, ": the response was cut off: %v", e.cause)
	case isSuccess(e.StatusCode):
		b.WriteString(": the response says success: false")
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, ", retry after %v", e.RetryAfter)
	}
	return b.String()
}

// Format prints the text for every verb.
func (e Error) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// LogValue returns the attributes text, operation, account, status and outcome for package slog.
func (e Error) LogValue() slog.Value { return logValue(&e, e.Operation, e.Account, e.StatusCode) }

// MarshalJSON writes the parts of the text.
func (e Error) MarshalJSON() ([]byte, error) {
	words := e.words()
	return json.Marshal(struct {
		Operation  string
		Account    string
		StatusCode int
		Code       string
		Message    string
		RetryAfter string
		Attempts   int
		Outcome    string
	}{
		e.Operation, e.Account, e.StatusCode, words.code, words.message,
		e.RetryAfter.String(), e.Attempts, e.outcome().String(),
	})
}

// Is matches the sentinel of the status.
func (e *Error) Is(target error) bool { return e != nil && isStatus(e.StatusCode, target) }

func isStatus(status int, target error) bool {
	switch status {
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

// Unwrap returns why the response was cut off, nil if it was not.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.cause
}

func (e *Error) outcome() Outcome {
	if isSuccess(e.StatusCode) && e.cause == nil {
		return NotApplied // the response says success: false
	}
	return outcomeOfStatus(e.StatusCode)
}

// Direction is the message of a call that does not conform to the spec.
type Direction int

const (
	// DirectionRequest is the request. It was not sent.
	DirectionRequest Direction = iota
	// DirectionResponse is the response.
	DirectionResponse
)

// String returns "request" or "response".
func (d Direction) String() string {
	if d == DirectionRequest {
		return "request"
	}
	return "response"
}

// ValidationError reports that a request or a response does not conform to the spec. A request was
// then not sent. Of a response, Header and Body contain all that was received. They are not in the
// text and the JSON of the error.
type ValidationError struct {
	Operation  string // operationId of the spec; empty for the account id of New or WithAccount
	Account    string // the account of the call, empty for the token call
	Direction  Direction
	StatusCode int         // of the response; 0 for a request
	Violations []Violation // at least one, at most 100; of a body over 64 KiB only the first of its schema
	Header     http.Header `json:"-"`
	Body       []byte      `json:"-"` // after decompression, up to the limit of its size
}

// Violation is a place where a request or a response does not conform to the spec.
type Violation struct {
	// Location is the place: "path.attributeType", "query.limit", "body/mobile/verified", "status",
	// "content-type". A name that the spec does not declare reads "*", as it may be personal data.
	Location string
	Rule     string // "type", "enum", "required", "format", "json", ...
	Message  string // without the value
}

// String returns the location and the message.
func (v Violation) String() string { return v.Location + ": " + v.Message }

// MarshalText returns the text of String, which JSON then contains.
func (d Direction) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (e *ValidationError) Error() string { return errorText(e) }

func (e *ValidationError) text() string {
	const maxShown = 5 // violations
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
		if i == maxShown {
			fmt.Fprintf(&b, "; and %d more", len(e.Violations)-maxShown)
			break
		}
		b.WriteString([]string{": ", "; "}[min(i, 1)] + v.String())
	}
	return b.String()
}

// Format prints the text for every verb.
func (e ValidationError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// LogValue returns the attributes text, operation, account, status and outcome for package slog.
func (e ValidationError) LogValue() slog.Value {
	return logValue(&e, e.Operation, e.Account, e.StatusCode)
}

// Is matches [ErrInvalidRequest] or [ErrInvalidResponse].
func (e *ValidationError) Is(target error) bool {
	switch {
	case e == nil:
		return false
	case e.Direction == DirectionRequest:
		return target == ErrInvalidRequest
	}
	return target == ErrInvalidResponse
}

func (e *ValidationError) outcome() Outcome {
	if e.Direction == DirectionRequest {
		return NotApplied
	}
	if isSuccess(e.StatusCode) && successOf(e.Body) == saysTrue {
		return Applied
	}
	return outcomeOfStatus(e.StatusCode)
}

// AuthError reports that there is no access token to use. The call was not sent.
type AuthError struct {
	StatusCode int           // of the token endpoint, 0 if there was no response
	Code       string        // of the token endpoint, redacted
	Message    string        // of the token endpoint, redacted
	RetryAfter time.Duration // how long the token endpoint asks to wait; 0 if it does not say
	Err        error         // the cause, nil if the status is one
}

func (e *AuthError) Error() string { return errorText(e) }

func (e *AuthError) text() string {
	var parts []string
	if e.StatusCode != 0 {
		parts = append(parts, "the token endpoint responded "+statusText(e.StatusCode))
	}
	for _, s := range []string{e.Code, e.Message} {
		if s != "" {
			parts = append(parts, oneLine(s))
		}
	}
	switch cause := e.Err.(type) {
	case nil:
	case outcomeError: // the outcome in its text is that of the token call
		parts = append(parts, cause.text())
	default:
		if e.Message == "" {
			parts = append(parts, oneLine(cause.Error()))
		}
	}
	text := "no access token: " + strings.Join(parts, ": ")
	if e.RetryAfter > 0 {
		text += fmt.Sprintf(", retry after %v", e.RetryAfter)
	}
	return text
}

// Format prints the text for every verb.
func (e AuthError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// LogValue returns the attributes text, operation, account, status and outcome for package slog.
func (e AuthError) LogValue() slog.Value { return logValue(&e, "", "", e.StatusCode) }

// MarshalJSON writes the parts of the text.
func (e AuthError) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		StatusCode int
		Code       string
		Message    string
		RetryAfter string
	}{e.StatusCode, e.Code, e.Message, e.RetryAfter.String()})
}

// Is matches the sentinel of the status.
func (e *AuthError) Is(target error) bool { return e != nil && isStatus(e.StatusCode, target) }

// Unwrap returns the cause.
func (e *AuthError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

func (e *AuthError) outcome() Outcome { return NotApplied }

// NetworkError reports that the network failed, or that the call timed out or was cancelled.
// [errors.Is] finds [context.DeadlineExceeded] or [context.Canceled] in it. [OutcomeOf] returns
// whether the request may have been applied.
type NetworkError struct {
	Operation string // operationId of the spec
	Account   string // the account of the call, empty for the token call
	Attempts  int    // round trips of the call
	Err       error  `json:"-"` // the cause, redacted

	result      Outcome
	isTransient bool // nothing was applied, and another attempt may help
	retryAtOnce bool // another stream or connection may be free
}

func (e *NetworkError) Error() string    { return errorText(e) }
func (e *NetworkError) text() string     { return withOperation(e.Operation, e.Err) }
func (e *NetworkError) outcome() Outcome { return e.result }

// Format prints the text for every verb.
func (e NetworkError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// LogValue returns the attributes text, operation, account, status and outcome for package slog.
func (e NetworkError) LogValue() slog.Value { return logValue(&e, e.Operation, e.Account, 0) }

// Unwrap returns the cause.
func (e *NetworkError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// usageError is an argument that cannot be used: nothing was sent.
type usageError struct {
	operation string // empty for New
	err       error
}

func (e *usageError) Error() string    { return errorText(e) }
func (e *usageError) text() string     { return withOperation(e.operation, e.err) }
func (e *usageError) outcome() Outcome { return NotApplied }
func (e *usageError) Unwrap() error    { return e.err }

// uncertainError is the error of an attempt that was not applied, where an earlier attempt may have
// been.
type uncertainError struct {
	operation string
	err       error
}

func (e *uncertainError) Error() string    { return errorText(e) }
func (e *uncertainError) text() string     { return withOperation(e.operation, e.err) }
func (e *uncertainError) outcome() Outcome { return Unknown }
func (e *uncertainError) Unwrap() error    { return e.err }

// outcomeError is an error of this package.
type outcomeError interface {
	error
	text() string // without prefix and outcome
	outcome() Outcome
}

func errorText(e outcomeError) string {
	if isNil(e) {
		return "sakari: nil error (outcome unknown)"
	}
	outcome := e.outcome().String()
	if e.outcome() == Unknown {
		outcome = "outcome unknown"
	}
	return fmt.Sprintf("sakari: %s (%s)", e.text(), outcome)
}

// logValue returns the attributes of an error that are not empty.
func logValue(e outcomeError, operation, account string, status int) slog.Value {
	attrs := []slog.Attr{slog.String("text", e.Error())}
	if operation != "" {
		attrs = append(attrs, slog.String("operation", operation))
	}
	if account != "" {
		attrs = append(attrs, slog.String("account", account))
	}
	if status != 0 {
		attrs = append(attrs, slog.Int("status", status))
	}
	return slog.GroupValue(append(attrs, slog.String("outcome", e.outcome().String()))...)
}

// withOperation returns the text of an error that has no operation, unless the cause has one.
func withOperation(operation string, err error) string {
	if own, ok := err.(outcomeError); ok {
		return own.text()
	}
	return strings.TrimPrefix(operation+": "+err.Error(), ": ")
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// oneLine makes text of a server fit for a line of a log.
func oneLine(s string) string {
	const maxRunes = 200
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	if runes := []rune(s); len(runes) > maxRunes {
		s = string(runes[:maxRunes]) + "..."
	}
	return s
}

func formatText(f fmt.State, verb rune, text string) {
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		text = strconv.Quote(text)
	}
	_, _ = io.WriteString(f, text)
}
