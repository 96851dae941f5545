package faultserver

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

const (
	// SuccessBody is the body of a response that conforms to the spec.
	SuccessBody = `{"success":true,"data":{"amount":123,"below":123}}`
	// RefusalBody is the body of a response by which the API refuses a request. It repeats the
	// secrets of the request.
	RefusalBody = `{"success":false,"error":{"code":"CONT-001","message":"no, not {echo}"}}`
)

// Action responds to a request, or does something else with it.
type Action func(*Exchange)

// Exchange is a request and the writer of its response.
type Exchange struct {
	http.ResponseWriter
	Request *http.Request
	Body    string // empty if the server leaves it unread
	Number  int    // of the request, from 1, among those to the API or among those for a token

	server   *Server
	forToken bool
}

// Reply responds with JSON. The headers are names and values in turn; an empty value removes the
// header. In a value and in the body, {echo} stands for the secrets of the request, {host} for its
// host, and {other scheme} for http on a server with TLS and for https on all others.
func Reply(status int, body string, headers ...string) Action {
	return func(x *Exchange) {
		header := x.Header()
		header.Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			if headers[i+1] == "" {
				header[headers[i]] = nil // without a value, net/http sends no default either
			} else {
				header.Set(headers[i], x.expand(headers[i+1]))
			}
		}
		text := x.expand(body)
		header.Set("X-Mark", x.server.record(x.forToken, status, text))
		x.WriteHeader(status)
		_, _ = io.WriteString(x, text)
	}
}

// record remembers a response and returns its mark.
func (s *Server) record(forToken bool, status int, body string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks++
	response := Response{StatusCode: status, Body: body, Mark: fmt.Sprint(s.marks)}
	if forToken {
		s.lastToken = response
	} else {
		s.last = response
	}
	return response.Mark
}

func (x *Exchange) expand(text string) string {
	scheme := "https"
	if x.Request.TLS != nil {
		scheme = "http"
	}
	return strings.NewReplacer("{echo}", x.secrets(), "{other scheme}", scheme, "{host}", x.Request.Host).Replace(text)
}

// secrets returns the secrets of the request, all tokens so far, and each of them without its end.
func (x *Exchange) secrets() string {
	x.server.mu.Lock()
	issued := x.server.issued
	x.server.mu.Unlock()
	all := []string{x.Request.Header.Get("Authorization"), ClientSecret}
	for number := range issued {
		token := IssuedToken(number + 1)
		all = append(all, token, strings.TrimSuffix(token, "en"))
	}
	if strings.Contains(x.Body, Email) {
		all = append(all, Email, Phone, strings.ReplaceAll(Phone, "-", ""))
	}
	return strings.Join(all, " ")
}

// Refuse responds with a [RefusalBody].
func Refuse(status int, headers ...string) Action { return Reply(status, RefusalBody, headers...) }

// Succeed processes the request and responds with a [SuccessBody].
func Succeed(x *Exchange) { Process(Reply(http.StatusOK, SuccessBody))(x) }

// Process counts the request as processed, and then acts.
func Process(then Action) Action {
	return func(x *Exchange) {
		x.server.process(x.Body)
		then(x)
	}
}

// InTurn takes the first action for the first request and so on, and the last one for all further
// requests.
func InTurn(actions ...Action) Action {
	return func(x *Exchange) { actions[min(x.Number, len(actions))-1](x) }
}

// IssueToken responds with another token each time.
func IssueToken(x *Exchange) {
	x.server.mu.Lock()
	x.server.issued++
	token := IssuedToken(x.server.issued)
	x.server.mu.Unlock()
	Reply(http.StatusOK, fmt.Sprintf(`{"access_token":"%s","token_type":"Bearer","expires_in":3600}`, token))(x)
}

// IssuedToken returns the token of the nth response of [IssueToken], from 1.
func IssuedToken(number int) string { return fmt.Sprintf("issued%dtoken", number) }

var issuedTokens = regexp.MustCompile(`issued\d+tok`)

// FindIssuedToken returns a token of [IssueToken] that a text contains, even without its end.
// Without one it returns an empty string.
func FindIssuedToken(text string) string { return issuedTokens.FindString(text) }

// Hang does not respond until the caller closes the connection. Net/http notices that only once the
// body of the request is read: see http.Request.Context.
func Hang(x *Exchange) {
	select {
	case <-x.Request.Context().Done():
	case <-x.server.ended:
	}
}

// CancelCaller cancels the context of the caller, and hangs.
func CancelCaller(x *Exchange) {
	x.server.endCaller(context.Canceled)
	Hang(x)
}

// ExpireCaller lets the deadline of the caller pass, and hangs.
func ExpireCaller(x *Exchange) {
	x.server.endCaller(context.DeadlineExceeded)
	Hang(x)
}

func (s *Server) endCaller(err error) {
	if s.EndCaller != nil {
		s.EndCaller(err)
	}
}

// Abort closes a connection of HTTP/1 without a response, or resets a stream of HTTP/2.
func Abort(*Exchange) { panic(http.ErrAbortHandler) }

// HeaderThen sends the header of a success, and then acts.
func HeaderThen(then Action, headers ...string) Action {
	return func(x *Exchange) {
		Reply(http.StatusOK, "", headers...)(x)
		x.flush()
		then(x)
	}
}

// Drip sends the start of a body one byte at a time, and hangs.
func Drip(start string) Action {
	return HeaderThen(func(x *Exchange) {
		for i := range start {
			_, _ = io.WriteString(x, start[i:i+1])
			x.flush()
		}
		Hang(x)
	})
}

// CutBody sends half of the body that it announces, and aborts.
func CutBody(status int) Action {
	return func(x *Exchange) {
		x.Header().Set("Content-Type", "application/json")
		x.Header().Set("Content-Length", fmt.Sprint(len(SuccessBody)))
		x.WriteHeader(status)
		_, _ = io.WriteString(x, SuccessBody[:len(SuccessBody)/2])
		x.flush()
		Abort(x)
	}
}

// Endless repeats a chunk until the caller closes the connection.
func Endless(chunk string, headers ...string) Action {
	return func(x *Exchange) {
		Reply(http.StatusOK, "", headers...)(x)
		for {
			if _, err := io.WriteString(x, chunk); err != nil {
				return
			}
		}
	}
}

func (x *Exchange) flush() { _ = http.NewResponseController(x.ResponseWriter).Flush() }
