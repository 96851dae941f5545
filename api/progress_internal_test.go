package api

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"testing"
)

// When net/http may have a body once more.
func TestBodyIsGivenAgain(t *testing.T) {
	type wrapped struct{ net.Conn }
	tcp := &net.TCPConn{}
	for name, c := range map[string]struct {
		method     string
		conn       net.Conn
		plainHTTP1 bool
		read       bool
		again      bool
	}{
		"HTTP/1":                        {http.MethodPost, tcp, true, true, true},
		"perhaps HTTP/2 without TLS":    {http.MethodPost, tcp, false, true, false},
		"TLS, HTTP/1":                   {http.MethodPost, tls.Client(tcp, &tls.Config{}), false, true, true},
		"who knows":                     {http.MethodPost, wrapped{tcp}, true, true, false},
		"no connection":                 {http.MethodPost, nil, true, true, false},
		"nothing was read":              {http.MethodPost, wrapped{tcp}, false, false, true},
		"PUT":                           {http.MethodPut, wrapped{tcp}, false, true, true},
		"a second connection, HTTP/1":   {http.MethodPost, tcp, true, true, true},
		"PATCH, which may do harm too":  {http.MethodPatch, wrapped{tcp}, false, true, false},
		"DELETE, which does none twice": {http.MethodDelete, wrapped{tcp}, false, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := &progress{plainHTTP1: c.plainHTTP1}
			if c.conn != nil {
				p.trace().GotConn(httptrace.GotConnInfo{Conn: c.conn})
			}
			r := &http.Request{Method: c.method}
			p.setBody(r, []byte("body"))
			if c.read {
				if text, err := io.ReadAll(r.Body); string(text) != "body" || err != nil || r.ContentLength != 4 {
					t.Errorf("%q, %v, length %d", text, err, r.ContentLength)
				}
			}
			again, err := r.GetBody()
			if (err == nil) != c.again {
				t.Fatalf("got %v", err)
			}
			if err == nil {
				if text, err := io.ReadAll(again); string(text) != "body" || err != nil {
					t.Errorf("again %q, %v", text, err)
				}
			}
		})
	}
}
