package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
)

// Import three lines. The 429 is not seen: it holds all callers of the client as long as its
// Retry-After says, and the client sends the contact again.
func Example() {
	server, err := apitest.Start(func(violation error) { fmt.Println(violation) })
	if err != nil {
		panic(err)
	}
	defer server.Close()
	server.Respond(apitest.Reply{Status: 429, Header: http.Header{"Retry-After": {"0"}}})
	server.RespondFunc(func(r apitest.Request) *apitest.Reply {
		switch {
		case strings.Contains(string(r.Body), "ben@"):
			return &apitest.Reply{Status: 422}
		case strings.Contains(string(r.Body), "cleo@"):
			return &apitest.Reply{Status: 503}
		}
		return nil
	})

	lines := `{"email":"ann@example.com"}
{"email":"ben@example.com"}
{"email":"cleo@example.com"}
`
	client := server.Client(api.WithRateLimit(50, 10))
	err = run(context.Background(), client, strings.NewReader(lines), os.Stdout)
	fmt.Println(err)
	fmt.Println(len(server.Requests()), "requests")
	// Unordered output:
	// 1 applied
	// 2 not applied: sakari: createContact: 422 Unprocessable Entity: CONT-001: Invalid mobile number (not applied)
	// 3 unknown: sakari: createContact: 503 Service Unavailable: APITEST-503: Service Unavailable (outcome unknown)
	// 2 of 3 lines failed
	// 4 requests
}
