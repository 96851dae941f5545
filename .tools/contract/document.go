package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3conv"
	"github.com/oasdiff/oasdiff/flatten/allof"
	"go.yaml.in/yaml/v3"
)

const (
	maxDocument  = 64 << 20 // bytes
	fetchTimeout = time.Minute
)

// document is an OpenAPI document that need not be valid.
type document map[string]any

// place is where an operation stands in a document.
type place struct {
	method string // in lower case
	path   string // as it is written there
	whole  string // with the path of the server, without the names of parameters
}

func (p place) String() string { return strings.ToUpper(p.method) + " " + p.path }

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

func (d document) describe() string {
	info := object(d["info"])
	return fmt.Sprintf("OpenAPI %v, %q, version %v, %d operations", d["openapi"], info["title"], info["version"], len(d.places())/len(d.bases()))
}

// places are the operations of a document.
func (d document) places() []place {
	var all []place
	for path := range object(d["paths"]) {
		for method := range d.item(path) {
			switch method {
			case "get", "put", "post", "delete", "patch", "head", "options", "trace":
				for _, base := range d.bases() {
					all = append(all, place{method, path, nameless(base + path)})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b place) int {
		return strings.Compare(a.path+" "+a.method+" "+a.whole, b.path+" "+b.method+" "+b.whole)
	})
	return all
}

// item is what stands at a path, also if it stands elsewhere.
func (d document) item(path string) map[string]any {
	return d.target(object(object(d["paths"])[path]))
}

// target follows references within the document, up to what is none.
func (d document) target(value map[string]any) map[string]any {
	for range 10 {
		ref, ok := value["$ref"].(string)
		if !ok {
			break
		}
		value = object(d.at(ref))
	}
	return value
}

// at is what a reference within the document leads to, nil if nowhere.
func (d document) at(ref string) any {
	var value any = map[string]any(d)
	pointer, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil
	}
	for name := range strings.SplitSeq(pointer, "/") {
		value = object(value)[unescaped(name)]
	}
	return value
}

// unescaped is a name of a reference as it stands in the document (RFC 6901).
func unescaped(name string) string {
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
}

// bases are the paths of the servers, without doubles.
func (d document) bases() []string {
	var bases []string
	for _, server := range d.servers() {
		bases = append(bases, strings.TrimSuffix(server.Path, "/"))
	}
	if len(bases) == 0 {
		return []string{""}
	}
	slices.Sort(bases)
	return slices.Compact(bases)
}

func (d document) hosts() []string {
	var hosts []string
	for _, server := range d.servers() {
		if server.Host != "" {
			hosts = append(hosts, server.Scheme+"://"+server.Host)
		}
	}
	return hosts
}

func (d document) servers() []*url.URL {
	var servers []*url.URL
	for _, server := range list(d["servers"]) {
		address, _ := object(server)["url"].(string)
		for name, variable := range object(object(server)["variables"]) {
			address = strings.ReplaceAll(address, "{"+name+"}", fmt.Sprint(object(variable)["default"]))
		}
		if parsed, err := url.Parse(address); err == nil {
			servers = append(servers, parsed)
		}
	}
	return servers
}

var parameterName = regexp.MustCompile(`\{[^}]*\}`)

func nameless(path string) string {
	return strings.TrimSuffix(parameterName.ReplaceAllString(path, "{}"), "/")
}

func (d document) find(wanted place) (place, bool) {
	for _, p := range d.places() {
		if p.method == wanted.method && p.whole == wanted.whole {
			return p, true
		}
	}
	return place{}, false
}

// load reads one operation as if it stood at a path, with what it refers to, and without what no server and no client sees.
func (d document) load(at place, path string) (*openapi3.T, error) {
	item := d.item(at.path)
	operation := maps.Clone(object(item[at.method]))
	if operation == nil {
		return nil, errors.New("it is no object")
	}
	for _, key := range []string{"operationId", "tags", "summary", "description", "externalDocs", "security", "servers", "callbacks"} {
		delete(operation, key)
	}
	names := make(map[string]string)
	for i, name := range parameterName.FindAllString(at.path, -1) {
		names[name] = parameterName.FindAllString(path, -1)[i]
	}
	parameters, own := []any{}, make(map[string]bool)
	for _, parameter := range slices.Concat(list(operation["parameters"]), list(item["parameters"])) {
		p := d.target(object(parameter))
		if key := fmt.Sprint(p["in"], " ", p["name"]); !own[key] { // that of an operation stands for that of its path
			own[key] = true
			parameters = append(parameters, renamed(p, names))
		}
	}
	operation["parameters"] = parameters
	responses := make(map[string]any)
	for status, response := range object(operation["responses"]) {
		if strings.HasPrefix(status, "2") {
			responses[status] = response
		}
	}
	operation["responses"] = responses
	components := make(map[string]any)
	d.collect(operation, components)
	text, err := json.Marshal(withoutOpen(map[string]any{
		"openapi":    d["openapi"],
		"info":       map[string]any{"title": "one operation", "version": "1"},
		"paths":      map[string]any{path: map[string]any{at.method: operation}},
		"components": components,
	}))
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := refuseEndlessArrays(doc); err != nil {
		return nil, err
	}
	if doc, err = allof.MergeSpec(doc); err != nil {
		return nil, err
	}
	openapi3conv.Upgrade(doc)
	doc.Components = nil // all is resolved, and the names are nobody's business
	return doc, nil
}

// renamed is a parameter, with the name that the other document has for it if it stands in the path.
func renamed(p map[string]any, names map[string]string) map[string]any {
	name, _ := p["name"].(string)
	if other, ok := names["{"+name+"}"]; ok && p["in"] == "path" {
		p = maps.Clone(p)
		p["name"] = strings.Trim(other, "{}")
	}
	return p
}

// collect adds to components what a value refers to. A reference that leads nowhere is left to the loader.
func (d document) collect(value any, components map[string]any) {
	switch value := value.(type) {
	case map[string]any:
		if ref, ok := value["$ref"].(string); ok {
			d.collectRef(ref, components)
		}
		for _, member := range value {
			d.collect(member, components)
		}
	case []any:
		for _, element := range value {
			d.collect(element, components)
		}
	}
}

func (d document) collectRef(ref string, components map[string]any) {
	kind, name, ok := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
	name, _, _ = strings.Cut(name, "/") // the rest is within the component
	name = unescaped(name)
	target, there := object(object(d["components"])[kind])[name]
	if !ok || !there {
		return
	}
	if components[kind] == nil {
		components[kind] = make(map[string]any)
	}
	if object(components[kind])[name] == nil {
		object(components[kind])[name] = target
		d.collect(target, components)
	}
}

// withoutOpen leaves out additionalProperties: true, which says what its absence says.
func withoutOpen(value any) any {
	switch value := value.(type) {
	case map[string]any:
		kept := make(map[string]any, len(value))
		for name, member := range value {
			if name != "additionalProperties" || member != true {
				kept[name] = withoutOpen(member)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(value))
		for i, element := range value {
			kept[i] = withoutOpen(element)
		}
		return kept
	}
	return value
}

func object(value any) map[string]any {
	members, _ := value.(map[string]any)
	return members
}

func list(value any) []any {
	elements, _ := value.([]any)
	return elements
}
