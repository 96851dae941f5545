// Command kinds shows what a spec may have. It adds each kind of schema, parameter and body in
// testdata to the spec of a copy of the repository, generates, and calls a fake server. What the
// generator refuses must have its message.
//
//	kinds COPY
package main

import (
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v3"
)

// kind is what a file in testdata describes.
type kind struct {
	Name string `yaml:"-"` // of the file, and of its schema in CamelCase

	Schema     map[string]any `yaml:"schema"` // of the body of requests and responses of an operation
	Components map[string]any `yaml:"components"`
	Paths      map[string]any `yaml:"paths"` // of operations that calls_test.go calls
	Valid      []any          `yaml:"valid"` // bodies of responses, and of requests if Requests is empty
	Requests   []any          `yaml:"requests"`
	Invalid    []struct {
		Value   any    `yaml:"value"`
		Message string `yaml:"message"`
	} `yaml:"invalid"`

	OpenAPI string `yaml:"openapi"` // the version, if it is another one
	Refused string `yaml:"refused"` // the last line of make generate
}

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(copied string) error {
	base, err := readYAML[map[string]any](filepath.Join(copied, "openapi.yaml"))
	if err != nil {
		return err
	}
	files, err := filepath.Glob("kinds/testdata/*.yaml")
	if err != nil {
		return err
	}
	whole := base
	var failed []error
	var accepted []kind
	for _, file := range files {
		k, err := readYAML[kind](file)
		if err != nil {
			return err
		}
		k.Name = strings.TrimSuffix(filepath.Base(file), ".yaml")
		if k.Refused == "" {
			accepted = append(accepted, k)
			whole = k.addTo(whole)
			continue
		}
		if err := k.checkRefused(copied, k.addTo(base)); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", k.Name, err))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	return call(copied, whole, accepted)
}

// addTo returns a spec with the kind.
func (k kind) addTo(spec map[string]any) map[string]any {
	added := map[string]any{"components": k.Components, "paths": k.Paths}
	if k.OpenAPI != "" {
		added["openapi"] = k.OpenAPI
	}
	if k.Schema == nil {
		return merge(spec, added)
	}
	body := func(examples []any) map[string]any {
		media := map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/" + k.Type()}}
		if len(examples) > 0 {
			media["example"] = examples[0]
		}
		return map[string]any{"application/json": media}
	}
	return merge(merge(spec, added), map[string]any{
		"components": map[string]any{"schemas": map[string]any{k.Type(): k.Schema}},
		"paths": map[string]any{"/kinds/" + k.Name: map[string]any{
			"get": map[string]any{
				"operationId": "get" + k.Type(),
				"responses":   map[string]any{"200": map[string]any{"description": "x", "content": body(nil)}},
			},
			"post": map[string]any{
				"operationId": "send" + k.Type(),
				"requestBody": map[string]any{"required": true, "content": body(k.Sent())},
				"responses":   map[string]any{"200": map[string]any{"description": "x", "content": body(k.Valid)}},
			},
		}},
	})
}

// Sent returns the bodies of requests.
func (k kind) Sent() []any {
	if k.Requests != nil {
		return k.Requests
	}
	return k.Valid
}

// Type returns the name of the Go type.
func (k kind) Type() string {
	var name strings.Builder
	for word := range strings.SplitSeq(k.Name, "-") {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String()
}

// checkRefused reports whether make generate refuses a spec, and says why.
func (k kind) checkRefused(copied string, spec map[string]any) error {
	if err := write(filepath.Join(copied, "openapi.yaml"), spec); err != nil {
		return err
	}
	output, err := goCommand(copied, "generate", ".").CombinedOutput()
	switch {
	case err == nil:
		return errors.New("is not refused")
	case !strings.Contains(string(output), k.Refused):
		return fmt.Errorf("got the message\n%s\nwant\n%s", output, k.Refused)
	}
	return nil
}

// call generates from a spec with kinds, and calls a fake server with each.
func call(copied string, spec map[string]any, kinds []kind) error {
	if err := write(filepath.Join(copied, "openapi.yaml"), spec); err != nil {
		return err
	}
	tests, err := filepath.Glob(filepath.Join(copied, "api/*_test.go"))
	if err != nil {
		return err
	}
	for _, file := range tests { // they take time to compile
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	for _, name := range []string{"method.go", "calls_test.go"} {
		text, err := os.ReadFile("kinds/testdata/" + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(copied, "api", name), text, 0o600)
		}
		if err != nil {
			return err
		}
	}
	rows, err := os.Create(filepath.Join(copied, "api/rows_test.go"))
	if err != nil {
		return err
	}
	if err := errors.Join(rowsTemplate.Execute(rows, kinds), rows.Close()); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"generate", "."},
		{"test", "-count=1", "./gen", "./api", "-run", "Kind"},
		{"vet", "./gen", "./api"},
	} {
		command := goCommand(copied, args...)
		command.Stdout, command.Stderr = os.Stdout, os.Stderr
		if err := command.Run(); err != nil {
			return fmt.Errorf("%v: %w", command, err)
		}
	}
	return nil
}

// rowsTemplate writes the tests of schemas, whose Go types they name.
var rowsTemplate = template.Must(template.New("").Funcs(template.FuncMap{"json": encode}).Parse(`package api_test

import (
	"testing"

	"github.com/sakari-go/sakari-go/gen"
)

func TestKinds(t *testing.T) {
{{- range .}}{{if .Schema}}
	t.Run("{{.Name}}", func(t *testing.T) {
		checkKind[gen.{{.Type}}](t, "{{.Type}}", []string{
			{{- range .Sent}}
			{{json . | printf "%q"}},{{end}}
		}, []string{
			{{- range .Valid}}
			{{json . | printf "%q"}},{{end}}
		}, []invalid{
			{{- range .Invalid}}
			{ {{json .Value | printf "%q"}}, {{printf "%q" .Message}} },{{end}}
		})
	}){{end}}
{{- end}}
}
`))

// merge returns a map with the members of two. Members that both have are merged.
func merge(a, b map[string]any) map[string]any {
	merged := maps.Clone(a)
	for name, member := range b {
		own, isMap := merged[name].(map[string]any)
		if other, ok := member.(map[string]any); ok && isMap {
			member = merge(own, other)
		}
		if member != nil {
			merged[name] = member
		}
	}
	return merged
}

func readYAML[T any](file string) (T, error) {
	var value T
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(text, &value)
	}
	if err != nil {
		return value, fmt.Errorf("%s: %w", file, err)
	}
	return value, nil
}

// write writes a document as JSON, which is YAML too.
func write(file string, document map[string]any) error {
	text, err := encode(document)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o600)
}

func encode(value any) (string, error) {
	text, err := json.Marshal(value, json.Deterministic(true))
	return string(text), err
}

func goCommand(folder string, args ...string) *exec.Cmd {
	command := exec.Command("go", args...)
	command.Dir = folder
	command.Env = slices.Concat(os.Environ(), []string{"GOFLAGS="})
	return command
}
