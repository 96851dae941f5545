package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The API's envelope is the one convention that no operation of the contract
// states: success, and on a failure error.code and error.message. The vendor also
// writes error.description. OAuth 2.0 has error and error_description.

// saysNo tells whether an answer says success: false.
func saysNo(value any) bool {
	envelope, _ := value.(map[string]any)
	success, ok := envelope["success"].(bool)
	return ok && !success
}

// saysYes tells whether an answer says success: true.
func saysYes(value any) bool {
	envelope, _ := value.(map[string]any)
	return envelope["success"] == true
}

// mayReadAsNo tells whether some reader reads success: false in an answer: one that takes the first, or the last, of names
// that stand twice, or does not mind their case.
func mayReadAsNo(body []byte) bool {
	if !bytes.Contains(body, []byte("false")) {
		return false
	}
	var envelope struct{ Success anyFalse }
	err := json.Unmarshal(body, &envelope)
	return err == nil && bool(envelope.Success)
}

// anyFalse is true if one of the values that are read into it is false.
type anyFalse bool

func (a *anyFalse) UnmarshalJSON(value []byte) error {
	*a = *a || string(value) == "false"
	return nil
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
		Operation:  x.operation.id,
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
		Error, Message   json.RawMessage
		ErrorDescription json.RawMessage `json:"error_description"`
	}
	var inner struct{ Code, Message, Description json.RawMessage }
	if json.Unmarshal(body, &outer) != nil {
		return "", ""
	}
	if json.Unmarshal(outer.Error, &inner) == nil {
		return firstText(inner.Code), firstText(inner.Message, inner.Description)
	}
	return firstText(outer.Error), firstText(outer.ErrorDescription, outer.Message)
}

func firstText(values ...json.RawMessage) string {
	for _, v := range values {
		var s string
		if json.Unmarshal(v, &s) == nil && s != "" {
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
