package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
)

// checkResponse compares the response in the error, and the captured one, with the one that the
// server sent.
func (run faultRun) checkResponse(t *testing.T) {
	t.Helper()
	var refused *api.Error
	var violation *api.ValidationError
	var auth *api.AuthError
	var got api.Response
	switch {
	case errors.As(run.err, &auth):
		run.checkTokenResponse(t, auth)
		return
	case errors.As(run.err, &refused):
		got = api.Response{StatusCode: refused.StatusCode, Header: refused.Header, Body: refused.Body}
	case errors.As(run.err, &violation) && violation.Direction == api.DirectionResponse && violation.StatusCode != 0:
		got = api.Response{StatusCode: violation.StatusCode, Header: violation.Header, Body: violation.Body}
		if len(violation.Violations) == 0 {
			t.Error("a ValidationError without violations")
		}
	case run.err == nil:
		got = run.captured
		if got.StatusCode < 200 || got.StatusCode > 299 {
			t.Errorf("a success with the status %d", got.StatusCode)
		}
	default:
		return
	}
	if got.StatusCode != run.captured.StatusCode || !bytes.Equal(got.Body, run.captured.Body) {
		t.Errorf("status %d and %d bytes in the error, %d and %d captured",
			got.StatusCode, len(got.Body), run.captured.StatusCode, len(run.captured.Body))
	}
	mark := got.Header.Get("X-Mark")
	if diff := cmp.Diff(run.captured.Header, got.Header); diff != "" || run.response.Mark != "" && mark != run.response.Mark {
		t.Errorf("the server marked its response %q, the error has %q; captured (-), in the error (+)\n%s",
			run.response.Mark, mark, diff)
	}
	if sent := run.response.Body; sent != "" && isKept(sent) && string(got.Body) != sent {
		t.Errorf("the server sent %.200q, the error has %.200q", sent, got.Body)
	}
}

// checkTokenResponse compares the response in an error with what the server sent for a token.
func (run faultRun) checkTokenResponse(t *testing.T, auth *api.AuthError) {
	t.Helper()
	sent := run.tokenResponse
	if sent.StatusCode != 0 && sent.StatusCode != auth.StatusCode {
		t.Errorf("the token endpoint responded %d, the error says %d", sent.StatusCode, auth.StatusCode)
	}
	var refused *api.Error
	if errors.As(auth.Err, &refused) && sent.StatusCode != 0 && isKept(sent.Body) && string(refused.Body) != sent.Body {
		t.Errorf("the token endpoint sent %.200q, the error has %.200q", sent.Body, refused.Body)
	}
	var violation *api.ValidationError
	if errors.As(auth.Err, &violation) && isKept(sent.Body) && string(violation.Body) != sent.Body {
		t.Errorf("the token endpoint sent %.200q, the error has %.200q", sent.Body, violation.Body)
	}
}

// isKept reports whether the client keeps a body as it was sent. It does not if it decompresses it,
// or cuts it at the limit.
func isKept(body string) bool {
	return len(body) <= bodyLimit && !strings.HasPrefix(body, "\x1f\x8b")
}

// locationsOf returns the locations of the violations of an error, or nil if it has none.
func locationsOf(err error) []string {
	var violation *api.ValidationError
	if !errors.As(err, &violation) {
		return nil
	}
	locations := []string{}
	for _, v := range violation.Violations {
		locations = append(locations, v.Location)
	}
	return locations
}

// errorValues returns an error, all errors that it wraps, and our own ones also as values.
func errorValues(err error) []any {
	var all []any
	var refused *api.Error
	var violation *api.ValidationError
	var auth *api.AuthError
	if err != nil {
		all = append(all, err, errors.Join(err), fmt.Errorf("wrapped: %w", err))
	}
	all = append(all, unwrapped(err)...)
	if errors.As(err, &refused) {
		all = append(all, refused, *refused, []*api.Error{refused}, struct{ Err error }{refused})
	}
	if errors.As(err, &violation) {
		all = append(all, violation, *violation, violation.Violations, map[string]error{"x": violation})
	}
	if errors.As(err, &auth) {
		all = append(all, auth, *auth, []any{auth})
	}
	return all
}

// unwrapped returns all errors that an error wraps.
func unwrapped(err error) []any {
	var all []any
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			all = append(append(all, inner), unwrapped(inner)...)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			all = append(append(all, inner), unwrapped(inner)...)
		}
	}
	return all
}

// checkNoSecrets prints values in every form, and looks for secrets in the texts and in the values.
func checkNoSecrets(t *testing.T, values ...any) {
	t.Helper()
	secrets := []string{
		faultserver.ClientSecret, faultserver.AccessToken, faultserver.Email, faultserver.Phone,
		strings.ReplaceAll(faultserver.Phone, "-", ""), faultserver.Stranger,
	}
	for _, value := range values {
		for _, text := range append(forms(value), reachable(value, sentFields)) {
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					t.Errorf("%s is in %T: %.2000s", secret, value, text)
				}
			}
			if token := faultserver.FindIssuedToken(text); token != "" {
				t.Errorf("%s is in %T: %.2000s", token, value, text)
			}
		}
		// Errors of package errors are joined with newlines.
		if err, ok := value.(error); ok && !strings.HasPrefix(fmt.Sprintf("%T", err), "*errors.") {
			checkOneLine(t, err)
		}
	}
}

// checkOneLine fails the test if the text of an error is too long for a line of a log, or has
// control characters that change the log.
func checkOneLine(t *testing.T, err error) {
	t.Helper()
	const maxLength = 2000 // bytes
	if text := err.Error(); len(text) > maxLength || strings.ContainsAny(text, "\r\n\x1b") {
		t.Errorf("not one line of a log: %q", text)
	}
}

// checkLog requires one line for each round trip, with what an operator needs.
func checkLog(t *testing.T, text string, err error, roundTrips int) {
	t.Helper()
	const operation = "createAttribute"
	lines, status, outcome := map[string]int{}, 0, api.OutcomeOf(err).String()
	for line := range strings.Lines(text) {
		var record struct {
			Level     string `json:"level"`
			Msg       string `json:"msg"`
			Operation string `json:"operation"`
			Outcome   string `json:"outcome"`
			Error     string `json:"error"`
			Status    *int   `json:"status"`
			Attempt   *int   `json:"attempt"`
			Duration  *int64 `json:"duration"`
		}
		unmarshal(t, []byte(line), &record)
		lines[record.Operation]++
		if record.Operation == operation && record.Status != nil && record.Attempt != nil {
			status, outcome = *record.Status, record.Outcome
			if *record.Attempt != lines[operation] {
				t.Errorf("attempt %d, want %d: %s", *record.Attempt, lines[operation], line)
			}
		}
		if record.Msg != "round trip" || record.Status == nil || record.Duration == nil || record.Attempt == nil ||
			!slices.Contains([]string{"applied", "not applied", "unknown"}, record.Outcome) ||
			(record.Error == "") != (record.Outcome == "applied" && record.Level == "INFO") {
			t.Errorf("a line of the log: %s", line)
		}
	}
	var refused *api.Error
	if errors.As(err, &refused) && refused.Operation == operation {
		if refused.Attempts != roundTrips {
			t.Errorf("%d attempts, want %d", refused.Attempts, roundTrips)
		}
		if refused.StatusCode != status && kindOf(err) == apiError {
			t.Errorf("status %d in the log: %v", status, err)
		}
	}
	var violation *api.ValidationError
	if errors.As(err, &violation) && violation.Operation == operation && violation.StatusCode != status {
		t.Errorf("status %d in the log: %v", status, err)
	}
	if outcome != api.OutcomeOf(err).String() {
		t.Errorf("outcome %s in the log: %v", outcome, err)
	}
	if lines[operation] != roundTrips {
		t.Errorf("%d lines in the log, want %d\n%s", lines[operation], roundTrips, text)
	}
}
