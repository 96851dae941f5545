// Package apitest is a double of the Sakari API for tests of programs that use
// package api: a server on loopback, in the process of the test.
//
//	server := apitest.NewServer(t)
//	client := server.Client()
//
// The server issues access tokens and wants them back. It checks every request against the contract with
// kin-openapi's openapi3filter, and not with the check of package api, so that neither trusts the other. A
// request that breaks the contract gets status 400 and fails the test. The
// others are answered as [Server.Respond] says, or by the server itself: what is created is listed, updates show, and what there is
// no store for is answered with the contract's example.
package apitest

import (
	"bytes"
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

// Server is the double. Its fields are what a client needs to use it.
type Server struct {
	URL          string
	AccountID    string // any other account is served as well
	ClientID     string
	ClientSecret string

	contract *contract
	report   func(error)
	http     *httptest.Server
	closing  chan struct{}
	close    sync.Once

	mu            sync.Mutex
	tokens        map[string]bool
	requests      []Request
	tokenRequests []Request
	replies       []Reply
	tokenReplies  []Reply
	store         store
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

// WithAddress listens on an IP address and port, such as "127.0.0.1:4010". It must be a
// loopback address. By default the system chooses a free port of 127.0.0.1.
func WithAddress(address string) Option {
	return func(s *settings) { s.address = address }
}

// NewServer starts a server for a test. It closes when the test ends. A request that breaks the contract fails the test.
func NewServer(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s, err := Start(func(breach error) { t.Errorf("apitest: %v", breach) }, opts...)
	if err != nil {
		t.Fatalf("apitest: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// Start starts a server where there is no test, in an example or a program. It
// calls report for each request that breaks the contract, from several goroutines. Close the server after use.
func Start(report func(breach error), opts ...Option) (*Server, error) {
	set := settings{address: "127.0.0.1:0"}
	for _, opt := range opts {
		opt(&set)
	}
	contract, err := readContract()
	if err != nil {
		return nil, err
	}
	address, err := netip.ParseAddrPort(set.address)
	if err != nil || !address.Addr().IsLoopback() {
		return nil, fmt.Errorf("%q is not a loopback address with a port", set.address)
	}
	listener, err := net.Listen("tcp", set.address)
	if err != nil {
		return nil, err
	}
	s := &Server{
		AccountID:    "test-account",
		ClientID:     "test-client",
		ClientSecret: rand.Text(),
		contract:     contract,
		report:       report,
		closing:      make(chan struct{}),
		tokens:       make(map[string]bool),
		store:        store{attributes: make(map[string][]gen.Attribute)},
	}
	s.http = &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(s.serve)}}
	s.http.Start()
	s.URL = s.http.URL
	return s, nil
}

// Close ends the server and the answers that hang. A server of NewServer closes by itself.
func (s *Server) Close() {
	s.close.Do(func() { close(s.closing) })
	s.http.CloseClientConnections() // or a request that never comes whole would hold it
	s.http.Close()
}

// Client returns a client of the server, with its address and credentials before the given options. It
// panics if an option has a bad argument.
func (s *Server) Client(opts ...api.Option) *api.Client {
	own := []api.Option{api.WithBaseURL(s.URL), api.WithClientCredentials(s.ClientID, s.ClientSecret)}
	client, err := api.New(s.AccountID, append(own, opts...)...)
	if err != nil {
		panic(err)
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
// server. After the last one the answers are the server's own again.
func (s *Server) Respond(replies ...Reply) {
	checkReplies(replies)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = append(s.replies, replies...)
}

// RespondToken scripts the answers to the next requests for a token. A token in such an answer is good.
func (s *Server) RespondToken(replies ...Reply) {
	checkReplies(replies)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokenReplies = append(s.tokenReplies, replies...)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has left
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, params, routeErr := s.contract.router.FindRoute(r)
	s.record(r, route, body)
	if routeErr != nil {
		s.breach(w, r, http.StatusNotFound, routeErr)
		return
	}
	if err := check(r, route, params); err != nil {
		s.breach(w, r, http.StatusBadRequest, err)
		return
	}
	if r.URL.Path == s.contract.tokenPath {
		s.answerToken(w, r, route.Operation, body)
		return
	}
	if security := security(route); len(security) > 0 && !s.authorized(r) {
		writeError(w, http.StatusUnauthorized, "UNAUTHORIZED", "The access token is missing or was not issued here")
		return
	}
	answer := s.next(&s.replies)
	if answer.isOwn() {
		s.mu.Lock()
		own := s.store.do(route.Operation, params, r.URL.Query(), body)
		s.mu.Unlock()
		answer.Status, answer.Body = own.Status, own.Body
	}
	answer.write(w, r, route.Operation, s.closing)
}

func (s *Server) record(r *http.Request, route *routers.Route, body []byte) {
	request := Request{Method: r.Method, Path: r.RequestURI, Header: r.Header.Clone(), Body: body}
	if route != nil {
		request.Operation = route.Operation.OperationID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == s.contract.tokenPath {
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

func (s *Server) breach(w http.ResponseWriter, r *http.Request, status int, err error) {
	s.report(fmt.Errorf("%s %s breaks the contract: %w", r.Method, r.RequestURI, err))
	writeError(w, status, "CONTRACT", fmt.Sprintf("The request breaks the contract: %v", err))
}
