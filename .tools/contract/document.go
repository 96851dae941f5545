package main

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// document is an OpenAPI document that need not be valid.
type document map[string]any

// place is where an operation stands in a document.
type place struct {
	method string   // in lower case
	path   string   // as it is written there
	whole  []string // with the paths of the servers, without the names of parameters
}

func (p place) String() string { return strings.ToUpper(p.method) + " " + p.path }

func (d document) describe() string {
	info := object(d["info"])
	return fmt.Sprintf("OpenAPI %v, %q, version %v, %d operations", d["openapi"], info["title"], info["version"], len(d.places()))
}

// places are the operations of a document.
func (d document) places() []place {
	var all []place
	bases := d.bases()
	for path := range object(d["paths"]) {
		var whole []string
		for _, base := range bases {
			whole = append(whole, nameless(base+path))
		}
		for method := range d.item(path) {
			switch method {
			case "get", "put", "post", "delete", "patch", "head", "options", "trace":
				all = append(all, place{method, path, whole})
			}
		}
	}
	slices.SortFunc(all, func(a, b place) int { return strings.Compare(a.path+" "+a.method, b.path+" "+b.method) })
	return all
}

// item is what stands at a path, also if it stands elsewhere.
func (d document) item(path string) map[string]any {
	return d.target(object(object(d["paths"])[path]))
}

// target follows references within the document, up to what is none. One that leads nowhere is left to the loader.
func (d document) target(value map[string]any) map[string]any {
	for range 10 {
		ref, _ := value["$ref"].(string)
		next := object(d.at(ref))
		if next == nil {
			break
		}
		value = next
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
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(list(value)) {
			value = list(value)[i]
		} else {
			value = object(value)[unescaped(name)]
		}
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
		same := func(whole string) bool { return slices.Contains(wanted.whole, whole) }
		if p.method == wanted.method && slices.ContainsFunc(p.whole, same) {
			return p, true
		}
	}
	return place{}, false
}

func object(value any) map[string]any {
	members, _ := value.(map[string]any)
	return members
}

func list(value any) []any {
	elements, _ := value.([]any)
	return elements
}
