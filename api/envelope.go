package api

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The API's envelope is the one convention that no operation of the contract
// states: success, and on a failure error.code and error.message. The vendor also
// writes error.description. OAuth 2.0 has error and error_description.

// saysSuccess reports whether a response says success: true, and every decoder reads it alike.
func saysSuccess(body []byte) bool {
	text := parseJSON(body)
	envelope, _ := text.value.(map[string]any)
	return len(text.findings) == 0 && envelope["success"] == true
}

// saysFailure reports whether some decoder reads success: false in a response: one that takes the first, or the last, of
// repeated names, or does not mind their case.
func saysFailure(body []byte) bool {
	if !bytes.Contains(body, []byte("false")) {
		return false
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if open, err := dec.ReadToken(); err != nil || open.Kind() != '{' {
		return false
	}
	failure := false
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
		failure = failure || isSuccess && value.Kind() == 'f'
	}
	_, closed := dec.ReadToken()
	_, ended := dec.ReadToken()
	return failure && closed == nil && ended == io.EOF
}

// newError reads the error out of an answer that is not a yes, or that broke off for a cause.
func newError(x *exchange, answer *Response, cause error) *Error {
	code, message := errorOf(answer.Body)
	secrets := x.secrets()
	if cause != nil {
		cause = x.redactError(cause, Unknown)
	}
	visible := shown{secrets.redactCode(code), secrets.redact(message)}
	if answer.StatusCode >= 300 && answer.StatusCode < 400 {
		message = redirectMessage(x.request, answer.Header.Get("Location"))
		visible.message = x.credentials().redact(message)
	}
	return &Error{
		Operation:  x.operation.ID,
		StatusCode: answer.StatusCode,
		Code:       code,
		Message:    message,
		Header:     answer.Header,
		Body:       answer.Body,
		RetryAfter: retryAfter(answer.Header.Get("Retry-After"), time.Now()),
		Attempts:   x.attempts,
		cause:      cause,
		shown:      &visible,
	}
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

// retryAfter reads a Retry-After header: seconds or an HTTP date. What it can not read is 0, what is too long for a
// Duration is the longest one.
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
