// Package printers tests what go-spew shows of the client. It is not in the module of the library,
// so that users do not inherit go-spew.
package printers

import (
	"strings"
	"testing"

	"github.com/davecgh/go-spew/spew"
	"golang.org/x/oauth2"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

// The diffs of testify are those of go-spew without methods.
func TestSpew_ShowsNoSecret(t *testing.T) {
	server := apitest.NewServer(t)
	const bearer = "made-for-this-test"
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: bearer})
	var values []any
	for _, option := range []api.Option{
		api.WithClientCredentials(server.ClientID, server.ClientSecret),
		api.WithToken(bearer),
		api.WithTokenSource(source),
	} {
		client := server.Client(option)
		created, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{})
		response, generatedErr := client.Generated().ListAttributesWithResponse(t.Context(), server.AccountID, nil)
		values = append(values, option, client, *client, client.Generated(), created, err, response, generatedErr)
	}
	client := server.Client()
	for _, reply := range []apitest.Reply{
		{Status: 404}, {Status: 400, Body: `{"error":{"code":"x"}}`}, {Body: "{"}, {Fault: apitest.Reset}, {Fault: apitest.Truncate},
	} {
		server.Respond(reply)
		_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{})
		values = append(values, client, err)
	}
	for _, reply := range []apitest.Reply{{Status: 400}, {Body: `{"access_token":""}`}} {
		server.RespondToken(reply)
		_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{})
		values = append(values, err)
	}
	secrets := []string{server.ClientSecret, bearer}
	for _, request := range server.Requests() {
		if _, token, ok := strings.Cut(request.Header.Get("Authorization"), "Bearer "); ok {
			secrets = append(secrets, token)
		}
	}
	for _, config := range []*spew.ConfigState{&spew.Config, {Indent: " ", DisableMethods: true}} {
		for _, value := range values {
			text := config.Sdump(value) + config.Sprintf("%#+v", value)
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					t.Errorf("%q is in %T: %s", secret, value, text)
				}
			}
		}
	}
}
