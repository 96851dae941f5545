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

// Reply is a scripted answer. One without a body and with no status but 200 is what the server answers by itself: what the
// request asks for is done. That goes for one with a Fault as well, and then the answer is lost.
type Reply struct {
	Status int         // 0 is 200
	Header http.Header // Content-Type is application/json if it is not set
	Body   string      // if empty, that of the server's own answer, or the contract's example for the status
	Empty  bool        // send no body
	Fault  Fault       // what goes wrong while answering
}

// Fault is a way in which an answer goes wrong.
type Fault int

const (
	None     Fault = iota
	Reset          // the connection is reset before the answer
	Truncate       // the connection closes half way through the body
	Hang           // no answer comes, until the client leaves or the server closes
	Drip           // the body comes at a byte a second
)

func (r Reply) wantsExample() bool { return r.Body == "" && !r.Empty }

// isOwn tells whether the server decides on the answer.
func (r Reply) isOwn() bool {
	return r.wantsExample() && (r.Status == 0 || r.Status == http.StatusOK)
}

// reply is an answer with a value as JSON.
func reply(status int, value any) Reply {
	body, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("apitest: %v", err))
	}
	return Reply{Status: status, Body: string(body)}
}

// checkReplies panics where net/http would send something else than it was told.
func checkReplies(replies []Reply) {
	for _, r := range replies {
		if r.Status != 0 && (r.Status < 200 || r.Status > 999) {
			panic(fmt.Sprintf("apitest: a reply can not have the status %d", r.Status))
		}
	}
}

func (r Reply) write(w http.ResponseWriter, request *http.Request, operation *openapi3.Operation, closing <-chan struct{}) {
	switch r.Fault {
	case Reset:
		reset(w)
		return
	case Hang:
		wait(request, closing, -1)
		return
	}
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
	body := r.Body
	if r.wantsExample() {
		body = example(operation, r.Status)
	}
	if !r.Empty {
		w.Header().Set("Content-Type", "application/json")
	}
	maps.Copy(w.Header(), r.Header)
	if bodyAllowed(r.Status) {
		length := len(body)
		if r.Fault == Truncate {
			length++ // so that an empty body is cut as well
		}
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(r.Status)
	switch r.Fault {
	case Truncate:
		_, _ = io.WriteString(w, body[:len(body)/2])
		flush(w)
		panic(http.ErrAbortHandler)
	case Drip:
		flush(w)
		for i := range len(body) {
			if !wait(request, closing, time.Second) {
				return
			}
			_, _ = io.WriteString(w, body[i:i+1])
			flush(w)
		}
	default:
		_, _ = io.WriteString(w, body)
	}
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// wait tells whether the time passed before the client left or the server closed. A negative time never passes.
func wait(r *http.Request, closing <-chan struct{}, d time.Duration) bool {
	var passed <-chan time.Time
	if d >= 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		passed = timer.C
	}
	select {
	case <-passed:
		return true
	case <-r.Context().Done():
	case <-closing:
	}
	return false
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // close with a reset
	}
	_ = connection.Close()
}

// example is the contract's first JSON example for a status, or nothing.
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
	for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
		value = media.Examples[name].Value.Value
		break
	}
	if value == nil {
		return ""
	}
	body, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		panic(fmt.Sprintf("apitest: the contract's example: %v", err))
	}
	return string(body)
}

// writeError answers with the vendor's envelope.
func writeError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, reply(status, failure(code, message)).Body)
}

func failure(code, message string) gen.ErrorResponse {
	return gen.ErrorResponse{Error: &gen.APIError{Code: &code, Message: &message}}
}
