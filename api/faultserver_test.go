package api_test

import (
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
	"github.com/sakari-go/sakari-go/gen"
)

// faultContact is the contact that most faults concern.
var faultContact = gen.Contact{
	Email:  new(faultserver.Email),
	Mobile: &gen.ContactMobile{Number: new(faultserver.Phone)},
}

// faultServer is a server that misbehaves, and a transport that reaches it.
type faultServer struct {
	*faultserver.Server
	transport *http.Transport
}

func startFaultServer(t testing.TB, network faultserver.Network) *faultServer {
	t.Helper()
	s := &faultServer{Server: faultserver.Start(t, network), transport: api.NewTransport()}
	s.Connect(t, s.transport)
	return s
}

// client returns a client of the server that fetches its tokens there.
func (s *faultServer) client(t testing.TB, opts ...api.Option) *api.Client {
	t.Helper()
	own := []api.Option{
		api.WithBaseURL(s.URL),
		api.WithClientCredentials("id", faultserver.ClientSecret),
		withTransport(s.transport),
	}
	client, err := api.New("acc", append(own, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// onBodyRead makes a client call a function when it starts to read the body of a response of the
// API.
func (s *faultServer) onBodyRead(call func()) api.Option {
	return withTransport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
		response, err := s.transport.RoundTrip(r)
		if err == nil && r.URL.Path != faultserver.TokenPath {
			response.Body = &observedBody{ReadCloser: response.Body, onRead: sync.OnceFunc(call)}
		}
		return response, err
	}))
}

// withTransport makes a client use a transport.
func withTransport(transport http.RoundTripper) api.Option {
	return api.WithHTTPClient(&http.Client{Transport: transport})
}

// observedBody calls a function before it is read.
type observedBody struct {
	io.ReadCloser
	onRead func()
}

func (b *observedBody) Read(p []byte) (int, error) {
	b.onRead()
	return b.ReadCloser.Read(p)
}
