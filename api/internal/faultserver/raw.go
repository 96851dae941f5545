package faultserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// The actions in this file write bytes to the connection. They work with HTTP/1 only.

// Write sends a text, in which {echo} stands for the secrets of the request, and closes the
// connection.
func Write(text string) Action {
	return func(x *Exchange) {
		connection, _ := x.hijack()
		_, _ = io.WriteString(connection, x.expand(text))
		_ = connection.Close()
	}
}

// WriteThenReset sends a text and resets the connection.
func WriteThenReset(text string) Action {
	return func(x *Exchange) {
		connection, _ := x.hijack()
		_, _ = io.WriteString(connection, text)
		// Without a linger time the system sends RST in place of FIN.
		_ = withoutTLS(connection).(*net.TCPConn).SetLinger(0)
		_ = withoutTLS(connection).Close()
	}
}

// WriteThenHang sends a text, and nothing more until the caller closes the connection.
func WriteThenHang(text string) Action {
	return func(x *Exchange) {
		connection, reader := x.hijack()
		_, _ = io.WriteString(connection, text)
		waitForClose(connection, reader)
	}
}

// WriteThenExpire sends a text, and lets the deadline of the caller pass.
func WriteThenExpire(text string) Action {
	return func(x *Exchange) {
		connection, reader := x.hijack()
		_, _ = io.WriteString(connection, text)
		x.server.endCaller(context.DeadlineExceeded)
		waitForClose(connection, reader)
	}
}

func waitForClose(connection net.Conn, reader io.Reader) {
	_, _ = io.Copy(io.Discard, reader)
	_ = connection.Close()
}

// WriteForever sends a text, and then repeats another one until the caller closes the connection.
func WriteForever(text, repeated string) Action {
	return func(x *Exchange) {
		connection, _ := x.hijack()
		_, err := io.WriteString(connection, text)
		for err == nil {
			_, err = io.WriteString(connection, repeated)
		}
		_ = connection.Close()
	}
}

func (x *Exchange) hijack() (net.Conn, *bufio.ReadWriter) {
	connection, buffer, err := http.NewResponseController(x.ResponseWriter).Hijack()
	if err != nil {
		panic(fmt.Errorf("faultserver: an action that writes to the connection needs HTTP/1: %w", err))
	}
	return connection, buffer
}
