package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api/internal/redact"
	"github.com/sakari-go/sakari-go/api/internal/spec"
)

// The API's envelope is a convention that no operation of the spec states: success, and on a
// failure error.code and error.message. The vendor also writes error.description. OAuth 2.0 has
// error and error_description.

// readFailure makes an [*Error] of a response that is not 2xx, or that says success: false.
func readFailure(next handler) handler {
	return func(ctx context.Context, x *exchange) (*Response, error) {
		r, err := next(ctx, x)
		switch {
		case err != nil:
			return nil, err
		case outcomeOfStatus(r.StatusCode) != Applied:
			return nil, newError(x, r, nil)
		case saysFailure(r.Body) && spec.ParseBody(r.Header, r.Body).Member("success") == false:
			return nil, newError(x, r, nil)
		}
		return r, nil
	}
}

var jsonHeader = http.Header{"Content-Type": {spec.MediaTypeJSON}}

// saysSuccess reports whether a body says success: true, and every decoder reads it alike.
func saysSuccess(body []byte) bool { return spec.ParseBody(jsonHeader, body).Member("success") == true }

// saysFailure reports whether some decoder reads success: false in a body: one that takes the
// first, or the last, of repeated names, or that ignores their case.
func saysFailure(body []byte) bool {
	if !bytes.Contains(body, []byte("false")) {
		return false
	}
	lenient := json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), lenient)
	if open, err := dec.ReadToken(); err != nil || open.Kind() != '{' {
		return false
	}
	isFailure := false
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return false
		}
		isSuccess := strings.EqualFold(name.String(), "success")
		value, err := dec.ReadValue()
		if err != nil {
			return false
		}
		isFailure = isFailure || isSuccess && value.Kind() == 'f'
	}
	_, closed := dec.ReadToken()
	_, ended := dec.ReadToken()
	return isFailure && closed == nil && ended == io.EOF
}

// newError returns the error of a response that is a failure, or that was cut off for a cause.
func newError(x *exchange, r *Response, cause error) *Error {
	code, message := errorOf(r.Body)
	redactor := x.redactor()
	if cause != nil {
		cause = x.redactError(cause, Unknown)
	}
	err := &Error{
		Operation:  x.operation.ID,
		StatusCode: r.StatusCode,
		Code:       code,
		Message:    message,
		Header:     r.Header,
		Body:       r.Body,
		RetryAfter: retryAfter(r.Header.Get("Retry-After"), time.Now()),
		Attempts:   x.attempts,
		cause:      cause,
		redacted:   &redacted{redactor.Code(code), redactor.Text(message)},
	}
	if r.StatusCode >= 300 && r.StatusCode < 400 {
		err.Message = redirectMessage(x.request.Request, r.Header.Get("Location"))
		err.redacted.message = redact.New(x.credentials()...).Text(err.Message)
	}
	return err
}

func errorOf(body []byte) (code, message string) {
	var outer struct {
		Error            jsontext.Value `json:"error,case:ignore"`
		Message          jsontext.Value `json:"message,case:ignore"`
		ErrorDescription jsontext.Value `json:"error_description"`
	}
	var inner struct {
		Code        jsontext.Value `json:"code,case:ignore"`
		Message     jsontext.Value `json:"message,case:ignore"`
		Description jsontext.Value `json:"description,case:ignore"`
	}
	lenient := json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if json.Unmarshal(body, &outer, lenient) != nil {
		return "", ""
	}
	if json.Unmarshal(outer.Error, &inner, lenient) == nil {
		return firstText(inner.Code), firstText(inner.Message, inner.Description)
	}
	return firstText(outer.Error), firstText(outer.ErrorDescription, outer.Message)
}

func firstText(values ...jsontext.Value) string {
	for _, v := range values {
		var s string
		if json.Unmarshal(v, &s, jsontext.AllowInvalidUTF8(true)) == nil && s != "" {
			return s
		}
	}
	return ""
}

func redirectMessage(r *http.Request, location string) string {
	target, err := r.URL.Parse(location)
	if err != nil || location == "" {
		return "redirect not followed"
	}
	return fmt.Sprintf("redirect to %s not followed", target.Host)
}

// retryAfter reads a Retry-After field: seconds or an HTTP date. What it cannot read is 0. What is
// too long for a Duration is the longest one.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value != "" && strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(math.MaxInt64/time.Second) {
			return math.MaxInt64
		}
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
