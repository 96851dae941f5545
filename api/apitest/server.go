// Package apitest is a double of the Sakari API for tests of programs that use
// package api: a server on loopback, in the process of the test.
//
//	server := apitest.NewServer(t)
//	client := server.Client()
//
// The server issues access tokens and wants them back. It checks every request against the contract with
// kin-openapi's openapi3filter, and not with the check of package api, so that neither trusts the other. A
// request that breaks the contract gets status 400 and fails the test. The
// others are answered with the contract's examples, or as [Server.Respond] says.
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

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// Server is the double. Its fields are what a client needs to use it.
type Server struct {
	URL          string
	AccountID    string // any other account is served as well
	ClientID     string
	ClientSecret string

	t         testing.TB
	router    routers.Router
	tokenPath string
	closing   chan struct{}

	mu            sync.Mutex
	tokens        map[string]bool
	requests      []Request
	tokenRequests []Request
	replies       []Reply
	tokenReplies  []Reply
}

// Request is a request that the server got.
type Request struct {
	Operation string // operationId of the contract, empty if there is none for it
	Method    string
	Path      string // as in the request line
	Header    http.Header
	Body      []byte
}

// Option configures a [Server].
type Option func(*settings)

type settings struct{ address string }

// WithAddress listens on a host and port, such as "127.0.0.1:4010". The host must be a
// loopback address. By default the system chooses a free port.
func WithAddress(address string) Option {
	return func(s *settings) { s.address = address }
}

// NewServer starts a server. It closes when the test ends.
func NewServer(t testing.TB, opts ...Option) *Server {
	t.Helper()
	set := settings{address: "127.0.0.1:0"}
	for _, opt := range opts {
		opt(&set)
	}
	address, err := netip.ParseAddrPort(set.address)
	if err != nil || !address.Addr().IsLoopback() {
		t.Fatalf("apitest: %q is not a loopback address with a port", set.address)
	}
	listener, err := net.Listen("tcp", set.address)
	if err != nil {
		t.Fatalf("apitest: %v", err)
	}
	s := &Server{
		AccountID:    "test-account",
		ClientID:     "test-client",
		ClientSecret: rand.Text(),
		t:            t,
		closing:      make(chan struct{}),
		tokens:       make(map[string]bool),
	}
	if err := s.readContract(); err != nil {
		t.Fatalf("apitest: %v", err)
	}
	server := httptest.NewUnstartedServer(s)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(func() {
		close(s.closing)
		server.Close()
	})
	s.URL = server.URL
	return s
}

func (s *Server) readContract() error {
	doc, err := gen.GetSpec()
	if err != nil {
		return err
	}
	doc.Servers = nil // served at the root, whatever the host
	if s.router, err = legacy.NewRouter(doc); err != nil {
		return err
	}
	s.tokenPath, err = tokenPath(doc)
	return err
}

// Client returns a client of the server, with its address and credentials before the given options.
func (s *Server) Client(opts ...api.Option) *api.Client {
	s.t.Helper()
	own := []api.Option{api.WithBaseURL(s.URL), api.WithClientCredentials(s.ClientID, s.ClientSecret)}
	client, err := api.New(s.AccountID, append(own, opts...)...)
	if err != nil {
		s.t.Fatalf("apitest: %v", err)
	}
	return client
}

// Requests returns the requests so far, but for those for a token.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// TokenRequests returns the requests for a token so far.
func (s *Server) TokenRequests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tokenRequests)
}

// Respond scripts the answers to the next requests that keep the contract and bear a token of the
// server. After the last one the answers are the contract's examples again.
func (s *Server) Respond(replies ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = append(s.replies, replies...)
}

// RespondToken scripts the answers to the next requests for a token. A token in such an answer is good.
func (s *Server) RespondToken(replies ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokenReplies = append(s.tokenReplies, replies...)
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has left
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, params, routeErr := s.router.FindRoute(r)
	s.record(r, route, body)
	if routeErr != nil {
		s.breach(w, r, http.StatusNotFound, routeErr)
		return
	}
	if err := check(r, route, params); err != nil {
		s.breach(w, r, http.StatusBadRequest, err)
		return
	}
	if r.URL.Path == s.tokenPath {
		s.answerToken(w, r, route.Operation, body)
		return
	}
	if security := security(route); len(security) > 0 && !s.authorized(r) {
		writeError(w, http.StatusUnauthorized, "UNAUTHORIZED", "The access token is missing or was not issued here")
		return
	}
	s.next(&s.replies).write(w, r, route.Operation, s.closing)
}

func (s *Server) record(r *http.Request, route *routers.Route, body []byte) {
	request := Request{Method: r.Method, Path: r.RequestURI, Header: r.Header.Clone(), Body: body}
	if route != nil {
		request.Operation = route.Operation.OperationID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == s.tokenPath {
		s.tokenRequests = append(s.tokenRequests, request)
	} else {
		s.requests = append(s.requests, request)
	}
}

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

// check holds a request against the contract; who sent it is not its matter.
func check(r *http.Request, route *routers.Route, params map[string]string) error {
	return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request:    r,
		PathParams: params,
		Route:      route,
		Options: &openapi3filter.Options{
			MultiError:                 true,
			ExcludeReadOnlyValidations: true,
			SkipSettingDefaults:        true,
			AuthenticationFunc:         func(context.Context, *openapi3filter.AuthenticationInput) error { return nil },
			SchemaValidationOptions:    []openapi3.SchemaValidationOption{openapi3.DisableSchemaErrorDetails()},
		},
	})
}

func (s *Server) breach(w http.ResponseWriter, r *http.Request, status int, err error) {
	s.t.Errorf("apitest: %s %s breaks the contract: %v", r.Method, r.RequestURI, err)
	writeError(w, status, "CONTRACT", fmt.Sprintf("The request breaks the contract: %v", err))
}

func security(route *routers.Route) openapi3.SecurityRequirements {
	if own := route.Operation.Security; own != nil {
		return *own
	}
	return route.Spec.Security
}
