package api

import (
	"bytes"
	"context"
	"errors"
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
		case !isSuccess(r.StatusCode), says(r.Body, saysFalse):
			return nil, newError(x, r, nil)
		}
		return r, nil
	}
}

// verdict is what a body says of the success of a call.
type verdict int

const (
	saysNothing verdict = iota
	saysTrue
	saysFalse
	saysBoth // to decoders that differ in repeated names, or in their case
)

// says reports whether a body says that a call failed, or that and the opposite.
func says(body []byte, failed verdict) bool {
	return bytes.Contains(body, []byte("false")) && successOf(body) == failed
}

// successOf returns what the member success of a JSON object says, whatever else is wrong with the
// object.
func successOf(body []byte) verdict {
	dec := jsontext.NewDecoder(bytes.NewBuffer(withoutMark(body)), lenient)
	if open, err := dec.ReadToken(); err != nil || open.Kind() != '{' {
		return saysNothing
	}
	result, isFirst := saysNothing, true
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return saysNothing
		}
		isExact, isSuccess := name.String() == "success", strings.EqualFold(name.String(), "success")
		value, err := dec.ReadValue()
		switch isFalse := value.Kind() == 'f'; {
		case err != nil:
			return saysNothing
		case !isSuccess, !isExact && !isFalse, result == saysBoth:
			continue
		case isFalse && isExact && isFirst:
			result = saysFalse
		case isFalse, result == saysFalse:
			result = saysBoth
		case isFirst && value.Kind() == 't':
			result = saysTrue
		default:
			result = saysNothing
		}
		isFirst = false
	}
	_, closed := dec.ReadToken()
	_, ended := dec.ReadToken()
	if closed != nil || ended != io.EOF {
		return saysNothing
	}
	return result
}

// lenient reads text of a server that most decoders read.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// withoutMark removes a byte order mark, which RFC 8259 8.1 lets a reader ignore.
func withoutMark(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\ufeff")) }

// newError returns the error of a response that is a failure, or that was cut off for a cause.
func newError(x *exchange, r *Response, cause error) *Error {
	code, message := errorOf(r.Body)
	redactor := x.redactor()
	if cause != nil {
		cause = x.redactError(cause, Unknown)
	}
	wait, isSaid := retryAfter(r.Header, time.Now())
	err := &Error{
		Operation:  x.operation.ID,
		Account:    x.account(),
		StatusCode: r.StatusCode,
		Code:       code,
		Message:    message,
		Header:     r.Header,
		Body:       r.Body,
		RetryAfter: wait,
		Attempts:   x.attempts,
		retryNow:   isSaid && wait == 0,
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
		Code             jsontext.Value `json:"code,case:ignore"`
		Message          jsontext.Value `json:"message,case:ignore"`
		ErrorDescription jsontext.Value `json:"error_description"`
	}
	var inner struct {
		Code        jsontext.Value `json:"code,case:ignore"`
		Message     jsontext.Value `json:"message,case:ignore"`
		Description jsontext.Value `json:"description,case:ignore"`
	}
	if json.Unmarshal(withoutMark(body), &outer, lenient) != nil {
		return "", ""
	}
	code = firstText(outer.Code, outer.Error)
	if json.Unmarshal(outer.Error, &inner, lenient) == nil {
		code = firstText(inner.Code, outer.Code)
	}
	return code, firstText(inner.Message, inner.Description, outer.ErrorDescription, outer.Message)
}

// firstText returns the first of the values that is a text or a number, and not empty.
func firstText(values ...jsontext.Value) string {
	for _, v := range values {
		var s string
		if v.Kind() == '0' {
			return v.String()
		}
		if json.Unmarshal(v, &s, lenient) == nil && s != "" {
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

// retryAfter reads the Retry-After fields of a response: seconds, or an HTTP date, which counts
// from the Date of the response. Of several it returns the longest. It rounds fractions up. What is
// too long for a Duration is the longest one. It reports whether it could read any.
func retryAfter(header http.Header, now time.Time) (wait time.Duration, ok bool) {
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	parts := strings.Split(strings.Join(header.Values("Retry-After"), ","), ",")
	for i, part := range parts {
		part = strings.TrimSpace(part)
		if strings.Trim(part, "0123456789.") == "" {
			if seconds, err := strconv.ParseFloat(part, 64); err == nil || errors.Is(err, strconv.ErrRange) {
				wait, ok = max(wait, durationOf(math.Ceil(seconds))), true
			}
			continue
		}
		if i > 0 { // the date has a comma behind the day of the week
			part = strings.TrimSpace(parts[i-1]) + ", " + part
		}
		at, err := http.ParseTime(part)
		if err != nil {
			at, err = http.ParseTime(strings.TrimSpace(parts[i]))
		}
		if err == nil {
			wait, ok = max(wait, at.Sub(now)), true
		}
	}
	return wait, ok
}

// durationOf converts seconds. What is too long for a Duration is the longest one.
func durationOf(seconds float64) time.Duration {
	const limit = float64(math.MaxInt64 / int64(time.Second))
	switch {
	case seconds >= limit:
		return math.MaxInt64
	case seconds <= -limit:
		return math.MinInt64
	}
	return time.Duration(seconds * float64(time.Second))
}
