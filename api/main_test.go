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
	log.SetOutput(io.Discard)                               // net/http tells there what it makes of garbage
	if err := flag.Set("test.parallel", "32"); err != nil { // those that are parallel wait most of the time
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func readContract(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func pageContact(t testing.TB) (text []byte, contact gen.Contact) {
	t.Helper()
	text, err := os.ReadFile("cmd/sakari/testdata/contact.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &contact); err != nil {
		t.Fatal(err)
	}
	return text, contact
}

func create(t testing.TB, client *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
	t.Helper()
	result, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{Email: new("chris@sakari.io")}, opts...)
	if (result == nil) == (err == nil) {
		t.Errorf("result %v and error %v: want exactly one", result, err)
	}
	return result, err
}

// properties are free-form ones, which are raw JSON in the generated types.
type properties map[string]any

func (p properties) raw() map[string]jsontext.Value {
	all := make(map[string]jsontext.Value)
	for name, value := range p {
		if err := gen.SetProperty(&all, name, value); err != nil {
			panic(err)
		}
	}
	return all
}

// as is errors.As that fails the test.
func as[E error](t testing.TB, err error) E {
	t.Helper()
	var target E
	if !errors.As(err, &target) {
		t.Fatalf("error is %T (%v), want %T in its chain", err, err, target)
	}
	return target
}

// waits records waits and does not wait.
type waits []time.Duration

func (w *waits) option() api.Option {
	return api.WithSleep(func(ctx context.Context, d time.Duration) error {
		*w = append(*w, d)
		return ctx.Err()
	})
}

// checkText fails if an error or its JSON repeats one of the secrets.
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
