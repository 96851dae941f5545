package api_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sakari-go/sakari-go/api"
)

// networkFaults happen below the answer.
func networkFaults() []fault {
	fixed := api.WithToken(faultToken)
	never := unsent.counts(0, 0, 0)
	noDNS := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no resolver here")
	}}
	dialer := func(t *http.Transport) api.Option { return api.WithHTTPClient(&http.Client{Transport: t}) }
	over := make(chan struct{})
	faults := []fault{
		// No connection: nothing was sent.
		{name: "refused", base: closedBase("http"), opts: []api.Option{fixed}, want: never.with(syscall.ECONNREFUSED).after(3), once: true},
		{name: "refused, TLS", base: closedBase("https"), opts: []api.Option{fixed}, want: never.with(syscall.ECONNREFUSED).after(3), once: true},
		{name: "no such host", base: fixedBase("https://sakari.invalid"), want: never.after(3), once: true,
			opts: []api.Option{fixed, dialer(&http.Transport{DialContext: (&net.Dialer{Resolver: noDNS}).DialContext})}},
		{name: "a certificate of nobody", base: unknownCertificate(nil), opts: []api.Option{fixed}, want: never.after(1), once: true},
		{name: "a certificate that writes a line into the log", base: unknownCertificate(&tls.Config{Certificates: []tls.Certificate{certificateFor("x\r\nlevel=INFO msg=fine\x1b[0m")}}),
			opts: []api.Option{fixed}, want: never.after(1), once: true},
		{name: "an old TLS", base: unknownCertificate(&tls.Config{MaxVersion: tls.VersionTLS11}), opts: []api.Option{fixed}, want: never.after(1), once: true},
		{name: "HTTP where TLS should be", base: tlsOver(func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			_, _ = io.Copy(io.Discard, c)
		}), opts: []api.Option{fixed}, want: never.after(1), once: true},
		{name: "TLS that is cut", base: tlsOver(func(net.Conn) {}), opts: []api.Option{fixed}, want: never.after(1), once: true},
		{name: "TLS that hangs", base: tlsOver(func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }), want: never.with(context.DeadlineExceeded).after(1).soon(), once: true,
			opts: []api.Option{fixed, api.WithTimeout(brief)}},
		{name: "a dial that hangs", base: func(t testing.TB) string { t.Cleanup(func() { close(over) }); return "https://sakari.invalid" }, want: never.with(context.DeadlineExceeded).after(1).soon(), once: true,
			opts: []api.Option{fixed, api.WithTimeout(brief), dialer(&http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				<-over // net/http does not end a dial with the call that asked for it
				return nil, errors.New("no answer")
			}})}},
		{name: "a proxy that is not there", base: fixedBase("https://sakari.invalid"), want: never.after(3), once: true,
			opts: []api.Option{fixed, dialer(&http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:1"})})}},

		// A connection, and no answer.
		{name: "accepted and closed", base: httpOver(func(net.Conn) {}), opts: []api.Option{fixed}, want: lost.counts(0, 0, 0).after(1), once: true},
		{name: "accepted and reset", base: httpOver(func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1)) // before, connecting itself may fail
			_ = c.(*net.TCPConn).SetLinger(0)
		}), opts: []api.Option{fixed}, want: lost.counts(0, 0, 0).after(1), once: true},
		{name: "accepted, and never read", base: httpOver(func(c net.Conn) { <-closedByPeer(c) }), opts: []api.Option{fixed, api.WithTimeout(brief)}, once: true,
			want: late.counts(0, 0, 0).after(1).soon()},

		{name: "silence", api: does(expires), want: late},
		{name: "silence, nothing processed", api: expires, want: late.counts(1, 0, 1)},
		{name: "silence, the body unread", api: expires, unread: true, want: late.counts(1, 0, 1)},
		{name: "silence, the caller's client has a time-out", api: does(silent), want: late.counts(1, 1, 0).soon(),
			once: true, opts: []api.Option{fixed, api.WithHTTPClient(&http.Client{Transport: &http.Transport{}, Timeout: brief})}},
		{name: "the caller leaves", api: does(leaves), want: lost.with(context.Canceled)},
		{name: "the caller leaves, nothing processed", api: leaves, want: lost.with(context.Canceled).counts(1, 0, 1)},
		{name: "header, then silence", api: does(headerThen(silent)), stall: true, want: unsure.with(context.DeadlineExceeded)},
		{name: "too much header, then silence", api: does(headerThen(silent, "X-Much", strings.Repeat("x", 70<<10))), want: broken("header").soon()},
		{name: "a byte now and then", api: does(drips), stall: true, want: unsure.with(context.DeadlineExceeded)},
		{name: "a body without an end, slowly", api: does(endlessly(" ", 10*time.Millisecond)), stall: true, want: unsure.with(context.DeadlineExceeded)},
		{name: "reset", api: resets(""), wire: true, want: lost.counts(1, 0, 1)},
		{name: "reset, processed", api: does(resets("")), wire: true, want: lost},
		{name: "aborted", api: aborts, want: lost.counts(1, 0, 1)},
		{name: "aborted, processed", api: does(aborts), want: lost},
		{name: "aborted, the body unread", api: aborts, unread: true, want: lost.counts(1, 0, 1)},
		{name: "cut in the body", api: does(cuts(200)), want: unsure},
		{name: "cut in the body, 503", api: does(cuts(503)), want: unsure},
		{name: "cut in the body, 400", api: cuts(400), want: refused},
		{name: "cut in the body, 302", api: cuts(302), want: refused},
		{name: "cut in the body, 429", api: inTurn(cuts(429), yesReply()), want: accepted.counts(2, 1, 1)},
		{name: "cut in the body, 401", api: inTurn(cuts(401), yesReply()), want: accepted.counts(2, 1, 2)},
		{name: "cut in the gzip", api: does(reply(200, zip(yes)[:40], "Content-Encoding", "gzip")), want: unsure.with(io.ErrUnexpectedEOF)},
		{name: "an empty gzip", api: does(reply(200, "", "Content-Encoding", "gzip")), want: broken("body")},
		{name: "a MiB that nobody reads", api: expires, unread: true, call: createBig, want: late.counts(1, 0, 1), once: true},
		{name: "a MiB, and a no before it is read", api: reply(413, refuses), unread: true, call: createBig, want: refused, once: true},
		{name: "a MiB, and a cut before it is read", api: aborts, unread: true, call: createBig, want: lost.counts(1, 0, 1), once: true},
		{name: "a far too large header", api: does(reply(200, yes, "X-Much", strings.Repeat("x", 3<<20))), wire: true,
			want: want{kind: aViolation, outcome: api.Unknown, is: api.ErrInvalidResponse, places: places("header"), arrived: 1, processed: 1, tokens: 1}},
	}

	// The same on a connection that served before.
	for _, f := range faults {
		if f.base == nil && !f.once {
			f.name, f.warm = f.name+", reused", true
			f.want.tokens--
			faults = append(faults, f)
		}
	}
	return append(faults, wireFaults()...)
}

const (
	ok200   = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	length  = "Content-Length: %d\r\n\r\n%s"
	chunked = "Transfer-Encoding: chunked\r\n\r\n"
)

// wireFaults are bytes that are not, or not quite, HTTP/1.1.
func wireFaults() []fault {
	whole := fmt.Sprintf(ok200+length, len(yes), yes)
	var faults []fault
	for name, c := range map[string]struct {
		answer act
		want   want
	}{
		// Nothing that is an answer.
		"nothing":                  {writes(""), lost},
		"a reset":                  {resets(""), lost},
		"half a status line":       {writes("HTTP/1.1 2"), lost},
		"a status line":            {writes("HTTP/1.1 200 OK\r\n"), lost},
		"half a header":            {writes(ok200 + "Content-Len"), lost},
		"a reset in the header":    {resets(ok200), lost},
		"a blank line":             {writes("\r\n\r\n"), lost},
		"JSON alone":               {writes(yes), lost},
		"garbage":                  {writes("\x00\x01\x02\xff\xfe"), lost},
		"an echo":                  {writes("{echo}\r\n\r\n"), lost},
		"an SSH banner":            {writes("SSH-2.0-" + faultOther + "\r\n"), lost},
		"HTTP/0.9":                 {writes("<html>{echo}</html>"), lost},
		"HTTP/2":                   {writes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), lost},
		"HTTP/9.9":                 {writes("HTTP/9.9 200 OK\r\n\r\n" + yes), broken("content-type")},
		"a protocol of nobody":     {writes("" + faultOther + "/1.1 200 OK\r\n\r\n"), lost},
		"a status in words":        {writes("HTTP/1.1 " + faultOther + " OK\r\n\r\n"), lost},
		"a status of two digits":   {writes("HTTP/1.1 20 OK\r\n\r\n"), lost},
		"a status of four digits":  {writes("HTTP/1.1 2000 OK\r\n\r\n"), lost},
		"a negative status":        {writes("HTTP/1.1 -20 OK\r\n\r\n"), lost},
		"a header without a colon": {writes("HTTP/1.1 200 OK\r\n" + faultOther + "\r\n\r\n"), lost},
		"a header with a blank":    {writes("HTTP/1.1 200 OK\r\nContent Type: {echo}\r\n\r\n"), broken("content-type")},
		"a header with a NUL":      {writes("HTTP/1.1 200 OK\r\nX: \x00{echo}\r\n\r\n"), lost},
		"a long header":            {writes("HTTP/1.1 200 OK\r\n" + strings.Repeat("{echo}", 1<<13) + "\r\n\r\n"), lost},
		"a length in words":        {writes("HTTP/1.1 200 OK\r\nContent-Length: " + faultOther + "\r\n\r\n"), lost},
		"a negative length":        {writes("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), lost},
		"a length beyond all":      {writes("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"), lost},
		"two lengths":              {writes("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"), lost},
		"an unknown encoding":      {writes("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + faultOther + "\r\n\r\n"), lost},
		"continue for ever":        {floods("", strings.Repeat("HTTP/1.1 100 Continue\r\nX-Much: "+strings.Repeat("x", 1000)+"\r\n\r\n", 20)), overHeader},
		"hints for ever":           {floods("", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 500)), overHeader},
		"a header for ever":        {floods(ok200, strings.Repeat("X-Much: "+strings.Repeat("x", 1000)+"\r\n", 20)), overHeader},
		"a header line for ever":   {floods(ok200+"X-Much: ", strings.Repeat("x", 20_000)), overHeader},
		"a status line for ever":   {floods("HTTP/1.1 200 ", strings.Repeat("x", 20_000)), overHeader},

		// An answer that stops, or does not.
		"cut after the header":         {writes(fmt.Sprintf(ok200+length, len(yes), "")), unsure.with(io.ErrUnexpectedEOF)},
		"cut by a byte":                {writes(fmt.Sprintf(ok200+length, len(yes)+1, yes)), unsure.with(io.ErrUnexpectedEOF)},
		"reset in the body":            {resets(fmt.Sprintf(ok200+length, len(yes), yes[:10])), unsure},
		"cut in a chunk":               {writes(ok200 + chunked + "33\r\n" + yes[:10]), unsure.with(io.ErrUnexpectedEOF)},
		"cut between chunks":           {writes(ok200 + chunked + chunk(yes)), unsure.with(io.ErrUnexpectedEOF)},
		"cut before the last line":     {writes(ok200 + chunked + chunk(yes) + "0\r\n"), unsure},
		"a chunk size in words":        {writes(ok200 + chunked + "{echo}\r\n" + yes), unsure},
		"a chunk size beyond all":      {writes(ok200 + chunked + "fffffffffffffffff\r\n" + yes), unsure},
		"a negative chunk":             {writes(ok200 + chunked + "-1\r\n" + yes), unsure},
		"chunks for ever":              {floods(ok200+chunked, chunk(strings.Repeat(" ", 32<<10))), broken("body")},
		"empty gzips for ever":         {floods(ok200+"Content-Encoding: gzip\r\n\r\n", strings.Repeat(zip(""), 1000)), broken("body")},
		"a body until the end":         {writes(ok200 + "\r\n" + yes), accepted},
		"a body until the end, cut":    {writes(ok200 + "\r\n" + yes[:20]), broken("body")},
		"a body until a reset":         {resets(ok200 + "\r\n" + yes), unsure},
		"HTTP/1.0":                     {writes("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + yes), accepted},
		"a length that is too short":   {writes(fmt.Sprintf(ok200+length, 10, yes)), broken("body")},
		"a length and chunks":          {writes(ok200 + "Content-Length: 1\r\n" + chunked + chunk(yes) + "0\r\n\r\n"), accepted},
		"a length of zero":             {writes(ok200 + "Content-Length: 0\r\n\r\n" + yes), broken("body")},
		"trailers":                     {writes(ok200 + chunked + chunk(yes) + "0\r\nContent-Type: text/html\r\nX-Echo: {echo}\r\n\r\n"), accepted},
		"trailers for ever":            {floods(ok200+chunked+chunk(yes)+"0\r\n", "X-Much: "+strings.Repeat("x", 1000)+"\r\n"), unsure},
		"a reason with secrets":        {writes(strings.Replace(whole, "OK", "{echo}", 1)), accepted},
		"no reason":                    {writes(strings.Replace(whole, " OK", "", 1)), accepted},
		"bare newlines":                {writes(strings.ReplaceAll(whole, "\r\n", "\n")), accepted},
		"a folded header":              {writes(strings.Replace(whole, "application/json", "application/json;\r\n charset=utf-8", 1)), accepted},
		"continue, then yes":           {writes("HTTP/1.1 100 Continue\r\n\r\n" + whole), accepted},
		"hints, then yes":              {writes("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + whole), accepted},
		"two answers, a no second":     {writes(whole + "HTTP/1.1 400 Bad Request\r\n\r\n"), accepted},
		"two answers, a yes second":    {writes("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n" + whole), unsure},
		"101":                          {stalls("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", false), unsure.with(context.DeadlineExceeded)},
		"101 to HTTP/2":                {stalls("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", false), unsure.with(context.DeadlineExceeded)},
		"half a status line, then no":  {stalls("HTTP/1.1 2", true), late},
		"a header, then no more":       {stalls(ok200, true), late},
		"half a body, then no more":    {stalls(fmt.Sprintf(ok200+length, len(yes), yes[:20]), false), unsure.with(context.DeadlineExceeded)},
		"a chunk, then no more":        {stalls(ok200+chunked+chunk(yes), false), unsure.with(context.DeadlineExceeded)},
		"a whole body, then no more":   {stalls(ok200+"\r\n"+yes, false), unsure.with(context.DeadlineExceeded)},
		"204 with a body":              {writes("HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\nContent-Length: 51\r\n\r\n" + yes), broken("status")},
		"a status of nothing":          {writes("HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n"), unsure},
		"an upper-case header":         {writes(strings.Replace(whole, "Content-Type", "CONTENT-TYPE", 1)), accepted},
		"a 3 MiB reason of a 503":      {writes("HTTP/1.1 503 " + strings.Repeat("x", 3<<20) + "\r\n\r\n"), overHeader},
		"a cookie with secrets":        {writes(strings.Replace(whole, "\r\n", "\r\nSet-Cookie: a={echo}; Domain=invalid\r\n", 1)), accepted},
		"closed, and said to be open":  {writes(strings.Replace(whole, "\r\n", "\r\nConnection: keep-alive\r\nKeep-Alive: timeout=100\r\n", 1)), accepted},
		"gzip that says nothing of it": {writes(fmt.Sprintf(ok200+length, len(zip(yes)), zip(yes))), broken("body")},
	} {
		f := fault{name: name, wire: true, api: does(c.answer), want: c.want, twice: strings.HasPrefix(name, "two answers")}
		f.stall = c.want.kind == anError && c.want.is == context.DeadlineExceeded
		faults = append(faults, f)
	}
	return faults
}

// overHeader is for headers over the transport's own limit, where the status is lost.
var overHeader = want{kind: aViolation, outcome: api.Unknown, is: api.ErrInvalidResponse, places: places("header"), arrived: 1, processed: 1, tokens: 1}

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

func headerThen(then act, headers ...string) act {
	return func(v *visit) {
		reply(200, "", headers...)(v)
		_ = http.NewResponseController(v.ResponseWriter).Flush()
		then(v)
	}
}

func endlessly(text string, every time.Duration) act {
	return func(v *visit) {
		reply(200, "")(v)
		for v.request.Context().Err() == nil {
			_, _ = io.WriteString(v, text)
			_ = http.NewResponseController(v.ResponseWriter).Flush()
			time.Sleep(every)
		}
	}
}

func fixedBase(base string) func(testing.TB) string {
	return func(testing.TB) string { return base }
}

func closedBase(scheme string) func(testing.TB) string {
	return fixedBase(scheme + "://" + closedAddress)
}

func httpOver(handle func(net.Conn)) func(testing.TB) string {
	return func(t testing.TB) string { t.Helper(); return "http://" + accepts(handle)(t) }
}

func tlsOver(handle func(net.Conn)) func(testing.TB) string {
	return func(t testing.TB) string { t.Helper(); return "https://" + accepts(handle)(t) }
}

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

// closedByPeer waits until the peer has closed, and reads nothing before.
func closedByPeer(c net.Conn) <-chan struct{} {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		time.Sleep(400 * time.Millisecond)
		_, _ = io.Copy(io.Discard, bufio.NewReader(c))
	}()
	return closed
}
