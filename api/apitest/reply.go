package apitest

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/gen"
)

// Reply is a scripted response.
//
// A reply without a body, and with no status or status 200, is the default response: the server
// responds as if nothing were scripted, and stores what the request creates or updates. If such a
// reply has a Fault, the server stores it too, but the response fails.
type Reply struct {
	Status int         // 200 if it is 0
	Header http.Header // Content-Type is application/json if it is not set
	Body   string      // if empty, the default response, or the spec's example for the status
	Empty  bool        // send no body
	Fault  Fault       // how the response fails; it does not fail if it is not set
}

// Fault is a way in which a response fails.
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
func (r Reply) isDefault() bool {
	return r.Body == "" && !r.Empty && (r.Status == 0 || r.Status == http.StatusOK)
}

// checkReplies panics if net/http cannot send the status of a reply as a final response.
func checkReplies(replies []Reply) {
	for _, r := range replies {
		if r.Status != 0 && (r.Status < 200 || r.Status > 999) {
			panic(fmt.Sprintf("apitest: a reply cannot have the status %d", r.Status))
		}
	}
}

// complete adds the status 200 if there is none, and the spec's example if there is no body.
func (r Reply) complete(operation *openapi3.Operation) Reply {
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
	if r.Body == "" && !r.Empty {
		r.Body = example(operation, r.Status)
	}
	return r
}

// write sends a complete reply, as far as its fault allows.
func (r Reply) write(w http.ResponseWriter, request *http.Request) {
	switch r.Fault {
	case Reset:
		reset(w)
		return
	case Hang:
		<-request.Context().Done()
		panic(http.ErrAbortHandler) // net/http would send an empty 200 if the handler returned
	}
	if !r.Empty {
		w.Header().Set("Content-Type", "application/json")
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
			case <-request.Context().Done():
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

// example returns the spec's first JSON example for a status, or "" if there is none.
func example(operation *openapi3.Operation, status int) string {
	response := operation.Responses.Status(status)
	if response == nil {
		return ""
	}
	media := response.Value.Content.Get("application/json")
	if media == nil {
		return ""
	}
	value := media.Example
	if names := slices.Sorted(maps.Keys(media.Examples)); len(names) > 0 {
		value = media.Examples[names[0]].Value.Value
	}
	if value == nil {
		return ""
	}
	return encode(value)
}

// failure returns a response with the vendor's error envelope.
func failure(status int, code, message string) Reply {
	envelope := gen.ErrorResponse{Error: &gen.APIError{Code: &code, Message: &message}}
	return Reply{Status: status, Body: encode(envelope)}
}

// encode returns a value as JSON. It panics if that fails, because the value is the server's own.
func encode(value any) string {
	body, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		panic(fmt.Sprintf("apitest: encode a response: %v", err))
	}
	return string(body)
}
