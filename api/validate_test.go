package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestCreateAttribute_SendsTheContactOfThePage(t *testing.T) {
	text, contact := pageContact(t)
	server := apitest.NewServer(t)
	client := server.Client()
	for _, kind := range []gen.AttributeType{
		gen.AttributeTypeContacts, gen.AttributeTypeDeals, gen.AttributeTypeTickets,
	} {
		t.Run(string(kind), func(t *testing.T) {
			got, err := client.CreateAttribute(t.Context(), kind, contact)
			if err != nil {
				t.Fatal(err)
			}
			if got.Amount != 123 || got.Below != 123 {
				t.Errorf("got %+v", got)
			}
			requests := server.Requests()
			request := requests[len(requests)-1]
			var want, sent any
			unmarshal(t, text, &want)
			unmarshal(t, request.Body, &sent)
			if diff := cmp.Diff(want, sent); diff != "" {
				t.Errorf("the contact of the page (-), the request (+)\n%s", diff)
			}
			line := request.Method + " " + request.Path
			if want := "POST /v1/accounts/" + server.AccountID + "/attributes/" + string(kind); line != want {
				t.Errorf("request line %s, want %s", line, want)
			}
			for name, want := range map[string]string{
				"Content-Type":      "application/json",
				"Accept":            "application/json",
				"User-Agent":        "sakari-go",
				"Idempotency-Key":   "",
				"X-Idempotency-Key": "",
			} {
				if got := request.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
	if n := len(server.TokenRequests()); n != 1 {
		t.Errorf("%d tokens for three calls, want one", n)
	}
	want := fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_type":"client_credentials"}`,
		server.ClientID, server.ClientSecret)
	if diff := cmp.Diff(want, string(server.TokenRequests()[0].Body)); diff != "" {
		t.Error(diff)
	}
}

func TestCreateAttribute_SendsUndeclaredProperties(t *testing.T) {
	server := apitest.NewServer(t)
	_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, gen.Contact{
		Mobile:               &gen.ContactMobile{AdditionalProperties: properties{"carrier": "x"}.raw()},
		Attributes:           properties{}.raw(),
		AdditionalProperties: properties{"x-nickname": "C"}.raw(),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"attributes":{},"mobile":{"carrier":"x"},"x-nickname":"C"}`
	if diff := cmp.Diff(want, string(server.Requests()[0].Body)); diff != "" {
		t.Error(diff)
	}
}

func TestCreateAttribute_KeepsUTF8(t *testing.T) {
	server := apitest.NewServer(t)
	name := "Zoë \ufffd \U0001F600 \u2028 <&>"
	_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeDeals, gen.Contact{FirstName: &name})
	if err != nil {
		t.Fatal(err)
	}
	var got gen.Contact
	unmarshal(t, server.Requests()[0].Body, &got)
	if *got.FirstName != name {
		t.Errorf("got %q, want %q", *got.FirstName, name)
	}
}

func TestMethods_SendNoInvalidArgument(t *testing.T) {
	server := apitest.NewServer(t)
	for _, mode := range modes {
		reported := 0
		client := server.Client(api.WithValidation(mode), countViolations(&reported))
		for _, id := range []string{"", ".", "..", "a/b", `a\b`, "a\n", "\xff", strings.Repeat("x", 129)} {
			of := gen.AttributeType(id)
			for name, err := range map[string]error{
				"get":            second(client.GetAttribute(t.Context(), gen.AttributeTypeContacts, id)),
				"update":         second(client.UpdateAttribute(t.Context(), gen.AttributeTypeContacts, id, gen.Contact{})),
				"get by type":    second(client.GetAttribute(t.Context(), of, "contacts")),
				"update by type": second(client.UpdateAttribute(t.Context(), of, "contacts", gen.Contact{})),
				"create by type": second(client.CreateAttribute(t.Context(), of, gen.Contact{})),
				"list by type":   lastError(client.ListAttributesByType(t.Context(), of, gen.ListAttributesByTypeParams{})),
			} {
				invalid := as[*api.ValidationError](t, err)
				location := "path.attributeId"
				if strings.HasSuffix(name, "type") {
					location = "path.attributeType"
				}
				if len(invalid.Violations) != 1 || invalid.Violations[0].Location != location ||
					invalid.Operation == "" || api.OutcomeOf(err) != api.NotApplied {
					t.Errorf("%s %q: got %v", name, id, err)
				}
			}
			if id == "." || id == ".." {
				continue // the generated client sends these with another path, see Client.Generated
			}
			_, err := client.Generated().UpdateAttributeWithResponse(t.Context(), "a",
				gen.AttributeTypeContacts, id, gen.Contact{})
			if !errors.Is(err, api.ErrInvalidRequest) {
				t.Errorf("generated, %q: got %v", id, err)
			}
			_, err = client.Generated().ListAttributesWithResponse(t.Context(), id, nil)
			if !errors.Is(err, api.ErrInvalidRequest) {
				t.Errorf("generated, account %q: got %v", id, err)
			}
		}
		if want := 8*6 + 6*2; reported != want { // 6 methods, and 2 of the generated client
			t.Errorf("%d violations were reported, want %d", reported, want)
		}
	}
	client := server.Client()
	list := func(params gen.ListAttributesParams) error {
		return lastError(client.ListAttributes(t.Context(), params))
	}
	listByType := func(ctx context.Context, of gen.AttributeType) error {
		return lastError(client.ListAttributesByType(ctx, of, gen.ListAttributesByTypeParams{}))
	}
	var noContext context.Context
	for want, err := range map[string]error{
		"sakari: getAttribute: invalid request: path.attributeType: ":                     second(client.GetAttribute(t.Context(), "no-such-type", "1")),
		"sakari: listAttributes: invalid request: query.limit: ":                          list(gen.ListAttributesParams{Limit: new(101)}),
		"sakari: listAttributes: invalid request: query.limit: number must be at least 1": list(gen.ListAttributesParams{Limit: new(0)}),
		"sakari: listAttributes: invalid request: query.offset: ":                         list(gen.ListAttributesParams{Offset: new(-1)}),
		"sakari: listAttributesByType: invalid request: path.attributeType: ":             listByType(t.Context(), "Deals"),
		"sakari: listAttributesByType: the context is nil":                                listByType(noContext, "deals"),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if len(server.Requests()) != 0 {
		t.Errorf("the server got %d requests", len(server.Requests()))
	}
}

// The body that was validated is the body that is sent, byte for byte, in every attempt.
func TestValidate_SendsTheBodyThatWasValidated(t *testing.T) {
	text, contact := pageContact(t)
	if err := contact.Set("note", "<b>Zo\u00eb & \u2028 \"co\"</b>\n"); err != nil {
		t.Fatal(err)
	}
	if err := contact.Lists[0].Set("more", map[string]any{"z": 1, "a": []any{nil, 1e300}}); err != nil {
		t.Fatal(err)
	}
	written, err := contact.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var bodies [][]byte
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies = append(bodies, body)
		if len(bodies) == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		writeJSON(w, successBody)
	})
	client := newClient(t, base, new(waits).option())
	if _, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact); err != nil {
		t.Fatal(err)
	}
	// A body that the caller wrote is sent with its spaces.
	_, err = client.Generated().CreateAttributeWithBodyWithResponse(t.Context(), "acc",
		gen.AttributeTypeContacts, "application/json", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]byte{written, written, text}
	if len(bodies) != len(want) {
		t.Fatalf("%d bodies, want %d", len(bodies), len(want))
	}
	for i := range want {
		if !bytes.Equal(bodies[i], want[i]) {
			t.Errorf("body %d is\n%s, want\n%s", i, bodies[i], want[i])
		}
	}
}

func TestWithValidation_DecidesAboutInvalidResponses(t *testing.T) {
	wrongStatus := apitest.Reply{Status: 202, Body: successBody}
	asText := func(body string) apitest.Reply {
		return apitest.Reply{Header: header("Content-Type", "text/plain"), Body: body}
	}
	incomplete := apitest.Reply{Body: `{"success":true,"data":{"amount":7}}`}
	for name, c := range map[string]struct {
		mode     api.Validation
		reply    apitest.Reply
		succeeds bool
		reported int // violations
	}{
		"strict: a missing property":   {mode: api.ValidationStrict, reply: incomplete, reported: 1},
		"report: a missing property":   {mode: api.ValidationReport, reply: incomplete, succeeds: true, reported: 1},
		"off: a missing property":      {mode: api.ValidationOff, reply: incomplete, succeeds: true},
		"strict: an undeclared status": {mode: api.ValidationStrict, reply: wrongStatus, reported: 1},
		"report: an undeclared status": {
			mode: api.ValidationReport, reply: wrongStatus, succeeds: true, reported: 1,
		},
		"off: an undeclared status":        {mode: api.ValidationOff, reply: wrongStatus, succeeds: true},
		"strict: an undeclared media type": {mode: api.ValidationStrict, reply: asText(successBody), reported: 1},
		"report: an undeclared media type": {mode: api.ValidationReport, reply: asText(successBody), succeeds: true, reported: 1},
		"off: an undeclared media type":    {mode: api.ValidationOff, reply: asText(successBody), succeeds: true},
		"report: no body": {
			mode: api.ValidationReport, reply: apitest.Reply{Status: 204}, reported: 1,
		},
		"off: no body": {mode: api.ValidationOff, reply: apitest.Reply{Status: 204}, reported: 1},
		"report: HTML": {
			mode:     api.ValidationReport,
			reply:    asText("<html>"),
			reported: 1,
		},
		"report: an empty object": {
			mode: api.ValidationReport, reply: apitest.Reply{Status: 202, Body: `{}`}, reported: 1,
		},
		"report: null": {
			mode:     api.ValidationReport,
			reply:    apitest.Reply{Status: 202, Body: `null`},
			reported: 1,
		},
		"off: no success property": {
			mode:     api.ValidationOff,
			reply:    apitest.Reply{Status: 201, Body: `{"data":{"amount":1,"below":1}}`},
			reported: 1,
		},
		"off: success is null": {
			mode:     api.ValidationOff,
			reply:    apitest.Reply{Status: 206, Body: `{"success":null}`},
			reported: 1,
		},
		"off: an error in an undeclared media type": {
			mode:     api.ValidationOff,
			reply:    asText(`{"error":{"code":"X"}}`),
			reported: 1,
		},
		"off: success is true twice": {
			mode:     api.ValidationOff,
			reply:    asText(`{"success":true,"success":true,"data":{}}`),
			reported: 1,
		},
		"report: success is false in an undeclared status": {
			mode:  api.ValidationReport,
			reply: apitest.Reply{Status: 201, Body: `{"success":false}`},
		},
		"off: data that the result type cannot hold": {
			mode:     api.ValidationOff,
			reply:    apitest.Reply{Body: `{"success":true,"data":1}`},
			reported: 1,
		},
		"report: data that the result type cannot hold": {
			mode:     api.ValidationReport,
			reply:    apitest.Reply{Body: `{"success":true,"data":1}`},
			reported: 1,
		},
		"off: a body over the limit": {
			mode:     api.ValidationOff,
			reply:    apitest.Reply{Body: strings.Repeat(" ", 1<<20) + successBody},
			reported: 1,
		},
		"off: success is false": {
			mode: api.ValidationOff, reply: apitest.Reply{Body: `{"success":false}`},
		},
		"off: success is false in an undeclared media type": {
			mode:  api.ValidationOff,
			reply: apitest.Reply{Header: header("Content-Type", "text/json"), Body: `{"success":false}`},
		},
		"off: success is true and then false": {
			mode:     api.ValidationOff,
			reply:    apitest.Reply{Body: `{"success":true,"success":false,"data":{}}`},
			reported: 1,
		},
		"report: Success in another case is false": {
			mode:     api.ValidationReport,
			reply:    apitest.Reply{Body: `{"Success":false,"data":{}}`},
			reported: 1,
		},
		"off: success is false, and half a surrogate": {
			mode:  api.ValidationOff,
			reply: apitest.Reply{Body: `{"success":false,"x":"\ud83d"}`},
		},
		"off: success is false and then null": {
			mode:     api.ValidationOff,
			reply:    apitest.Reply{Body: `{"success":false,"success":null,"data":{"amount":1,"below":1}}`},
			reported: 1,
		},
		"off: success is false and then true": {
			mode:     api.ValidationOff,
			reply:    apitest.Reply{Body: `{"success":false,"success":true,"data":{"amount":1,"below":1}}`},
			reported: 1,
		},
		"report: a valid response": {
			mode: api.ValidationReport, reply: apitest.Reply{}, succeeds: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.Respond(c.reply)
			var reported []*api.ValidationError
			client := server.Client(api.WithValidation(c.mode), api.WithViolationHandler(
				func(_ context.Context, err *api.ValidationError) { reported = append(reported, err) }))
			var response api.Response
			setting, err := create(t, client, api.CaptureResponse(&response))
			if (err == nil) != c.succeeds || len(reported) != c.reported {
				t.Errorf("got %v, reported %v", err, reported)
			}
			if want := max(c.reply.Status, 200); response.StatusCode != want {
				t.Errorf("captured %v, want status %d", response, want)
			}
			if err == nil && setting.Amount == 0 {
				t.Errorf("got %v", setting)
			}
		})
	}
	t.Run("the caller sees no violations of the request in the response", func(t *testing.T) {
		server, err := apitest.Start(func(error) {})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		var response api.Response
		reported := 0
		client := server.Client(api.WithValidation(api.ValidationReport), countViolations(&reported))
		_, err = client.CreateAttribute(t.Context(), "no-such-type", gen.Contact{}, api.CaptureResponse(&response))
		if as[*api.Error](t, err).StatusCode != 400 || reported != 1 || len(response.Violations) != 0 {
			t.Errorf("got %v, reported %d, in the response %v", err, reported, response.Violations)
		}
	})
	t.Run("the caller sees the violations of a result", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.Respond(apitest.Reply{Body: `{"data":{"id":"x"}}`})
		var response api.Response
		setting, err := create(t, server.Client(api.WithValidation(api.ValidationReport)), api.CaptureResponse(&response))
		var got []string
		for _, v := range response.Violations {
			got = append(got, v.Location)
		}
		if diff := cmp.Diff([]string{"body/data/amount", "body/data/below", "body/success"}, got); diff != "" || err != nil || setting.Amount != 0 {
			t.Errorf("got %v, %v\n%s", setting, err, diff)
		}
	})
	t.Run("the violation handler cannot change the response", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.Respond(incomplete)
		client := server.Client(api.WithValidation(api.ValidationReport), api.WithViolationHandler(
			func(_ context.Context, found *api.ValidationError) {
				clear(found.Header)
				clear(found.Body)
			}))
		var response api.Response
		setting, err := create(t, client, api.CaptureResponse(&response))
		if err != nil || setting.Amount != 7 ||
			string(response.Body) != incomplete.Body || len(response.Header) == 0 {
			t.Errorf("got %v, %v, captured %q", setting, err, response.Body)
		}
	})
	t.Run("the generated client returns the response", func(t *testing.T) {
		server := apitest.NewServer(t)
		server.Respond(wrongStatus)
		generated := server.Client(api.WithValidation(api.ValidationReport)).Generated()
		response, err := generated.CreateAttributeWithResponse(t.Context(), "a", "contacts", gen.Contact{})
		if err != nil || response.StatusCode() != 202 || response.JSON200 != nil ||
			string(response.Body) != successBody {
			t.Errorf("got %+v, %v", response, err)
		}
	})
	t.Run("report sends an invalid request", func(t *testing.T) {
		reported := 0
		base := serve(t, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, successBody) })
		client := newClient(t, base, api.WithValidation(api.ValidationReport), countViolations(&reported))
		_, err := client.CreateAttribute(t.Context(), "no-such-type", gen.Contact{})
		if err != nil || reported != 1 {
			t.Errorf("got %v, %d reported", err, reported)
		}
	})
}

// A valid response succeeds in every mode, whether the fast path or kin-openapi validates it.
func TestValidate_AcceptsUnusualResponses(t *testing.T) {
	for name, body := range map[string]string{
		"the response of the page":   successBody,
		"a pair of surrogates":       `{"success":true,"data":{"amount":123,"below":123},"note":"\ud83d\ude00"}`,
		"a name with an escape":      `{"succe\u0073s":true,"data":{"amount":123,"below":123}}`,
		"a long number":              `{"success":true,"data":{"amount":1.23e000000002,"below":123}}`,
		"success is false elsewhere": `{"success":true,"data":{"amount":123,"below":123,"success":false},"false":false}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, mode := range modes {
				base := serve(t, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, body) })
				client := newClient(t, base, api.WithValidation(mode))
				if got, err := create(t, client); err != nil || got.Amount != 123 {
					t.Errorf("%v: %+v, %v", mode, got, err)
				}
			}
		})
	}
}

// A response that conforms to the spec and says success: false is a failure in every mode, whatever
// its spaces.
func TestValidate_ReportsSuccessFalseInEveryMode(t *testing.T) {
	for _, body := range []string{
		`{"success":false,"data":{"amount":123,"below":123}}`,
		`{"success": false, "data": {"amount": 123, "below": 123}}`,
		"{\"data\":{\"amount\":123,\"below\":123},\"success\"\r\n:\t\n false }",
		`{"success":false,"data":{"amount":123,"below":123},"note":"\ud83d\ude00"}`,
	} {
		for _, mode := range modes {
			base := serve(t, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, body) })
			client := newClient(t, base, api.WithValidation(mode))
			_, err := create(t, client)
			as[*api.Error](t, err)
			checkFailure(t, err, api.NotApplied, nil)
		}
	}
}
