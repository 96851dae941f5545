package spec

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// Violation is a place where a request or a response does not conform to the spec.
type Violation struct {
	Location string // such as "body/mobile/verified", "path.accountId" or "status"
	Rule     string // such as "required" or "type"
	Message  string // without the value
}

// Spec holds the operations of a document.
type Spec struct {
	operations []*Operation // in the order in which paths match
}

// New returns the spec of operations, with the document for all that the operations do not say. It
// reads the document when it is needed.
func New(operations []Operation, document func() (*openapi3.T, error)) *Spec {
	s := &Spec{}
	examples := sync.OnceValue(func() []string { return failureExamples(document) })
	for i := range operations {
		op := &operations[i]
		op.document, op.failureExamples = document, examples
		op.segments = strings.Split(strings.TrimPrefix(op.Path, "/"), "/")
		for i, segment := range op.segments {
			if isParameter(segment) {
				name := segment[1 : len(segment)-1]
				isURI := slices.ContainsFunc(op.Parameters, func(p Parameter) bool { return p.URI && p.Name == name })
				op.inPath = append(op.inPath, pathParameter{name, i, isURI})
			}
		}
		s.operations = append(s.operations, op)
	}
	return s
}

// Operation returns the operation with an id, nil if there is none.
func (s *Spec) Operation(id string) *Operation {
	for _, op := range s.operations {
		if op.ID == id {
			return op
		}
	}
	return nil
}

// Match returns the operation of a method and a path, nil if there is none.
func (s *Spec) Match(method string, segments []string) *Operation {
	for _, op := range s.operations {
		if op.Matches(method, segments) {
			return op
		}
	}
	return nil
}

// Matches reports whether a method and a path are those of the operation.
func (op *Operation) Matches(method string, segments []string) bool {
	return op.Method == method && slices.EqualFunc(op.segments, segments, func(own, segment string) bool {
		return own == segment || isParameter(own)
	})
}

// pathParameter is a parameter in the path, and the index of its segment.
type pathParameter struct {
	name    string
	segment int
	isURI   bool
}

// route returns the operation as kin-openapi has it.
func (op *Operation) route() (*routers.Route, error) {
	doc, err := op.document()
	if err != nil {
		return nil, fmt.Errorf("reading the spec: %w", err)
	}
	item := doc.Paths.Value(op.Path)
	return &routers.Route{
		Spec: doc, Path: op.Path, PathItem: item, Method: op.Method, Operation: item.GetOperation(op.Method),
	}, nil
}

func isParameter(segment string) bool {
	return strings.HasPrefix(segment, "{") && strings.IndexByte(segment, '}') == len(segment)-1 &&
		strings.LastIndexByte(segment, '{') == 0
}

// Segments returns the unescaped segments of a path below that of a base URL, which ends with a
// slash. It returns nil if the path is not there.
func Segments(base, u *url.URL) []string {
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
