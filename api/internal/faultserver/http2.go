package faultserver

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
)

// Error codes of RFC 9113, section 7.
const (
	NoError         = 0x0
	ProtocolError   = 0x1
	InternalError   = 0x2
	RefusedStream   = 0x7
	Cancel          = 0x8
	EnhanceYourCalm = 0xb
	HTTP11Required  = 0xd
)

// MaxStream is the highest number of a stream.
const MaxStream = 1<<31 - 1

// Types and flags of frames: RFC 9113, section 6.
const (
	frameData     = 0x0
	frameHeaders  = 0x1
	frameReset    = 0x3
	frameSettings = 0x4
	framePing     = 0x6
	frameGoAway   = 0x7

	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4
)

// Frame returns a frame of HTTP/2, for the stream of a request.
type Frame func(stream uint32) []byte

func frame(kind, flags byte, stream uint32, payload ...byte) []byte {
	length := len(payload)
	head := []byte{byte(length >> 16), byte(length >> 8), byte(length), kind, flags}
	return append(binary.BigEndian.AppendUint32(head, stream), payload...)
}

// ResetStream ends the stream with an error code.
func ResetStream(code uint32) Frame {
	return func(stream uint32) []byte {
		return frame(frameReset, 0, stream, binary.BigEndian.AppendUint32(nil, code)...)
	}
}

// GoAway ends the connection. It says that no stream after the last one was processed.
func GoAway(last, code uint32) Frame { return GoAwaySaying(last, code, "") }

// GoAwaySaying is [GoAway] with a text for people.
func GoAwaySaying(last, code uint32, text string) Frame {
	return func(uint32) []byte {
		payload := binary.BigEndian.AppendUint32(nil, last)
		payload = binary.BigEndian.AppendUint32(payload, code)
		return frame(frameGoAway, 0, 0, append(payload, text...)...)
	}
}

// Header is a frame with the status 200 and a media type. Its bytes are those of RFC 7541: entry 8
// of the static table, and a literal value for entry 31.
func Header(stream uint32) []byte {
	const media = "application/json"
	block := append([]byte{0x88, 0x0f, 0x10, byte(len(media))}, media...)
	return frame(frameHeaders, flagEndHeaders, stream, block...)
}

// EarlyHints is a frame with the status 103.
func EarlyHints(stream uint32) []byte {
	return frame(frameHeaders, flagEndHeaders, stream, append([]byte{0x48, 3}, "103"...)...)
}

// BadHeader is a frame with a header that no client can decode.
func BadHeader(stream uint32) []byte {
	return frame(frameHeaders, flagEndHeaders, stream, 0xff, 0xff, 0xff)
}

// Data is a frame with a part of the body.
func Data(text string) Frame {
	return func(stream uint32) []byte { return frame(frameData, 0, stream, []byte(text)...) }
}

// LastData is a frame with the last part of the body.
func LastData(text string) Frame {
	return func(stream uint32) []byte { return frame(frameData, flagEndStream, stream, []byte(text)...) }
}

// Settings is an empty frame of settings.
func Settings(uint32) []byte { return frame(frameSettings, 0, 0) }

// Ping is a frame that asks the client for a response.
func Ping(uint32) []byte { return frame(framePing, 0, 0, make([]byte, 8)...) }

// HTTP2Request is a request that an [HTTP2Server] read.
type HTTP2Request struct {
	Stream uint32
	Number int    // of the requests of all connections, from 1
	Body   string // of the last frame
}

// HTTP2Action acts on a request of HTTP/2.
type HTTP2Action func(c net.Conn, r HTTP2Request)

// WriteFrames writes frames, and leaves the connection open.
func WriteFrames(frames ...Frame) HTTP2Action {
	return func(c net.Conn, r HTTP2Request) {
		for _, next := range frames {
			if _, err := c.Write(next(r.Stream)); err != nil {
				return
			}
		}
	}
}

// WriteFramesThenClose writes frames and closes the connection.
func WriteFramesThenClose(frames ...Frame) HTTP2Action {
	return func(c net.Conn, r HTTP2Request) {
		WriteFrames(frames...)(c, r)
		_ = c.Close()
	}
}

// WriteFrameForever writes frames, and repeats another one until the caller closes the connection.
func WriteFrameForever(repeated Frame, first ...Frame) HTTP2Action {
	return func(c net.Conn, r HTTP2Request) {
		WriteFrames(first...)(c, r)
		for {
			if _, err := c.Write(repeated(r.Stream)); err != nil {
				return
			}
		}
	}
}

// HTTP2Server is a server that writes frames of HTTP/2. It reads the whole of each request, one
// after the other on each connection, and then acts.
type HTTP2Server struct {
	// URL is the base URL of the server.
	URL string
	// Seen receives a value when a client responds to a ping, or closes its connection.
	Seen <-chan struct{}
	// MaxStreams is how many streams the server says that a connection may have open, if not 0.
	MaxStreams uint32

	secure   bool
	act      HTTP2Action
	received atomic.Int32
	seen     chan<- struct{}
}

// StartHTTP2 starts a server on loopback, with or without TLS. It ends with the test.
func StartHTTP2(t testing.TB, secure bool, act HTTP2Action) *HTTP2Server {
	t.Helper()
	seen := make(chan struct{}, 1)
	s := &HTTP2Server{secure: secure, act: act, Seen: seen, seen: seen}
	address := Listen(t, s.serve)
	s.URL = "http://" + address
	if secure {
		s.URL = "https://" + address
	}
	return s
}

// Connect makes a transport use HTTP/2 and trust the certificate of the server.
func (s *HTTP2Server) Connect(t testing.TB, transport *http.Transport) {
	transport.TLSClientConfig = &tls.Config{RootCAs: trusted()}
	if !s.secure {
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	t.Cleanup(transport.CloseIdleConnections)
}

// Received returns the number of requests that the server read.
func (s *HTTP2Server) Received() int { return int(s.received.Load()) }

func (s *HTTP2Server) serve(c net.Conn, _ <-chan struct{}) {
	defer s.notify()
	if s.secure {
		c = tls.Server(c, &tls.Config{
			Certificates: []tls.Certificate{sharedCertificate()},
			NextProtos:   []string{"h2"},
		})
	}
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" // RFC 9113, section 3.4
	if _, err := io.ReadFull(c, make([]byte, len(preface))); err != nil {
		return
	}
	_, _ = c.Write(s.settings())
	for head := make([]byte, 9); ; {
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		length := int64(head[0])<<16 | int64(head[1])<<8 | int64(head[2])
		payload := make([]byte, length)
		if _, err := io.ReadFull(c, payload); err != nil {
			return
		}
		kind, flags, stream := head[3], head[4], binary.BigEndian.Uint32(head[5:])
		switch {
		case kind == frameSettings && flags&flagAck == 0:
			_, _ = c.Write(frame(frameSettings, flagAck, 0))
		case kind == framePing && flags&flagAck != 0:
			s.notify()
		case (kind == frameData || kind == frameHeaders) && flags&flagEndStream != 0:
			s.act(c, HTTP2Request{stream, int(s.received.Add(1)), string(payload)})
		}
	}
}

func (s *HTTP2Server) settings() []byte {
	if s.MaxStreams == 0 {
		return Settings(0)
	}
	const maxConcurrentStreams = 0x3 // RFC 9113, section 6.5.2
	payload := binary.BigEndian.AppendUint16(nil, maxConcurrentStreams)
	return frame(frameSettings, 0, 0, binary.BigEndian.AppendUint32(payload, s.MaxStreams)...)
}

func (s *HTTP2Server) notify() {
	select {
	case s.seen <- struct{}{}:
	default:
	}
}
