package api

import (
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
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
		slow := len(parseJSON(body).validate(&openapi3.MediaType{Schema: schema}, len(body))) == 0
		if fast := json.Unmarshal(body, new(time.Time)) == nil; slow != want || fast != want {
			t.Errorf("%q: slow %v, fast %v, want %v", text, slow, fast, want)
		}
		if err := schema.Value.VisitJSON(text); err != nil && want {
			t.Errorf("%q: kin-openapi by itself: %v", text, err)
		}
	}
}
