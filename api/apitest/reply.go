package apitest

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// Reply is a scripted response.
//
// A reply without a body, and with no status or the operation's success status, is the default
// response: the server responds as if nothing were scripted, and stores what the request creates or
// updates. If such a reply has a Fault, the server stores it too, but the response fails.
type Reply struct {
	Status int           // the first success status that the spec declares for the operation, if it is 0
	Header http.Header   // replaces fields that the spec declares; those with a nil value are not sent
	Body   string        // if empty, the default response, or a body that fits the status
	Empty  bool          // send no body
	Delay  time.Duration // the wait before the response; the client or Close may end it
	Fault  Fault         // how the response fails; it does not fail if it is not set
}

// Fault is a way in which a response fails: [Reset], [Truncate], [Hang] or [Drip].
type Fault int

// The faults of a [Reply].
const (
	None     Fault = iota
	Reset          // the connection is reset before the response
	Truncate       // the connection is closed after half of the body
	Hang           // there is no response until the client leaves or the server closes
	Drip           // the body is sent at one byte a second
)

// isDefault reports whether the server chooses the response itself.
func (r Reply) isDefault(operation *openapi3.Operation) bool {
	return r.Body == "" && !r.Empty && (r.Status == 0 || r.Status == successStatus(operation))
}

// check returns an error if net/http cannot send the status of a reply as a final response.
func (r Reply) check() error {
	if r.Status != 0 && (r.Status < 200 || r.Status > 999) {
		return fmt.Errorf("a reply cannot have the status %d", r.Status)
	}
	return nil
}

// complete adds what the spec declares for the status: a body if there is none, and header fields.
func (r Reply) complete(operation *openapi3.Operation) Reply {
	if r.Status == 0 {
		r.Status = successStatus(operation)
	}
	if r.Body == "" && !r.Empty {
		r.Body = exampleBody(operation, r.Status)
	}
	response := declaredResponse(operation, r.Status)
	header := exampleHeader(response)
	mediaType, media := declaredContent(response)
	if r.Body != "" || media != nil && !r.Empty { // an empty file is a body too
		header.Set("Content-Type", strings.ReplaceAll(cmp.Or(mediaType, mediaTypeJSON), "*", "x-any"))
	}
	for name, values := range r.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	r.Header = header
	return r
}

// sent returns the status and the body of a complete reply, as far as its fault allows.
func (r Reply) sent() (int, []byte) {
	switch r.Fault {
	case Reset, Hang:
		return 0, nil
	case Truncate:
		return r.Status, []byte(r.Body[:len(r.Body)/2])
	}
	return r.Status, []byte(r.Body)
}

// write sends a complete reply, as far as its fault allows.
func (r Reply) write(w http.ResponseWriter, request *http.Request) {
	done := request.Context().Done() // the client left, or the server closes
	wait := time.After(r.Delay)
	if r.Fault == Hang {
		wait = nil
	}
	select {
	case <-wait:
	case <-done:
		panic(http.ErrAbortHandler) // net/http would send an empty 200 if the handler returned
	}
	if r.Fault == Reset {
		reset(w)
		return
	}
	maps.Copy(w.Header(), r.Header)
	// RFC 9110 8.6: a 204 has no Content-Length. That of a 304 is the length of another response.
	if r.Status != http.StatusNoContent && r.Status != http.StatusNotModified {
		length := len(r.Body)
		if r.Fault == Truncate {
			length++ // an empty body is truncated too
		}
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(r.Status)
	switch r.Fault {
	case Truncate:
		_, _ = io.WriteString(w, r.Body[:len(r.Body)/2])
		flush(w)
		panic(http.ErrAbortHandler)
	case Drip:
		flush(w)
		for i := range len(r.Body) {
			select {
			case <-time.After(time.Second):
			case <-done:
				return
			}
			_, _ = io.WriteString(w, r.Body[i:i+1])
			flush(w)
		}
	default:
		_, _ = io.WriteString(w, r.Body)
	}
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // Close then sends a reset
	}
	_ = connection.Close()
}
