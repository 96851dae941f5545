package apitest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

// A test checks what its program sends, and what the program does with a failure.
func Example() {
	// A test uses apitest.NewServer(t) instead.
	server, err := apitest.Start(func(violation error) { fmt.Println(violation) })
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	client := server.Client(api.WithMaxAttempts(1))

	server.Respond(apitest.Reply{}, apitest.Reply{Status: 503}, apitest.Reply{Fault: apitest.Reset})
	contact := gen.Contact{Email: new("chris@sakari.io")}
	for range 3 {
		_, err := client.CreateAttribute(context.Background(), gen.AttributeTypeDeals, contact)
		fmt.Println(err == nil, api.OutcomeOf(err))
	}
	first := server.Requests()[0]
	fmt.Println(first.Operation, first.Path, string(first.Body))
	// Output:
	// true applied
	// false unknown
	// false unknown
	// createAttribute /v1/accounts/test-account/attributes/deals {"email":"chris@sakari.io"}
}

// A program sends its requests in any order. The function chooses the response by the request.
func ExampleServer_RespondFunc() {
	// A test uses apitest.NewServer(t) instead.
	server, err := apitest.Start(func(violation error) { fmt.Println(violation) })
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	server.RespondFunc(func(r apitest.Request) *apitest.Reply {
		if r.Operation == "createAttribute" && strings.HasSuffix(r.Path, "/deals") {
			return &apitest.Reply{Status: 403}
		}
		return nil // the default response
	})

	client := server.Client()
	for _, attributeType := range []gen.AttributeType{gen.AttributeTypeDeals, gen.AttributeTypeTickets} {
		_, err := client.CreateAttribute(context.Background(), attributeType, gen.Contact{})
		fmt.Println(attributeType, err)
	}
	// Output:
	// deals sakari: createAttribute: 403 Forbidden: APITEST-403: Forbidden (not applied)
	// tickets <nil>
}

// A program begins with attributes that exist.
func ExampleServer_AddAttributes() {
	// A test uses apitest.NewServer(t) instead.
	server, err := apitest.Start(func(violation error) { fmt.Println(violation) })
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	server.AddAttributes(gen.AttributeTypeDeals,
		gen.Attribute{ID: new("size"), Label: new("Size of the deal")},
		gen.Attribute{Label: new("Stage")}) // the server issues the id

	client, ctx := server.Client(), context.Background()
	for attribute, err := range client.ListAttributes(ctx, gen.ListAttributesParams{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*attribute.Type, *attribute.ID, *attribute.Label)
	}
	// Output:
	// deals size Size of the deal
	// deals attribute-1 Stage
}

// A program gives up before a late response. It cannot know whether the API applied the request.
func ExampleReply_delay() {
	// A test uses apitest.NewServer(t) instead.
	server, err := apitest.Start(func(violation error) { fmt.Println(violation) })
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	ctx, giveUp := context.WithCancel(context.Background())
	server.RespondFunc(func(apitest.Request) *apitest.Reply {
		giveUp() // in the place of a time-out
		return &apitest.Reply{Delay: time.Minute}
	})

	_, err = server.Client().CreateAttribute(ctx, gen.AttributeTypeDeals, gen.Contact{})
	fmt.Println(errors.Is(err, context.Canceled), api.OutcomeOf(err))
	// Output: true unknown
}

// A server with fixed credentials, which another program may be configured with. It starts with
// what a test needs, and does so again after each test.
func ExampleServer_Seed() {
	server, err := apitest.Start(func(violation error) { fmt.Println(violation) },
		apitest.WithAccount("acme", "id", "not a secret"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	seed := apitest.Seed{Contacts: []gen.StoredContact{{ID: new("c-1"), Email: new("ann@example.com")}}}
	for range 2 {
		server.Reset()
		fmt.Println("seed:", server.Seed(seed))
		fmt.Println("delete:", server.Client().DeleteContact(context.Background(), "c-1"))
	}
	fmt.Println(len(server.Requests()), "request since the last reset")
	// Output:
	// seed: <nil>
	// delete: <nil>
	// seed: <nil>
	// delete: <nil>
	// 1 request since the last reset
}

// The same port also serves the page that a webhook of the program under test would call.
func ExampleWithMiddleware() {
	server, err := apitest.Start(func(violation error) { fmt.Println(violation) },
		apitest.WithMiddleware(func(sakari http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/", sakari)
			mux.HandleFunc("/hook", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "received") })
			return mux
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	response, err := http.Get(server.URL + "/hook")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Println(string(body), err)
	_, err = server.Client().CreateContact(context.Background(), gen.Contact{})
	fmt.Println("created:", err)
	// Output:
	// received <nil>
	// created: <nil>
}
