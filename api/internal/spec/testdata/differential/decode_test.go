// Package gen is compiled by TestExpressed_IsNeverWrong, together with the Go types of random
// schemas and with gen/object.go.
package gen

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api/internal/spec"
)

func TestTypes_AcceptOnlyWhatKinOpenAPIAccepts(t *testing.T) {
	documents, err := strconv.Atoi(os.Getenv("DIFFERENTIAL_DOCUMENTS"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromFile(os.Getenv("DIFFERENTIAL_SPEC"))
	if err != nil {
		t.Fatal(err)
	}
	operations := spec.Operations(doc)
	random := rand.New(rand.NewPCG(1, 2))
	var expressed, accepted, leftOver, encoded int // leftOver: valid, but not accepted
	var valid, unreadable int                      // unreadable: valid integers that an int64 has not
	checked := spec.New(operations, func() (*openapi3.T, error) { return doc, nil })
	for _, op := range operations {
		if op.Result != "" {
			expressed++
		}
		schema := doc.Components.Schemas[op.ID].Value
		for range documents / len(operations) {
			text := []byte(randomDocument(random, schema))
			if random.IntN(2) == 0 {
				text = []byte(mutated(random, string(text)))
			}
			switch checkReadable(t, checked.Operation(op.ID), text) {
			case conforms:
				valid++
			case isNoGoInteger:
				unreadable++
			}
			value := constructors[op.ID]()
			isAccepted := op.Result != "" && json.Unmarshal(text, value) == nil
			err := validate(schema, text, openapi3.VisitAsResponse())
			switch {
			case isAccepted && err != nil:
				t.Errorf("decoded %.500q, which does not conform to %.2000s\n%v",
					text, asJSON(t, schema), err)
			case isAccepted:
				accepted++
			case err == nil && op.Result != "":
				leftOver++
			}
			if !isAccepted || op.Body == "" {
				continue
			}
			request, err := json.Marshal(value)
			if err == nil {
				err = validate(schema, request, openapi3.VisitAsRequest())
			}
			if err != nil {
				t.Errorf("encoded %.500q of %.500q, which does not conform to %.2000s\n%v",
					request, text, asJSON(t, schema), err)
			}
			encoded++
		}
	}
	fmt.Printf("%d schemas, %d expressed; %d documents, %d accepted by the fast path, "+
		"%d valid but left to kin-openapi, %d encoded\n",
		len(operations), expressed, documents, accepted, leftOver, encoded)
	if expressed < len(operations)/4 || accepted < documents/20 || encoded < accepted/4 ||
		leftOver > accepted/2 {
		t.Error("too few documents use the fast path: the test shows nothing")
	}
	t.Logf("%d documents conform, %d of them have an integer that no int64 is", valid+unreadable, unreadable)
	if valid < documents/10 || unreadable > valid {
		t.Error("too few documents conform: the test shows nothing")
	}
}

type readable int

const (
	doesNotConform readable = iota
	conforms
	isNoGoInteger
)

// checkReadable fails the test if a text conforms to the schema of an operation, and the Go type
// does not read it, or writes something else.
func checkReadable(t *testing.T, op *spec.Operation, text []byte) readable {
	t.Helper()
	header := http.Header{"Content-Type": {spec.MediaTypeJSON}}
	violations := op.CheckResponse(t.Context(), httptest.NewRequest(op.Method, op.Path, nil), spec.Response{
		StatusCode: 200, Header: header, Body: spec.ParseBody(header, text),
	})
	if len(violations) > 0 {
		return doesNotConform
	}
	value := constructors[op.ID]()
	err := json.Unmarshal(text, value)
	var semantic *json.SemanticError
	if errors.As(err, &semantic) && semantic.JSONPointer != "" && semantic.JSONKind == '0' {
		return isNoGoInteger
	}
	written := asJSON(t, value)
	if err != nil || !reflect.DeepEqual(withoutNulls(t, []byte(written)), withoutNulls(t, text)) {
		t.Errorf("%s: %.500q conforms; read as its Go type it is %.500q, %v", op.ID, text, written, err)
	}
	return conforms
}

// withoutNulls returns JSON without members that are null: those of an optional property are read
// as nil, and not written.
func withoutNulls(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	var drop func(any)
	drop = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			maps.DeleteFunc(value, func(_ string, member any) bool { return member == nil })
			for _, member := range value {
				drop(member)
			}
		case []any:
			for _, element := range value {
				drop(element)
			}
		}
	}
	drop(value)
	return value
}

// validate is the slow path: JSON that all decoders read alike, and kin-openapi.
func validate(
	schema *openapi3.Schema, text []byte, direction openapi3.SchemaValidationOption,
) error {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	if depth := depthOf(value); depth > 100 {
		return fmt.Errorf("is nested %d levels deep", depth)
	}
	if name := misspelledName(schema, value); name != "" {
		return fmt.Errorf("%s is spelled in another case", name)
	}
	return schema.VisitJSON(value, direction, openapi3.MultiErrors())
}

func depthOf(value any) int {
	deepest := 0
	switch value := value.(type) {
	case map[string]any:
		for _, member := range value {
			deepest = max(deepest, depthOf(member))
		}
	case []any:
		for _, element := range value {
			deepest = max(deepest, depthOf(element))
		}
	default:
		return 0
	}
	return deepest + 1
}

// misspelledName returns a name that differs from a declared one in case only, "" if there is none.
func misspelledName(schema *openapi3.Schema, value any) string {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if declared := schema.Properties[name]; declared != nil {
				if found := misspelledName(declared.Value, member); found != "" {
					return found
				}
				continue
			}
			for declared := range schema.Properties {
				if strings.EqualFold(name, declared) {
					return name
				}
			}
		}
	case []any:
		for _, element := range value {
			if schema.Items != nil {
				if found := misspelledName(schema.Items.Value, element); found != "" {
					return found
				}
			}
		}
	}
	return ""
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// randomDocument returns JSON that often conforms to a schema.
func randomDocument(random *rand.Rand, s *openapi3.Schema) string {
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	oneIn := func(n int) bool { return random.IntN(n) == 0 }
	if parts := slices.Concat(s.OneOf, s.AnyOf); len(parts) > 0 {
		return randomDocument(random, parts[random.IntN(len(parts))].Value)
	}
	if len(s.AllOf) > 0 {
		whole := *s
		whole.AllOf, whole.Properties, whole.Type = nil, maps.Clone(s.Properties), &openapi3.Types{openapi3.TypeObject}
		for _, part := range s.AllOf {
			for name, property := range part.Value.Properties {
				if whole.Properties == nil {
					whole.Properties = make(openapi3.Schemas)
				}
				whole.Properties[name] = property
			}
			whole.Required = slices.Concat(whole.Required, part.Value.Required)
		}
		s = &whole
	}
	kind := pick(openapi3.TypeString, openapi3.TypeInteger, openapi3.TypeBoolean,
		openapi3.TypeNull, openapi3.TypeArray)
	if s.Type != nil && !oneIn(60) {
		kind = pick(*s.Type...)
	}
	if s.Nullable && oneIn(5) {
		kind = openapi3.TypeNull
	}
	space := pick("", "", "", " ", "\n\t")
	switch kind {
	case openapi3.TypeNull:
		return "null"
	case openapi3.TypeBoolean:
		return pick("true", "false")
	case openapi3.TypeInteger:
		return pick("0", "-0", "1", "-42", "123456789012345678", "9007199254740993",
			"9223372036854775807", "9223372036854775808", "99999999999999999999",
			"-99999999999999999999", "1.0", "1e2", "-9223372036854775809")
	case openapi3.TypeNumber:
		return pick("0", "1.5", "-0.0", "1e2", "1E+2", "1e-2", "1e99", "1e308", "1e309", "1e-400",
			"123456789012345678901234567890", strings.Repeat("9", 199), strings.Repeat("9", 310),
			"0."+strings.Repeat("1", 250))
	case openapi3.TypeString:
		switch {
		case len(s.Enum) > 0 && !oneIn(10):
			return strconv.Quote(fmt.Sprint(s.Enum[random.IntN(len(s.Enum))]))
		case s.Format == "date-time" && !oneIn(10):
			return pick(`"2023-11-07T05:31:56Z"`, `"2023-02-30T05:31:56Z"`,
				`"2023-11-07T05:31:60Z"`, `"2023-11-07T05:31:56.123456789+02:00"`,
				`"2023-11-07t05:31:56z"`, `"2023-11-07T05:31:56,5Z"`,
				`"2023-11-07T05:31:56+24:00"`, `"2023-11-07T5:31:56Z"`, `"0000-01-01T00:00:00Z"`)
		}
		switch s.Format {
		case "byte":
			return pick(`""`, `"AQI="`, `"AQ"`, `"-_8="`, `"A Q="`)
		case "date":
			return pick(`"2023-11-07"`, `"2023-02-30"`, `"0000-01-01"`)
		case "email":
			return pick(`"a@b"`, `"a"`)
		case "uuid":
			return pick(`"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"`, `"{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}"`)
		}
		return pick(`""`, `"text"`, `"\u003cstring\u003e"`, `"\ud83d\ude00"`,
			`"\\\/\b\f\n\r\t\""`, "\"\u00e9\u2028\ufffd\"", `"\u00e9"`, `"contacts"`,
			`"\u0063ontacts"`)
	case openapi3.TypeArray:
		items := &openapi3.Schema{}
		if s.Items != nil {
			items = s.Items.Value
		}
		var elements []string
		for range random.IntN(4) {
			elements = append(elements, randomDocument(random, items))
		}
		return "[" + space + strings.Join(elements, space+","+space) + space + "]"
	}
	var members []string
	add := func(name string, of *openapi3.Schema) {
		quoted, _ := jsontext.AppendQuote(nil, name)
		members = append(members, string(quoted)+space+":"+space+randomDocument(random, of))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if slices.Contains(s.Required, name) && !oneIn(20) || oneIn(2) {
			add(name, s.Properties[name].Value)
		}
	}
	for range random.IntN(3) {
		name := fmt.Sprint("more", random.IntN(9))
		if oneIn(9) {
			name = pick("A", "ID", "iD", "\u212aelvin", "\u017fize", "\u00e9", "", "Lists")
		}
		add(name, &openapi3.Schema{})
	}
	random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	if oneIn(12) && len(members) > 0 {
		members = append(members, members[0])
	}
	return "{" + space + strings.Join(members, space+","+space) + space + "}"
}

// mutated returns a text with one or two changes.
func mutated(random *rand.Rand, text string) string {
	nested := func(depth int) string {
		return strings.Repeat("[", depth) + strings.Repeat("]", depth)
	}
	parts := []string{
		"", ",", ":", "{", "}", "[", "]", `"`, `\`, `\u`, `\ud800`, `\udc00`, "\xff", "\x00",
		"\x1f", "\u007f", " ", "\u00a0", "\v", "\f", "0", "1", "-", "+", ".", "e", "E9", "1e400",
		"-0", "01", "null", "nul", "true", "True", `"a":1,`, `,"a":1`, `"A":1,`, `"id":1,`,
		`"a":null,`,
		`"lists":[null],`, "NaN", "Infinity", "//", "\ufeff", "'", "\u212a",
		nested(98), nested(99), nested(100), nested(101), `{"k":1,"k":2}`, `{"k":1,"\u006b":2}`,
	}
	for range 1 + random.IntN(2) {
		from := random.IntN(len(text) + 1)
		to := min(len(text), from+random.IntN(4))
		text = text[:from] + parts[random.IntN(len(parts))] + text[to:]
	}
	return text
}
