package signup

import (
	"bytes"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
)

const mobile = "+15550001"

// The server sends scripted replies in their order. One that is left unused fails the test.
func TestSignUp_ReportsTheOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		replies     []apitest.Reply
		wantOutcome api.Outcome
		wantErr     error // for errors.Is, nil for any or none
	}{
		"created":           {wantOutcome: api.Applied},
		"not a number":      {replies: []apitest.Reply{{Status: 400}}, wantOutcome: api.NotApplied},
		"no permission":     {replies: []apitest.Reply{{Status: 403}}, wantOutcome: api.NotApplied, wantErr: api.ErrForbidden},
		"unknown, not seen": {replies: []apitest.Reply{{Status: 503}}, wantOutcome: api.Unknown},
		"unknown, and the search fails": {
			replies: []apitest.Reply{{Status: 503}, {Status: 403}}, wantOutcome: api.Unknown,
		},
		"page of a gateway": {
			replies:     []apitest.Reply{{Body: "<html>"}},
			wantOutcome: api.Unknown, wantErr: api.ErrInvalidResponse,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.Respond(c.replies...)
			id, err := SignUp(t.Context(), server.Client(), mobile)
			if api.OutcomeOf(err) != c.wantOutcome || c.wantErr != nil && !errors.Is(err, c.wantErr) {
				t.Errorf("got error %v, want %v with %v", err, c.wantOutcome, c.wantErr)
			}
			if (id == "") == (err == nil) {
				t.Errorf("id %q with error %v: want exactly one", id, err)
			}
		})
	}
}

// The server stores the contact, and the response is lost. The contact is found, and sent once.
func TestSignUp_FindsTheContactAfterAnUnknownOutcome(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(apitest.Reply{Fault: apitest.Reset})
	id, err := SignUp(t.Context(), server.Client(), mobile)
	if err != nil || id != "contact-1" {
		t.Errorf("got id %q and error %v", id, err)
	}
	var methods []string
	for _, r := range server.Requests() {
		methods = append(methods, r.Method)
	}
	if len(methods) != 2 || methods[0] != http.MethodPost || methods[1] != http.MethodGet {
		t.Errorf("got requests %v, want one POST and one GET", methods)
	}
}

// The client waits and sends the contact again: a 429 means that it was not applied.
func TestSignUp_WaitsAsA429Asks(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(tooManyRequests("0"), tooManyRequests("0"))
	id, err := SignUp(t.Context(), server.Client(), mobile)
	if err != nil || id != "contact-1" || len(server.Requests()) != 3 {
		t.Errorf("got id %q and error %v after %d requests", id, err, len(server.Requests()))
	}
}

// The client does not wait for more than 30 s. The caller gets the error at once.
func TestSignUp_ReturnsALongWaitOfA429(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(tooManyRequests("3600"))
	_, err := SignUp(t.Context(), server.Client(), mobile)
	var refused *api.Error
	if !errors.Is(err, api.ErrRateLimited) || !errors.As(err, &refused) || refused.RetryAfter != time.Hour {
		t.Errorf("got error %v, want a wait of an hour", err)
	}
}

func tooManyRequests(retryAfter string) apitest.Reply {
	return apitest.Reply{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {retryAfter}}}
}

// Concurrent requests arrive in any order, so that a function chooses the replies.
func TestSignUp_RefusesOneOfMany(t *testing.T) {
	server := apitest.NewServer(t)
	server.RespondFunc(func(r apitest.Request) *apitest.Reply {
		if bytes.Contains(r.Body, []byte(mobile)) {
			return &apitest.Reply{Status: http.StatusUnprocessableEntity}
		}
		return nil
	})
	client := server.Client()
	var callers sync.WaitGroup
	for _, number := range []string{"+15550000", mobile, "+15550002"} {
		callers.Go(func() {
			_, err := SignUp(t.Context(), client, number)
			if isRefused := err != nil; isRefused != (number == mobile) {
				t.Errorf("%s: got error %v", number, err)
			}
		})
	}
	callers.Wait()
}

// A failure of the token call means that nothing was sent.
func TestSignUp_ReportsRefusedCredentials(t *testing.T) {
	server := apitest.NewServer(t)
	server.RespondToken(apitest.Reply{Status: http.StatusUnauthorized})
	_, err := SignUp(t.Context(), server.Client(), mobile)
	if !errors.Is(err, api.ErrUnauthorized) || api.OutcomeOf(err) != api.NotApplied {
		t.Errorf("got error %v", err)
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}
