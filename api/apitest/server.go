// Package apitest is a fake Sakari API for the tests of programs that use package api. It is a
// server on loopback, in the process of the test. It needs no account and no network.
//
//	server := apitest.NewServer(t)
//	client := server.Client()
//
// The server behaves in these ways:
//
//   - It issues access tokens, and requires one where the spec does. [Server.Client] has the
//     credentials.
//   - It validates every request against the spec. An invalid request gets status 400, or 404 if
//     the spec does not have its path and method, and fails the test.
//   - It stores the attributes that a program creates and updates. It returns them when the
//     program gets or lists them. [Server.AddAttributes] adds those that exist before. Every
//     other default response is the example of the spec.
//   - [Server.Respond] scripts other responses, such as a failure or a connection that is reset.
//   - [Server.Requests] returns what the server received.
//
// The server validates with openapi3filter of kin-openapi and not with package api. So a mistake in
// the validation of package api does not hide itself.
package apitest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/routers"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// Server is a fake Sakari API. Its exported fields are what a client needs to use it.
type Server struct {
	URL          string // the base URL
	AccountID    string // the server accepts other account ids too
	ClientID     string
	ClientSecret string

	spec   *spec
	report func(error)
	http   *httptest.Server
	cancel context.CancelFunc // ends responses that wait

	mu            sync.Mutex
	tokens        map[string]bool // those that the server accepts
	requests      []Request
	tokenRequests []Request
	replies       []Reply
	tokenReplies  []Reply
	store         store
}

// Request is a request that the server received.
type Request struct {
	Operation string // operationId of the spec, empty if the spec has no such operation
	Method    string
	Path      string // path and query, as in the request line
	Header    http.Header
	Body      []byte
}

// Option configures a [Server].
type Option func(*settings)

type settings struct{ address string }

// WithAddress makes the server listen on a loopback IP address and port, such as "127.0.0.1:4010".
// If it is not set, the server listens on a free port of 127.0.0.1.
func WithAddress(address string) Option {
	return func(s *settings) { s.address = address }
}

// NewServer starts a server, and closes it when the test ends. An invalid request fails the test.
func NewServer(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s, err := Start(func(violation error) { t.Errorf("apitest: %v", violation) }, opts...)
	if err != nil {
		t.Fatalf("apitest: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// Start starts a server outside a test, such as in an example or a program. The caller closes it.
// The server calls report for each invalid request. It may do so from several goroutines at once.
func Start(report func(violation error), opts ...Option) (*Server, error) {
	set := settings{address: "127.0.0.1:0"}
	for _, opt := range opts {
		opt(&set)
	}
	spec, err := readSpec()
	if err != nil {
		return nil, err
	}
	address, err := netip.ParseAddrPort(set.address)
	if err != nil || !address.Addr().IsLoopback() {
		return nil, fmt.Errorf("listen on %q: not a loopback address with a port", set.address)
	}
	listener, err := net.Listen("tcp", set.address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		AccountID:    "test-account",
		ClientID:     "test-client",
		ClientSecret: rand.Text(),
		spec:         spec,
		report:       report,
		cancel:       cancel,
		tokens:       make(map[string]bool),
		store:        store{attributes: make(map[string][]gen.Attribute)},
	}
	s.http = &httptest.Server{Listener: listener, Config: &http.Server{
		Handler:     http.HandlerFunc(s.serve),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}}
	s.http.Start()
	s.URL = s.http.URL
	return s, nil
}

// Close stops the server, and ends responses that hang. A server of [NewServer] needs no Close.
func (s *Server) Close() {
	s.cancel()
	s.http.CloseClientConnections() // httptest's Close waits for requests that are not complete
	s.http.Close()
}

// Client returns a client of the server, with its address and credentials. The options come after
// these, and replace them. Client panics if an option is invalid.
func (s *Server) Client(opts ...api.Option) *api.Client {
	own := []api.Option{api.WithBaseURL(s.URL), api.WithClientCredentials(s.ClientID, s.ClientSecret)}
	client, err := api.New(s.AccountID, append(own, opts...)...)
	if err != nil {
		panic(err)
	}
	return client
}

// Requests returns the requests that the server received, without token requests.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// TokenRequests returns the token requests that the server received.
func (s *Server) TokenRequests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tokenRequests)
}

// Respond scripts the responses to the next requests that are valid and authorized, one each. After
// the last of them the server sends default responses again.
func (s *Server) Respond(replies ...Reply) {
	checkReplies(replies)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = append(s.replies, replies...)
}

// RespondToken scripts the responses to the next valid token requests, one each. The server accepts
// the access tokens in them.
func (s *Server) RespondToken(replies ...Reply) {
	checkReplies(replies)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokenReplies = append(s.tokenReplies, replies...)
}

// AddAttributes stores attributes of the account AccountID, as if they had been created before. It
// sets their type, and the id of those that have none. It panics if the type is not in the spec, or
// if an id is in use.
func (s *Server) AddAttributes(attributeType gen.AttributeType, attributes ...gen.Attribute) {
	if !attributeType.Valid() {
		panic(fmt.Sprintf("apitest: add attributes: the spec has no attribute type %q", attributeType))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range attributes {
		s.store.add(s.AccountID, string(attributeType), a)
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client left before the request was complete
	}
	r.Body = io.NopCloser(bytes.NewReader(body)) // for the validation
	route, params, err := s.spec.router.FindRoute(r)
	s.record(r, route, body)
	if err != nil {
		s.reject(r, http.StatusNotFound, err).write(w, r)
		return
	}
	s.respond(r, route, params, body).complete(route.Operation).write(w, r)
}

func (s *Server) record(r *http.Request, route *routers.Route, body []byte) {
	request := Request{Method: r.Method, Path: r.RequestURI, Header: r.Header.Clone(), Body: body}
	if route != nil {
		request.Operation = route.Operation.OperationID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == s.spec.tokenPath {
		s.tokenRequests = append(s.tokenRequests, request)
	} else {
		s.requests = append(s.requests, request)
	}
}

// respond returns the response to a request of a known operation, scripted or by default.
func (s *Server) respond(r *http.Request, route *routers.Route, params map[string]string, body []byte) Reply {
	if err := validate(r, route, params); err != nil {
		return s.reject(r, http.StatusBadRequest, err)
	}
	if r.URL.Path == s.spec.tokenPath {
		return s.issueToken(body)
	}
	if needsToken(route) && !s.isAuthorized(r) {
		return failure(http.StatusUnauthorized, "UNAUTHORIZED",
			"The access token is missing, or this server did not issue it")
	}
	reply := s.next(&s.replies)
	if reply.isDefault() {
		s.mu.Lock()
		defer s.mu.Unlock()
		stored := s.store.apply(route.Operation, params, r.URL.Query(), body)
		reply.Status, reply.Body = stored.Status, stored.Body
	}
	return reply
}

// reject reports an invalid request, and returns the response to it.
func (s *Server) reject(r *http.Request, status int, err error) Reply {
	s.report(fmt.Errorf("%s %s does not conform to the spec: %w", r.Method, r.RequestURI, err))
	return failure(status, "INVALID_REQUEST", fmt.Sprintf("The request does not conform to the spec: %v", err))
}

// next removes the first reply of a queue. It returns the default reply if the queue is empty.
func (s *Server) next(queue *[]Reply) Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(*queue) == 0 {
		return Reply{}
	}
	reply := (*queue)[0]
	*queue = (*queue)[1:]
	return reply
}
