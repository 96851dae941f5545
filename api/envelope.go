package api

import (
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

// newError reads the error out of an answer that is not a yes, or that broke off for a cause.
func newError(x *exchange, answer *Response, cause error) *Error {
	code, message := errorOf(answer.Body)
	if answer.StatusCode >= 300 && answer.StatusCode < 400 {
		message = redirectMessage(x.request, answer.Header.Get("Location"))
	}
	secrets := x.secrets()
	return &Error{
		Operation:  x.operation.id,
		StatusCode: answer.StatusCode,
		Code:       secrets.Replace(code),
		Message:    secrets.Replace(message),
		Header:     answer.Header,
		Body:       answer.Body,
		RetryAfter: retryAfter(answer.Header.Get("Retry-After"), time.Now()),
		Attempts:   x.attempts,
		cause:      cause,
	}
}

func errorOf(body []byte) (code, message string) {
	var envelope map[string]any
	if json.Unmarshal(body, &envelope) != nil {
		return "", ""
	}
	text := func(value any) string { s, _ := value.(string); return s }
	first := func(values ...any) string {
		for _, v := range values {
			if s := text(v); s != "" {
				return s
			}
		}
		return ""
	}
	if inner, ok := envelope["error"].(map[string]any); ok {
		return text(inner["code"]), first(inner["message"], inner["description"])
	}
	return text(envelope["error"]), first(envelope["error_description"], envelope["message"])
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
