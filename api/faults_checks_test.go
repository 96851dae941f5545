package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/sakari-go/sakari-go/api"
)

// checkNothingLost finds the server's whole answer in the error and in the captured response.
func (p played) checkNothingLost(t *testing.T) {
	t.Helper()
	err, captured, sent := p.err, p.captured, p.sent
	var refused *api.Error
	var violation *api.ValidationError
	var auth *api.AuthError
	var body []byte
	var header http.Header
	status := 0
	switch {
	case errors.As(err, &auth):
		if p.tokenSent.StatusCode != 0 && p.tokenSent.StatusCode != auth.StatusCode {
			t.Errorf("the token endpoint answered %d, the error says %d", p.tokenSent.StatusCode, auth.StatusCode)
		}
		if errors.As(auth.Err, &refused) && p.tokenSent.StatusCode != 0 && !zipOrBig(p.tokenSent.Body) && !bytes.Equal(refused.Body, p.tokenSent.Body) {
			t.Errorf("the token endpoint sent %.200q, the error holds %.200q", p.tokenSent.Body, refused.Body)
		}
		if errors.As(auth.Err, &violation) && !zipOrBig(p.tokenSent.Body) && !bytes.Equal(violation.Body, p.tokenSent.Body) {
			t.Errorf("the token endpoint sent %.200q, the error holds %.200q", p.tokenSent.Body, violation.Body)
		}
		return
	case errors.As(err, &refused):
		body, header, status = refused.Body, refused.Header, refused.StatusCode
	case errors.As(err, &violation) && violation.Direction == api.DirectionResponse && violation.StatusCode != 0:
		body, header, status = violation.Body, violation.Header, violation.StatusCode
		if len(violation.Violations) == 0 {
			t.Error("a ValidationError without violations")
		}
	case err == nil:
		body, header, status = captured.Body, captured.Header, captured.StatusCode
		if status < 200 || status > 299 {
			t.Errorf("a success with the status %d", status)
		}
	default:
		return
	}
	if status != captured.StatusCode || !bytes.Equal(body, captured.Body) {
		t.Errorf("status %d and %d bytes in the error, %d and %d captured", status, len(body), captured.StatusCode, len(captured.Body))
	}
	if diff := cmp.Diff(captured.Header, header); diff != "" || p.mark != "" && header.Get("X-Mark") != p.mark {
		t.Errorf("the server marked its answer %q, the error has %q; captured (-), in the error (+)\n%s", p.mark, header.Get("X-Mark"), diff)
	}
	if sent != "" && !zipOrBig([]byte(sent)) && string(body) != sent {
		t.Errorf("the server sent %.200q, the error holds %.200q", sent, body)
	}
}

// zipOrBig tells whether a body is not kept as it was sent: it is decompressed, or over the limit.
func zipOrBig(body []byte) bool {
	return len(body) > 1<<20 || bytes.HasPrefix(body, []byte("\x1f\x8b"))
}

func placesOf(err error) []string {
	var violation *api.ValidationError
	if !errors.As(err, &violation) {
		return nil
	}
	places := []string{}
	for _, v := range violation.Violations {
		places = append(places, v.Location)
	}
	return places
}

// chain lists an error and all that it wraps, ours also as values, but for what a caller's own token source said.
func chain(err error) []any {
	var all []any
	var refused *api.Error
	var violation *api.ValidationError
	var auth *api.AuthError
	if err != nil {
		all = append(all, err, errors.Join(err), fmt.Errorf("wrapped: %w", err))
	}
	if !errors.As(err, new(*oauth2.RetrieveError)) && !errors.As(err, new(*url.Error)) {
		all = append(all, unwrapped(err)...)
	}
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

// checkSilent prints values in every form and looks for secrets.
func checkSilent(t *testing.T, values ...any) {
	t.Helper()
	for _, value := range values {
		for _, text := range forms(value) {
			for _, secret := range []string{faultSecret, faultToken, faultEmail, faultPhone, "1234567890", faultOther} {
				if strings.Contains(text, secret) {
					t.Errorf("%s is in %T: %.2000s", secret, value, text)
				}
			}
			if token := anIssuedToken.FindString(text); token != "" {
				t.Errorf("%s is in %T: %.2000s", token, value, text)
			}
		}
		if err, ok := value.(error); ok && (len(err.Error()) > 2000 || strings.ContainsAny(err.Error(), "\r\n\x1b")) && !strings.HasPrefix(fmt.Sprintf("%T", err), "*errors.") {
			t.Errorf("not fit for a line of a log: %q", err.Error())
		}
	}
}

// checkLog wants one line for each round trip, with what an operator needs.
func checkLog(t *testing.T, text string, err error, tries int) {
	t.Helper()
	attempts, status, outcome := map[string]int{}, 0, api.OutcomeOf(err).String()
	for line := range strings.Lines(text) {
		var record struct {
			Level, Msg, Operation, Outcome, Error string
			Status, Attempt                       *int
			Duration                              *int64
		}
		unmarshal(t, []byte(line), &record)
		if attempts[record.Operation]++; record.Operation == "createAttribute" && record.Status != nil && record.Attempt != nil {
			status, outcome = *record.Status, record.Outcome
			if *record.Attempt != attempts[record.Operation] {
				t.Errorf("attempt %d, want %d: %s", *record.Attempt, attempts[record.Operation], line)
			}
		}
		if record.Msg != "round trip" || record.Status == nil || record.Duration == nil || record.Attempt == nil ||
			!slices.Contains([]string{"applied", "not applied", "unknown"}, record.Outcome) ||
			(record.Error == "") != (record.Outcome == "applied" && record.Level == "INFO") {
			t.Errorf("a line of the log: %s", line)
		}
	}
	var refused *api.Error
	if errors.As(err, &refused) && refused.Operation == "createAttribute" && refused.Attempts != tries {
		t.Errorf("%d attempts, want %d", refused.Attempts, tries)
	}
	var violation *api.ValidationError
	if errors.As(err, &violation) && violation.Operation == "createAttribute" && violation.StatusCode != status ||
		refused != nil && refused.Operation == "createAttribute" && refused.StatusCode != status && kindOf(err) == anError {
		t.Errorf("status %d in the log: %v", status, err)
	}
	if outcome != api.OutcomeOf(err).String() {
		t.Errorf("outcome %s in the log: %v", outcome, err)
	}
	if got := attempts["createAttribute"]; got != tries {
		t.Errorf("%d lines in the log, want %d\n%s", got, tries, text)
	}
}
