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

// packages are the JSON packages. With both, and with every version of Go, the generated types are
// encoded and decoded alike.
var packages = []struct {
	name      string
	unmarshal func([]byte, any) error
	marshal   func(any) ([]byte, error)
}{
	{
		name:      "encoding/json",
		unmarshal: stdjson.Unmarshal,
		marshal:   stdjson.Marshal,
	},
	{
		name:      "json/v2",
		unmarshal: func(text []byte, into any) error { return json.Unmarshal(text, into) },
		marshal:   func(value any) ([]byte, error) { return json.Marshal(value) },
	},
}

// properties is the type of [gen.Contact].Attributes and of all AdditionalProperties.
type properties = map[string]jsontext.Value

func raw(name, value string) properties { return properties{name: jsontext.Value(value)} }

func TestObject_EncodesWhatItDecoded(t *testing.T) {
	for name, text := range map[string]string{
		"page":             string(pageRequest(t)),
		"empty":            `{}`,
		"empty containers": `{"lists":[],"attributes":{},"email":""}`,
		"undeclared":       `{"x-nickname":"C","x-score":1.5,"x-tags":["a",null],"x":null}`,
		"undeclared, nested": `{"mobile":{"carrier":"x"},"lists":[{"colour":"red",` +
			`"filter":{"attributes":[{"z":1,"value":[]}]}}]}`,
		"large identifiers": `{"hubspot":{"id":9007199254740993},` +
			`"pipedrive":{"id":-9223372036854775808}}`,
		"large numbers": `{"attributes":{"n":1234567890123456789,` +
			`"m":123456789012345678901234567890,"f":0.10000000000000000000000000001}}`,
		"small numbers": `{"attributes":{"n":1e-400,"z":-0.0,"e":1E+2}}`,
		"other case":    `{"nested":{"Email":"x"}}`,
		"zero time":     `{"optIn":"0001-01-01T00:00:00Z","blocked":"0000-01-01T00:00:00Z"}`,
		"offset":        `{"optIn":"2023-11-07T05:31:56.123456789+05:30"}`,
		"escapes":       `{"firstName":"\u0000\u001f\ud83d\ude00\u2028<&>","a\u0062":"\/"}`,
	} {
		for _, p := range packages {
			t.Run(name+" "+p.name, func(t *testing.T) {
				contact := gen.Contact{Email: new("old"), AdditionalProperties: raw("old", "1")}
				if err := p.unmarshal([]byte(text), &contact); err != nil {
					t.Fatal(err)
				}
				got, err := p.marshal(contact)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(canonical(t, []byte(text)), canonical(t, got)); diff != "" {
					t.Errorf("decoded (-), encoded (+)\n%s", diff)
				}
			})
		}
	}
}

// canonical returns JSON with sorted names and unchanged numbers.
func canonical(t *testing.T, text []byte) string {
	t.Helper()
	value := jsontext.Value(bytes.Clone(text))
	if err := value.Format(jsontext.ReorderRawObjects(true)); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return string(value)
}

func TestObject_DecodesNothingInvalid(t *testing.T) {
	for name, c := range map[string]struct{ text, location string }{
		"null":                         {`null`, ""},
		"array":                        {`[]`, ""},
		"null for a time":              {`{"blocked":null}`, "/blocked"},
		"null for a string":            {`{"email":null}`, "/email"},
		"null for an array":            {`{"lists":null}`, "/lists"},
		"null for an object":           {`{"mobile":null}`, "/mobile"},
		"null for a free-form object":  {`{"attributes":null}`, "/attributes"},
		"null in an array of objects":  {`{"lists":[{},null]}`, "/lists/1"},
		"half a surrogate pair":        {`{"firstName":"\ud83d"}`, "/firstName"},
		"invalid UTF-8":                {"{\"firstName\":\"\xff\"}", "/firstName"},
		"invalid UTF-8, undeclared":    {"{\"attributes\":{\"x\":[\"\xff\"]}}", "/attributes/x/0"},
		"repeated name":                {`{"email":"a","email":"b"}`, "/email"},
		"repeated name, escaped":       {`{"email":"a","\u0065mail":"b"}`, "/email"},
		"repeated name, undeclared":    {`{"attributes":{"x":{"a":1,"a":2}}}`, "/attributes/x/a"},
		"name in another case":         {`{"Email":"a"}`, "/Email"},
		"name in another case, folded": {`{"li\u017fts":[]}`, "/li\u017fts"},
		"fraction for an integer":      {`{"hubspot":{"id":1.5}}`, "/hubspot/id"},
		"finer than a nanosecond":      {`{"optIn":"2023-11-07T05:31:56.1234567891Z"}`, "/optIn"},
		"whole number with a fraction": {`{"hubspot":{"id":1.0}}`, "/hubspot/id"},
		"integer over 64 bits":         {`{"hubspot":{"id":9223372036854775808}}`, "/hubspot/id"},
		"number beyond a float":        {`{"x":1e400}`, "/x"},
		"30 February":                  {`{"optIn":"2023-02-30T00:00:00Z"}`, "/optIn"},
		"number for a string":          {`{"mobile":{"number":1}}`, "/mobile/number"},
		"string for an array":          {`{"lists":"x"}`, "/lists"},
		"nested too deep":              {`{"x":` + nestedArrays(100) + `}`, "/x"},
		"number beyond a float, nested": {
			text:     `{"attributes":{"x":[1,{"y":-1e400}]}}`,
			location: "/attributes/x/1/y",
		},
		"null in an array of strings": {
			text:     `{"lists":[{"filter":{"attributes":[{"value":["a",null]}]}}]}`,
			location: "/lists/0/filter/attributes/0/value/1",
		},
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

func nestedArrays(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}

// locationOf returns the location of an error. A nil error fails the test.
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

func TestObject_DecodesTheRestOfAnIncompleteObject(t *testing.T) {
	for text, location := range map[string]string{
		`{}`:                                   "/data",
		`{"success":true}`:                     "/data",
		`{"success":true,"data":{"amount":1}}`: "/data/below",
		`{"success":true,"data":{"amount":null,"below":1}}`: "/data/amount",
		`{"data":{"below":1},"success":true}`:               "/data/amount",
	} {
		var decoded gen.AutotopupResponse
		err := json.Unmarshal([]byte(text), &decoded)
		var invalid *gen.SchemaError
		if !errors.As(err, &invalid) || !invalid.Read || string(invalid.Location) != location {
			t.Errorf("%s: got %v, want an error at %s and the rest decoded", text, err, location)
		}
		if want := strings.Contains(text, `"below":1`); (decoded.Data.Below == 1) != want {
			t.Errorf("%s: decoded %+v", text, decoded.Data)
		}
	}
}

func TestObject_EncodesFieldsThatAreSet(t *testing.T) {
	cest := time.FixedZone("", 2*60*60)
	amsterdam := time.FixedZone("", 19*60+32) // the offset until 1937, with seconds
	for want, value := range map[string]any{
		`{"email":"","lists":[]}`: gen.Contact{Email: new(""), Lists: []gen.ContactList{}},
		`{"attributes":{},"optIn":"0001-01-01T00:00:00Z"}`: gen.Contact{
			Attributes: properties{},
			OptIn:      new(time.Time),
		},
		`{"hubspot":{"id":0},"a":1,"b":null}`: &gen.Contact{
			Hubspot: &gen.ContactIntegration{ID: new(int64(0))},
			AdditionalProperties: properties{
				"b": jsontext.Value("null"),
				"a": jsontext.Value("1"),
			},
		},
		`{"optIn":"1930-01-01T00:00:00Z"}`: gen.Contact{
			OptIn: new(time.Date(1930, 1, 1, 0, 19, 32, 0, amsterdam)),
		},
		`{"data":[],"pagination":{},"success":false}`: gen.AttributeListResponse{},
		`{"data":{"amount":1e+21,"below":0.5},"success":true}`: gen.AutotopupResponse{
			Success: true,
			Data:    gen.Autotopup{Amount: 1e21, Below: 0.5},
		},
		`{"valid":false,"verified":"2023-11-07T05:31:56+02:00"}`: gen.ContactMobile{
			Valid:    new(false),
			Verified: new(time.Date(2023, 11, 7, 5, 31, 56, 0, cest)),
		},
	} {
		for _, p := range packages {
			got, err := p.marshal(value)
			if err != nil || string(got) != want {
				t.Errorf("%s: %s, %v, want %s", p.name, got, err, want)
			}
		}
	}
}

func TestObject_IsAsStrictInsideOtherTypes(t *testing.T) {
	type holder struct {
		Value   gen.Contact
		Pointer *gen.Contact
		Map     map[string]gen.Contact
		Slice   []gen.Contact
	}
	contact := gen.Contact{Email: new("x"), AdditionalProperties: raw("z", `{"q":[1]}`)}
	const encoded = `{"email":"x","z":{"q":[1]}}`
	invalidContact := gen.Contact{Email: new("\xff")}
	for _, p := range packages {
		value := holder{
			Value:   contact,
			Pointer: &contact,
			Map:     map[string]gen.Contact{"k": contact},
			Slice:   []gen.Contact{contact},
		}
		const format = `{"Value":%[1]s,"Pointer":%[1]s,"Map":{"k":%[1]s},"Slice":[%[1]s]}`
		want := fmt.Sprintf(format, encoded)
		text, err := p.marshal(value)
		if err != nil || string(text) != want {
			t.Errorf("%s encodes %s, %v, want %s", p.name, text, err, want)
		}
		var decoded holder
		if err := p.unmarshal(text, &decoded); err != nil || !cmp.Equal(value, decoded) {
			t.Errorf("%s decodes %+v, %v", p.name, decoded, err)
		}
		for _, invalid := range []string{
			`{"email":null}`, `{"email":"a","email":"b"}`, "{\"email\":\"\xff\"}", `{"Email":"a"}`,
		} {
			for _, format := range []string{
				`{"Value":%s}`, `{"Pointer":%s}`, `{"Map":{"k":%s}}`, `{"Slice":[{},%s]}`,
			} {
				if err := p.unmarshal(fmt.Appendf(nil, format, invalid), &decoded); err == nil {
					t.Errorf("%s decodes "+format, p.name, invalid)
				}
			}
		}
		for _, invalid := range []any{
			holder{Value: invalidContact}, holder{Pointer: &invalidContact},
			map[string]gen.Contact{"k": invalidContact}, []gen.Contact{invalidContact},
		} {
			if text, err := p.marshal(invalid); err == nil {
				t.Errorf("%s encodes %s", p.name, text)
			}
		}
	}
}

func TestObject_ReplacesAReusedVariable(t *testing.T) {
	decoder := stdjson.NewDecoder(strings.NewReader(`{"email":"a"} {"firstName":"b"}`))
	var contact gen.Contact
	for _, want := range []gen.Contact{{Email: new("a")}, {FirstName: new("b")}} {
		if err := decoder.Decode(&contact); err != nil || !cmp.Equal(want, contact) {
			t.Errorf("got %+v, %v, want %+v", contact, err, want)
		}
	}
}

// encoding/json escapes <, > and &, unless SetEscapeHTML(false) is called. It is the only
// difference between the packages.
func TestObject_EscapesHTMLWithEncodingJSONOnly(t *testing.T) {
	contact := gen.Contact{FirstName: new("<a>&"), AdditionalProperties: raw("x", `"<"`)}
	const escaped = `{"firstName":"\u003ca\u003e\u0026","x":"\u003c"}`
	const plain = `{"firstName":"<a>&","x":"<"}`
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

func TestObject_EncodesNothingInvalid(t *testing.T) {
	at := func(year int) *time.Time { return new(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)) }
	for name, c := range map[string]struct {
		value    any
		location string
	}{
		"invalid UTF-8": {gen.Contact{FirstName: new("Chris\xff")}, "/firstName"},
		"invalid UTF-8 in an array": {
			value:    gen.Contact{Lists: []gen.ContactList{{}, {Keyword: new("\xc3")}}},
			location: "/lists/1/keyword",
		},
		"invalid UTF-8 in nested arrays": {
			value: gen.Contact{Lists: []gen.ContactList{{Filter: &gen.ListFilter{
				Attributes: []gen.FilterAttribute{{Value: []string{"\ufffd", "\xff"}}},
			}}}},
			location: "/lists/0/filter/attributes/0/value/1",
		},
		"invalid UTF-8 of credentials": {gen.TokenRequest{ClientID: new("\xff")}, "/client_id"},
		"invalid UTF-8, raw": {
			value:    &gen.Contact{Attributes: raw("a", "[1,{\"b\":\"\xff\"}]")},
			location: "/attributes/a/1/b",
		},
		"invalid UTF-8 in a name": {
			value:    gen.Contact{AdditionalProperties: raw("\xff", "1")},
			location: "/\ufffd",
		},
		"half a surrogate pair": {
			value: gen.Contact{Mobile: &gen.ContactMobile{
				AdditionalProperties: raw("x", `"\ud83d"`),
			}},
			location: "/mobile/x",
		},
		"raw, not JSON": {gen.Contact{Attributes: raw("x", `NaN`)}, "/attributes/x"},
		"raw, empty":    {gen.Contact{Attributes: raw("x", ``)}, "/attributes/x"},
		"raw, repeated name": {
			value:    gen.Contact{Attributes: raw("x", `{"a":1,"a":2}`)},
			location: "/attributes/x/a",
		},
		"raw, number beyond a float": {
			value:    gen.Contact{AdditionalProperties: raw("x", `[1e400]`)},
			location: "/x/0",
		},
		"raw, nested too deep": {
			value:    gen.Contact{Attributes: raw("x", nestedArrays(99))},
			location: "/attributes/x",
		},
		"NaN":           {gen.Autotopup{Amount: math.NaN()}, "/amount"},
		"infinity":      {gen.Autotopup{Below: math.Inf(-1)}, "/below"},
		"year 10000":    {gen.Contact{OptIn: at(10000)}, "/optIn"},
		"year -1":       {gen.Contact{OptIn: at(-1)}, "/optIn"},
		"declared name": {gen.Contact{AdditionalProperties: raw("email", `"x"`)}, ""},
		"declared name in another case": {
			value: &gen.Contact{Email: new("y"), AdditionalProperties: raw("EMAIL", `"x"`)},
		},
		"declared name in another case, nested and folded": {
			value: gen.Contact{Lists: []gen.ContactList{{}, {
				Name: new("x"), AdditionalProperties: raw("\u017fource", `1`),
			}}},
			location: "/lists/1",
		},
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
	const large int64 = 1234567890123456789
	var contact gen.Contact
	for name, value := range map[string]any{
		"x-nickname": "C", "x-score": large, "x-tags": []string{"a"},
	} {
		if err := contact.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	var score int64
	if found, err := contact.Get("x-score", &score); !found || err != nil || score != large {
		t.Errorf("got %v, %v, %v", score, found, err)
	}
	if found, err := contact.Get("x-nickname", &score); !found || err == nil {
		t.Errorf("decoded a string as a number: %v, %v", found, err)
	}
	if found, err := contact.Get("other", &score); found || err != nil {
		t.Errorf("found what was not set: %v", err)
	}
	for _, value := range []any{math.NaN(), make(chan int), func() {}, "\xff"} {
		err := gen.SetProperty(&contact.Attributes, "x", value)
		if err == nil || contact.Attributes != nil {
			t.Errorf("%T: %v, set %v", value, err, contact.Attributes)
		}
	}
}

func TestObject_KeepsUndeclaredPropertiesOfResponses(t *testing.T) {
	const text = `{"success":true,"data":{"amount":1,"below":2,"x-lastTopup":"2023-11-07T05:31:56Z"}}`
	var decoded gen.AutotopupResponse
	if err := json.Unmarshal([]byte(text), &decoded); err != nil {
		t.Fatal(err)
	}
	var at time.Time
	if found, err := decoded.Data.Get("x-lastTopup", &at); !found || err != nil || at.Year() != 2023 {
		t.Errorf("got %v, %v, %v", at, found, err)
	}
}

func TestObject_RoundTripOfRandomValues(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		for _, value := range []any{
			&gen.Contact{}, &gen.ContactList{}, &gen.ListFilter{}, &gen.TokenRequest{},
			&gen.AttributeListResponse{},
		} {
			fill(random, reflect.ValueOf(value).Elem(), 4)
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			standard, err := stdjson.Marshal(value)
			if err != nil || canonical(t, standard) != canonical(t, text) {
				t.Fatalf("encoding/json encodes %s, %v, json/v2 %s", standard, err, text)
			}
			decoded := reflect.New(reflect.TypeOf(value).Elem()).Interface()
			fill(random, reflect.ValueOf(decoded).Elem(), 4) // to be replaced
			if err := json.Unmarshal(text, decoded); err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(decoded)
			if err != nil || !bytes.Equal(again, text) {
				t.Fatalf("%s became %s, %v", text, again, err)
			}
		}
	}
}

// fill sets a value at random, also to what is hard to encode.
func fill(random *rand.Rand, v reflect.Value, depth int) {
	switch {
	case v.Type() == reflect.TypeFor[jsontext.Value]():
		v.SetBytes([]byte(pick(random,
			`null`, `0`, `-0.0`, `123456789012345678901234567890`, `1e-400`, `"\ud83d\ude00"`,
			`[{"a":[]},{}]`, `{"a":{"b":[1,2.50]},"A":null}`,
		)))
	case v.Type() == reflect.TypeFor[time.Time]():
		at := time.Unix(random.Int64N(1<<33), random.Int64N(1e9))
		v.Set(reflect.ValueOf(at.In(time.FixedZone("", 60*random.IntN(720)))))
	case v.Kind() == reflect.Pointer:
		v.SetZero()
		_, isEnum := v.Type().Elem().MethodByName("Valid") // a random text would be none of its values
		if random.IntN(3) > 0 && !isEnum {
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
				v.SetMapIndex(reflect.ValueOf(randomText(random)+"more"), value)
			}
		}
	case v.Kind() == reflect.String:
		v.SetString(randomText(random))
	case v.Kind() == reflect.Bool:
		v.SetBool(random.IntN(2) == 0)
	case v.Kind() == reflect.Float64:
		v.SetFloat(pick(random, 0, -0.5, 1e21, math.MaxFloat64, math.SmallestNonzeroFloat64))
	case v.CanInt():
		v.SetInt(pick[int64](random, 0, -1, math.MaxInt32, math.MinInt32))
	}
}

func randomText(random *rand.Rand) string {
	return pick(random,
		"", "Zo\u00eb", `<a href="x">&amp;</a>`, "\\ \" / \b\f\n\r\t\x00\x1f\x7f",
		"\u2028\u2029\ufffd\U0001f600", `\ufffd`,
	)
}

func pick[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }

func TestSet_EncodesExactly(t *testing.T) {
	withSeconds := time.Date(1930, 1, 1, 0, 0, 0, 0, time.FixedZone("", 1172))
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"a number of encoding/json": {value: stdjson.Number("12345678901234567890.10"), want: "12345678901234567890.10"},
		"one in a map":              {value: map[string]any{"n": stdjson.Number("5")}, want: `{"n":5}`},
		"an offset with seconds":    {value: withSeconds, want: `"1929-12-31T23:40:28Z"`},
		"one in a list":             {value: []*time.Time{&withSeconds}, want: `["1929-12-31T23:40:28Z"]`},
	} {
		t.Run(name, func(t *testing.T) {
			var contact gen.Contact
			if err := contact.Set("x", c.value); err != nil {
				t.Fatal(err)
			}
			if got := string(contact.AdditionalProperties["x"]); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	for _, value := range []any{stdjson.Number("abc"), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if err := new(gen.Contact).Set("x", value); err == nil {
			t.Errorf("%v: no error", value)
		}
	}
}

func TestGet_ReplacesAReusedVariable(t *testing.T) {
	contact := gen.Contact{AdditionalProperties: properties{"a": jsontext.Value(`{"x":1}`), "b": jsontext.Value(`22`)}}
	numbers := map[string]int{"old": 1}
	if _, err := contact.Get("a", &numbers); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"x": 1}, numbers); diff != "" {
		t.Error(diff)
	}
	raw := contact.AdditionalProperties["a"]
	if _, err := contact.Get("b", &raw); err != nil || string(contact.AdditionalProperties["a"]) != `{"x":1}` {
		t.Errorf("%v: the contact is changed to %s", err, contact.AdditionalProperties["a"])
	}
}

func TestObject_DecodesIntoNoNilPointer(t *testing.T) {
	for _, p := range packages {
		if err := p.unmarshal([]byte(`{}`), &struct{ *gen.Contact }{}); err == nil {
			t.Errorf("%s: no error", p.name)
		}
	}
}

// The limit of nesting and the locations are those of the object, wherever it is.
func TestObject_IsTheSameWithinOtherTypes(t *testing.T) {
	type holder struct{ V gen.Contact }
	for _, p := range packages {
		var ok, tooDeep, invalid holder
		if err := p.unmarshal([]byte(`{"V":{"x":`+nestedArrays(99)+`}}`), &ok); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if err := p.unmarshal([]byte(`{"V":{"x":`+nestedArrays(100)+`}}`), &tooDeep); err == nil {
			t.Errorf("%s: no error for 100 levels", p.name)
		}
		err := p.unmarshal([]byte(`{"V":{"email":null}}`), &invalid)
		if got := locationOf(t, err); got != "/email" {
			t.Errorf("%s: location %q: %v", p.name, got, err)
		}
	}
}
