package apitest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// breaches collects what a server reports.
func start(t *testing.T, opts ...apitest.Option) (server *apitest.Server, breaches *[]string) {
	t.Helper()
	breaches = new([]string)
	server, err := apitest.Start(func(breach error) { *breaches = append(*breaches, breach.Error()) }, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server, breaches
}

func post(t *testing.T, url, contentType, token, body string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// The double trusts no client: these requests come from one that checks nothing.
func TestBreachesAreReported(t *testing.T) {
	for name, c := range map[string]struct {
		path, contentType, body string
		status                  int
		report                  string // part of the report
	}{
		"wrong type":     {"/v1/accounts/a/attributes/contacts", "application/json", `{"email":1}`, 400, `"/email"`},
		"two wrongs":     {"/v1/accounts/a/attributes/contacts", "application/json", `{"email":1,"lists":1}`, 400, `"/lists"`},
		"wrong enum":     {"/v1/accounts/a/attributes/companies", "application/json", `{}`, 400, "attributeType"},
		"no body":        {"/v1/accounts/a/attributes/contacts", "application/json", ``, 400, "body"},
		"broken body":    {"/v1/accounts/a/attributes/contacts", "application/json", `{`, 400, "body"},
		"wrong media":    {"/v1/accounts/a/attributes/contacts", "text/plain", `{}`, 400, "Content-Type"},
		"no such path":   {"/v1/accounts/a/contacts", "application/json", `{}`, 404, "no matching operation"},
		"no such method": {"/oauth2/token?x=1", "text/html", ``, 400, "body"},
	} {
		t.Run(name, func(t *testing.T) {
			server, breaches := start(t)
			status, answer := post(t, server.URL+c.path, c.contentType, "", c.body)
			if status != c.status || !strings.Contains(answer, `"success":false`) {
				t.Errorf("status %d, %s", status, answer)
			}
			if len(*breaches) != 1 || !strings.Contains((*breaches)[0], c.report) || strings.Contains((*breaches)[0], "\n") {
				t.Errorf("reported %q, want one with %q", *breaches, c.report)
			}
		})
	}
}

// failing stands for a test that the double makes fail.
type failing struct {
	testing.TB
	errors []string
}

func (f *failing) Helper() {}
func (f *failing) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func TestBreachFailsTheTest(t *testing.T) {
	host := &failing{TB: t}
	server := apitest.NewServer(host)
	post(t, server.URL+"/v1/accounts/a/attributes/contacts", "application/json", "", `{"email":1}`)
	want := []string{"apitest: POST /v1/accounts/a/attributes/contacts breaks the contract: " +
		"request body has an error: doesn't match schema #/components/schemas/Contact: Error at \"/email\": value must be a string"}
	if diff := cmp.Diff(want, host.errors); diff != "" {
		t.Error(diff)
	}
}

func TestTokens(t *testing.T) {
	server, breaches := start(t)
	path := server.URL + "/v1/accounts/a/attributes/contacts"
	for _, token := range []string{"", "made-up"} {
		if status, _ := post(t, path, "application/json", token, `{}`); status != 401 {
			t.Errorf("token %q: status %d", token, status)
		}
	}
	if status, _ := post(t, server.URL+"/oauth2/token", "application/json", "", `{"grant_type":"client_credentials","client_id":"x","client_secret":"y"}`); status != 401 {
		t.Errorf("bad credentials: status %d", status)
	}
	server.RespondToken(apitest.Reply{Body: `{"access_token":"scripted"}`})
	credentials := fmt.Sprintf(`{"grant_type":"client_credentials","client_id":%q,"client_secret":%q}`, server.ClientID, server.ClientSecret)
	if status, answer := post(t, server.URL+"/oauth2/token", "application/json", "", credentials); status != 200 || !strings.Contains(answer, "scripted") {
		t.Errorf("status %d, %s", status, answer)
	}
	if status, _ := post(t, path, "application/json", "scripted", `{}`); status != 200 {
		t.Errorf("scripted token: status %d", status)
	}
	if len(*breaches) != 0 {
		t.Errorf("reported %v", *breaches)
	}
	if a, b := len(server.Requests()), len(server.TokenRequests()); a != 3 || b != 2 {
		t.Errorf("%d requests and %d for a token, want 3 and 2", a, b)
	}
}

func TestRepliesComeInOrderThenTheDefault(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client(api.WithMaxAttempts(1))
	server.Respond(apitest.Reply{Status: 404}, apitest.Reply{Status: 503, Empty: true}, apitest.Reply{Body: `{"success":true,"data":{"amount":1,"below":2}}`})
	var got []string
	for range 4 {
		var answer api.Response
		_, _ = client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{}, api.CaptureResponse(&answer))
		got = append(got, fmt.Sprintf("%d %s", answer.StatusCode, answer.Body))
	}
	want := []string{
		`404 {"error":{"code":"CONT-001","message":"Invalid mobile number"},"success":false}`,
		`503 `,
		`200 {"success":true,"data":{"amount":1,"below":2}}`,
		`200 ` + exampleOfThePage(t),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// exampleOfThePage is what the contract has for an answer, as Go writes it.
func exampleOfThePage(t *testing.T) string {
	t.Helper()
	doc, err := gen.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	page, err := json.Marshal(doc.Components.Responses["AutotopupAnswer"].Value.Content.Get("application/json").Examples["page"].Value.Value)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// What the server answers by itself happens, even if the answer is lost; what is scripted does not.
func TestStoreAndScript(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client(api.WithMaxAttempts(1))
	server.Respond(apitest.Reply{}, apitest.Reply{Status: 200}, apitest.Reply{Fault: apitest.Reset}, apitest.Reply{Fault: apitest.Truncate}, // four that happen
		apitest.Reply{Status: 503}, apitest.Reply{Status: 201}, apitest.Reply{Empty: true}, apitest.Reply{Body: exampleOfThePage(t)})
	for range 8 {
		_, _ = client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{})
	}
	listed := 0
	for _, err := range client.ListAttributes(t.Context(), gen.ListAttributesParams{}) {
		if err != nil {
			t.Fatal(err)
		}
		listed++
	}
	if listed != 4 {
		t.Errorf("%d attributes are listed, want 4", listed)
	}
}

func TestCloseEndsAnAnswerThatHangs(t *testing.T) {
	for _, fault := range []apitest.Fault{apitest.Hang, apitest.Drip} {
		server, _ := start(t)
		server.Respond(apitest.Reply{Fault: fault})
		ended := make(chan error)
		go func() {
			_, err := server.Client().CreateAttribute(context.WithoutCancel(t.Context()), gen.AttributeTypeContacts, gen.Contact{})
			ended <- err
		}()
		for len(server.Requests()) == 0 {
			time.Sleep(time.Millisecond)
		}
		server.Close()
		if err := <-ended; err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	}
}

func TestCloseDoesNotWaitForAHalfRequest(t *testing.T) {
	server, _ := start(t)
	connection, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{}")
	start := time.Now()
	server.Close()
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestTokenRepliesCanBeFaulty(t *testing.T) {
	server := apitest.NewServer(t)
	server.RespondToken(apitest.Reply{Fault: apitest.Truncate})
	client := server.Client(api.WithMaxAttempts(1))
	_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want a truncated answer", err)
	}
	server.RespondToken(apitest.Reply{Header: http.Header{"X-Other": {"1"}}})
	if _, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{}); err != nil {
		t.Error(err)
	}
}

func TestImpossibleRepliesPanic(t *testing.T) {
	server, _ := start(t)
	for _, status := range []int{-1, 100, 103, 1000} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("status %d: no panic", status)
				}
			}()
			server.Respond(apitest.Reply{Status: status})
		}()
	}
}

func TestAddress(t *testing.T) {
	server, _ := start(t, apitest.WithAddress("[::1]:0"))
	if !strings.HasPrefix(server.URL, "http://[::1]:") {
		t.Errorf("URL %s", server.URL)
	}
	for _, address := range []string{"", "127.0.0.1", "0.0.0.0:0", "192.0.2.1:0", "localhost:0", strings.TrimPrefix(server.URL, "http://")} {
		if _, err := apitest.Start(func(error) {}, apitest.WithAddress(address)); err == nil {
			t.Errorf("%q: no error", address)
		}
	}
}

// A test of a program that uses the client: what the program sent, and how it takes a failure.
func Example() {
	server, err := apitest.Start(func(breach error) { fmt.Println(breach) }) // in a test: apitest.NewServer(t)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	client := server.Client(api.WithMaxAttempts(1))

	server.Respond(apitest.Reply{}, apitest.Reply{Status: 503}, apitest.Reply{Fault: apitest.Reset})
	for range 3 {
		_, err := client.CreateAttribute(context.Background(), gen.AttributeTypeDeals, gen.Contact{Email: new("chris@sakari.io")})
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
