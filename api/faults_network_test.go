package api_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
	"github.com/sakari-go/sakari-go/gen"
)

// wantTimeoutInBody is for a deadline that passes after the header of the response.
var wantTimeoutInBody = wantUnknown.matching(context.DeadlineExceeded)

// networkFaults are failures below HTTP, and responses that do not arrive as a whole.
func networkFaults() []fault {
	faults := incompleteFaults()
	for _, f := range faults {
		if !f.tcpOnly {
			f.name += ", connection reused"
			f.reuseConnection = true
			f.want.server.tokens-- // the call before has fetched it
			faults = append(faults, f)
		}
	}
	return append(append(connectionFaults(), faults...), wireFaults()...)
}

// connectionFaults are failures to open a connection, and connections that carry no HTTP.
func connectionFaults() []fault {
	fixedToken := api.WithToken(faultserver.AccessToken)
	withTimeout := []api.Option{fixedToken, api.WithTimeout(shortTimeout)}
	noResolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no resolver here")
	}}
	proxy := &url.URL{Scheme: "http", Host: closedAddress}
	logInjection := faultserver.NewCertificate("x\r\nlevel=INFO msg=fine\x1b[0m")
	noServer := func(w want) want { return w.counts(server{}) }
	wantUnsent, wantNoResponse := noServer(wantUnsent), noServer(wantNoResponse)
	ended := make(chan struct{})
	dialHangs := func(context.Context, string, string) (net.Conn, error) {
		<-ended // net/http does not end a dial with the call that asked for it
		return nil, errors.New("no connection")
	}
	dialWithoutDNS := (&net.Dialer{Resolver: noResolver}).DialContext

	faults := []fault{
		// Nothing was sent.
		{
			name: "refused connection", base: closedBase("http"),
			want: wantUnsent.matching(syscall.ECONNREFUSED).withRoundTrips(3),
		},
		{
			name: "refused connection, TLS", base: closedBase("https"),
			want: wantUnsent.matching(syscall.ECONNREFUSED).withRoundTrips(3),
		},
		{
			name: "no such host", base: fixedBase("https://sakari.invalid"),
			opts: []api.Option{fixedToken, withTransport(&http.Transport{DialContext: dialWithoutDNS})},
			want: wantUnsent.withRoundTrips(3),
		},
		{
			name: "an unknown certificate", base: unknownCertificate(nil),
			want: wantUnsent.withRoundTrips(1),
		},
		{
			name: "a certificate with a line for the log",
			base: unknownCertificate(&tls.Config{Certificates: []tls.Certificate{logInjection}}),
			want: wantUnsent.withRoundTrips(1),
		},
		{
			name: "an old version of TLS", base: unknownCertificate(&tls.Config{MaxVersion: tls.VersionTLS11}),
			want: wantUnsent.withRoundTrips(1),
		},
		{
			name: "HTTP in place of TLS",
			base: listen("https", func(c net.Conn, _ <-chan struct{}) {
				_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
				_, _ = io.Copy(io.Discard, c)
			}),
			want: wantUnsent.withRoundTrips(1),
		},
		{
			name: "TLS that is cut", base: listen("https", func(net.Conn, <-chan struct{}) {}),
			want: wantUnsent.withRoundTrips(1),
		},
		{
			name: "TLS that hangs",
			base: listen("https", func(c net.Conn, _ <-chan struct{}) { _, _ = io.Copy(io.Discard, c) }),
			opts: withTimeout, want: wantUnsent.matching(context.DeadlineExceeded).withRoundTrips(1).within(shortTimeout),
		},
		{
			name: "a dial that hangs",
			base: func(t testing.TB) string {
				t.Cleanup(func() { close(ended) })
				return "https://sakari.invalid"
			},
			opts: append(withTimeout, withTransport(&http.Transport{DialContext: dialHangs})),
			want: wantUnsent.matching(context.DeadlineExceeded).withRoundTrips(1).within(shortTimeout),
		},
		{
			name: "a proxy that refuses the connection", base: fixedBase("https://sakari.invalid"),
			opts: []api.Option{fixedToken, withTransport(&http.Transport{Proxy: http.ProxyURL(proxy)})},
			want: wantUnsent.withRoundTrips(3),
		},

		// A proxy ends the request for a tunnel, and so nothing was sent to the API.
		hostileProxy("refuses", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
		hostileProxy("wants a password", "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n"),
		hostileProxy("redirects", "HTTP/1.1 302 Found\r\nLocation: https://other.invalid/\r\n\r\n"),
		hostileProxy("fails", "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\n\r\n"),
		hostileProxy("has a success as the body", "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n"+successBody),
		hostileProxy("ends the tunnel", "HTTP/1.1 200 OK\r\n\r\n"),
		hostileProxy("responds in the tunnel", "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"+successBody),
		hostileProxy("sends no HTTP", "\x00\x01\x02\r\n\r\n"),
		hostileProxy("sends nothing", ""),
		hostileProxy("says what net/http says of a long header",
			"HTTP/1.1 403 net/http: server response headers exceeded 1 bytes; aborted\r\n\r\n"),
		hostileProxy("writes to the log", "HTTP/1.1 403 x\x1b[31m\tlevel=INFO\r\n\r\n"),

		// There is a connection, and no response.
		{
			name: "accepted and closed", base: listen("http", func(net.Conn, <-chan struct{}) {}),
			want: wantNoResponse.withRoundTrips(1),
		},
		{
			name: "accepted and reset",
			base: listen("http", func(c net.Conn, _ <-chan struct{}) {
				_, _ = c.Read(make([]byte, 1)) // a reset before this may make the dial fail
				_ = c.(*net.TCPConn).SetLinger(0)
			}),
			want: wantNoResponse.withRoundTrips(1),
		},
		{
			name: "accepted and never read",
			base: listen("http", func(_ net.Conn, ended <-chan struct{}) { <-ended }),
			opts: []api.Option{fixedToken, api.WithTimeout(sentTimeout)},
			want: noServer(wantTimeout).withRoundTrips(1).within(sentTimeout),
		},
	}
	for i := range faults {
		faults[i].tcpOnly = true
		if faults[i].opts == nil {
			faults[i].opts = []api.Option{fixedToken}
		}
	}
	return faults
}

// incompleteFaults are requests without a response, or with a part of one.
func incompleteFaults() []fault {
	return []fault{
		{name: "silence", api: faultserver.Process(faultserver.ExpireCaller), want: wantTimeout},
		{
			name: "silence, nothing processed", api: faultserver.ExpireCaller,
			want: wantTimeout.counts(unprocessed),
		},
		{
			name: "silence, the body unread", api: faultserver.ExpireCaller, leaveBodyUnread: true,
			want: wantTimeout.counts(unprocessed),
		},
		{
			name: "silence, an http.Client with a time-out", api: faultserver.Process(faultserver.Hang), tcpOnly: true,
			opts: []api.Option{
				api.WithToken(faultserver.AccessToken),
				api.WithHTTPClient(&http.Client{Transport: &http.Transport{}, Timeout: sentTimeout}),
			},
			want: wantTimeout.counts(server{requests: 1, processed: 1}).within(sentTimeout),
		},
		{
			name: "the caller cancels", api: faultserver.Process(faultserver.CancelCaller),
			want: wantNoResponse.matching(context.Canceled),
		},
		{
			name: "the caller cancels, nothing processed", api: faultserver.CancelCaller,
			want: wantNoResponse.matching(context.Canceled).counts(unprocessed),
		},
		{
			name: "a header, then silence", api: faultserver.Process(faultserver.HeaderThen(faultserver.Hang)),
			expireInBody: true, want: wantTimeoutInBody,
		},
		{
			name: "a header over the limit, then silence",
			api:  faultserver.Process(faultserver.HeaderThen(faultserver.Hang, "X-Much", strings.Repeat("x", 70<<10))),
			want: wantViolations("header").within(shortTimeout),
		},
		{
			name:         "single bytes, then silence",
			api:          faultserver.Process(faultserver.Drip(successBody[:len(successBody)-1])),
			expireInBody: true, want: wantTimeoutInBody,
		},
		{
			name: "single blanks, then silence", api: faultserver.Process(faultserver.Drip(strings.Repeat(" ", 100))),
			expireInBody: true, want: wantTimeoutInBody,
		},
		{
			name: "reset", api: faultserver.WriteThenReset(""), http1Only: true,
			want: wantNoResponse.counts(unprocessed),
		},
		{
			name: "reset, processed", api: faultserver.Process(faultserver.WriteThenReset("")), http1Only: true,
			want: wantNoResponse,
		},
		{name: "aborted", api: faultserver.Abort, want: wantNoResponse.counts(unprocessed)},
		{
			name: "aborted, processed", api: faultserver.Process(faultserver.Abort),
			want: wantNoResponse,
		},
		{
			name: "aborted, the body unread", api: faultserver.Abort, leaveBodyUnread: true,
			want: wantNoResponse.counts(unprocessed),
		},
		{
			name: "cut in the body", api: faultserver.Process(faultserver.CutBody(200)),
			want: wantUnknown,
		},
		{
			name: "cut in the body, 503", api: faultserver.Process(faultserver.CutBody(503)),
			want: wantUnknown,
		},
		{name: "cut in the body, 400", api: faultserver.CutBody(400), want: wantRefusal},
		{name: "cut in the body, 302", api: faultserver.Process(faultserver.CutBody(302)), want: wantUnknown},
		{name: "cut in the body, 301", api: faultserver.CutBody(301), want: wantRefusal},
		{
			name: "cut in the body, 429", api: faultserver.InTurn(faultserver.CutBody(429), faultserver.Succeed),
			want: wantSuccess.counts(server{requests: 2, processed: 1, tokens: 1}),
		},
		{
			name: "cut in the body, 401", api: faultserver.InTurn(faultserver.CutBody(401), faultserver.Succeed),
			want: wantSuccess.counts(server{requests: 2, processed: 1, tokens: 2}),
		},
		{
			name: "cut in the gzip",
			api:  faultserver.Process(faultserver.Reply(200, zip(successBody)[:40], "Content-Encoding", "gzip")),
			want: wantUnknown.matching(io.ErrUnexpectedEOF),
		},
		{
			name: "an empty gzip", api: faultserver.Process(faultserver.Reply(200, "", "Content-Encoding", "gzip")),
			want: wantViolations("body"),
		},
		{
			name: "1 MiB that is never read", api: faultserver.ExpireCaller, leaveBodyUnread: true, tcpOnly: true,
			call: createBigContact, want: wantTimeout.counts(unprocessed),
		},
		{
			name: "1 MiB, refused before it is read", api: faultserver.Refuse(413), leaveBodyUnread: true, tcpOnly: true,
			call: createBigContact, want: wantRefusal,
		},
		{
			name: "1 MiB, aborted before it is read", api: faultserver.Abort, leaveBodyUnread: true, tcpOnly: true,
			call: createBigContact, want: wantNoResponse.counts(unprocessed),
		},
		{
			name: "a header of 3 MiB", http1Only: true,
			api:  faultserver.Process(faultserver.Reply(200, successBody, "X-Much", strings.Repeat("x", 3<<20))),
			want: wantHeaderTooLong,
		},
	}
}

// createBigContact sends more than the buffers of the sockets hold.
func createBigContact(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
	contact := faultContact
	contact.Attributes = raw("x", `"`+strings.Repeat("x", 1<<20)+`"`)
	return c.CreateAttribute(ctx, gen.AttributeTypeContacts, contact, opts...)
}

func fixedBase(base string) func(testing.TB) string {
	return func(testing.TB) string { return base }
}

// closedBase is a base URL that refuses connections.
func closedBase(scheme string) func(testing.TB) string {
	return fixedBase(scheme + "://" + closedAddress)
}

// listen returns the base URL of a listener.
func listen(scheme string, handle func(connection net.Conn, ended <-chan struct{})) func(testing.TB) string {
	return func(t testing.TB) string {
		t.Helper()
		return scheme + "://" + faultserver.Listen(t, handle)
	}
}

// hostileProxy is a proxy that responds to the request for a tunnel, and closes the connection.
func hostileProxy(name, response string) fault {
	var address string
	proxy := func(*http.Request) (*url.URL, error) { return &url.URL{Scheme: "http", Host: address}, nil }
	return fault{
		name: "a proxy that " + name,
		base: func(t testing.TB) string {
			address = faultserver.Listen(t, func(c net.Conn, _ <-chan struct{}) {
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					_, _ = io.WriteString(c, response)
				}
			})
			return "https://sakari.invalid"
		},
		opts: []api.Option{api.WithToken(faultserver.AccessToken), withTransport(&http.Transport{Proxy: proxy})},
		want: wantUnsent.counts(server{}).withRoundTrips(1),
	}
}

// unknownCertificate is a server with a certificate that the client does not trust.
func unknownCertificate(config *tls.Config) func(testing.TB) string {
	return func(t testing.TB) string {
		t.Helper()
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.TLS = config
		server.StartTLS()
		t.Cleanup(server.Close)
		return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	}
}
