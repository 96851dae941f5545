package api_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// What every request of a fault carries, and no text may show.
const (
	faultSecret = "secret-of-the-client"
	faultToken  = "token-of-the-server"
	faultEmail  = "chris@sakari.io"
	faultPhone  = "123-456-7890"
	faultOther  = "stranger@example.net" // stands where no answer should be
)

var faultContact = gen.Contact{Email: new(faultEmail), Mobile: &gen.ContactMobile{Number: new(faultPhone)}}

// network is what a fault server speaks.
type network string

const (
	tcp network = "tcp"
	ssl network = "tls"
	h2  network = "h2" // HTTP/2 over TLS
)

// faultServer is an API that goes wrong on purpose, and knows what it processed.
type faultServer struct {
	url       string
	transport *http.Transport // trusts the server
	api       act
	token     act
	unread    bool   // api acts before it reads the body
	cancel    func() // the caller leaves
	expire    func() // the caller's time is over
	ending    chan struct{}
	issued    atomic.Int32
	marks     int
	mark      string // in the header of the last answer to a call, if a reply made it
	uris      []string
	stalling  atomic.Bool

	mu        sync.Mutex
	arrived   int               // requests to the API
	processed int               // contacts that the API did something with
	tokens    int               // requests for a token
	ledger    func(body string) // is told of each contact that is processed
	sent      string            // the body of the last answer to a call
	tokenSent api.Response      // the last answer to a request for a token, if a reply made it
	open      int               // connections
}

// act answers a request.
type act func(*visit)

// visit is a request at the fault server.
type visit struct {
	http.ResponseWriter
	request *http.Request
	body    string
	server  *faultServer
	nth     int // 1 for the first request of its kind

	forToken bool
}

func startFaultServer(t testing.TB, n network) *faultServer {
	t.Helper()
	s := &faultServer{ending: make(chan struct{})}
	server := httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = s.count
	server.EnableHTTP2 = n == h2
	s.transport = api.NewTransport()
	s.transport.DialContext = dialSmall
	if n == tcp {
		server.Start()
	} else {
		server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate()}}
		server.StartTLS()
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		s.transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	s.url = server.URL
	t.Cleanup(func() {
		close(s.ending)
		s.transport.CloseIdleConnections()
		server.CloseClientConnections()
		server.Close()
	})
	return s
}

// certificate is a quick one: that of net/http/httptest costs most of a handshake.
var certificate = sync.OnceValue(func() tls.Certificate { return certificateFor() })

func certificateFor(names ...string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: names,
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// buffer is that of the sockets: so that a body of a MiB is not sent if nobody reads it.
const buffer = 32 << 10

func dialSmall(ctx context.Context, network, address string) (net.Conn, error) {
	connection, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		err = connection.(*net.TCPConn).SetWriteBuffer(buffer)
	}
	return connection, err
}

func (s *faultServer) count(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		_ = plain(c).(*net.TCPConn).SetReadBuffer(buffer)
		s.open++
	case http.StateClosed, http.StateHijacked:
		s.open--
	}
}

// client returns a client with credentials. A stalling one runs out of time once it has the header of an answer.
func (s *faultServer) client(t testing.TB, base string, stall bool, opts ...api.Option) *api.Client {
	t.Helper()
	own := []api.Option{api.WithBaseURL(base), api.WithClientCredentials("id", faultSecret), api.WithHTTPClient(&http.Client{Transport: s.transport})}
	if stall {
		own = append(own, api.WithHTTPClient(&http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
			response, err := s.transport.RoundTrip(r)
			if r.URL.Path != "/oauth2/token" && s.stalling.Load() {
				time.AfterFunc(20*time.Millisecond, s.expire)
			}
			return response, err
		})}))
	}
	client, err := api.New("acc", append(own, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (s *faultServer) serve(w http.ResponseWriter, r *http.Request) {
	v := &visit{ResponseWriter: w, request: r, server: s, forToken: r.URL.Path == "/oauth2/token"}
	if !s.unread || v.forToken {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		v.body = string(body)
	}
	s.mu.Lock()
	action, counter := s.api, &s.arrived
	if v.forToken {
		action, counter = s.token, &s.tokens
	}
	if s.ledger == nil {
		s.uris = append(s.uris, r.RequestURI)
	}
	*counter++
	v.nth = *counter
	s.mu.Unlock()
	action(v)
}

func (s *faultServer) counts() (arrived, processed, tokens int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived, s.processed, s.tokens
}

func (s *faultServer) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived, s.processed, s.tokens, s.sent, s.mark = 0, 0, 0, "", ""
}

// does processes the contact, and then answers.
func does(then act) act {
	return func(v *visit) {
		v.server.mu.Lock()
		v.server.processed++
		if v.server.ledger != nil {
			v.server.ledger(v.body)
		}
		v.server.mu.Unlock()
		then(v)
	}
}

// inTurn answers the first request with the first act and so on, and all further ones with the last.
func inTurn(acts ...act) act {
	return func(v *visit) { acts[min(v.nth, len(acts))-1](v) }
}

// leaves makes the caller leave before there is an answer.
func leaves(v *visit) {
	v.server.cancel()
	silent(v)
}

// expires ends the caller's time before there is an answer.
func expires(v *visit) {
	v.server.expire()
	silent(v)
}

// refuses is what the vendor answers when he says no, with everything in it that a server may repeat.
const refuses = `{"success":false,"error":{"code":"CONT-001","message":"no, not {echo}"}}`

// reply answers with JSON, unless a header says otherwise. An empty value removes a header; {echo} in a value or the
// body repeats the request's secrets.
func reply(status int, body string, headers ...string) act {
	return func(v *visit) {
		set := v.Header()
		set.Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			if headers[i+1] == "" {
				set[headers[i]] = nil
			} else {
				set.Set(headers[i], v.expand(headers[i+1]))
			}
		}
		text := v.expand(body)
		v.server.mu.Lock()
		v.server.marks++
		mark := fmt.Sprint(v.server.marks)
		set.Set("X-Mark", mark)
		if v.forToken {
			v.server.tokenSent = api.Response{StatusCode: status, Body: []byte(text)}
		} else {
			v.server.sent, v.server.mark = text, mark
		}
		v.server.mu.Unlock()
		v.WriteHeader(status)
		_, _ = io.WriteString(v, text)
	}
}

func (v *visit) expand(text string) string {
	echo := v.request.Header.Get("Authorization") + " " + faultSecret
	for n := range v.server.issued.Load() { // earlier ones too, and cut off
		echo += " " + issuedToken(n+1) + " " + strings.TrimSuffix(issuedToken(n+1), "en")
	}
	if strings.Contains(v.body, faultEmail) {
		echo += " " + faultEmail + " " + faultPhone + " " + strings.ReplaceAll(faultPhone, "-", "")
	}
	other := "https"
	if v.request.TLS != nil {
		other = "http"
	}
	return strings.NewReplacer("{echo}", echo, "{other scheme}", other, "{host}", v.request.Host).Replace(text)
}

func yesReply(headers ...string) act { return does(reply(200, yes, headers...)) }

// tokenYes issues another token each time.
func tokenYes(v *visit) {
	reply(200, fmt.Sprintf(`{"access_token":"%s","token_type":"Bearer","expires_in":3600}`, issuedToken(v.server.issued.Add(1))))(v)
}

func issuedToken(n int32) string { return fmt.Sprintf("issued%dtoken", n) }

// anIssuedToken finds also one that is cut off.
var anIssuedToken = regexp.MustCompile(`issued\d+tok`)

// silent holds the request until the caller leaves. Net/http does not see that before it has read the body.
func silent(v *visit) {
	select {
	case <-v.request.Context().Done():
	case <-v.server.ending:
	}
}

// aborts ends an HTTP/1 connection without an answer, an HTTP/2 stream with a reset.
func aborts(*visit) { panic(http.ErrAbortHandler) }

// drips sends a yes slowly.
func drips(v *visit) {
	v.Header().Set("Content-Type", "application/json")
	for i := range yes {
		_, _ = io.WriteString(v, yes[i:i+1])
		_ = http.NewResponseController(v.ResponseWriter).Flush()
		select {
		case <-v.request.Context().Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// cuts sends a header and half of a body, and then nothing more.
func cuts(status int) act {
	return func(v *visit) {
		v.Header().Set("Content-Type", "application/json")
		v.Header().Set("Content-Length", fmt.Sprint(len(yes)))
		v.WriteHeader(status)
		_, _ = io.WriteString(v, yes[:len(yes)/2])
		_ = http.NewResponseController(v.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
}

// endless answers with a body without an end.
func endless(chunk string, headers ...string) act {
	return func(v *visit) {
		reply(200, "", headers...)(v)
		for {
			if _, err := io.WriteString(v, chunk); err != nil {
				return
			}
		}
	}
}

// The acts below write to the connection itself, which HTTP/2 does not allow.

func (v *visit) hijack() (net.Conn, *bufio.ReadWriter) {
	connection, buffer, err := http.NewResponseController(v.ResponseWriter).Hijack()
	if err != nil {
		panic(errors.Join(errors.New("mark this fault as wire"), err))
	}
	return connection, buffer
}

// writes sends the text as it stands, and closes.
func writes(text string) act {
	return func(v *visit) {
		connection, _ := v.hijack()
		_, _ = io.WriteString(connection, v.expand(text))
		_ = connection.Close()
	}
}

// resets sends the text, and resets the connection.
func resets(text string) act {
	return func(v *visit) {
		connection, _ := v.hijack()
		_, _ = io.WriteString(connection, text)
		_ = plain(connection).(*net.TCPConn).SetLinger(0)
		_ = plain(connection).Close()
	}
}

// stalls sends the text, and then nothing until the caller leaves, which may be now.
func stalls(text string, now bool) act {
	return func(v *visit) {
		connection, buffer := v.hijack()
		_, _ = io.WriteString(connection, text)
		if now {
			v.server.expire()
		}
		_, _ = io.Copy(io.Discard, buffer)
		_ = connection.Close()
	}
}

// floods sends the text, and then the other one until the caller leaves.
func floods(text, again string) act {
	return func(v *visit) {
		connection, _ := v.hijack()
		_, err := io.WriteString(connection, text)
		for err == nil {
			_, err = io.WriteString(connection, again)
		}
		_ = connection.Close()
	}
}

func plain(c net.Conn) net.Conn {
	if wrapped, ok := c.(*tls.Conn); ok {
		return wrapped.NetConn()
	}
	return c
}

// accepts listens, and does with each connection what it is told.
func accepts(handle func(net.Conn)) func(testing.TB) string {
	return func(t testing.TB) string {
		t.Helper()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var open sync.WaitGroup
		ended := make(chan struct{})
		open.Go(func() {
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				open.Go(func() {
					defer connection.Close()
					finished := make(chan struct{})
					open.Go(func() {
						select {
						case <-ended:
							_ = connection.Close()
						case <-finished:
						}
					})
					handle(connection)
					close(finished)
				})
			}
		})
		t.Cleanup(func() {
			_ = listener.Close()
			close(ended)
			open.Wait()
		})
		return listener.Addr().String()
	}
}

// trap is a host that nothing may reach.
type trap struct {
	address string
	mu      sync.Mutex
	caught  []string
}

func newTrap(t testing.TB) *trap {
	t.Helper()
	caught := &trap{}
	caught.address = accepts(func(c net.Conn) {
		first := make([]byte, 4<<10)
		n, _ := c.Read(first)
		caught.mu.Lock()
		defer caught.mu.Unlock()
		caught.caught = append(caught.caught, string(first[:n]))
	})(t)
	return caught
}
