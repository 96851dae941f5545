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
	documents = flag.Int("documents", 20_000, "documents that TestExpressed_IsNeverWrong makes")
	schemas   = flag.Int("schemas", 60, "schemas that it makes them of")
	seed      = flag.Uint64("seed", 1, "of the schemas")
)

const top = "../../.."

// A schema is expressed by its Go type only if kin-openapi refuses nothing that the type reads or writes. The types are
// those that the generator makes of random schemas, with the project's template.
func TestExpressed_IsNeverWrong(t *testing.T) {
	random := rand.New(rand.NewPCG(*seed, 0))
	dir := t.TempDir()
	doc := &openapi3.T{
		OpenAPI: "3.0.3", Info: &openapi3.Info{Title: "Random schemas", Version: "1"}, Paths: openapi3.NewPaths(),
		Components: &openapi3.Components{Schemas: openapi3.Schemas{"Enumeration": openapi3.NewStringSchema().WithEnum("contacts", "\u00e9", "also").NewRef()}},
	}
	all := "package gen\n\nvar all = map[string]func() any{\n"
	for i := range *schemas {
		name := fmt.Sprintf("Schema%d", i)
		doc.Components.Schemas[name] = randomObject(random, 3).NewRef()
		content := openapi3.NewContentWithJSONSchemaRef(openapi3.NewSchemaRef("#/components/schemas/"+name, nil))
		doc.AddOperation("/"+name, "POST", &openapi3.Operation{
			OperationID: name,
			RequestBody: &openapi3.RequestBodyRef{Value: openapi3.NewRequestBody().WithContent(content)},
			Responses: openapi3.NewResponses(openapi3.WithStatus(200, &openapi3.ResponseRef{
				Value: openapi3.NewResponse().WithDescription("ok").WithContent(content),
			})),
		})
		all += fmt.Sprintf("%q: func() any { return new(%s) },\n", name, name)
	}
	document := write(t, dir, "spec.json", asJSON(t, doc))
	config, err := os.ReadFile(top + "/gen/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	types := filepath.Join(dir, "types.go")
	run(t, top, nil, "go", "run", "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen",
		"-config", write(t, dir, "config.yaml", strings.NewReplacer("client: true", "client: false", "server-urls: true", "server-urls: false").Replace(string(config))),
		"-o", types, document)

	// The package exists in the overlay alone.
	root, err := filepath.Abs(top)
	if err != nil {
		t.Fatal(err)
	}
	replace := make(map[string]string)
	for name, file := range map[string]string{
		"all.go": write(t, dir, "all.go", all+"}\n"), "types.go": types, "object.go": filepath.Join(root, "gen/object.go"),
		"decode_test.go": filepath.Join(root, "api/internal/spec/testdata/differential/decode_test.go"),
	} {
		replace[filepath.Join(root, "api/internal/spec/differential", name)] = file
	}
	overlay := write(t, dir, "overlay.json", asJSON(t, map[string]any{"Replace": replace}))
	environment := []string{"DIFFERENTIAL_SPEC=" + document, fmt.Sprintf("DIFFERENTIAL_DOCUMENTS=%d", *documents)}
	program := filepath.Join(dir, "differential.test")
	run(t, top, nil, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", program, "./api/internal/spec/differential")
	t.Log(run(t, dir, environment, program, "-test.v"))
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

// randomObject is an object as the project's are, open and with what a Go type expresses, but for one in some.
func randomObject(random *rand.Rand, depth int) *openapi3.Schema {
	s := openapi3.NewObjectSchema()
	s.Description, s.Extensions = "random", map[string]any{"x-sensitive": true}
	s.AdditionalProperties.Has = new(random.IntN(40) > 0)
	s.Properties = make(openapi3.Schemas)
	for _, name := range []string{"a", "b", "id", "kelvin", "long name", "lists", "size", "\u00e9t\u00e9"} {
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
		openapi3.NewStringSchema(), openapi3.NewDateTimeSchema(), openapi3.NewInt64Schema(), openapi3.NewIntegerSchema(),
		openapi3.NewFloat64Schema().WithFormat("double"), openapi3.NewBoolSchema(), openapi3.NewStringSchema(),
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
		return s.NewRef()
	case 2:
		return openapi3.NewObjectSchema().WithAnyAdditionalProperties().NewRef()
	case 3:
		return openapi3.NewSchemaRef("#/components/schemas/Enumeration", nil)
	}
	s := kinds[i]
	s.Nullable = random.IntN(8) == 0
	if random.IntN(80) == 0 {
		set := keywords()
		set[random.IntN(len(set))](s)
	}
	return s.NewRef()
}

// keywords set what no Go type expresses.
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

// A schema with any keyword that isExpressed does not know is not expressed, those that kin-openapi may learn included.
func TestExpressed_KnowsItsKeywords(t *testing.T) {
	known := map[string]bool{
		"Type": true, "Nullable": true, "Format": true, "Enum": true, "Items": true, "Properties": true, "Required": true, "AdditionalProperties": true,
		"Extensions": true, "Origin": true, "Title": true, "Description": true, "ExternalDocs": true, "Default": true, "Example": true, "Deprecated": true, "XML": true,
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
			t.Errorf("the schema with the keyword %d is expressed: %s", i, asJSON(t, schema))
		}
	}
	unknown := openapi3.NewStringSchema()
	unknown.Extensions = map[string]any{"minContains": 1.0}
	if resultOf(openapi3.NewStringSchema()) != "Schema" || resultOf(unknown) != "" {
		t.Error("a plain text is not expressed, or one with a keyword that is not known is")
	}
}

// resultOf is the result of an operation with a property of a schema.
func resultOf(schema *openapi3.Schema) string {
	object := openapi3.NewObjectSchema().WithAnyAdditionalProperties().WithProperty("a", schema)
	content := openapi3.NewContentWithJSONSchemaRef(openapi3.NewSchemaRef("#/components/schemas/Schema", object))
	op := openapi3.NewOperation()
	op.AddResponse(200, openapi3.NewResponse().WithContent(content))
	doc := &openapi3.T{Paths: openapi3.NewPaths(openapi3.WithPath("/x", &openapi3.PathItem{Get: op}))}
	return spec.Operations(doc)[0].Result
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
