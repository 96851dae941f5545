package gen_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/gen"
)

// Both JSON packages read and write the generated types alike, whatever the version of Go.
var packages = []struct {
	name      string
	unmarshal func([]byte, any) error
	marshal   func(any) ([]byte, error)
}{
	{"encoding/json", stdjson.Unmarshal, stdjson.Marshal},
	{"json/v2", func(text []byte, into any) error { return json.Unmarshal(text, into) }, func(v any) ([]byte, error) { return json.Marshal(v) }},
}

func TestObject_KeepsWhatItReads(t *testing.T) {
	for name, text := range map[string]string{
		"the page":          string(pageRequest(t)),
		"empty":             `{}`,
		"empty containers":  `{"lists":[],"attributes":{},"email":""}`,
		"unknown":           `{"nickname":"C","score":1.5,"tags":["a",null],"x":null}`,
		"unknown in nested": `{"mobile":{"carrier":"x"},"lists":[{"colour":"red","filter":{"attributes":[{"z":1,"value":[]}]}}]}`,
		"big identifiers":   `{"hubspot":{"id":9007199254740993},"pipedrive":{"id":-9223372036854775808}}`,
		"big numbers":       `{"attributes":{"n":1234567890123456789,"m":123456789012345678901234567890,"f":0.10000000000000000000000000001}}`,
		"small numbers":     `{"attributes":{"n":1e-400,"z":-0.0,"e":1E+2}}`,
		"another case":      `{"nested":{"Email":"x"}}`,
		"zero time":         `{"optIn":"0001-01-01T00:00:00Z","blocked":"0000-01-01T00:00:00Z"}`,
		"a time":            `{"optIn":"2023-11-07T05:31:56.123456789+05:30"}`,
		"escapes":           `{"firstName":"\u0000\u001f\ud83d\ude00\u2028<&>","a\u0062":"\/"}`,
	} {
		for _, p := range packages {
			t.Run(name+" "+p.name, func(t *testing.T) {
				contact := gen.Contact{Email: new("of the last record"), AdditionalProperties: map[string]jsontext.Value{"old": nil}}
				if err := p.unmarshal([]byte(text), &contact); err != nil {
					t.Fatal(err)
				}
				got, err := p.marshal(contact)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(canonical(t, []byte(text)), canonical(t, got)); diff != "" {
					t.Errorf("read (-), written (+)\n%s", diff)
				}
			})
		}
	}
}

// canonical is a text with its names in order and its numbers as they stand.
func canonical(t *testing.T, text []byte) string {
	t.Helper()
	value := jsontext.Value(bytes.Clone(text))
	if err := value.Format(jsontext.ReorderRawObjects(true)); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return string(value)
}

func TestObject_RefusesWhatItCannotKeep(t *testing.T) {
	for name, c := range map[string]struct{ text, location string }{
		"null":                           {`null`, ""},
		"a list":                         {`[]`, ""},
		"a null":                         {`{"blocked":null}`, "/blocked"},
		"a null for a text":              {`{"email":null}`, "/email"},
		"a null for a list":              {`{"lists":null}`, "/lists"},
		"a null for an object":           {`{"mobile":null}`, "/mobile"},
		"a null for a free-form object":  {`{"attributes":null}`, "/attributes"},
		"a null in a list of objects":    {`{"lists":[{},null]}`, "/lists/1"},
		"a null in a list of texts":      {`{"lists":[{"filter":{"attributes":[{"value":["a",null]}]}}]}`, "/lists/0/filter/attributes/0/value/1"},
		"half a surrogate":               {`{"firstName":"\ud83d"}`, "/firstName"},
		"bad UTF-8":                      {"{\"firstName\":\"\xff\"}", "/firstName"},
		"bad UTF-8, unknown":             {"{\"attributes\":{\"x\":[\"\xff\"]}}", "/attributes/x/0"},
		"a name twice":                   {`{"email":"a","email":"b"}`, "/email"},
		"a name twice, escaped":          {`{"email":"a","\u0065mail":"b"}`, "/email"},
		"a name twice, unknown":          {`{"attributes":{"x":{"a":1,"a":2}}}`, "/attributes/x/a"},
		"a name in another case":         {`{"Email":"a"}`, "/Email"},
		"a name in another case, folded": {`{"li\u017fts":[]}`, "/li\u017fts"},
		"a fraction":                     {`{"hubspot":{"id":1.5}}`, "/hubspot/id"},
		"a whole number as a fraction":   {`{"hubspot":{"id":1.0}}`, "/hubspot/id"},
		"over 64 bits":                   {`{"hubspot":{"id":9223372036854775808}}`, "/hubspot/id"},
		"beyond a float":                 {`{"x":1e400}`, "/x"},
		"beyond a float, deep":           {`{"attributes":{"x":[1,{"y":-1e400}]}}`, "/attributes/x/1/y"},
		"30 February":                    {`{"optIn":"2023-02-30T00:00:00Z"}`, "/optIn"},
		"a number for a text":            {`{"mobile":{"number":1}}`, "/mobile/number"},
		"a text for a list":              {`{"lists":"x"}`, "/lists"},
		"deep":                           {`{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, "/x"},
	} {
		for _, p := range packages {
			t.Run(name+" "+p.name, func(t *testing.T) {
				err := p.unmarshal([]byte(c.text), new(gen.Contact))
				if got := locationOf(t, err); got != c.location && p.name == "json/v2" {
					t.Errorf("location %q, want %q: %v", got, c.location, err)
				}
			})
		}
	}
}

// locationOf returns the place of an error of package json. A nil error fails the test.
func locationOf(t *testing.T, err error) string {
	t.Helper()
	var schema *gen.SchemaError
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &schema):
		return string(schema.Location)
	case errors.As(err, &syntactic):
		return string(syntactic.JSONPointer)
	case errors.As(err, &semantic):
		return string(semantic.JSONPointer)
	case err == nil:
		t.Error("no error")
	}
	return ""
}

func TestObject_TellsWhatIsMissing(t *testing.T) {
	for text, location := range map[string]string{
		`{}`: "/data", `{"success":true}`: "/data", `{"success":true,"data":{"amount":1}}`: "/data/below",
		`{"success":true,"data":{"amount":null,"below":1}}`: "/data/amount", `{"data":{"below":1},"success":true}`: "/data/amount",
	} {
		var read gen.AutotopupResponse
		err := json.Unmarshal([]byte(text), &read)
		var schema *gen.SchemaError
		if !errors.As(err, &schema) || !schema.Read || string(schema.Location) != location {
			t.Errorf("%s: got %v, want an error at %s, and the rest read", text, err, location)
		}
		if want := strings.Contains(text, `"below":1`); (read.Data.Below == 1) != want {
			t.Errorf("%s: read %+v", text, read.Data)
		}
	}
}

func TestObject_WritesWhatIsSet(t *testing.T) {
	amsterdam := time.FixedZone("", 19*60+32) // as it was until 1937
	for want, value := range map[string]any{
		`{"email":"","lists":[]}`:                                gen.Contact{Email: new(""), Lists: []gen.ContactList{}},
		`{"attributes":{},"optIn":"0001-01-01T00:00:00Z"}`:       gen.Contact{Attributes: map[string]jsontext.Value{}, OptIn: new(time.Time)},
		`{"hubspot":{"id":0},"a":1,"b":null}`:                    &gen.Contact{Hubspot: &gen.ContactIntegration{ID: new(int64(0))}, AdditionalProperties: map[string]jsontext.Value{"b": jsontext.Value("null"), "a": jsontext.Value("1")}},
		`{"optIn":"1930-01-01T00:00:00Z"}`:                       gen.Contact{OptIn: new(time.Date(1930, 1, 1, 0, 19, 32, 0, amsterdam))},
		`{"data":[],"pagination":{},"success":false}`:            gen.AttributeListResponse{},
		`{"data":{"amount":1e+21,"below":0.5},"success":true}`:   gen.AutotopupResponse{Success: true, Data: gen.Autotopup{Amount: 1e21, Below: 0.5}},
		`{"valid":false,"verified":"2023-11-07T05:31:56+02:00"}`: gen.ContactMobile{Valid: new(false), Verified: new(time.Date(2023, 11, 7, 5, 31, 56, 0, time.FixedZone("", 7200)))},
	} {
		for _, p := range packages {
			got, err := p.marshal(value)
			if err != nil || string(got) != want {
				t.Errorf("%s: %s, %v, want %s", p.name, got, err, want)
			}
		}
	}
}

// A generated type is as strict inside a type of the caller, whatever holds it.
func TestObject_InsideOtherTypes(t *testing.T) {
	type holder struct {
		Value   gen.Contact
		Pointer *gen.Contact
		Map     map[string]gen.Contact
		Slice   []gen.Contact
	}
	contact := gen.Contact{Email: new("x"), AdditionalProperties: map[string]jsontext.Value{"z": jsontext.Value(`{"q":[1]}`)}}
	for _, p := range packages {
		value := holder{contact, &contact, map[string]gen.Contact{"k": contact}, []gen.Contact{contact}}
		text, err := p.marshal(value)
		const one = `{"email":"x","z":{"q":[1]}}`
		if want := fmt.Sprintf(`{"Value":%s,"Pointer":%s,"Map":{"k":%s},"Slice":[%s]}`, one, one, one, one); err != nil || string(text) != want {
			t.Errorf("%s writes %s, %v, want %s", p.name, text, err, want)
		}
		var read holder
		if err := p.unmarshal(text, &read); err != nil || !cmp.Equal(value, read) {
			t.Errorf("%s reads %+v, %v", p.name, read, err)
		}
		for _, invalid := range []string{`{"email":null}`, `{"email":"a","email":"b"}`, "{\"email\":\"\xff\"}", `{"Email":"a"}`} {
			for _, format := range []string{`{"Value":%s}`, `{"Pointer":%s}`, `{"Map":{"k":%s}}`, `{"Slice":[{},%s]}`} {
				if err := p.unmarshal(fmt.Appendf(nil, format, invalid), &read); err == nil {
					t.Errorf("%s reads "+format, p.name, invalid)
				}
			}
		}
		contact := gen.Contact{Email: new("\xff")}
		for _, invalid := range []any{holder{Value: contact}, holder{Pointer: &contact}, map[string]gen.Contact{"k": contact}, []gen.Contact{contact}} {
			if text, err := p.marshal(invalid); err == nil {
				t.Errorf("%s writes %s", p.name, text)
			}
		}
	}
}

// A stream of records is read into one variable, of which nothing stays.
func TestObject_StreamOfRecords(t *testing.T) {
	decoder := stdjson.NewDecoder(strings.NewReader(`{"email":"a"} {"firstName":"b"}`))
	var contact gen.Contact
	for _, want := range []gen.Contact{{Email: new("a")}, {FirstName: new("b")}} {
		if err := decoder.Decode(&contact); err != nil || !cmp.Equal(want, contact) {
			t.Errorf("got %+v, %v, want %+v", contact, err, want)
		}
	}
}

// The only difference is one that callers of encoding/json know: it writes <, > and & as escapes, unless it is told not to.
func TestObject_HTMLIsEscapedByEncodingJSONAlone(t *testing.T) {
	contact := gen.Contact{FirstName: new("<a>&"), AdditionalProperties: map[string]jsontext.Value{"x": jsontext.Value(`"<"`)}}
	const escaped, plain = `{"firstName":"\u003ca\u003e\u0026","x":"\u003c"}`, `{"firstName":"<a>&","x":"<"}`
	if got, err := stdjson.Marshal(contact); err != nil || string(got) != escaped {
		t.Errorf("got %s, %v, want %s", got, err, escaped)
	}
	var text bytes.Buffer
	encoder := stdjson.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(contact); err != nil || text.String() != plain+"\n" {
		t.Errorf("got %s, %v, want %s", text.String(), err, plain)
	}
	if got, err := json.Marshal(contact); err != nil || string(got) != plain {
		t.Errorf("got %s, %v, want %s", got, err, plain)
	}
}

func TestObject_WritesNothingInvalid(t *testing.T) {
	raw := func(name, value string) map[string]jsontext.Value {
		return map[string]jsontext.Value{name: jsontext.Value(value)}
	}
	for name, c := range map[string]struct {
		value    any
		location string
	}{
		"bad UTF-8":                {gen.Contact{FirstName: new("Chris\xff")}, "/firstName"},
		"bad UTF-8 in a list":      {gen.Contact{Lists: []gen.ContactList{{}, {Keyword: new("\xc3")}}}, "/lists/1/keyword"},
		"bad UTF-8, deep":          {gen.Contact{Lists: []gen.ContactList{{Filter: &gen.ListFilter{Attributes: []gen.FilterAttribute{{Value: []string{"\ufffd", "\xff"}}}}}}}, "/lists/0/filter/attributes/0/value/1"},
		"bad UTF-8 of credentials": {gen.TokenRequest{ClientID: new("\xff")}, "/client_id"},
		"bad UTF-8, raw":           {&gen.Contact{Attributes: raw("a", "[1,{\"b\":\"\xff\"}]")}, "/attributes/a/1/b"},
		"bad UTF-8 in a name":      {gen.Contact{AdditionalProperties: raw("\xff", "1")}, "/\ufffd"},
		"half a surrogate":         {gen.Contact{Mobile: &gen.ContactMobile{AdditionalProperties: raw("x", `"\ud83d"`)}}, "/mobile/x"},
		"no JSON":                  {gen.Contact{Attributes: raw("x", `NaN`)}, "/attributes/x"},
		"nothing":                  {gen.Contact{Attributes: raw("x", ``)}, "/attributes/x"},
		"a name twice":             {gen.Contact{Attributes: raw("x", `{"a":1,"a":2}`)}, "/attributes/x/a"},
		"beyond a float":           {gen.Contact{AdditionalProperties: raw("x", `[1e400]`)}, "/x/0"},
		"deep":                     {gen.Contact{Attributes: raw("x", strings.Repeat("[", 99)+strings.Repeat("]", 99))}, "/attributes/x"},
		"NaN":                      {gen.Autotopup{Amount: math.NaN()}, "/amount"},
		"infinity":                 {gen.Autotopup{Below: math.Inf(-1)}, "/below"},
		"the year 10000":           {gen.Contact{OptIn: new(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))}, "/optIn"},
		"the year -1":              {gen.Contact{OptIn: new(time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC))}, "/optIn"},
		"a declared name":          {gen.Contact{AdditionalProperties: raw("email", `"x"`)}, ""},
		"another case of one":      {&gen.Contact{Email: new("y"), AdditionalProperties: raw("EMAIL", `"x"`)}, ""},
		"a folded one, nested":     {gen.Contact{Lists: []gen.ContactList{{}, {Name: new("x"), AdditionalProperties: raw("\u017fource", `1`)}}}, "/lists/1"},
	} {
		for _, p := range packages {
			t.Run(name+" "+p.name, func(t *testing.T) {
				got, err := p.marshal(c.value)
				if location := locationOf(t, err); location != c.location {
					t.Errorf("location %q, want %q: %s, %v", location, c.location, got, err)
				}
			})
		}
	}
}

func TestObject_GetAndSet(t *testing.T) {
	var contact gen.Contact
	for name, value := range map[string]any{"nickname": "C", "score": int64(1234567890123456789), "tags": []string{"a"}} {
		if err := contact.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	var score int64
	if found, err := contact.Get("score", &score); !found || err != nil || score != 1234567890123456789 {
		t.Errorf("got %v, %v, %v", score, found, err)
	}
	if found, err := contact.Get("nickname", &score); !found || err == nil {
		t.Errorf("a text is read as a number: %v, %v", found, err)
	}
	if found, err := contact.Get("other", &score); found || err != nil {
		t.Errorf("found what was not set: %v", err)
	}
	for _, value := range []any{math.NaN(), make(chan int), func() {}, "\xff"} {
		if err := gen.SetProperty(&contact.Attributes, "x", value); err == nil || contact.Attributes != nil {
			t.Errorf("%T: %v, set %v", value, err, contact.Attributes)
		}
	}
}

// What a response holds beside what the spec declares can be read.
func TestObject_ResponsesKeepWhatIsUnknown(t *testing.T) {
	var read gen.AutotopupResponse
	if err := json.Unmarshal([]byte(`{"success":true,"data":{"amount":1,"below":2,"lastTopup":"2023-11-07T05:31:56Z"}}`), &read); err != nil {
		t.Fatal(err)
	}
	var at time.Time
	if found, err := read.Data.Get("lastTopup", &at); !found || err != nil || at.Year() != 2023 {
		t.Errorf("got %v, %v, %v", at, found, err)
	}
}

// Any value goes into JSON and comes back equal, and both packages write it alike.
func TestObject_RoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		for _, value := range []any{&gen.Contact{}, &gen.ContactList{}, &gen.ListFilter{}, &gen.TokenRequest{}, &gen.AttributeListResponse{}} {
			fill(random, reflect.ValueOf(value).Elem(), 4)
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			standard, err := stdjson.Marshal(value)
			if err != nil || canonical(t, standard) != canonical(t, text) {
				t.Fatalf("encoding/json writes %s, %v, json/v2 %s", standard, err, text)
			}
			read := reflect.New(reflect.TypeOf(value).Elem()).Interface()
			fill(random, reflect.ValueOf(read).Elem(), 4) // with what must not stay
			if err := json.Unmarshal(text, read); err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(read)
			if err != nil || !bytes.Equal(again, text) {
				t.Fatalf("%s became %s, %v", text, again, err)
			}
		}
	}
}

// fill sets fields at random, to what is not easy to write too.
func fill(random *rand.Rand, v reflect.Value, depth int) {
	texts := []string{"", "Zo\u00eb", "<a href=\"x\">&amp;</a>", "\\ \" / \b\f\n\r\t\x00\x1f\x7f", "\u2028\u2029\ufffd\U0001f600", `\ufffd`}
	raw := []string{`null`, `0`, `-0.0`, `123456789012345678901234567890`, `1e-400`, `"\ud83d\ude00"`, `[{"a":[]},{}]`, `{"a":{"b":[1,2.50]},"A":null}`}
	switch {
	case v.Type() == reflect.TypeFor[jsontext.Value]():
		v.SetBytes([]byte(raw[random.IntN(len(raw))]))
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(random.Int64N(1<<33), random.Int64N(1e9)).In(time.FixedZone("", 60*random.IntN(720)))))
	case v.Kind() == reflect.Pointer:
		v.SetZero()
		if random.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(random, v.Elem(), depth)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(random, v.Field(i), depth-1)
		}
	case v.Kind() == reflect.Slice:
		v.SetZero()
		if random.IntN(3) > 0 && depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), random.IntN(3), 3))
		}
		for i := range v.Len() {
			fill(random, v.Index(i), depth)
		}
	case v.Kind() == reflect.Map:
		v.SetZero()
		if n := random.IntN(4); n > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for range n {
				value := reflect.New(v.Type().Elem()).Elem()
				fill(random, value, depth)
				v.SetMapIndex(reflect.ValueOf(fmt.Sprint(texts[random.IntN(len(texts))], "more")), value)
			}
		}
	case v.Kind() == reflect.String:
		v.SetString(texts[random.IntN(len(texts))])
	case v.Kind() == reflect.Bool:
		v.SetBool(random.IntN(2) == 0)
	case v.Kind() == reflect.Float64:
		v.SetFloat([]float64{0, -0.5, 1e21, math.MaxFloat64, math.SmallestNonzeroFloat64}[random.IntN(5)])
	case v.CanInt():
		v.SetInt([]int64{0, -1, math.MaxInt32, math.MinInt32}[random.IntN(4)])
	}
}
