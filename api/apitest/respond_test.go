package apitest_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

// read gets an attribute of a server that runs each request once.
func read(t *testing.T, server *apitest.Server, id string) error {
	t.Helper()
	_, err := server.Client(api.WithMaxAttempts(1)).GetAttribute(t.Context(), gen.AttributeTypeContacts, id)
	return err
}

func TestRespondFunc_ChoosesByRequest(t *testing.T) {
	server := apitest.NewServer(t)
	var got []string
	server.RespondFunc(func(r apitest.Request) *apitest.Reply {
		got = append(got, fmt.Sprintf("%s %s %s %s %t",
			r.Operation, r.Method, r.Path, r.Body, r.Header.Get("Authorization") != ""))
		if r.Method == "POST" {
			return nil
		}
		return &apitest.Reply{Status: 403}
	})
	client := server.Client(api.WithMaxAttempts(1))
	if _, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{}); err != nil {
		t.Error(err)
	}
	if err := read(t, server, "1"); !errors.Is(err, api.ErrForbidden) {
		t.Errorf("got %v", err)
	}
	want := []string{
		"createAttribute POST /v1/accounts/test-account/attributes/contacts {} true",
		"getAttribute GET /v1/accounts/test-account/attributes/contacts/1  true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRespondFunc_ComesAfterScriptedReplies(t *testing.T) {
	server, _ := start(t)
	calls := 0
	server.RespondFunc(func(apitest.Request) *apitest.Reply {
		calls++
		return &apitest.Reply{Status: 403}
	})
	server.Respond(apitest.Reply{Status: 409}, apitest.Reply{})
	post(t, server.URL+contactsPath, "application/json", "no-token", `{}`)     // not authorized
	post(t, server.URL+contactsPath, "application/json", "", `{"email":1}`)    // invalid
	post(t, server.URL+"/unknown", "application/json", "", `{}`)               // not in the spec
	post(t, server.URL+"/oauth2/token", "application/json", "", `{"a":"bcd"}`) // a token request
	if calls != 0 {
		t.Errorf("called %d times for requests that get no scripted reply", calls)
	}
	for i, want := range []string{"409", "404", "403"} {
		if err := read(t, server, "1"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("request %d: got %v, want %s", i, err, want)
		}
	}
	server.RespondFunc(nil)
	if err := read(t, server, "1"); !errors.Is(err, api.ErrNotFound) || calls != 1 {
		t.Errorf("without the function: got %v, %d calls, want 404, 1 call", err, calls)
	}
}

func TestRespondFunc_StoresOnDefaultReply(t *testing.T) {
	server := apitest.NewServer(t)
	server.RespondFunc(func(apitest.Request) *apitest.Reply { return &apitest.Reply{} })
	client := server.Client()
	if _, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{}); err != nil {
		t.Fatal(err)
	}
	if err := read(t, server, "attribute-1"); err != nil {
		t.Error(err)
	}
}

func TestRespondFunc_MayUseServer(t *testing.T) {
	server := apitest.NewServer(t)
	server.RespondFunc(func(r apitest.Request) *apitest.Reply {
		server.RespondFunc(nil)
		server.AddAttributes(gen.AttributeTypeContacts, gen.Attribute{ID: new("seven")})
		server.Respond(apitest.Reply{Status: 409})
		if n := len(server.Requests()); n != 1 {
			t.Errorf("%d requests", n)
		}
		return nil
	})
	if err := read(t, server, "seven"); err != nil {
		t.Error(err)
	}
	if err := read(t, server, "seven"); err == nil || !strings.Contains(err.Error(), "409") {
		t.Errorf("got %v", err)
	}
}

func TestRespondFunc_ReportsItsMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		f    func(apitest.Request) *apitest.Reply
		want string // the beginning of the report
	}{
		"impossible status": {
			f:    func(apitest.Request) *apitest.Reply { return &apitest.Reply{Status: 99} },
			want: "RespondFunc: GET /v1/accounts/test-account/attributes/contacts/1: a reply cannot have the status 99",
		},
		"panic": {
			f:    func(apitest.Request) *apitest.Reply { panic("boom") },
			want: "RespondFunc: GET /v1/accounts/test-account/attributes/contacts/1: panic: boom\ngoroutine ",
		},
		"nil pointer": {
			f: func(apitest.Request) *apitest.Reply {
				var none *apitest.Request
				return &apitest.Reply{Body: none.Path}
			},
			want: "RespondFunc: GET /v1/accounts/test-account/attributes/contacts/1: panic: runtime error: invalid memory",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, reports := start(t)
			server.RespondFunc(c.f)
			err := read(t, server, "1")
			if err == nil || !strings.Contains(err.Error(), "500 Internal Server Error: APITEST-500: The function") {
				t.Errorf("got %v", err)
			}
			if len(*reports) != 1 || !strings.HasPrefix((*reports)[0], c.want) {
				t.Errorf("reported %q, want %q", *reports, c.want)
			}
		})
	}
}

// FailNow of a test ends the goroutine of the server, which then has no response to send.
func TestRespondFunc_ClosesConnectionIfTestIsEnded(t *testing.T) {
	recorder := &recordingTB{TB: t}
	server := apitest.NewServer(recorder)
	server.RespondFunc(func(apitest.Request) *apitest.Reply {
		recorder.Fatal("the test fails")
		return nil
	})
	client := server.Client() // which sends no POST again
	_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{})
	if !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
	server.Close() // waits for the goroutine that ends
	if diff := cmp.Diff([]string{"the test fails"}, recorder.errors); diff != "" {
		t.Error(diff)
	}
}

func TestServer_IsSafeForConcurrentUse(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client(api.WithMaxAttempts(1))
	const callers, calls = 8, 20
	var conflicts, chosen, scripted atomic.Int64
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for j := range calls {
				server.RespondFunc(func(apitest.Request) *apitest.Reply {
					chosen.Add(1)
					return &apitest.Reply{Status: 409, Delay: 1}
				})
				server.Respond(apitest.Reply{Status: 409})
				scripted.Add(1)
				server.AddAttributes(gen.AttributeTypeDeals, gen.Attribute{}, gen.Attribute{ID: new(fmt.Sprintf("%d-%d", i, j))})
				for range 2 {
					_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeDeals, gen.Contact{})
					if err != nil && strings.Contains(err.Error(), "409 Conflict: APITEST-409") {
						conflicts.Add(1)
					}
				}
				server.Requests()
			}
		})
	}
	all.Wait()
	server.RespondFunc(nil)
	if n := conflicts.Load(); n != 2*callers*calls || chosen.Load() != n-scripted.Load() {
		t.Errorf("%d conflicts, %d of them chosen and %d scripted", n, chosen.Load(), scripted.Load())
	}
	ids := make(map[string]bool)
	for attribute, err := range client.ListAttributes(t.Context(), gen.ListAttributesParams{}) {
		if err != nil {
			t.Fatal(err)
		}
		ids[*attribute.ID] = true
	}
	if len(ids) != 2*callers*calls {
		t.Errorf("%d ids, want %d", len(ids), 2*callers*calls)
	}
}

// cleanupTB runs the functions of Cleanup when it is told to, as if a test had ended.
type cleanupTB struct {
	recordingTB
	cleanups []func()
	skipped  bool
}

func (c *cleanupTB) Cleanup(f func()) { c.cleanups = append(c.cleanups, f) }
func (c *cleanupTB) Skipped() bool    { return c.skipped }

func TestNewServer_FailsTestOnUnusedReplies(t *testing.T) {
	refused, done := apitest.Reply{Status: 403}, apitest.Reply{Body: `{"access_token":"a"}`}
	for name, c := range map[string]struct {
		replies      []apitest.Reply
		tokenReplies []apitest.Reply
		skipped      bool
		want         []string
	}{
		"none scripted": {},
		"all used":      {replies: []apitest.Reply{refused}, tokenReplies: []apitest.Reply{done}},
		"two of three and one of two": {
			replies:      []apitest.Reply{refused, refused, {}},
			tokenReplies: []apitest.Reply{done, done},
			want: []string{
				"apitest: unused replies of Respond: 2; the server received too few valid, authorized requests",
				"apitest: unused replies of RespondToken: 1; the server received too few valid token requests",
			},
		},
		"test that is skipped": {replies: []apitest.Reply{refused, refused}, skipped: true},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := &cleanupTB{recordingTB: recordingTB{TB: t}, skipped: c.skipped}
			server := apitest.NewServer(recorder)
			server.Respond(c.replies...)
			server.RespondToken(c.tokenReplies...)
			_ = read(t, server, "1")
			for _, f := range recorder.cleanups {
				f()
			}
			if diff := cmp.Diff(c.want, recorder.errors); diff != "" {
				t.Error(diff)
			}
		})
	}
}
