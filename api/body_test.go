package api_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// What was checked is what is sent, byte for byte, at every attempt.
func TestBodyIsSentAsItWasWritten(t *testing.T) {
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
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, yes)
	})
	client := newClient(t, base, new(waits).option())
	if _, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact); err != nil {
		t.Fatal(err)
	}
	// A text of one's own goes out with its spaces.
	if _, err := client.Generated().CreateAttributeWithBodyWithResponse(t.Context(), "acc", gen.AttributeTypeContacts, "application/json", bytes.NewReader(text)); err != nil {
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

// An answer that the quick check takes is one that the mode does not matter for; one that it doubts is checked as before.
func TestDoubtIsNoVerdict(t *testing.T) {
	for name, body := range map[string]string{
		"taken at once":        yes,
		"a pair of surrogates": `{"success":true,"data":{"amount":123,"below":123},"note":"\ud83d\ude00"}`,
		"a name with escapes":  `{"succe\u0073s":true,"data":{"amount":123,"below":123}}`,
		"a long number":        `{"success":true,"data":{"amount":1.23e000000002,"below":123}}`,
		"false elsewhere":      `{"success":true,"data":{"amount":123,"below":123,"success":false},"false":false}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, mode := range []api.Validation{api.ValidationStrict, api.ValidationReport, api.ValidationOff} {
				client := newClient(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					_, _ = io.WriteString(w, body)
				}), api.WithValidation(mode))
				if got, err := create(t, client); err != nil || got.Amount != 123 {
					t.Errorf("%v: %+v, %v", mode, got, err)
				}
			}
		})
	}
}

// An answer that has all that the contract wants, and says no, is a no in every mode and however it is spaced.
func TestNoIsANoHoweverWritten(t *testing.T) {
	for _, body := range []string{
		`{"success":false,"data":{"amount":123,"below":123}}`,
		`{"success": false, "data": {"amount": 123, "below": 123}}`,
		"{\"data\":{\"amount\":123,\"below\":123},\"success\"\r\n:\t\n false }",
		`{"success":false,"data":{"amount":123,"below":123},"note":"\ud83d\ude00"}`,
	} {
		for _, mode := range []api.Validation{api.ValidationStrict, api.ValidationReport, api.ValidationOff} {
			client := newClient(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, body)
			}), api.WithValidation(mode))
			_, err := create(t, client)
			as[*api.Error](t, err)
			checkFailure(t, err, api.NotApplied, nil)
		}
	}
}
