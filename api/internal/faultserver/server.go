// Package faultserver is an API server that misbehaves on purpose, for the tests of the client.
//
// A test chooses an [Action] for the requests of the API, and one for those for a token. The server
// counts what it received and what it processed. The test compares these counts with what the
// caller got.
package faultserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Secrets and personal data that a request carries. None may appear in an error or in a log.
const (
	ClientSecret = "secret-of-the-client"
	AccessToken  = "token-of-the-server"
	Email        = "chris@sakari.io"
	Phone        = "123-456-7890"
	// Stranger is personal data that the server sends where no HTTP response allows it.
	Stranger = "stranger@example.net"
)

// TokenPath is the path of the requests for a token. All other paths belong to the API.
const TokenPath = "/oauth2/token"

const (
	// maxSocketBuffer is in bytes. A body of 1 MiB must not fit into the buffers of the system if
	// nobody reads it.
	maxSocketBuffer = 32 << 10
	// maxURIs is the number of request URIs that a server remembers.
	maxURIs = 100
)

// Network is the protocol below HTTP.
type Network string

// The networks that a Server can use.
const (
	TCP   Network = "tcp"
	TLS   Network = "tls"
	HTTP2 Network = "h2" // over TLS
)

// Counts is what a server received and did.
type Counts struct {
	Requests  int // requests to the API
	Processed int // requests to the API that changed something
	Tokens    int // requests for a token
}

// Response is a response that a [Reply] sent.
type Response struct {
	StatusCode int
	Body       string
	Mark       string // value of the header X-Mark, another one for each response
}

// Server is an API server that misbehaves on purpose. Set its fields before the first request.
type Server struct {
	// URL is the base URL of the server.
	URL string
	// API responds to the requests of the API, and Token to those for a token.
	API, Token Action
	// LeaveBodyUnread makes API act before the body of the request is read.
	LeaveBodyUnread bool
	// EndCaller ends the context of the caller with an error. If it is nil, CancelCaller and
	// ExpireCaller only hang.
	EndCaller func(error)
	// OnProcess receives the body of each processed request, one after the other. It may be nil.
	OnProcess func(body string)

	roots *x509.CertPool // nil without TLS
	ended chan struct{}  // closed at the end of the test

	mu          sync.Mutex
	counts      Counts
	changed     chan struct{} // closed at the next change of counts, nil if nobody waits
	connections int
	uris        []string
	issued      int // tokens of IssueToken
	marks       int
	last        Response // the last one of the API
	lastToken   Response // the last one to a request for a token
}

// Start starts a server on loopback. It ends with the test.
func Start(t testing.TB, network Network) *Server {
	t.Helper()
	s := &Server{ended: make(chan struct{})}
	server := httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = s.countConnections
	server.EnableHTTP2 = network == HTTP2
	if network == TCP {
		server.Start()
	} else {
		server.TLS = &tls.Config{Certificates: []tls.Certificate{sharedCertificate()}}
		server.StartTLS()
		s.roots = trusted()
	}
	s.URL = server.URL
	t.Cleanup(func() {
		close(s.ended)
		server.CloseClientConnections()
		server.Close()
	})
	return s
}

// Connect makes a transport trust the certificate of the server, and keep little in its sockets.
func (s *Server) Connect(t testing.TB, transport *http.Transport) {
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			err = connection.(*net.TCPConn).SetWriteBuffer(maxSocketBuffer)
		}
		return connection, err
	}
	if s.roots != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: s.roots}
	}
	t.Cleanup(transport.CloseIdleConnections)
}

func (s *Server) countConnections(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		_ = withoutTLS(c).(*net.TCPConn).SetReadBuffer(maxSocketBuffer)
		s.connections++
	case http.StateClosed, http.StateHijacked:
		s.connections--
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	x := &Exchange{ResponseWriter: w, Request: r, server: s, forToken: r.URL.Path == TokenPath}
	if !s.LeaveBodyUnread || x.forToken {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		x.Body = string(body)
	}
	action := s.API
	s.mu.Lock()
	if len(s.uris) < maxURIs {
		s.uris = append(s.uris, r.RequestURI)
	}
	if x.forToken {
		action = s.Token
		s.counts.Tokens++
		x.Number = s.counts.Tokens
	} else {
		s.counts.Requests++
		x.Number = s.counts.Requests
	}
	s.announce()
	s.mu.Unlock()
	action(x)
}

// process counts a request as processed.
func (s *Server) process(body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Processed++
	if s.OnProcess != nil {
		s.OnProcess(body)
	}
	s.announce()
}

// announce wakes up those who wait for a change of the counts.
func (s *Server) announce() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// Counts returns what the server received and did.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Await waits until no count is lower than wanted, at most for a limit. A caller whose context ends
// may return before the server has counted its request.
func (s *Server) Await(want Counts, limit time.Duration) Counts {
	timeout := time.After(limit)
	for {
		s.mu.Lock()
		got := s.counts
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		s.mu.Unlock()
		if got.Requests >= want.Requests && got.Processed >= want.Processed && got.Tokens >= want.Tokens {
			return got
		}
		select {
		case <-changed:
		case <-timeout:
			return got
		}
	}
}

// Reset sets the counts to zero and forgets the last responses.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts, s.last, s.lastToken = Counts{}, Response{}, Response{}
}

// Connections returns the number of open connections, but for those that an action took over.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// RequestURIs returns the URIs of the first 100 requests.
func (s *Server) RequestURIs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.uris...)
}

// LastResponse returns the last response of the API that a [Reply] sent.
func (s *Server) LastResponse() Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// LastTokenResponse returns the last response to a request for a token that a [Reply] sent.
func (s *Server) LastTokenResponse() Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastToken
}
