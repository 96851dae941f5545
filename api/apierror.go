package api

import (
	"context"
	"fmt"
	"net/http"
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
