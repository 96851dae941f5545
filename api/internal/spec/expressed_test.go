package spec_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/api/internal/spec"
)

var (
	documents = flag.Int("documents", 20_000, "documents of TestExpressed_IsNeverWrong")
	schemas   = flag.Int("schemas", 60, "schemas of TestExpressed_IsNeverWrong")
	seed      = flag.Uint64("seed", 1, "seed of these schemas")
)

const (
	root      = "../../.." // the top of the repository
	generator = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
)

// The fast path must not accept what kin-openapi refuses. And what conforms to a schema must be
// readable as its Go type, which writes the same. The test generates Go types of random schemas as
// make generate does, and compares with random documents, in testdata/differential.
func TestExpressed_IsNeverWrong(t *testing.T) {
	random := rand.New(rand.NewPCG(*seed, 0))
	dir := t.TempDir()
	enumeration := openapi3.NewStringSchema().WithEnum("contacts", "\u00e9", "also")
	doc := &openapi3.T{
		OpenAPI: "3.0.3",
		Info:    &openapi3.Info{Title: "Random schemas", Version: "1"},
		Paths:   openapi3.NewPaths(),
		Components: &openapi3.Components{Schemas: openapi3.Schemas{
			"Enumeration": enumeration.NewRef(),
		}},
	}
	// Two parts have the same properties. Those of the later one extend the earlier ones, or not.
	item := openapi3.NewObjectSchema().WithProperty("name", openapi3.NewStringSchema()).WithRequired([]string{"name"})
	for name, s := range map[string]*openapi3.Schema{
		"Item": item,
		"More": {AllOf: openapi3.SchemaRefs{refTo("Item", item), openapi3.NewObjectSchema().
			WithProperty("more", openapi3.NewInt64Schema()).WithRequired([]string{"more"}).NewRef()}},
	} {
		doc.Components.Schemas[name] = s.NewRef()
	}
	more := doc.Components.Schemas["More"].Value
	things := func(s *openapi3.SchemaRef) *openapi3.Schema {
		list := openapi3.NewArraySchema()
		list.Items = s
		return openapi3.NewObjectSchema().WithPropertyRef("thing", s).WithProperty("things", list)
	}
	base := things(refTo("Item", item))
	doc.Components.Schemas["Base"] = base.NewRef()
	other := openapi3.NewObjectSchema().WithProperty("thing", openapi3.NewStringSchema())
	nullableList := things(refTo("More", more))
	nullableList.Properties["things"].Value.Nullable = true
	nullableThing := openapi3.NewObjectSchema().WithProperty("thing",
		&openapi3.Schema{AllOf: openapi3.SchemaRefs{refTo("Item", item)}, Nullable: true})
	fixed := []*openapi3.Schema{
		{AllOf: openapi3.SchemaRefs{refTo("Base", base), things(refTo("More", more)).NewRef()}},
		{AllOf: openapi3.SchemaRefs{refTo("Base", base), other.NewRef()}},
		{AllOf: openapi3.SchemaRefs{refTo("Base", base), nullableList.NewRef()}},
		{AllOf: openapi3.SchemaRefs{refTo("Base", base), nullableThing.NewRef()}},
		nullableThing,
	}
	constructors := "package gen\n\nvar constructors = map[string]func() any{\n"
	for i := range *schemas {
		name := fmt.Sprintf("Schema%d", i)
		s := randomObject(random, 3)
		if i > 0 && random.IntN(10) == 0 {
			before := fmt.Sprintf("#/components/schemas/Schema%d", random.IntN(i))
			s.Properties, s.Required = renamed(random, s.Properties), nil
			s.AllOf = openapi3.SchemaRefs{openapi3.NewSchemaRef(before, nil)}
		}
		if i < len(fixed) {
			s = fixed[i]
		}
		doc.Components.Schemas[name] = s.NewRef()
		ref := openapi3.NewSchemaRef("#/components/schemas/"+name, nil)
		content := openapi3.NewContentWithJSONSchemaRef(ref)
		request := openapi3.NewRequestBody().WithContent(content)
		response := openapi3.NewResponse().WithDescription("ok").WithContent(content)
		doc.AddOperation("/"+name, "POST", &openapi3.Operation{
			OperationID: name,
			RequestBody: &openapi3.RequestBodyRef{Value: request},
			Responses:   openapi3.NewResponses(openapi3.WithName("200", response)),
		})
		constructors += fmt.Sprintf("%q: func() any { return new(%s) },\n", name, name)
	}
	document := write(t, dir, "spec.json", asJSON(t, doc))
	types := filepath.Join(dir, "types.go")
	config := write(t, dir, "config.yaml", typesConfig(t))
	prepared := filepath.Join(dir, "types.json")
	run(t, root, nil, "go", "run", "./api/internal/spec/table", document, filepath.Join(dir, "spec.go"), prepared)
	run(t, root, nil, "go", "run", generator, "-config", config, "-o", types, prepared)

	// An overlay adds the package for the compiler only, without a directory in the repository.
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	here := filepath.Join(top, "api/internal/spec")
	replace := make(map[string]string)
	for name, file := range map[string]string{
		"constructors.go": write(t, dir, "constructors.go", constructors+"}\n"),
		"types.go":        types,
		"object.go":       filepath.Join(top, "gen/object.go"),
		"decode_test.go":  filepath.Join(here, "testdata/differential/decode_test.go"),
	} {
		replace[filepath.Join(here, "differential", name)] = file
	}
	overlay := write(t, dir, "overlay.json", asJSON(t, map[string]any{"Replace": replace}))
	program := filepath.Join(dir, "differential.test")
	run(t, root, nil, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", program,
		"./api/internal/spec/differential")
	t.Log(run(t, dir, []string{
		"DIFFERENTIAL_SPEC=" + document, fmt.Sprintf("DIFFERENTIAL_DOCUMENTS=%d", *documents),
	}, program, "-test.v"))
}

func refTo(name string, s *openapi3.Schema) *openapi3.SchemaRef {
	return openapi3.NewSchemaRef("#/components/schemas/"+name, s)
}

// typesConfig returns gen/config.yaml without the client.
func typesConfig(t *testing.T) string {
	t.Helper()
	config, err := os.ReadFile(root + "/gen/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(
		"client: true", "client: false",
		"server-urls: true", "server-urls: false",
	).Replace(string(config))
}

func run(t *testing.T, dir string, environment []string, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir, command.Env = dir, append(os.Environ(), environment...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%.5000s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(text))
}

// randomObject returns an object schema. Most are open, and have only keywords that a Go type
// expresses.
func randomObject(random *rand.Rand, depth int) *openapi3.Schema {
	s := openapi3.NewObjectSchema()
	s.Description, s.Extensions = "random", map[string]any{"x-sensitive": true}
	if random.IntN(2) == 0 {
		s.AdditionalProperties.Has = new(random.IntN(20) > 0)
	}
	if random.IntN(40) == 0 {
		s.AdditionalProperties = openapi3.AdditionalProperties{Schema: randomSchema(random, 0)}
	}
	s.Properties = make(openapi3.Schemas)
	for _, name := range []string{
		"a", "b", "id", "kelvin", "long name", "lists", "size", "\u00e9t\u00e9",
	} {
		if random.IntN(2) == 0 {
			continue
		}
		s.Properties[name] = randomSchema(random, depth-1)
		if random.IntN(3) == 0 {
			s.Required = append(s.Required, name)
		}
	}
	if random.IntN(60) == 0 {
		set := keywords()
		set[random.IntN(len(set))](s)
	}
	return s
}

func randomSchema(random *rand.Rand, depth int) *openapi3.SchemaRef {
	kinds := []*openapi3.Schema{
		openapi3.NewStringSchema(), openapi3.NewDateTimeSchema(), openapi3.NewInt64Schema(),
		openapi3.NewIntegerSchema(), openapi3.NewFloat64Schema().WithFormat("double"),
		openapi3.NewBoolSchema(), openapi3.NewStringSchema(),
	}
	i := random.IntN(len(kinds) + 4)
	if depth == 0 {
		i = random.IntN(len(kinds))
	}
	switch i - len(kinds) {
	case 0:
		return randomObject(random, depth).NewRef()
	case 1:
		s := openapi3.NewArraySchema()
		s.Items = randomSchema(random, depth-1)
		s.Nullable = random.IntN(8) == 0
		return s.NewRef()
	case 2:
		s := openapi3.NewObjectSchema().WithAnyAdditionalProperties()
		s.Nullable = random.IntN(8) == 0
		return s.NewRef()
	case 3:
		return openapi3.NewSchemaRef("#/components/schemas/Enumeration", nil)
	}
	s := kinds[i]
	if random.IntN(30) == 0 {
		s = randomUnexpressed(random, depth)
	}
	s.Nullable = random.IntN(8) == 0
	if random.IntN(80) == 0 {
		set := keywords()
		set[random.IntN(len(set))](s)
	}
	return s.NewRef()
}

// randomUnexpressed returns a schema whose Go type does not express all of it.
func randomUnexpressed(random *rand.Rand, depth int) *openapi3.Schema {
	below := max(depth-1, 0)
	if random.IntN(2) == 0 {
		formats := []string{"byte", "date", "email", "uuid", "binary", "x-own"}
		return openapi3.NewStringSchema().WithFormat(formats[random.IntN(len(formats))])
	}
	parts := openapi3.SchemaRefs{randomSchema(random, below), randomSchema(random, below)}
	switch random.IntN(4) {
	case 0:
		return &openapi3.Schema{OneOf: parts}
	case 1:
		return &openapi3.Schema{AnyOf: parts}
	case 2:
		return &openapi3.Schema{AllOf: openapi3.SchemaRefs{
			randomObject(random, below).NewRef(),
			{Value: &openapi3.Schema{Properties: renamed(random, randomObject(random, below).Properties)}},
		}}
	}
	return openapi3.NewIntegerSchema().WithFormat("int32")
}

// renamed returns properties under other names than those of another part of an allOf.
func renamed(random *rand.Rand, properties openapi3.Schemas) openapi3.Schemas {
	others := make(openapi3.Schemas)
	prefix := fmt.Sprintf("of%d ", random.IntN(1_000_000))
	for name, property := range properties {
		others[prefix+name] = property
	}
	return others
}

// keywords returns functions that each set a keyword that no Go type expresses.
func keywords() []func(*openapi3.Schema) {
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
		func(s *openapi3.Schema) { s.Not = openapi3.NewStringSchema().WithEnum("text").NewRef() },
		func(s *openapi3.Schema) { s.ReadOnly = true },
		func(s *openapi3.Schema) { s.WriteOnly = true },
		func(s *openapi3.Schema) { s.Required = append(s.Required, "undeclared") },
		func(s *openapi3.Schema) {
			if s.Type.Is(openapi3.TypeString) {
				s.Format = "date"
			}
		},
		func(s *openapi3.Schema) {
			if s.Type.Is(openapi3.TypeNumber) {
				s.Format = "float"
			}
		},
	}
}

// An unknown keyword, also one of a later version of kin-openapi, must not use the fast path.
func TestExpressed_RefusesUnknownKeywords(t *testing.T) {
	known := map[string]bool{
		"Type": true, "Nullable": true, "Format": true, "Enum": true, "Items": true,
		"Properties": true, "Required": true, "AdditionalProperties": true, "Extensions": true,
		"Origin": true, "Title": true, "Description": true, "ExternalDocs": true, "Default": true,
		"Example": true, "Deprecated": true, "XML": true,
	}
	kind := reflect.TypeFor[openapi3.Schema]()
	for i := range kind.NumField() {
		schema := openapi3.NewStringSchema()
		set := reflect.ValueOf(schema).Elem().Field(i)
		fill(t, set)
		if name := kind.Field(i).Name; !known[name] && resultOf(schema) != "" {
			t.Errorf("a schema with %s is expressed", name)
		}
	}
	for i, set := range keywords()[:13] {
		schema := openapi3.NewStringSchema()
		set(schema)
		if resultOf(schema) != "" {
			t.Errorf("the schema with keyword %d is expressed: %s", i, asJSON(t, schema))
		}
	}
	unknown := openapi3.NewStringSchema()
	unknown.Extensions = map[string]any{"minContains": 1.0}
	if got := resultOf(openapi3.NewStringSchema()); got != "Schema" {
		t.Errorf("a string: got %q, want it expressed", got)
	}
	if got := resultOf(unknown); got != "" {
		t.Errorf("a string with an unknown keyword: got %q, want it not expressed", got)
	}
}

// resultOf returns Result of an operation whose response has a property with a schema.
func resultOf(schema *openapi3.Schema) string {
	object := openapi3.NewObjectSchema().WithAnyAdditionalProperties().WithProperty("a", schema)
	ref := openapi3.NewSchemaRef("#/components/schemas/Schema", object)
	content := openapi3.NewContentWithJSONSchemaRef(ref)
	op := openapi3.NewOperation()
	op.AddResponse(200, openapi3.NewResponse().WithContent(content))
	paths := openapi3.NewPaths(openapi3.WithPath("/x", &openapi3.PathItem{Get: op}))
	return spec.Operations(&openapi3.T{Paths: paths})[0].Result
}

// fill sets a field to a value that is not zero.
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
