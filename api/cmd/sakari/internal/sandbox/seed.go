package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

var readSpec = sync.OnceValues(gen.GetSpec)

// readSeedFile returns an empty seed if the file has no name.
func readSeedFile(name string) (apitest.Seed, error) {
	if name == "" {
		return apitest.Seed{}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return apitest.Seed{}, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSeedBytes+1))
	if err != nil {
		return apitest.Seed{}, err
	}
	if len(text) > maxSeedBytes {
		return apitest.Seed{}, fmt.Errorf("%s: larger than %d bytes", name, maxSeedBytes)
	}
	seed, err := parseSeed(text)
	if err != nil {
		return apitest.Seed{}, fmt.Errorf("%s: %w", name, err)
	}
	return seed, nil
}

// parseSeed validates a seed. Its errors have the location of the first mistake and no values.
func parseSeed(text []byte) (apitest.Seed, error) {
	var raw struct {
		Contacts   []jsontext.Value                       `json:"contacts"`
		Attributes map[gen.AttributeType][]jsontext.Value `json:"attributes"`
	}
	if err := decode(text, &raw); err != nil {
		return apitest.Seed{}, err
	}
	contacts, err := parseRows[gen.StoredContact]("contacts", "StoredContact", raw.Contacts)
	seed := apitest.Seed{Contacts: contacts, Attributes: make(map[gen.AttributeType][]gen.Attribute)}
	for attributeType, rows := range raw.Attributes {
		if err == nil {
			location := "attributes/" + string(attributeType)
			seed.Attributes[attributeType], err = parseRows[gen.Attribute](location, "Attribute", rows)
		}
	}
	return seed, err
}

// parseRows returns rows that conform to a schema of the spec.
func parseRows[T any](location, schema string, raw []jsontext.Value) ([]T, error) {
	doc, err := readSpec()
	if err != nil {
		return nil, err
	}
	rows := make([]T, len(raw))
	for i, text := range raw {
		var value any
		err := json.Unmarshal(text, &value)
		if err == nil {
			err = doc.Components.Schemas[schema].Value.VisitJSON(value, openapi3.EnableFormatValidation())
		}
		if err == nil {
			err = decode(text, &rows[i])
		}
		if err != nil {
			return nil, fmt.Errorf("%s/%d%s", location, i, violations(err)[0])
		}
	}
	return rows, nil
}

// decode reads JSON strictly. Its errors have no values, unlike those of package json.
func decode(text []byte, value any) error {
	if jsontext.Value(text).Kind() == 'n' {
		return errors.New("a value other than null is needed") // package json would change nothing
	}
	err := json.Unmarshal(text, value, json.RejectUnknownMembers(true))
	var semantic *json.SemanticError
	switch {
	case !errors.As(err, &semantic):
		return err
	case errors.Is(err, json.ErrUnknownName):
		return fmt.Errorf("%s: unknown member", strings.TrimPrefix(string(semantic.JSONPointer), "/"))
	}
	return fmt.Errorf("%s: a value of another type is needed", semantic.JSONPointer)
}
