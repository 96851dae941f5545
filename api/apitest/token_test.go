package apitest_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestServer_RequiresTokenThatItIssued(t *testing.T) {
	server, violations := start(t)
	create := func(token string) (status int) {
		status, _ = post(t, server.URL+contactsPath, "application/json", token, `{}`)
		return status
	}
	requestToken := func(id, secret string) (status int, response string) {
		return post(t, server.URL+"/oauth2/token", "application/json", "", fmt.Sprintf(
			`{"grant_type":"client_credentials","client_id":%q,"client_secret":%q}`, id, secret))
	}
	for _, token := range []string{"", "made-up"} {
		if status := create(token); status != 401 {
			t.Errorf("token %q: status %d", token, status)
		}
	}
	if status, _ := requestToken("x", server.ClientSecret); status != 401 {
		t.Errorf("wrong client id: status %d", status)
	}
	if status, _ := requestToken(server.ClientID, "y"); status != 401 {
		t.Errorf("wrong client secret: status %d", status)
	}
	server.RespondToken(apitest.Reply{Body: `{"access_token":"scripted"}`})
	status, response := requestToken(server.ClientID, server.ClientSecret)
	if status != 200 || !strings.Contains(response, "scripted") {
		t.Errorf("right credentials: status %d, %s", status, response)
	}
	if status := create("scripted"); status != 200 {
		t.Errorf("scripted token: status %d", status)
	}
	if len(*violations) != 0 {
		t.Errorf("reported %v", *violations)
	}
	if got, gotToken := len(server.Requests()), len(server.TokenRequests()); got != 3 || gotToken != 3 {
		t.Errorf("%d requests and %d token requests, want 3 and 3", got, gotToken)
	}
}

func TestRespondToken_TruncatesResponse(t *testing.T) {
	for name, reply := range map[string]apitest.Reply{
		"default body": {Fault: apitest.Truncate},
		"empty body":   {Empty: true, Fault: apitest.Truncate},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.RespondToken(reply)
			client := server.Client(api.WithMaxAttempts(1))
			_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{})
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %v, want a truncated response", err)
			}
		})
	}
}

func TestRespondToken_IssuesTokenIfReplyHasOnlyHeader(t *testing.T) {
	server := apitest.NewServer(t)
	server.RespondToken(apitest.Reply{Header: http.Header{"X-Other": {"1"}}})
	_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{})
	if err != nil {
		t.Error(err)
	}
}
