package api

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

var documents = flag.Int("documents", 20_000, "documents that TestAcceptorIsNeverWrong makes")

// The acceptor of any schema says yes to nothing that the slow check refuses, in either direction.
func TestAcceptorIsNeverWrong(t *testing.T) {
	t.Parallel()
	var accepted, doubted int
	random := rand.New(rand.NewPCG(1, 2))
	for range *documents / 20 {
		schema := randomSchema(random, 3)
		for range 20 {
			text := randomDocument(random, schema)
			if random.IntN(2) == 0 {
				text = mutated(random, text)
			}
			switch yes, right := compareAcceptor(t, schema, text); {
			case yes:
				accepted++
			case right:
				doubted++
			}
		}
	}
	kept := accepted + doubted
	t.Logf("%d documents, %d keep their schema, %d of them were accepted", *documents, kept, accepted)
	if kept < *documents/5 || accepted < kept/4 {
		t.Errorf("of %d documents %d keep their schema and %d were accepted: this shows nothing", *documents, kept, accepted)
	}
}

func FuzzAcceptor(f *testing.F) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 0))
		f.Add(seed, []byte(randomDocument(random, randomSchema(random, 3))))
	}
	f.Fuzz(func(t *testing.T, seed uint64, text []byte) {
		compareAcceptor(t, randomSchema(rand.New(rand.NewPCG(seed, 0)), 3), string(text))
	})
}

// compareAcceptor tells whether the acceptor says yes, and whether the slow check does.
func compareAcceptor(t *testing.T, schema *openapi3.Schema, text string) (yes, right bool) {
	t.Helper()
	yes = make(acceptors).of(schema.NewRef()).accepts([]byte(text))
	value, findings := parseJSON([]byte(text))
	media := &openapi3.MediaType{Schema: schema.NewRef()}
	for _, direction := range [][]openapi3.SchemaValidationOption{
		{openapi3.VisitAsRequest(), openapi3.DisableReadOnlyValidation()}, {openapi3.VisitAsResponse()},
	} {
		violations := checkBody(media, len(text), value, findings, direction...)
		right = len(violations) == 0
		if yes && !right {
			t.Errorf("accepted %.500q, which breaks %.2000s\n%v", text, asJSON(t, schema), violations)
		}
	}
	return yes, right
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var someNames = []string{"a", "b", "A", "id", "iD", "kelvin", "\u212aelvin", "long name", "\u00e9", "", "lists", "\u017fize", "size"}

// randomSchema has keywords that acceptors heed, and now and then one that they do not.
func randomSchema(random *rand.Rand, depth int) *openapi3.Schema {
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	oneIn := func(n int) bool { return random.IntN(n) == 0 }
	s := &openapi3.Schema{Description: "random", Nullable: oneIn(5), Deprecated: oneIn(9), Extensions: map[string]any{"x-sensitive": true}}
	types := []string{openapi3.TypeString, openapi3.TypeInteger, openapi3.TypeNumber, openapi3.TypeBoolean, openapi3.TypeObject, openapi3.TypeArray, openapi3.TypeObject}
	if depth == 0 {
		types = types[:4]
	}
	switch kind := pick(types...); {
	case oneIn(8): // any type
	case oneIn(8):
		s.Type = &openapi3.Types{kind, pick(openapi3.TypeString, openapi3.TypeInteger, openapi3.TypeNull)}
	default:
		s.Type = &openapi3.Types{kind}
	}
	if oneIn(3) {
		s.Format = pick("date-time", "int64", "double", "int32", "date", "byte", "own")
	}
	if s.Type.Is(openapi3.TypeString) && oneIn(3) {
		s.Enum = []any{"contacts", "\u00e9", `\u0061lso`, pick(someNames...)}
	}
	if depth > 0 {
		if oneIn(6) {
			s.Items = nil
		} else {
			s.Items = randomSchema(random, depth-1).NewRef()
		}
		s.Properties = make(openapi3.Schemas)
		for range random.IntN(5) {
			name := pick(someNames...)
			s.Properties[name] = randomSchema(random, depth-1).NewRef()
			if oneIn(3) {
				s.Required = append(s.Required, name)
			}
		}
		switch random.IntN(5) {
		case 0:
			s.AdditionalProperties.Has = new(false)
		case 1:
			s.AdditionalProperties.Has = new(true)
		case 2:
			s.AdditionalProperties.Schema = randomSchema(random, depth-1).NewRef()
		}
	}
	if oneIn(25) {
		set := unheeded()
		set[random.IntN(len(set))](s)
	}
	return s
}

// unheeded set keywords that no acceptor heeds.
func unheeded() []func(*openapi3.Schema) {
	other := func() *openapi3.SchemaRef { return openapi3.NewStringSchema().NewRef() }
	return []func(*openapi3.Schema){
		func(s *openapi3.Schema) { s.MinLength = 1 },
		func(s *openapi3.Schema) { s.MaxLength = new(uint64(2)) },
		func(s *openapi3.Schema) { s.Pattern = "^a" },
		func(s *openapi3.Schema) { s.Min = new(1.0) },
		func(s *openapi3.Schema) { s.Max, s.ExclusiveMax.Bool = new(5.0), new(true) },
		func(s *openapi3.Schema) { s.MultipleOf = new(2.0) },
		func(s *openapi3.Schema) { s.MinItems = 1 },
		func(s *openapi3.Schema) { s.UniqueItems = true },
		func(s *openapi3.Schema) { s.MinProps = 2 },
		func(s *openapi3.Schema) { s.MaxProps = new(uint64(1)) },
		func(s *openapi3.Schema) { s.AllOf = openapi3.SchemaRefs{other()} },
		func(s *openapi3.Schema) { s.OneOf = openapi3.SchemaRefs{other(), other()} },
		func(s *openapi3.Schema) { s.AnyOf = openapi3.SchemaRefs{other()} },
		func(s *openapi3.Schema) { s.Not = other() },
		func(s *openapi3.Schema) { s.ReadOnly = true },
		func(s *openapi3.Schema) { s.WriteOnly = true },
		func(s *openapi3.Schema) { s.AllowEmptyValue = true },
		func(s *openapi3.Schema) { s.Always = new(false) },
		func(s *openapi3.Schema) { s.Format = "date" },
		func(s *openapi3.Schema) { s.Type, s.Enum = &openapi3.Types{"integer"}, []any{1.0} },
		func(s *openapi3.Schema) { s.Type, s.Enum = &openapi3.Types{"string"}, []any{"a", 1.0} },
		func(s *openapi3.Schema) { s.Required = append(s.Required, "undeclared") },
		func(s *openapi3.Schema) { s.Extensions = map[string]any{"minContains": 1.0} },
		func(s *openapi3.Schema) {
			s.Properties = make(openapi3.Schemas)
			for i := range 65 {
				s.Properties[fmt.Sprint("p", i)] = other()
			}
		},
	}
}

// randomDocument mostly keeps a schema.
func randomDocument(random *rand.Rand, s *openapi3.Schema) string {
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	oneIn := func(n int) bool { return random.IntN(n) == 0 }
	kind := pick(openapi3.TypeString, openapi3.TypeInteger, openapi3.TypeBoolean, openapi3.TypeNull)
	if s.Type != nil && !oneIn(30) {
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
		return pick("0", "-0", "1", "-42", "123456789012345678", "9007199254740993", "9223372036854775807", "9223372036854775808", "99999999999999999999", "-99999999999999999999", "1.0", "1e2", "-9223372036854775809")
	case openapi3.TypeNumber:
		return pick("0", "1.5", "-0.0", "1e2", "1E+2", "1e-2", "1e99", "1e308", "1e309", "1e-400", "123456789012345678901234567890", strings.Repeat("9", 199), strings.Repeat("9", 310), "0."+strings.Repeat("1", 250))
	case openapi3.TypeString:
		switch {
		case len(s.Enum) > 0 && !oneIn(10):
			return strconv.Quote(fmt.Sprint(s.Enum[random.IntN(len(s.Enum))]))
		case s.Format == "date-time" && !oneIn(10):
			return pick(`"2023-11-07T05:31:56Z"`, `"2023-02-30T05:31:56Z"`, `"2023-11-07T05:31:60Z"`, `"2023-11-07T05:31:56.123456789+02:00"`, `"2023-11-07t05:31:56z"`, `"2023-11-07T05:31:56,5Z"`, `"2023-11-07T05:31:56+24:00"`, `"2023-11-07T5:31:56Z"`, `"0000-01-01T00:00:00Z"`)
		}
		return pick(`""`, `"text"`, `"\u003cstring\u003e"`, `"\ud83d\ude00"`, `"\\\/\b\f\n\r\t\""`, "\"\u00e9\u2028\ufffd\"", `"\u00e9"`, `"contacts"`, `"\u0063ontacts"`, `"\u0061lso"`)
	case openapi3.TypeArray:
		var elements []string
		items := &openapi3.Schema{}
		if s.Items != nil {
			items = s.Items.Value
		}
		for range random.IntN(4) {
			elements = append(elements, randomDocument(random, items))
		}
		return "[" + space + strings.Join(elements, space+","+space) + space + "]"
	}
	var members []string
	add := func(name string, of *openapi3.Schema) {
		members = append(members, asQuoted(name)+space+":"+space+randomDocument(random, of))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if slices.Contains(s.Required, name) && !oneIn(20) || oneIn(2) {
			add(name, s.Properties[name].Value)
		}
	}
	for range random.IntN(3) {
		name := fmt.Sprint("more", random.IntN(9))
		if oneIn(4) {
			name = pick(someNames...)
		}
		of := &openapi3.Schema{}
		if s.AdditionalProperties.Schema != nil {
			of = s.AdditionalProperties.Schema.Value
		}
		add(name, of)
	}
	random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	if oneIn(12) && len(members) > 0 {
		members = append(members, members[0])
	}
	return "{" + space + strings.Join(members, space+","+space) + space + "}"
}

func asQuoted(name string) string {
	text, _ := json.Marshal(name)
	return string(text)
}

// mutated changes a text in a place or two.
func mutated(random *rand.Rand, text string) string {
	parts := []string{
		"", ",", ":", "{", "}", "[", "]", `"`, `\`, `\u`, `\ud800`, `\udc00`, "\xff", "\x00", "\x1f", "\u007f", " ", "\u00a0", "\v", "\f", "0", "1", "-", "+", ".", "e", "E9", "1e400", "-0", "01", "null", "nul", "true", "True",
		`"a":1,`, `,"a":1`, `"A":1,`, `"id":1,`, "NaN", "Infinity", "//", "\ufeff", "'", "\u212a", nestedText(99), nestedText(100), nestedText(101), `{"k":1,"k":2}`, `{"k":1,"\u006b":2}`,
	}
	for range 1 + random.IntN(2) {
		from := random.IntN(len(text) + 1)
		to := min(len(text), from+random.IntN(4))
		text = text[:from] + parts[random.IntN(len(parts))] + text[to:]
	}
	return text
}

func nestedText(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// A schema with any keyword that is not known to acceptors has none, those that kin-openapi may learn included.
func TestAcceptorKnowsItsKeywords(t *testing.T) {
	heeded := map[string]bool{
		"Type": true, "Nullable": true, "Format": true, "Enum": true, "Items": true, "Properties": true, "Required": true, "AdditionalProperties": true,
		"Extensions": true, "Origin": true, "Title": true, "Description": true, "ExternalDocs": true, "Default": true, "Example": true, "Deprecated": true, "XML": true,
	}
	kind := reflect.TypeFor[openapi3.Schema]()
	for i := range kind.NumField() {
		schema := &openapi3.Schema{}
		set := reflect.ValueOf(schema).Elem().Field(i)
		fill(t, set)
		if name := kind.Field(i).Name; !heeded[name] && make(acceptors).of(schema.NewRef()) != nil {
			t.Errorf("a schema with %s has an acceptor", name)
		}
	}
	for i, set := range unheeded() {
		schema := openapi3.NewStringSchema()
		set(schema)
		if make(acceptors).of(schema.NewRef()) != nil {
			t.Errorf("the schema with the unheeded keyword %d has an acceptor: %s", i, asJSON(t, schema))
		}
	}
}

// Whoever gives a format a meaning of his own gets it. Not parallel: formats belong to the whole program.
func TestAcceptorLeavesOwnFormatsAlone(t *testing.T) {
	refuse := func() error { return errors.New("refused") }
	strings := openapi3.NewCallbackValidator(func(string) error { return refuse() })
	numbers := openapi3.NewCallbackValidator(func(float64) error { return refuse() })
	for name, c := range map[string]struct {
		schema           *openapi3.Schema
		define, undefine func()
	}{
		"text":   {openapi3.NewStringSchema().WithFormat("int64"), func() { openapi3.DefineStringFormatValidator("int64", strings) }, func() { delete(openapi3.SchemaStringFormats, "int64") }},
		"number": {openapi3.NewFloat64Schema().WithFormat("double"), func() { openapi3.DefineNumberFormatValidator("double", numbers) }, func() { delete(openapi3.SchemaNumberFormats, "double") }},
	} {
		if make(acceptors).of(c.schema.NewRef()) == nil {
			t.Errorf("%s: no acceptor without the format", name)
		}
		c.define()
		if make(acceptors).of(c.schema.NewRef()) != nil {
			t.Errorf("%s: an acceptor beside the format", name)
		}
		c.undefine()
	}
}

// fill sets a field to something that is not its zero value.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("x")
	case reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.Interface:
		v.Set(reflect.ValueOf("x"))
	case reflect.Struct:
		fill(t, v.Field(0))
	default:
		t.Fatalf("a field of kind %v", v.Kind())
	}
	if v.IsZero() {
		t.Fatalf("a %v is still zero", v.Type())
	}
}

// Every body of the contract has an acceptor, and that takes the examples of the vendor's page.
func TestAcceptorsOfTheContract(t *testing.T) {
	contract, err := embeddedContract()
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range contract.operations {
		for media, a := range op.bodies {
			if a == nil {
				t.Errorf("%s: a body has no acceptor", op.id)
			}
			for name, example := range media.Examples {
				if text := asJSON(t, example.Value.Value); !a.accepts([]byte(text)) {
					t.Errorf("%s: the example %s is in doubt: %s", op.id, name, text)
				}
			}
		}
		for _, param := range op.params {
			if param.In == openapi3.ParameterInPath && param.text == nil {
				t.Errorf("%s: the parameter %s has no acceptor", op.id, param.Name)
			}
		}
	}
}

func TestAcceptorOfASchemaThatHoldsItself(t *testing.T) {
	node := openapi3.NewObjectSchema().WithRequired([]string{"name"}).WithProperty("name", openapi3.NewStringSchema())
	node.Properties["children"] = openapi3.NewArraySchema().WithItems(node).NewRef()
	a := make(acceptors).of(node.NewRef())
	for text, want := range map[string]bool{
		`{"name":"a","children":[{"name":"b","children":[]},{"name":"c"}]}`: true,
		`{"name":"a","children":[{"name":"b","children":[{}]}]}`:            false,
		`{"name":"a","children":[{"name":"b","children":null}]}`:            false,
	} {
		if got := a.accepts([]byte(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
		compareAcceptor(t, node, text)
	}
}
