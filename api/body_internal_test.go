package api

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func TestDateTime(t *testing.T) {
	schema := openapi3.NewDateTimeSchema().NewRef()
	for text, want := range map[string]bool{
		"2023-11-07T05:31:56Z": true, "2023-11-07T05:31:56.123456789Z": true, "2023-11-07T05:31:56.5+02:00": true, "2024-02-29T23:59:59-23:59": true, "0000-01-01T00:00:00Z": true,
		"2023-11-07T5:31:56Z": false, "2023-11-07T5:31:56.5Z": false, "2023-11-07T05:31:56,5Z": false, "2023-11-07T05:31:56+24:00": false, "2023-11-07T05:31:56+02:60": false, "2023-11-07T05:31:56+2:00": false,
		"2023-02-29T05:31:56Z": false, "2023-11-31T05:31:56Z": false, "2023-11-07T24:00:00Z": false, "2023-11-07T05:31:60Z": false, "2023-11-07t05:31:56z": false,
		"2023-11-07 05:31:56Z": false, "2023-11-07T05:31:56": false, "2023-11-07T05:31:56.Z": false, "2023-11-07": false, "": false, "2023-11-07T05:31:56Z ": false, "23-11-07T05:31:56Z": false,
	} {
		body := []byte(`"` + text + `"`)
		value, findings := parseJSON(body)
		slow := len(checkBody(&openapi3.MediaType{Schema: schema}, len(body), value, findings)) == 0
		if fast := make(acceptors).of(schema).accepts(body); slow != want || fast != want {
			t.Errorf("%q: slow %v, fast %v, want %v", text, slow, fast, want)
		}
		if err := schema.Value.VisitJSON(text); err != nil && want {
			t.Errorf("%q: kin-openapi by itself: %v", text, err)
		}
	}
}

// A parameter whose text in the path is not its value has no acceptor.
func TestParameterStyles(t *testing.T) {
	segments := []string{"v1", "{id}"}
	for style, want := range map[string]bool{"": true, openapi3.SerializationSimple: true, openapi3.SerializationLabel: false, openapi3.SerializationMatrix: false} {
		p := openapi3.NewPathParameter("id").WithSchema(openapi3.NewStringSchema())
		p.Style = style
		if got := newParameter(p, segments, make(acceptors)); (got.text != nil) != want || got.segment != 1 {
			t.Errorf("style %q: acceptor %v, segment %d", style, got.text != nil, got.segment)
		}
	}
	number := openapi3.NewPathParameter("id").WithSchema(openapi3.NewInt64Schema())
	if newParameter(number, segments, make(acceptors)).text != nil {
		t.Error("a number has an acceptor of texts")
	}
}
