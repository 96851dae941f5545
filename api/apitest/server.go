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
//   - It stores the attributes and contacts that a program creates and updates. It returns them
//     when the program gets or lists them. [Server.AddAttributes] and [Server.AddContacts] add
//     those that exist before.
//   - A contact that is created with a merge strategy changes the one that has its mobile number,
//     if there is one: it gets the fields of the request. The vendor does not document what each
//     strategy does. An update replaces a contact. A filter matches a part of a value, and tags
//     match every contact.
//   - Every other default response is the spec's own: the first success status of the operation,
//     with its media type, its example and its header fields.
//   - [Server.Respond] scripts the next responses, such as a failure, a late response or a
//     connection that is reset. A scripted reply that is left unused fails the test.
//   - [Server.RespondFunc] chooses a response by its request, for requests in any order.
//   - A scripted failure without a body gets one that fits its status. The spec's example of a
//     failure is about an invalid request, so it is for 400 and 422. Other failures have the same
//     shape, the text of their status as the message, and a code such as APITEST-429.
//   - [Server.Requests] returns what the server received, and what it responded.
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
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
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
	requests      []*Request
	tokenRequests []*Request
	maxRequests   int
	replies       []Reply
	tokenReplies  []Reply
	respond       func(Request) *Reply
	store         store
}

// Request is a request that the server received.
type Request struct {
	Operation string // operationId of the spec, empty if the spec has no such operation
	Method    string
	Path      string // path and query, as in the request line
	Header    http.Header
	Body      []byte
	Time      time.Time // when the server had received it

	// What happened to it. A function of [Server.RespondFunc] is called before that.
	Status    int    // of the response; 0 before the server has chosen it, and if a Fault prevents it
	Response  []byte // the body of the response, as far as a Fault lets the server send it
	Violation error  // why the request does not conform to the spec, nil if it does
}

// Option configures a [Server].
type Option func(*settings)

type settings struct {
	address     string
	account     *account
	middleware  func(http.Handler) http.Handler
	maxRequests int
}

type account struct{ id, clientID, clientSecret string }

// WithAddress makes the server listen on a loopback IP address and port, such as "127.0.0.1:4010".
// If it is not set, the server listens on a free port of 127.0.0.1.
func WithAddress(address string) Option {
	return func(s *settings) { s.address = address }
}

// WithAccount sets the account id and the credentials that the server issues tokens for. [Start]
// returns an error if package api cannot use one of them. If they are not set, the client secret is
// a new one for each server.
func WithAccount(accountID, clientID, clientSecret string) Option {
	return func(s *settings) { s.account = &account{id: accountID, clientID: clientID, clientSecret: clientSecret} }
}

// WithMiddleware wraps the handler of the server. So the same port can serve other paths, and
// requests can be slowed or changed. What the middleware does not pass on is not recorded. If it is
// not set, the server serves the API alone.
func WithMiddleware(wrap func(http.Handler) http.Handler) Option {
	return func(s *settings) { s.middleware = wrap }
}

// WithMaxRequests makes the server keep only the last n requests, and the last n token requests, so
// that one that runs for long does not grow. If it is not set, the server keeps all of them.
func WithMaxRequests(n int) Option {
	return func(s *settings) { s.maxRequests = n }
}

// NewServer starts a server, and closes it when the test ends. An invalid request fails the test,
// and so do replies of [Server.Respond] and [Server.RespondToken] that are left unused.
func NewServer(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s, err := Start(func(violation error) { t.Errorf("apitest: %v", violation) }, opts...)
	if err != nil {
		t.Fatalf("apitest: %v", err)
	}
	t.Cleanup(func() {
		s.Close()
		if !t.Skipped() {
			s.checkUnused(t)
		}
	})
	return s
}

func (s *Server) checkUnused(t testing.TB) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.replies); n > 0 {
		t.Errorf("apitest: unused replies of Respond: %d; the server received too few valid, authorized requests", n)
	}
	if n := len(s.tokenReplies); n > 0 {
		t.Errorf("apitest: unused replies of RespondToken: %d; the server received too few valid token requests", n)
	}
}

// Start starts a server outside a test, such as in an example or a program. The caller closes it.
// The server calls report for each invalid request, and for each mistake of the function that
// [Server.RespondFunc] sets. It may do so from several goroutines at once.
func Start(report func(violation error), opts ...Option) (*Server, error) {
	spec, err := readSpec()
	if err != nil {
		return nil, err
	}
	return start(spec, report, opts...)
}

func start(spec *spec, report func(error), opts ...Option) (*Server, error) {
	set := settings{
		address:     "127.0.0.1:0",
		account:     &account{id: "test-account", clientID: "test-client", clientSecret: rand.Text()},
		middleware:  func(api http.Handler) http.Handler { return api },
		maxRequests: math.MaxInt,
	}
	for _, opt := range opts {
		opt(&set)
	}
	if set.maxRequests < 1 {
		return nil, fmt.Errorf("WithMaxRequests: %d is not positive", set.maxRequests)
	}
	_, err := api.New(set.account.id, api.WithClientCredentials(set.account.clientID, set.account.clientSecret))
	if err != nil {
		return nil, fmt.Errorf("WithAccount: %w", err)
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
		AccountID:    set.account.id,
		ClientID:     set.account.clientID,
		ClientSecret: set.account.clientSecret,
		spec:         spec,
		report:       report,
		cancel:       cancel,
		tokens:       make(map[string]bool),
		maxRequests:  set.maxRequests,
	}
	s.http = &httptest.Server{Listener: listener, Config: &http.Server{
		Handler:     set.middleware(http.HandlerFunc(s.serve)),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}}
	s.http.Start()
	s.URL = s.http.URL
	return s, nil
}

// Close stops the server, and ends responses that wait. A server of [NewServer] needs no Close.
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
	return copies(s.requests)
}

// TokenRequests returns the token requests that the server received.
func (s *Server) TokenRequests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copies(s.tokenRequests)
}

func copies(requests []*Request) []Request {
	all := make([]Request, len(requests))
	for i, r := range requests {
		all[i] = *r
	}
	return all
}

// Reset removes the contacts and attributes, the recorded requests, the scripted replies and the
// function of [Server.RespondFunc]. Access tokens stay valid.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store = store{}
	s.requests, s.tokenRequests, s.replies, s.tokenReplies, s.respond = nil, nil, nil, nil, nil
}

// Respond scripts the responses to the next requests that are valid and authorized, one each. After
// the last of them the server sends default responses again. Respond panics if net/http cannot send
// the status of a reply.
func (s *Server) Respond(replies ...Reply) { s.script(&s.replies, replies) }

// RespondToken scripts the responses to the next valid token requests, one each. The server accepts
// the access tokens in them. RespondToken panics if net/http cannot send the status of a reply.
func (s *Server) RespondToken(replies ...Reply) { s.script(&s.tokenReplies, replies) }

func (s *Server) script(queue *[]Reply, replies []Reply) {
	for _, r := range replies {
		if err := r.check(); err != nil {
			panic(fmt.Sprintf("apitest: %v", err))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	*queue = append(*queue, replies...)
}

// RespondFunc sets a function that chooses the response to a request. The server calls it for each
// valid and authorized request if no reply of [Server.Respond] is left, but not for token requests.
// It may do so from several goroutines at once. If the function returns nil, the server sends the
// default response. If it panics, or returns a status that net/http cannot send, the server reports
// it and responds with 500. A nil function removes the one that is set. [Server.Close] waits for
// the function to return.
func (s *Server) RespondFunc(f func(Request) *Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.respond = f
}

// AddAttributes stores attributes of the account AccountID, as if they had been created before. It
// sets their type, and the id of those that have none. It panics if the type is not in the spec, or
// if an id is in use.
func (s *Server) AddAttributes(attributeType gen.AttributeType, attributes ...gen.Attribute) {
	if err := s.Seed(Seed{Attributes: map[gen.AttributeType][]gen.Attribute{attributeType: attributes}}); err != nil {
		panic(fmt.Sprintf("apitest: add attributes: %v", err))
	}
}

// AddContacts stores contacts of the account AccountID, as if they had been created before. It sets
// the id of those that have none. It panics if an id is in use.
func (s *Server) AddContacts(contacts ...gen.StoredContact) {
	if err := s.Seed(Seed{Contacts: contacts}); err != nil {
		panic(fmt.Sprintf("apitest: add contacts: %v", err))
	}
}

// Seed adds contacts and attributes as [Server.AddContacts] and [Server.AddAttributes] do, but
// returns an error where they panic. Then it has added nothing.
func (s *Server) Seed(seed Seed) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.seed(s.AccountID, seed)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client left before the request was complete
	}
	r.Body = io.NopCloser(bytes.NewReader(body)) // for the validation
	route, params, err := s.spec.findRoute(r)
	operation := new(openapi3.Operation) // that of a request which the spec does not have
	if err == nil {
		operation = route.Operation
	}
	request := Request{
		Operation: operation.OperationID,
		Method:    r.Method,
		Path:      r.RequestURI,
		Header:    r.Header.Clone(),
		Body:      body,
		Time:      time.Now(),
	}
	recorded := s.record(r, request)
	status, violation := http.StatusNotFound, err
	if violation == nil {
		status, violation = http.StatusBadRequest, validate(r, route, params)
	}
	var reply Reply
	if violation != nil {
		reply = s.reject(r, operation, status, violation)
	} else {
		reply = s.reply(r, route, params, request)
	}
	reply = reply.complete(operation)
	s.mu.Lock()
	recorded.Status, recorded.Response = reply.sent()
	recorded.Violation = violation
	s.mu.Unlock()
	reply.write(w, r)
}

// record returns the stored copy of a request, which the caller completes.
func (s *Server) record(r *http.Request, request Request) *Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := &s.requests
	if r.URL.Path == s.spec.tokenPath {
		all = &s.tokenRequests
	}
	if len(*all) == s.maxRequests {
		(*all)[0] = nil // the array behind the slice would keep it
		*all = (*all)[1:]
	}
	*all = append(*all, &request)
	return &request
}

// reply returns the response to a valid request, scripted or by default.
func (s *Server) reply(r *http.Request, route *routers.Route, params map[string]string, request Request) Reply {
	operation := route.Operation
	if r.URL.Path == s.spec.tokenPath {
		return s.issueToken(operation, request.Body)
	}
	if needsToken(route) && !s.isAuthorized(r) {
		return failure(operation, http.StatusUnauthorized,
			"The access token is missing, or this server did not issue it")
	}
	reply, isScripted := s.next(&s.replies)
	if !isScripted {
		reply = s.choose(operation, request)
	}
	if reply.isDefault(operation) {
		s.mu.Lock()
		defer s.mu.Unlock()
		stored := s.store.apply(operation, params, r.URL.Query(), request.Body)
		reply.Status, reply.Body = stored.Status, stored.Body
	}
	return reply
}

// reject reports an invalid request, and returns the response to it.
func (s *Server) reject(r *http.Request, operation *openapi3.Operation, status int, err error) Reply {
	s.report(fmt.Errorf("%s %s does not conform to the spec: %w", r.Method, r.RequestURI, err))
	return failure(operation, status, fmt.Sprintf("The request does not conform to the spec: %v", err))
}

// choose returns the reply of the function that RespondFunc set, or the default reply.
func (s *Server) choose(operation *openapi3.Operation, request Request) (reply Reply) {
	s.mu.Lock()
	respond := s.respond
	s.mu.Unlock()
	if respond == nil {
		return Reply{}
	}
	fail := func(err error) Reply {
		s.report(fmt.Errorf("RespondFunc: %s %s: %w", request.Method, request.Path, err))
		return failure(operation, http.StatusInternalServerError, "The function of RespondFunc failed")
	}
	// net/http would print the panic and close the connection. The test would not see the cause.
	defer func() {
		if cause := recover(); cause != nil {
			reply = fail(fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
		}
	}()
	chosen := respond(request)
	if chosen == nil {
		return Reply{}
	}
	if err := chosen.check(); err != nil {
		return fail(err)
	}
	return *chosen
}

// next removes the first reply of a queue, and reports whether there was one.
func (s *Server) next(queue *[]Reply) (Reply, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(*queue) == 0 {
		return Reply{}, false
	}
	reply := (*queue)[0]
	*queue = (*queue)[1:]
	return reply, true
}

// failure returns a failure of the server's own.
func failure(operation *openapi3.Operation, status int, message string) Reply {
	return Reply{Status: status, Body: failureBody(operation, status, message)}
}
