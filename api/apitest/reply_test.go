package apitest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestRespond_SendsRepliesInOrderThenDefault(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client(api.WithMaxAttempts(1))
	server.Respond(
		apitest.Reply{Status: 404},
		apitest.Reply{Status: 503, Empty: true},
		apitest.Reply{Body: `{"success":true,"data":{"amount":1,"below":2}}`},
	)
	var got []string
	for range 4 {
		var response api.Response
		_, _ = client.CreateAttribute(
			t.Context(), gen.AttributeTypeContacts, gen.Contact{}, api.CaptureResponse(&response))
		got = append(got, fmt.Sprintf("%d %s", response.StatusCode, response.Body))
	}
	want := []string{
		`404 {"error":{"code":"APITEST-404","message":"Not Found"},"success":false}`,
		`503 `,
		`200 {"success":true,"data":{"amount":1,"below":2}}`,
		`200 ` + exampleOfSetting(t),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// exampleOfSetting returns the spec's example of an auto top-up setting.
func exampleOfSetting(t *testing.T) string {
	t.Helper()
	doc, err := gen.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	media := doc.Components.Responses["AutotopupSetting"].Value.Content.Get("application/json")
	example, err := json.Marshal(media.Examples["page"].Value.Value, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(example)
}

func TestRespond_StoresOnDefaultRepliesOnly(t *testing.T) {
	for name, c := range map[string]struct {
		reply apitest.Reply
		want  int // attributes listed afterwards
	}{
		"no reply set":           {reply: apitest.Reply{}, want: 1},
		"status 200, no body":    {reply: apitest.Reply{Status: 200}, want: 1},
		"connection reset":       {reply: apitest.Reply{Fault: apitest.Reset}, want: 1},
		"body truncated":         {reply: apitest.Reply{Fault: apitest.Truncate}, want: 1},
		"status 503":             {reply: apitest.Reply{Status: 503}, want: 0},
		"status 201":             {reply: apitest.Reply{Status: 201}, want: 0},
		"empty body":             {reply: apitest.Reply{Empty: true}, want: 0},
		"body equal the default": {reply: apitest.Reply{Body: exampleOfSetting(t)}, want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			client := server.Client(api.WithMaxAttempts(1))
			server.Respond(c.reply)
			_, _ = client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{})
			got := 0
			for _, err := range client.ListAttributes(t.Context(), gen.ListAttributesParams{}) {
				if err != nil {
					t.Fatal(err)
				}
				got++
			}
			if got != c.want {
				t.Errorf("%d attributes are listed, want %d", got, c.want)
			}
		})
	}
}

func TestRespond_PanicsOnImpossibleStatus(t *testing.T) {
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

// The spec's example of a failure is about a mobile number.
func TestRespond_SendsFailureThatFitsStatus(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client(api.WithMaxAttempts(1))
	for status, want := range map[int]string{
		400: "CONT-001: Invalid mobile number",
		401: "APITEST-401: Unauthorized",
		403: "APITEST-403: Forbidden",
		404: "APITEST-404: Not Found",
		409: "APITEST-409: Conflict",
		422: "CONT-001: Invalid mobile number",
		429: "APITEST-429: Too Many Requests",
		500: "APITEST-500: Internal Server Error",
		503: "APITEST-503: Service Unavailable",
	} {
		reply := apitest.Reply{Status: status}
		server.RespondFunc(func(apitest.Request) *apitest.Reply { return &reply })
		_, err := client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "1")
		var failure *api.Error
		if !errors.As(err, &failure) || failure.Code+": "+failure.Message != want {
			t.Errorf("%d: got %v, want %s", status, err, want)
		}
	}
	server.RespondToken(apitest.Reply{Status: 429})
	_, err := server.Client(api.WithMaxAttempts(1)).GetAttribute(t.Context(), gen.AttributeTypeContacts, "1")
	if err == nil || !strings.Contains(err.Error(), "APITEST-429: Too Many Requests") {
		t.Errorf("token: got %v", err)
	}
}

func TestReply_DelaysEveryKindOfResponse(t *testing.T) {
	const delay = 50 * time.Millisecond
	for name, reply := range map[string]apitest.Reply{
		"default":  {Delay: delay},
		"failure":  {Delay: delay, Status: 400},
		"Truncate": {Delay: delay, Fault: apitest.Truncate},
		"Reset":    {Delay: delay, Fault: apitest.Reset},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.Respond(reply)
			begin := time.Now()
			client := server.Client(api.WithMaxAttempts(1))
			_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{})
			if took := time.Since(begin); took < delay || (err == nil) != (name == "default") {
				t.Errorf("took %v, %v", took, err)
			}
		})
	}
}

func TestClose_EndsResponsesThatWait(t *testing.T) {
	for name, reply := range map[string]apitest.Reply{
		"Hang":           {Fault: apitest.Hang},
		"Drip":           {Fault: apitest.Drip},
		"Delay":          {Delay: time.Hour},
		"Delay and Drip": {Delay: time.Hour, Fault: apitest.Drip},
	} {
		t.Run(name, func(t *testing.T) {
			server, _ := start(t)
			server.Respond(reply)
			ended := make(chan error, 1)
			go func() {
				ctx := context.WithoutCancel(t.Context())
				_, err := server.Client().CreateAttribute(ctx, gen.AttributeTypeContacts, gen.Contact{})
				ended <- err
			}()
			for len(server.Requests()) == 0 {
				select {
				case err := <-ended:
					t.Fatalf("the call ended without a request: %v", err)
				case <-time.After(time.Millisecond): // a request is no event that a test can wait for
				}
			}
			server.Close()
			if err := <-ended; err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	}
}
