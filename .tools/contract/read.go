package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

const (
	maxDocument  = 64 << 20 // bytes
	fetchTimeout = time.Minute
)

func readDocument(spec string) (document, error) {
	text, err := fetch(spec)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", spec, err)
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

func fetch(spec string) ([]byte, error) {
	source := io.Reader(nil)
	if strings.HasPrefix(spec, "http://") || strings.HasPrefix(spec, "https://") {
		ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, spec, nil)
		if err != nil {
			return nil, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the server answered %s", response.Status)
		}
		source = response.Body
	} else {
		file, err := os.Open(spec)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		source = file
	}
	text, err := io.ReadAll(io.LimitReader(source, maxDocument+1))
	if len(text) > maxDocument {
		return nil, fmt.Errorf("is over %d MiB", maxDocument>>20)
	}
	return text, err
}
