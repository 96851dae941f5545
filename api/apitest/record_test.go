package apitest_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestRequests_TellWhatHappened(t *testing.T) {
	type result struct {
		Status    int
		Response  string
		IsInvalid bool
	}
	for name, c := range map[string]struct {
		reply apitest.Reply
		body  string
		want  result
	}{
		"success":   {reply: apitest.Reply{Body: "{}"}, body: "{}", want: result{Status: 200, Response: "{}"}},
		"failure":   {reply: apitest.Reply{Status: 503, Body: "down"}, body: "{}", want: result{Status: 503, Response: "down"}},
		"no body":   {reply: apitest.Reply{Status: 503, Empty: true}, body: "{}", want: result{Status: 503}},
		"truncated": {reply: apitest.Reply{Body: "abcd", Fault: apitest.Truncate}, body: "{}", want: result{Status: 200, Response: "ab"}},
		"reset":     {reply: apitest.Reply{Body: "abcd", Fault: apitest.Reset}, body: "{}"},
		"invalid":   {body: `{"email":1}`, want: result{Status: 400, IsInvalid: true}},
	} {
		t.Run(name, func(t *testing.T) {
			server, _ := start(t)
			before := time.Now()
			if !c.want.IsInvalid {
				server.Respond(c.reply)
			}
			_, _ = server.Client(api.WithMaxAttempts(1)).Generated().CreateAttributeWithBody(t.Context(), server.AccountID,
				gen.AttributeTypeContacts, "application/json", strings.NewReader("{}"))
			if c.want.IsInvalid { // the client sends none
				_, c.want.Response = post(t, server.URL+contactsPath, "application/json", "", c.body)
			}
			all := server.Requests()
			last := all[len(all)-1]
			got := result{Status: last.Status, Response: string(last.Response), IsInvalid: last.Violation != nil}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if c.want.IsInvalid && !errors.As(last.Violation, new(*openapi3filter.RequestError)) {
				t.Errorf("violation: %v", last.Violation)
			}
			if last.Time.Before(before) || last.Time.After(time.Now()) {
				t.Errorf("time %v", last.Time)
			}
		})
	}
}

// The race detector fails it if a copy changes while it is read.
func TestRequests_AreReadWhileTheServerResponds(t *testing.T) {
	server := apitest.NewServer(t, apitest.WithMaxRequests(5))
	client := server.Client()
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 20 {
				if _, err := client.CreateContact(t.Context(), gen.Contact{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { callers.Wait(); close(done) }()
	for isRunning := true; isRunning; {
		select {
		case <-done:
			isRunning = false
		default:
		}
		for _, r := range server.Requests() {
			if r.Status != 0 && len(r.Response) == 0 {
				t.Errorf("status %d without the response", r.Status)
			}
		}
	}
	if got := len(server.Requests()); got != 5 {
		t.Errorf("%d requests, want 5", got)
	}
}

func TestWithMaxRequests_KeepsTheLast(t *testing.T) {
	server := apitest.NewServer(t, apitest.WithMaxRequests(2))
	for _, token := range []string{"", "a", "b"} {
		for _, path := range []string{"/oauth2/token", contactsPath} {
			post(t, server.URL+path+"?from="+token, "application/json", token, "{}")
		}
	}
	var got []string
	for _, r := range append(server.TokenRequests(), server.Requests()...) {
		_, from, _ := strings.Cut(r.Path, "=")
		got = append(got, from)
	}
	if diff := cmp.Diff([]string{"a", "b", "a", "b"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestStart_RefusesImpossibleOptions(t *testing.T) {
	for name, c := range map[string]struct {
		option apitest.Option
		want   string
	}{
		"no request":       {option: apitest.WithMaxRequests(0), want: "WithMaxRequests: 0 is not positive"},
		"no account":       {option: apitest.WithAccount("", "id", "secret"), want: "WithAccount: "},
		"impossible":       {option: apitest.WithAccount("..", "id", "secret"), want: "WithAccount: "},
		"no client id":     {option: apitest.WithAccount("a", "", "secret"), want: "WithAccount: "},
		"no client secret": {option: apitest.WithAccount("a", "id", " "), want: "WithAccount: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := apitest.Start(func(err error) { t.Error(err) }, c.option)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestWithAccount_SetsTheCredentials(t *testing.T) {
	server := apitest.NewServer(t, apitest.WithAccount("acme", "own-id", "own-secret"))
	if diff := cmp.Diff([]string{"acme", "own-id", "own-secret"},
		[]string{server.AccountID, server.ClientID, server.ClientSecret}); diff != "" {
		t.Error(diff)
	}
	client, err := api.New("acme", api.WithBaseURL(server.URL), api.WithClientCredentials("own-id", "own-secret"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateContact(t.Context(), gen.Contact{}); err != nil {
		t.Error(err)
	}
}

func TestWithMiddleware_WrapsTheServer(t *testing.T) {
	server := apitest.NewServer(t, apitest.WithMiddleware(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/own" {
				w.WriteHeader(http.StatusTeapot)
				return
			}
			next.ServeHTTP(w, r)
		})
	}))
	if status, _ := post(t, server.URL+"/own", "", "", ""); status != http.StatusTeapot {
		t.Errorf("status %d", status)
	}
	if _, err := server.Client().CreateContact(t.Context(), gen.Contact{}); err != nil {
		t.Error(err)
	}
	if got := len(server.Requests()); got != 1 {
		t.Errorf("%d requests, want 1", got)
	}
}

func TestReset_RemovesAllButTokens(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	server.AddContacts(gen.StoredContact{})
	server.AddAttributes(gen.AttributeTypeDeals, gen.Attribute{})
	if got := contactIDs(t, client); got != "contact-1" {
		t.Fatalf("contacts %q", got)
	}
	server.Respond(apitest.Reply{Status: 503})
	server.RespondToken(apitest.Reply{Status: 503})
	server.RespondFunc(func(apitest.Request) *apitest.Reply { return &apitest.Reply{Status: 503} })
	server.Reset()
	if got := len(server.Requests()) + len(server.TokenRequests()); got != 0 {
		t.Errorf("%d requests are left", got)
	}
	if got := contactIDs(t, client); got != "" {
		t.Errorf("contacts %q", got)
	}
	for attribute, err := range client.ListAttributes(t.Context(), gen.ListAttributesParams{}) {
		t.Error(attribute, err)
	}
	if got := len(server.TokenRequests()); got != 0 {
		t.Errorf("the token was fetched again")
	}
	if contact, err := client.CreateContact(t.Context(), gen.Contact{}); err != nil || *contact.ID != "contact-1" {
		t.Errorf("%v, %v", contact, err)
	}
}
