package api_test

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

// The code of the README is here so that it is compiled. TestReadme compares the two.

// ExampleNew is the program of the README. It is not run: it would call the API.
func ExampleNew() {
	client, err := api.New(os.Getenv("SAKARI_ACCOUNT_ID"),
		api.WithClientCredentials(os.Getenv("SAKARI_CLIENT_ID"), os.Getenv("SAKARI_CLIENT_SECRET")),
		api.WithBaseURL(cmp.Or(os.Getenv("SAKARI_BASE_URL"), gen.ServerURLProduction)))
	if err != nil {
		log.Fatal(err)
	}
	contact := gen.Contact{Email: new("chris@sakari.io")}
	setting, err := client.CreateAttribute(context.Background(), gen.AttributeTypeContacts, contact)
	switch {
	case err == nil:
		fmt.Println("top up by", setting.Amount, "below", setting.Below)
	case api.OutcomeOf(err) == api.NotApplied:
		log.Fatal("may be sent again: ", err)
	default:
		log.Fatal("may have been applied: ", err)
	}
}

func TestSignup(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(apitest.Reply{Status: 503})
	_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{})
	if api.OutcomeOf(err) != api.Unknown {
		t.Error(err)
	}
}

func TestReadme_CodeCompiles(t *testing.T) {
	here := lines(t, "readme_test.go")
	inCode := false
	checked := 0
	for _, line := range lines(t, "../README.md") {
		if strings.HasPrefix(line, "```") {
			inCode = line == "```go"
			continue
		}
		if !inCode || strings.TrimSpace(line) == "" || strings.HasPrefix(line, "package ") {
			continue
		}
		checked++
		if !slices.Contains(here, strings.ReplaceAll(line, "func main()", "func ExampleNew()")) {
			t.Errorf("the README has a line that is not in readme_test.go: %s", line)
		}
	}
	if checked < 31 {
		t.Errorf("only %d lines of code in the README", checked)
	}
}

func lines(t *testing.T, name string) []string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []string
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		all = append(all, scanner.Text())
	}
	return all
}
