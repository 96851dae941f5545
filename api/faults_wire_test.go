package api_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
)

// Parts of responses of HTTP/1.1.
const (
	ok200   = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	chunked = "Transfer-Encoding: chunked\r\n\r\n"
)

// withLength returns a response with a Content-Length, which need not be the length of the body.
func withLength(length int, body string) string {
	return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", ok200, length, body)
}

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// wantHeaderTooLong is for headers over the limit of net/http, which does not report the status.
var wantHeaderTooLong = want{
	kind: validationError, outcome: api.Unknown, is: api.ErrInvalidResponse, locations: []string{"header"},
	server: server{requests: 1, processed: 1, tokens: 1},
}

// wireFaults are bytes that are not HTTP/1.1, or an unusual form of it. The server processes each
// request.
func wireFaults() []fault {
	whole := withLength(len(successBody), successBody)
	faults := []fault{
		// What the server sends is not a response.
		{name: "no bytes", api: faultserver.Write(""), want: wantNoResponse},
		{name: "a reset only", api: faultserver.WriteThenReset(""), want: wantNoResponse},
		{name: "half a status line", api: faultserver.Write("HTTP/1.1 2"), want: wantNoResponse},
		{name: "a status line", api: faultserver.Write("HTTP/1.1 200 OK\r\n"), want: wantNoResponse},
		{name: "half a header", api: faultserver.Write(ok200 + "Content-Len"), want: wantNoResponse},
		{name: "a reset in the header", api: faultserver.WriteThenReset(ok200), want: wantNoResponse},
		{name: "a blank line", api: faultserver.Write("\r\n\r\n"), want: wantNoResponse},
		{name: "JSON without a header", api: faultserver.Write(successBody), want: wantNoResponse},
		{name: "garbage", api: faultserver.Write("\x00\x01\x02\xff\xfe"), want: wantNoResponse},
		{name: "a line with secrets", api: faultserver.Write("{echo}\r\n\r\n"), want: wantNoResponse},
		{
			name: "an SSH banner",
			api:  faultserver.Write("SSH-2.0-" + faultserver.Stranger + "\r\n"),
			want: wantNoResponse,
		},
		{name: "HTML without a header", api: faultserver.Write("<html>{echo}</html>"), want: wantNoResponse},
		{name: "HTTP/2", api: faultserver.Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), want: wantNoResponse},
		{
			name: "HTTP/9.9", api: faultserver.Write("HTTP/9.9 200 OK\r\n\r\n" + successBody),
			want: wantViolations("content-type").applied(),
		},
		{
			name: "an unknown protocol",
			api:  faultserver.Write(faultserver.Stranger + "/1.1 200 OK\r\n\r\n"),
			want: wantNoResponse,
		},
		{
			name: "a status in words",
			api:  faultserver.Write("HTTP/1.1 " + faultserver.Stranger + " OK\r\n\r\n"),
			want: wantNoResponse,
		},
		{name: "a status of two digits", api: faultserver.Write("HTTP/1.1 20 OK\r\n\r\n"), want: wantNoResponse},
		{name: "a status of four digits", api: faultserver.Write("HTTP/1.1 2000 OK\r\n\r\n"), want: wantNoResponse},
		{name: "a negative status", api: faultserver.Write("HTTP/1.1 -20 OK\r\n\r\n"), want: wantNoResponse},
		{
			name: "a header without a colon",
			api:  faultserver.Write("HTTP/1.1 200 OK\r\n" + faultserver.Stranger + "\r\n\r\n"),
			want: wantNoResponse,
		},
		{
			name: "a blank in the name of a header",
			api:  faultserver.Write("HTTP/1.1 200 OK\r\nContent Type: {echo}\r\n\r\n"),
			want: wantViolations("content-type"),
		},
		{
			name: "a NUL in a header",
			api:  faultserver.Write("HTTP/1.1 200 OK\r\nX: \x00{echo}\r\n\r\n"),
			want: wantNoResponse,
		},
		{
			name: "a long line without a colon",
			api:  faultserver.Write("HTTP/1.1 200 OK\r\n" + strings.Repeat("{echo}", 1<<13) + "\r\n\r\n"),
			want: wantNoResponse,
		},
		{
			name: "a length in words",
			api:  faultserver.Write("HTTP/1.1 200 OK\r\nContent-Length: " + faultserver.Stranger + "\r\n\r\n"),
			want: wantNoResponse,
		},
		{
			name: "a negative length",
			api:  faultserver.Write("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
			want: wantNoResponse,
		},
		{
			name: "a length out of range",
			api:  faultserver.Write("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"),
			want: wantNoResponse,
		},
		{
			name: "two different lengths",
			api:  faultserver.Write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
			want: wantNoResponse,
		},
		{
			name: "an unknown encoding",
			api:  faultserver.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + faultserver.Stranger + "\r\n\r\n"),
			want: wantNoResponse,
		},
		{
			name: "status 100 for ever",
			api:  faultserver.WriteForever("", strings.Repeat("HTTP/1.1 100 Continue\r\nX-Much: "+strings.Repeat("x", 1000)+"\r\n\r\n", 20)),
			want: wantHeaderTooLong,
		},
		{
			name: "status 103 for ever",
			api:  faultserver.WriteForever("", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 500)),
			want: wantHeaderTooLong,
		},
		{
			name: "header lines for ever",
			api:  faultserver.WriteForever(ok200, strings.Repeat("X-Much: "+strings.Repeat("x", 1000)+"\r\n", 20)),
			want: wantHeaderTooLong,
		},
		{
			name: "one header line for ever",
			api:  faultserver.WriteForever(ok200+"X-Much: ", strings.Repeat("x", 20_000)),
			want: wantHeaderTooLong,
		},
		{
			name: "a status line for ever",
			api:  faultserver.WriteForever("HTTP/1.1 200 ", strings.Repeat("x", 20_000)),
			want: wantHeaderTooLong,
		},

		// A response that is cut, that does not end, or that is unusual.
		{
			name: "cut after the header", api: faultserver.Write(withLength(len(successBody), "")),
			want: wantUnknown.matching(io.ErrUnexpectedEOF),
		},
		{
			name: "cut before the last byte",
			api:  faultserver.Write(withLength(len(successBody)+1, successBody)),
			want: wantUnknown.matching(io.ErrUnexpectedEOF),
		},
		{
			name: "reset in the body",
			api:  faultserver.WriteThenReset(withLength(len(successBody), successBody[:10])),
			want: wantUnknown,
		},
		{
			name: "cut in a chunk",
			api:  faultserver.Write(ok200 + chunked + "33\r\n" + successBody[:10]),
			want: wantUnknown.matching(io.ErrUnexpectedEOF),
		},
		{
			name: "cut between chunks",
			api:  faultserver.Write(ok200 + chunked + chunk(successBody)),
			want: wantUnknown.matching(io.ErrUnexpectedEOF),
		},
		{
			name: "cut before the last line of the chunks",
			api:  faultserver.Write(ok200 + chunked + chunk(successBody) + "0\r\n"),
			want: wantUnknown,
		},
		{
			name: "a chunk size in words",
			api:  faultserver.Write(ok200 + chunked + "{echo}\r\n" + successBody), want: wantUnknown,
		},
		{
			name: "a chunk size out of range",
			api:  faultserver.Write(ok200 + chunked + "fffffffffffffffff\r\n" + successBody),
			want: wantUnknown,
		},
		{name: "a negative chunk", api: faultserver.Write(ok200 + chunked + "-1\r\n" + successBody), want: wantUnknown},
		{
			name: "chunks for ever",
			api:  faultserver.WriteForever(ok200+chunked, chunk(strings.Repeat(" ", 32<<10))),
			want: wantViolations("body"),
		},
		{
			name: "empty gzips for ever",
			api:  faultserver.WriteForever(ok200+"Content-Encoding: gzip\r\n\r\n", strings.Repeat(zip(""), 1000)),
			want: wantViolations("body"),
		},
		{name: "a body until the end", api: faultserver.Write(ok200 + "\r\n" + successBody), want: wantSuccess},
		{
			name: "a body until the end, cut",
			api:  faultserver.Write(ok200 + "\r\n" + successBody[:20]), want: wantViolations("body"),
		},
		{
			name: "a body until a reset",
			api:  faultserver.WriteThenReset(ok200 + "\r\n" + successBody), want: wantUnknown,
		},
		{
			name: "HTTP/1.0",
			api:  faultserver.Write("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + successBody),
			want: wantSuccess,
		},
		{
			name: "a length that is too small", api: faultserver.Write(withLength(10, successBody)),
			want: wantViolations("body"),
		},
		{
			name: "a length and chunks",
			api:  faultserver.Write(ok200 + "Content-Length: 1\r\n" + chunked + chunk(successBody) + "0\r\n\r\n"),
			want: wantSuccess,
		},
		{
			name: "a length of zero",
			api:  faultserver.Write(ok200 + "Content-Length: 0\r\n\r\n" + successBody),
			want: wantViolations("body"),
		},
		{
			name: "trailers",
			api:  faultserver.Write(ok200 + chunked + chunk(successBody) + "0\r\nContent-Type: text/html\r\nX-Echo: {echo}\r\n\r\n"),
			want: wantSuccess,
		},
		{
			name: "trailers for ever",
			api:  faultserver.WriteForever(ok200+chunked+chunk(successBody)+"0\r\n", "X-Much: "+strings.Repeat("x", 1000)+"\r\n"),
			want: wantUnknown,
		},
		{
			name: "a reason phrase with secrets",
			api:  faultserver.Write(strings.Replace(whole, "OK", "{echo}", 1)), want: wantSuccess,
		},
		{name: "no reason phrase", api: faultserver.Write(strings.Replace(whole, " OK", "", 1)), want: wantSuccess},
		{name: "bare newlines", api: faultserver.Write(strings.ReplaceAll(whole, "\r\n", "\n")), want: wantSuccess},
		{
			name: "a folded header",
			api:  faultserver.Write(strings.Replace(whole, "application/json", "application/json;\r\n charset=utf-8", 1)),
			want: wantSuccess,
		},
		{
			name: "status 100, then a success",
			api:  faultserver.Write("HTTP/1.1 100 Continue\r\n\r\n" + whole), want: wantSuccess,
		},
		{
			name: "status 103, then a success",
			api:  faultserver.Write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + whole),
			want: wantSuccess,
		},
		{
			name: "two responses, the second a refusal",
			api:  faultserver.Write(whole + "HTTP/1.1 400 Bad Request\r\n\r\n"), twoResponses: true,
			want: wantSuccess,
		},
		{
			name:         "two responses, the second a success",
			api:          faultserver.Write("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n" + whole),
			twoResponses: true, want: wantUnknown,
		},
		{
			name:         "status 101",
			api:          faultserver.WriteThenHang("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
			expireInBody: true, want: wantTimeoutInBody,
		},
		{
			name:         "status 101, to HTTP/2",
			api:          faultserver.WriteThenHang("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
			expireInBody: true, want: wantTimeoutInBody,
		},
		{name: "half a status line, then silence", api: faultserver.WriteThenExpire("HTTP/1.1 2"), want: wantTimeout},
		{name: "the start of a header, then silence", api: faultserver.WriteThenExpire(ok200), want: wantTimeout},
		{
			name:         "half a body, then silence",
			api:          faultserver.WriteThenHang(withLength(len(successBody), successBody[:20])),
			expireInBody: true, want: wantTimeoutInBody,
		},
		{
			name:         "a chunk, then silence",
			api:          faultserver.WriteThenHang(ok200 + chunked + chunk(successBody)),
			expireInBody: true, want: wantTimeoutInBody,
		},
		{
			name: "a whole body, then silence",
			api:  faultserver.WriteThenHang(ok200 + "\r\n" + successBody), expireInBody: true,
			want: wantTimeoutInBody,
		},
		{
			name: "204 with a body",
			api:  faultserver.Write("HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\nContent-Length: 51\r\n\r\n" + successBody),
			want: wantViolations("status"),
		},
		{
			name: "a status of zeros",
			api:  faultserver.Write("HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n"),
			want: wantUnknown,
		},
		{
			name: "an upper-case name of a header",
			api:  faultserver.Write(strings.Replace(whole, "Content-Type", "CONTENT-TYPE", 1)),
			want: wantSuccess,
		},
		{
			name: "503 with a reason phrase of 3 MiB",
			api:  faultserver.Write("HTTP/1.1 503 " + strings.Repeat("x", 3<<20) + "\r\n\r\n"),
			want: wantHeaderTooLong,
		},
		{
			name: "a cookie with secrets",
			api:  faultserver.Write(strings.Replace(whole, "\r\n", "\r\nSet-Cookie: a={echo}; Domain=invalid\r\n", 1)),
			want: wantSuccess,
		},
		{
			name: "closed in spite of keep-alive",
			api:  faultserver.Write(strings.Replace(whole, "\r\n", "\r\nConnection: keep-alive\r\nKeep-Alive: timeout=100\r\n", 1)),
			want: wantSuccess,
		},
		{
			name: "gzip without Content-Encoding",
			api:  faultserver.Write(withLength(len(zip(successBody)), zip(successBody))),
			want: wantViolations("body"),
		},
	}
	for i := range faults {
		faults[i].api = faultserver.Process(faults[i].api)
		faults[i].http1Only = true
	}
	return faults
}
