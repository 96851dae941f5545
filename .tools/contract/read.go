package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

func readDocument(spec string) (document, error) {
	text, err := os.ReadFile(spec)
	if err != nil {
		return nil, err
	}
	var parsed any
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		err = json.Unmarshal(text, &parsed)
	} else {
		err = yaml.Unmarshal(text, &parsed)
	}
	doc := document(object(namesAsText(parsed)))
	switch version, _ := doc["openapi"].(string); {
	case err != nil:
		return nil, fmt.Errorf("%s: neither JSON nor YAML: %v, and it begins with %.40q", spec, firstLine(err), text)
	case doc["swagger"] != nil:
		return nil, fmt.Errorf("%s: is Swagger %v: convert it to OpenAPI 3 first", spec, doc["swagger"])
	case !strings.HasPrefix(version, "3."):
		return nil, fmt.Errorf("%s: is no OpenAPI 3 document: openapi is %v, and it begins with %.40q", spec, doc["openapi"], text)
	}
	return doc, nil
}

// namesAsText makes texts of names such as 200, which YAML reads as a number.
func namesAsText(value any) any {
	switch value := value.(type) {
	case map[any]any:
		named := make(map[string]any, len(value))
		for name, member := range value {
			named[fmt.Sprint(name)] = namesAsText(member)
		}
		return named
	case map[string]any:
		for name, member := range value {
			value[name] = namesAsText(member)
		}
	case []any:
		for i, element := range value {
			value[i] = namesAsText(element)
		}
	}
	return value
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
