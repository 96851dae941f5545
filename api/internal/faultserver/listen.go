package faultserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// Listen listens on loopback, handles each connection, and returns its address. The channel that a
// handler receives is closed at the end of the test.
func Listen(t testing.TB, handle func(connection net.Conn, ended <-chan struct{})) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	ended := make(chan struct{})
	running.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer connection.Close()
				handled := make(chan struct{})
				defer close(handled)
				running.Go(func() {
					select {
					case <-ended:
						_ = connection.Close() // so that a handler that reads or writes returns
					case <-handled:
					}
				})
				handle(connection, ended)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		close(ended)
		running.Wait()
	})
	return listener.Addr().String()
}

// Trap is a host that no request may reach.
type Trap struct {
	// Address is the host and the port of the trap.
	Address string

	mu       sync.Mutex
	received []string
}

// NewTrap starts a trap. It ends with the test.
func NewTrap(t testing.TB) *Trap {
	t.Helper()
	trap := &Trap{}
	trap.Address = Listen(t, func(c net.Conn, _ <-chan struct{}) {
		first := make([]byte, 4<<10)
		n, _ := c.Read(first)
		trap.mu.Lock()
		defer trap.mu.Unlock()
		trap.received = append(trap.received, string(first[:n]))
	})
	return trap
}

// Received returns the first bytes of each connection.
func (trap *Trap) Received() []string {
	trap.mu.Lock()
	defer trap.mu.Unlock()
	return append([]string(nil), trap.received...)
}

// sharedCertificate is the certificate of all servers. It has an ECDSA key: most of the time of a
// handshake would go into the RSA key of net/http/httptest.
var sharedCertificate = sync.OnceValue(func() tls.Certificate { return NewCertificate() })

// NewCertificate returns a certificate for loopback and for some names.
func NewCertificate(names ...string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:              names,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// trusted returns the roots of a client that trusts the shared certificate.
func trusted() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(sharedCertificate().Leaf)
	return roots
}

func withoutTLS(c net.Conn) net.Conn {
	if wrapped, ok := c.(*tls.Conn); ok {
		return wrapped.NetConn()
	}
	return c
}
