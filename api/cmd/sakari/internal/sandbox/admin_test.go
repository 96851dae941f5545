package sandbox

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

const contactsPath = "/v1/accounts/test-account/contacts"

// authorize returns the value of an Authorization header field.
func authorize(t *testing.T, s *Server) string {
	t.Helper()
	got := send(t, "POST", s.URL+"/oauth2/token", `{"grant_type":"client_credentials","client_id":"`+
		s.ClientID+`","client_secret":"`+s.ClientSecret+`"}`)
	var body gen.TokenResponse
	if err := json.Unmarshal([]byte(got.body), &body); err != nil || body.AccessToken == nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	return "Bearer " + *body.AccessToken
}

func list(t *testing.T, s *Server) []entry {
	t.Helper()
	got := send(t, "GET", s.URL+reserved+"requests", "")
	var body struct {
		Requests []entry `json:"requests"`
	}
	if err := json.Unmarshal([]byte(got.body), &body, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	return body.Requests
}

func TestRequests_AreListedWithoutSecrets(t *testing.T) {
	s := startServer(t, Config{ClientSecret: "the-secret"})
	token := authorize(t, s)
	send(t, "POST", s.URL+contactsPath, `{"email":1,"mobile":{"number":2}}`, "Authorization", token)
	send(t, "POST", s.URL+contactsPath, `{"email":"a@example.com"}`, "Authorization", token)
	send(t, "POST", s.URL+"/token?client_secret=the-secret&a=1", `{"client_secret" : "the-secret", "a":1}`)
	send(t, "POST", s.URL+"/x", "a=1&client_secret=the-secret")
	send(t, "POST", s.URL+"/x", `{"client_secret":"the-secret`)
	send(t, "GET", s.URL+"/x", "\xff\x00<")
	got := list(t, s)
	for i := range got {
		got[i].ResponseBody = ""
	}
	unknown := []string{"no matching operation was found"}
	want := []entry{
		{Operation: "createToken", Method: "POST", Path: "/oauth2/token", Status: 200, Violations: []string{},
			RequestBody: `{"grant_type":"client_credentials","client_id":"test-client","client_secret":"REDACTED"}`},
		{Operation: "createContact", Method: "POST", Path: contactsPath, Status: 400, Outcome: "not applied",
			Violations:  []string{"body/email: value must be a string", "body/mobile/number: value must be a string"},
			RequestBody: `{"email":1,"mobile":{"number":2}}`},
		{Operation: "createContact", Method: "POST", Path: contactsPath, Status: 200, Outcome: "applied",
			Violations: []string{}, RequestBody: `{"email":"a@example.com"}`},
		{Method: "POST", Path: `/token?client_secret="REDACTED"&a=1`, Status: 404, Outcome: "not applied",
			Violations: unknown, RequestBody: `{"client_secret" : "REDACTED", "a":1}`},
		{Method: "POST", Path: "/x", Status: 404, Outcome: "not applied",
			Violations: unknown, RequestBody: `a=1&client_secret="REDACTED"`},
		{Method: "POST", Path: "/x", Status: 404, Outcome: "not applied",
			Violations: unknown, RequestBody: `{"client_secret":"REDACTED"`},
		{Method: "GET", Path: "/x", Status: 404, Outcome: "not applied",
			Violations: unknown, RequestBody: "\uFFFD\x00<"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(entry{}, "Time")); diff != "" {
		t.Error(diff)
	}
	text := send(t, "GET", s.URL+reserved+"requests", "").body + send(t, "GET", s.URL+"/", "").body
	for _, secret := range []string{"the-secret", strings.TrimPrefix(token, "Bearer ")} {
		if strings.Contains(text, secret) {
			t.Errorf("contains %s", secret)
		}
	}
}

func TestRequests_AreTheLastHundred(t *testing.T) {
	s := startServer(t, Config{})
	for range maxRequests {
		send(t, "GET", s.URL+"/x", "")
	}
	authorize(t, s)
	got := list(t, s)
	if len(got) != maxRequests || got[maxRequests-1].Operation != "createToken" {
		t.Errorf("%d requests, the last is %s", len(got), got[len(got)-1].Operation)
	}
}

// What a strict client returns is compared with what the sandbox says.
func TestOutcome_IsThatOfAStrictClient(t *testing.T) {
	for _, reply := range []string{
		`{}`, `{"status":400}`, `[{"status":401},{"status":401}]`, `{"status":408}`, `{"status":429}`, `{"status":499}`, `{"status":500}`,
		`{"status":301}`, `{"status":302}`, `{"status":307}`, `{"status":204}`, `{"empty":true}`, `{"body":"<html>"}`,
		`{"body":{"success":true}}`, `{"body":{"success":false}}`, `{"body":{"success":1}}`, `{"body":{}}`, `{"body":[]}`,
		`{"fault":"reset"}`, `{"fault":"truncate"}`, `{"status":999}`,
	} {
		s := startServer(t, Config{})
		client := s.Client(api.WithMaxAttempts(1))
		if got := send(t, "POST", s.URL+reserved+"replies", reply); got.status != 204 {
			t.Fatal(got)
		}
		_, err := client.CreateContact(t.Context(), gen.Contact{})
		all := list(t, s)
		want := api.OutcomeOf(err).String()
		for _, e := range all {
			if e.Operation == "createContact" && e.Outcome != want {
				t.Errorf("%s: %s, want %s: %v", reply, e.Outcome, want, err)
			}
		}
	}
}

func TestReplies_AreSent(t *testing.T) {
	s := startServer(t, Config{})
	token := authorize(t, s)
	script := `[{"status":418,"header":{"X-A":"1","Content-Type":"text/plain"},"body":"a\"b","delay":"1ms"},
		{"status":500,"body":{"a":1.0}},{"status":202,"empty":true}]`
	if got := send(t, "POST", s.URL+reserved+"replies", script); got.status != 204 || got.body != "" {
		t.Fatal(got)
	}
	for _, want := range []response{{status: 418, body: `a"b`}, {status: 500, body: `{"a":1.0}`}, {status: 202}} {
		got := send(t, "GET", s.URL+contactsPath, "", "Authorization", token)
		if got.status != want.status || got.body != want.body {
			t.Errorf("got %d %s, want %d %s", got.status, got.body, want.status, want.body)
		}
		if got.status == 418 && (got.header.Get("X-A") != "1" || got.header.Get("Content-Type") != "text/plain") {
			t.Errorf("header %v", got.header)
		}
	}
}

func TestAdmin_RefusesWhatItDoesNotKnow(t *testing.T) {
	s := startServer(t, Config{Faults: []string{"503:0.9"}, Latency: 1})
	for _, c := range []struct{ path, body, want string }{
		{path: "replies", body: ``, want: "EOF"},
		{path: "replies", body: `null`, want: "other than null"},
		{path: "replies", body: `1`, want: "another type"},
		{path: "replies", body: `{},{}`, want: "after top-level value"},
		{path: "replies", body: `{}]`, want: "after top-level value"},
		{path: "replies", body: `{"state":503}`, want: "state: unknown member"},
		{path: "replies", body: `[{},{"Status":503}]`, want: "1/Status: unknown member"},
		{path: "replies", body: `{"status":503,"status":1}`, want: "duplicate"},
		{path: "replies", body: `{"status":"503"}`, want: "status: a value of another type"},
		{path: "replies", body: `{"status":100}`, want: "status: want 200"},
		{path: "replies", body: `{"status":-1}`, want: "status: want 200"},
		{path: "replies", body: `{"fault":"explode"}`, want: "fault: want reset"},
		{path: "replies", body: `{"delay":"soon"}`, want: "delay: want a duration"},
		{path: "replies", body: `{"delay":"-1s"}`, want: "delay: want a duration"},
		{path: "replies", body: `{"header":{"a b":"1"}}`, want: "header: want names"},
		{path: "replies", body: `{"header":{"":"1"}}`, want: "header: want names"},
		{path: "replies", body: `{"header":{"a":"1\r\nb: 2"}}`, want: "header: want names"},
		{path: "replies", body: "{\"body\":\"\xff\"}", want: "invalid UTF-8"},
		{path: "replies", body: `{"body":` + strings.Repeat("[", 20_000), want: "depth"},
		{path: "reset", body: `{"all":true}`, want: "unknown member"},
		{path: "reset", body: `[]`, want: "another type"},
		{path: "seed", body: `[]`, want: "another type"},
		{path: "faults", body: ``, want: "EOF"},
		{path: "faults", body: `{"faults":["429:2"]}`, want: "fault: \"429:2\": want KIND"},
		{path: "faults", body: `{"faults":"429:1"}`, want: "faults: a value of another type"},
		{path: "faults", body: `{"latency":5}`, want: "latency: a value of another type"},
		{path: "faults", body: `{"latency":"-5ms"}`, want: "latency: -5ms is negative"},
		{path: "faults", body: `{"latency":"5"}`, want: "latency: want a duration"},
		{path: "faults", body: `{"fault":[]}`, want: "fault: unknown member"},
	} {
		method := map[bool]string{true: "PUT", false: "POST"}[c.path == "faults"]
		got := send(t, method, s.URL+reserved+c.path, c.body, "Content-Type", "application/json")
		if got.status != 400 || !strings.Contains(strings.ReplaceAll(got.body, `\"`, `"`), c.want) {
			t.Errorf("%s %.60s: %d %s, want %s", c.path, c.body, got.status, got.body, c.want)
		}
	}
	if got := s.current(); got.latency != 1 || len(got.faults) != 1 {
		t.Errorf("the settings are %v", got)
	}
	s.settings = settings{}
	if _, err := s.Client().CreateContact(t.Context(), gen.Contact{}); err != nil {
		t.Errorf("a reply was scripted: %v", err)
	}
}

func TestFaults_AreSetAndRemovedWhileTheServerRuns(t *testing.T) {
	s := startServer(t, Config{Latency: 1})
	for _, c := range []struct {
		body string
		want settings
	}{
		{body: `{"faults":["503:0.25","reset:0.5"],"latency":"50ms"}`, want: settings{latency: 50e6, faults: make([]fault, 2)}},
		{body: `{}`},
	} {
		if got := send(t, "PUT", s.URL+reserved+"faults", c.body); got.status != 204 {
			t.Fatal(got)
		}
		if got := s.current(); got.latency != c.want.latency || len(got.faults) != len(c.want.faults) {
			t.Errorf("%s: %v", c.body, got)
		}
	}
}
