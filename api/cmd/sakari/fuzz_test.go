package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"testing"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

// Any contact that the command's check accepts, and any that the library sends, is accepted by the double.
func FuzzContact(f *testing.F) {
	page, err := os.ReadFile("testdata/contact.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(page)
	for _, contact := range []string{
		`{}`, `{"email":"x","more":{"a":[1,null]}}`, `{"Email":"x"}`, `{"email":null}`, `{"optIn":"2023-11-07T05:31:56Z"}`, `{"optIn":"2023-02-30T05:31:56Z"}`, `{"hubspot":{"id":1e2}}`,
		`{"hubspot":{"id":9223372036854775808}}`, `{"lists":[{},{"filter":{"attributes":[{"value":["a"]}]}}]}`, `{"attributes":{"x":"\ud83d\ude00"}}`, `{"attributes":{"":1e308}}`, "{\"email\":\"\u2028\"}", `[]`, `{"mobile":{}} `,
	} {
		f.Add([]byte(contact))
	}
	var server *apitest.Server
	var client *api.Client
	var breach error
	sent := 0
	f.Cleanup(func() {
		if server != nil {
			server.Close()
		}
	})
	f.Fuzz(func(t *testing.T, contact []byte) {
		if sent++; server == nil || sent%1000 == 0 { // it keeps all requests
			if server != nil {
				server.Close()
			}
			if server, err = apitest.Start(func(err error) { breach = err }); err != nil {
				t.Fatal(err)
			}
			client = server.Client()
		}
		breach = nil
		p := &process{bytes.NewReader(contact), io.Discard, io.Discard, os.Getenv}
		if run(t.Context(), p, []string{"check"}) == done {
			_, err := client.Generated().CreateAttributeWithBodyWithResponse(t.Context(), "acc", "contacts", "application/json", bytes.NewReader(contact))
			if err != nil || breach != nil {
				t.Errorf("check accepts %q, the double says %v, %v", contact, err, breach)
			}
		}
		var typed gen.Contact
		if json.Unmarshal(contact, &typed) != nil {
			return
		}
		_, err := client.CreateAttribute(context.WithoutCancel(t.Context()), "contacts", typed)
		if breach != nil || api.OutcomeOf(err) != api.Applied && !isInvalid(err) {
			t.Errorf("the client sends %q, the double says %v, %v", contact, err, breach)
		}
	})
}

func isInvalid(err error) bool { return exitStatus(err) == invalid }
