package spec

import (
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
)

// kin-openapi accepts more than time.Time does, such as 30 February, so goDateTime replaces its
// validation.
func TestDateTime_IsThatOfTheGoTypes(t *testing.T) {
	texts := make(map[string]bool)
	for _, valid := range []string{
		"2023-11-07T05:31:56Z", "2023-11-07T05:31:56.123456789Z", "2023-11-07T05:31:56.5+02:00",
		"2024-02-29T23:59:59-23:59", "0000-01-01T00:00:00Z",
	} {
		texts[valid] = true
	}
	for _, invalid := range []string{
		"2023-11-07T5:31:56Z", "2023-11-07T5:31:56.5Z", "2023-11-07T05:31:56,5Z",
		"2023-11-07T05:31:56+24:00", "2023-11-07T05:31:56+02:60", "2023-11-07T05:31:56+2:00",
		"2023-02-29T05:31:56Z", "2023-11-31T05:31:56Z", "2023-11-07T24:00:00Z",
		"2023-11-07T05:31:60Z", "2023-11-07t05:31:56z", "2023-11-07 05:31:56Z",
		"2023-11-07T05:31:56", "2023-11-07T05:31:56.Z", "2023-11-07", "", "2023-11-07T05:31:56Z ",
		"23-11-07T05:31:56Z",
	} {
		texts[invalid] = false
	}
	schema := openapi3.NewDateTimeSchema().NewRef()
	for text, want := range texts {
		body := []byte(`"` + text + `"`)
		byKin := len(parseJSON(body).validate(&openapi3.MediaType{Schema: schema})) == 0
		if byGo := json.Unmarshal(body, new(time.Time)) == nil; byKin != want || byGo != want {
			t.Errorf("%q: kin-openapi %v, Go %v, want %v", text, byKin, byGo, want)
		}
		if err := schema.Value.VisitJSON(text); err != nil && want {
			t.Errorf("%q: kin-openapi alone: %v", text, err)
		}
	}
}
