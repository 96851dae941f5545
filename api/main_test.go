package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
	"go.uber.org/goleak"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

func TestMain(m *testing.M) {
	flag.Parse()
	log.SetOutput(io.Discard) // net/http logs what it cannot parse
	// Parallel tests wait most of the time, so that more of them may run than there are cores.
	if err := flag.Set("test.parallel", "32"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// readSpec returns openapi.yaml.
func readSpec(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// pageContact returns the contact of the vendor's documentation.
func pageContact(t testing.TB) (text []byte, contact gen.Contact) {
	t.Helper()
	text, err := os.ReadFile("../gen/testdata/contact.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &contact); err != nil {
		t.Fatal(err)
	}
	return text, contact
}

// create makes a call, and checks that it gives either a result or an error.
func create(t testing.TB, client *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
	t.Helper()
	contact := gen.Contact{Email: new("chris@sakari.io")}
	result, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact, opts...)
	if (result == nil) == (err == nil) {
		t.Errorf("result %v and error %v: want exactly one", result, err)
	}
	return result, err
}

// properties are free-form properties, as Go values.
type properties map[string]any

// raw returns the properties as the raw JSON of the generated types.
func (p properties) raw() map[string]jsontext.Value {
	all := make(map[string]jsontext.Value)
	for name, value := range p {
		if err := gen.SetProperty(&all, name, value); err != nil {
			panic(err)
		}
	}
	return all
}

// as returns an error of a type from the chain of an error. It fails the test if there is none.
func as[E error](t testing.TB, err error) E {
	t.Helper()
	var target E
	if !errors.As(err, &target) {
		t.Fatalf("error is %T (%v), want %T in its chain", err, err, target)
	}
	return target
}

// waits records the waits between attempts. It returns from each at once.
type waits []time.Duration

func (w *waits) option() api.Option {
	return api.WithSleep(func(ctx context.Context, d time.Duration) error {
		*w = append(*w, d)
		return ctx.Err()
	})
}

// checkText fails the test if an error has a secret in its text or its JSON, or if its text has
// more than one line.
func checkText(t testing.TB, err error, secrets ...string) {
	t.Helper()
	if err == nil {
		return
	}
	for _, text := range forms(err) {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in %s", secret, text)
			}
		}
	}
	if strings.ContainsAny(err.Error(), "\r\n") {
		t.Errorf("more than one line: %q", err.Error())
	}
}
