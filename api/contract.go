package api

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"

	"github.com/sakari-go/sakari-go/gen"
)

// contract holds the operations of an OpenAPI document, ready to be found by a request.
type contract struct {
	operations []*operation // in the order in which paths match
}

// operation is what the contract says of one method of one path.
type operation struct {
	id       string
	method   string
	segments []string // of the path template
	route    *routers.Route
	params   []parameter
	bodies   map[*openapi3.MediaType]*acceptor
	accept   string // the media types of its answers
	yes      int    // the status of its answer with JSON, 0 if it has none
	secured  bool   // wants an access token
}

// parameter is one of an operation, with an acceptor if it is a text of the path.
type parameter struct {
	*openapi3.Parameter
	place   string // in a Violation
	segment int    // of the path template, if it is there
	text    *acceptor
}

// embeddedContract reads the contract that the generated code carries, at the first call.
var embeddedContract = sync.OnceValues(func() (*contract, error) {
	doc, err := gen.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("reading the embedded contract: %w", err)
	}
	return newContract(doc)
})

func newContract(doc *openapi3.T) (*contract, error) {
	c := &contract{}
	acceptors := make(acceptors)
	for _, path := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(path)
		segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
		for _, s := range segments {
			if _, ok := paramName(s); !ok && strings.ContainsAny(s, "{}") {
				return nil, fmt.Errorf("the contract's path %s has a parameter that is not a whole segment", path)
			}
		}
		for method, op := range item.Operations() {
			security := op.Security
			if security == nil {
				security = &doc.Security
			}
			var params []parameter
			for _, own := range op.Parameters {
				params = append(params, newParameter(own.Value, segments, acceptors))
			}
			for _, shared := range item.Parameters {
				if op.Parameters.GetByInAndName(shared.Value.In, shared.Value.Name) == nil {
					params = append(params, newParameter(shared.Value, segments, acceptors))
				}
			}
			c.operations = append(c.operations, &operation{
				id:       op.OperationID,
				method:   method,
				segments: segments,
				route:    &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op},
				params:   params,
				bodies:   bodiesOf(op, acceptors),
				accept:   acceptOf(op),
				yes:      yesOf(op),
				secured:  len(*security) > 0,
			})
		}
	}
	return c, nil
}

func newParameter(p *openapi3.Parameter, segments []string, acceptors acceptors) parameter {
	param := parameter{Parameter: p, place: p.In + "." + p.Name, segment: slices.Index(segments, "{"+p.Name+"}")}
	asItStands := p.In == openapi3.ParameterInPath && (p.Style == "" || p.Style == openapi3.SerializationSimple)
	if asItStands && p.Schema != nil && p.Schema.Value.Type.Is(openapi3.TypeString) {
		param.text = acceptors.of(p.Schema)
	}
	return param
}

func bodiesOf(op *openapi3.Operation, acceptors acceptors) map[*openapi3.MediaType]*acceptor {
	bodies := make(map[*openapi3.MediaType]*acceptor)
	add := func(content openapi3.Content) {
		for name, media := range content {
			if isJSON(name) {
				bodies[media] = acceptors.of(media.Schema)
			}
		}
	}
	if op.RequestBody != nil {
		add(op.RequestBody.Value.Content)
	}
	for _, response := range op.Responses.Map() {
		add(response.Value.Content)
	}
	return bodies
}

func yesOf(op *openapi3.Operation) int {
	for status := 200; status < 300; status++ {
		if response := op.Responses.Status(status); response != nil && response.Value.Content.Get(mediaTypeJSON) != nil {
			return status
		}
	}
	return 0
}

// find returns the operation that a request below the base URL is for, and the segments of its path there. The
// base's path ends with a slash.
func (c *contract) find(base *url.URL, r *http.Request) (*operation, []string, bool) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), base.EscapedPath())
	if !ok {
		return nil, nil, false
	}
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		var err error
		if segments[i], err = url.PathUnescape(s); err != nil {
			return nil, nil, false
		}
	}
	for _, op := range c.operations {
		if op.method == r.Method && op.matches(segments) {
			return op, segments, true
		}
	}
	return nil, nil, false
}

func (op *operation) matches(segments []string) bool {
	return slices.EqualFunc(op.segments, segments, func(template, segment string) bool {
		_, isParam := paramName(template)
		return isParam || template == segment
	})
}

func (op *operation) pathParams(segments []string) map[string]string {
	params := make(map[string]string)
	for i, template := range op.segments {
		if name, ok := paramName(template); ok {
			params[name] = segments[i]
		}
	}
	return params
}

func paramName(segment string) (string, bool) {
	name, open := strings.CutPrefix(segment, "{")
	name, closed := strings.CutSuffix(name, "}")
	return name, open && closed && !strings.ContainsAny(name, "{}")
}

func acceptOf(op *openapi3.Operation) string {
	var names []string
	for _, ref := range op.Responses.Map() {
		names = slices.AppendSeq(names, maps.Keys(ref.Value.Content))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
