package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

// FuzzContact compares three validations. The fake server accepts each contact that "sakari check"
// accepts, and each that the client sends.
func FuzzContact(f *testing.F) {
	page, err := os.ReadFile("../../../gen/testdata/contact.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(page)
	for _, contact := range []string{
		`{}`,
		`{"email":"x","more":{"a":[1,null]}}`,
		`{"Email":"x"}`,
		`{"email":null}`,
		`{"optIn":"2023-11-07T05:31:56Z"}`,
		`{"optIn":"2023-02-30T05:31:56Z"}`,
		`{"hubspot":{"id":1e2}}`,
		`{"hubspot":{"id":9223372036854775808}}`,
		`{"lists":[{},{"filter":{"attributes":[{"value":["a"]}]}}]}`,
		`{"attributes":{"x":"\ud83d\ude00"}}`,
		`{"attributes":{"":1e308}}`,
		"{\"email\":\"\u2028\"}",
		`[]`,
		`{"mobile":{}} `,
	} {
		f.Add([]byte(contact))
	}
	const maxContacts = 1000 // per server, which stores every request
	var server *apitest.Server
	var client *api.Client
	var violation error
	contacts := 0
	f.Cleanup(func() {
		if server != nil {
			server.Close()
		}
	})
	f.Fuzz(func(t *testing.T, contact []byte) {
		if contacts++; server == nil || contacts%maxContacts == 0 {
			if server != nil {
				server.Close()
			}
			if server, err = apitest.Start(func(err error) { violation = err }); err != nil {
				t.Fatal(err)
			}
			client = server.Client()
		}
		violation = nil
		p := &process{stdin: bytes.NewReader(contact), stdout: io.Discard, stderr: io.Discard, getenv: os.Getenv}
		if run(t.Context(), p, []string{"check"}) == exitSuccess {
			_, err := client.Generated().CreateAttributeWithBodyWithResponse(
				t.Context(), "acc", "contacts", "application/json", bytes.NewReader(contact))
			if err != nil || violation != nil {
				t.Errorf("check accepts %q; the client returns %v, the fake server reports %v", contact, err, violation)
			}
		}
		var typed gen.Contact
		if json.Unmarshal(contact, &typed) != nil {
			return
		}
		_, err := client.CreateAttribute(context.WithoutCancel(t.Context()), "contacts", typed)
		if violation != nil || api.OutcomeOf(err) != api.Applied && exitStatus(err) != exitInvalid {
			t.Errorf("the client sends %q and returns %v, the fake server reports %v", contact, err, violation)
		}
	})
}
