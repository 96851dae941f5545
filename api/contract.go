package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/api/internal/spec"
	"github.com/sakari-go/sakari-go/gen"
)

// contract holds the operations of an OpenAPI document, ready to be found by a request or by their id.
type contract struct {
	operations []*operation // in the order in which paths match
	byID       map[string]*operation
}

// operation is an operation with its path, and its place in the document for what needs more than spec.Operation says.
type operation struct {
	spec.Operation
	segments []string // of the path
	inPath   []pathParam
	document func() (*openapi3.T, error) // takes milliseconds at its first call
}

// pathParam is a parameter of the path, and its segment.
type pathParam struct {
	name    string
	segment int
}

// embeddedContract is openapi.yaml, as the generated code carries it.
var embeddedContract = sync.OnceValues(func() (*contract, error) {
	var operations []spec.Operation
	if err := json.Unmarshal(gen.GetOperationsJSON(), &operations); err != nil {
		return nil, err
	}
	return newContract(operations, sync.OnceValues(gen.GetSpec))
})

func newContract(operations []spec.Operation, document func() (*openapi3.T, error)) (*contract, error) {
	c := &contract{byID: make(map[string]*operation)}
	for _, o := range operations {
		op := &operation{Operation: o, segments: strings.Split(strings.TrimPrefix(o.Path, "/"), "/"), document: document}
		for i, s := range op.segments {
			name, ok := paramName(s)
			if !ok && strings.ContainsAny(s, "{}") {
				return nil, fmt.Errorf("the contract's path %s has a parameter that is not a whole segment", o.Path)
			}
			if ok {
				op.inPath = append(op.inPath, pathParam{name, i})
			}
		}
		c.operations = append(c.operations, op)
		c.byID[o.ID] = op
	}
	return c, nil
}

// route returns the operation as the document has it.
func (op *operation) route() (*routers.Route, error) {
	doc, err := op.document()
	if err != nil {
		return nil, fmt.Errorf("reading the embedded contract: %w", err)
	}
	item := doc.Paths.Value(op.Path)
	return &routers.Route{Spec: doc, Path: op.Path, PathItem: item, Method: op.Method, Operation: item.GetOperation(op.Method)}, nil
}

// find returns the operation that a request is for.
func (c *contract) find(method string, segments []string) *operation {
	for _, op := range c.operations {
		if op.matches(method, segments) {
			return op
		}
	}
	return nil
}

// segmentsOf returns the segments of a path below that of the base URL, which ends with a slash, nil if it is not there.
func segmentsOf(base, u *url.URL) []string {
	rest, ok := strings.CutPrefix(u.EscapedPath(), base.EscapedPath())
	if !ok {
		return nil
	}
	segments := strings.Split(rest, "/")
	if strings.Contains(rest, "%") {
		for i, s := range segments {
			var err error
			if segments[i], err = url.PathUnescape(s); err != nil {
				return nil
			}
		}
	}
	return segments
}

func (op *operation) matches(method string, segments []string) bool {
	return op.Method == method && slices.EqualFunc(op.segments, segments, func(template, segment string) bool {
		return template == segment || strings.HasPrefix(template, "{")
	})
}

func (op *operation) pathParams(segments []string) map[string]string {
	params := make(map[string]string)
	for _, p := range op.inPath {
		params[p.name] = segments[p.segment]
	}
	return params
}

func paramName(segment string) (string, bool) {
	name, open := strings.CutPrefix(segment, "{")
	name, closed := strings.CutSuffix(name, "}")
	return name, open && closed && !strings.ContainsAny(name, "{}")
}
