package apitest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sakari-go/sakari-go/api/apitest"
)

const contactsPath = "/v1/accounts/a/attributes/contacts"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a server that adds the violations it reports to a list.
func start(t *testing.T, opts ...apitest.Option) (server *apitest.Server, violations *[]string) {
	t.Helper()
	violations = new([]string)
	report := func(violation error) { *violations = append(*violations, violation.Error()) }
	server, err := apitest.Start(report, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server, violations
}

// post sends a request without package api, which would not send an invalid one.
func post(t *testing.T, url, contentType, token, body string) (status int, responseBody string) {
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

func TestServer_ReportsInvalidRequests(t *testing.T) {
	for name, c := range map[string]struct {
		path        string
		contentType string
		body        string
		wantStatus  int
		wantReport  string // a part of it
	}{
		"wrong type of a field": {
			path:        contactsPath,
			contentType: "application/json",
			body:        `{"email":1}`,
			wantStatus:  400,
			wantReport:  `"/email"`,
		},
		"wrong types of two fields": {
			path:        contactsPath,
			contentType: "application/json",
			body:        `{"email":1,"lists":1}`,
			wantStatus:  400,
			wantReport:  `"/lists"`,
		},
		"value that is not in the enum": {
			path:        "/v1/accounts/a/attributes/no-such-type",
			contentType: "application/json",
			body:        `{}`,
			wantStatus:  400,
			wantReport:  "attributeType",
		},
		"no body": {
			path:        contactsPath,
			contentType: "application/json",
			wantStatus:  400,
			wantReport:  "body",
		},
		"body that is not JSON": {
			path:        contactsPath,
			contentType: "application/json",
			body:        `{`,
			wantStatus:  400,
			wantReport:  "body",
		},
		"wrong media type": {
			path:        contactsPath,
			contentType: "text/plain",
			body:        `{}`,
			wantStatus:  400,
			wantReport:  "Content-Type",
		},
		"unknown path": {
			path:        "/v1/no-such-path",
			contentType: "application/json",
			body:        `{}`,
			wantStatus:  404,
			wantReport:  "no matching operation",
		},
		"unknown method": {
			path:        contactsPath + "/1",
			contentType: "application/json",
			body:        `{}`,
			wantStatus:  404,
			wantReport:  "no matching operation",
		},
		"token request with a query and no body": {
			path:        "/oauth2/token?x=1",
			contentType: "text/html",
			wantStatus:  400,
			wantReport:  "body",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, violations := start(t)
			status, response := post(t, server.URL+c.path, c.contentType, "", c.body)
			if status != c.wantStatus || !strings.Contains(response, `"success":false`) {
				t.Errorf("status %d, %s", status, response)
			}
			if len(*violations) != 1 || !strings.Contains((*violations)[0], c.wantReport) ||
				strings.Contains((*violations)[0], "\n") {
				t.Errorf("reported %q, want one line with %q", *violations, c.wantReport)
			}
		})
	}
}

// recordingTB records errors instead of failing.
type recordingTB struct {
	testing.TB
	errors []string
}

func (r *recordingTB) Helper() {}
func (r *recordingTB) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *recordingTB) Fatal(args ...any) {
	r.errors = append(r.errors, fmt.Sprint(args...))
	runtime.Goexit()
}

func TestNewServer_FailsTestOnInvalidRequest(t *testing.T) {
	recorder := &recordingTB{TB: t}
	server := apitest.NewServer(recorder)
	post(t, server.URL+contactsPath, "application/json", "", `{"email":1}`)
	want := []string{"apitest: POST " + contactsPath + " does not conform to the spec: " +
		"request body has an error: doesn't match schema #/components/schemas/Contact: " +
		`Error at "/email": value must be a string`}
	if diff := cmp.Diff(want, recorder.errors); diff != "" {
		t.Error(diff)
	}
}

func TestClose_DoesNotWaitForIncompleteRequest(t *testing.T) {
	server, _ := start(t)
	connection, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection,
		"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n{}")
	// net/http sends 100 when the handler begins to read the body.
	line, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q, %v", line, err)
	}
	begin := time.Now()
	server.Close()
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestWithAddress_RequiresFreeLoopbackAddress(t *testing.T) {
	server, _ := start(t, apitest.WithAddress("[::1]:0"))
	if !strings.HasPrefix(server.URL, "http://[::1]:") {
		t.Errorf("URL %s", server.URL)
	}
	inUse := strings.TrimPrefix(server.URL, "http://")
	for _, address := range []string{
		"", "127.0.0.1", "0.0.0.0:0", "192.0.2.1:0", "localhost:0", inUse,
	} {
		if _, err := apitest.Start(func(error) {}, apitest.WithAddress(address)); err == nil {
			t.Errorf("%q: no error", address)
		}
	}
}
