package apitest

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/gen"
)

// issueToken returns the response to a token request. The server accepts the token in it from then
// on, also if it is scripted.
func (s *Server) issueToken(operation *openapi3.Operation, body []byte) Reply {
	reply, _ := s.next(&s.tokenReplies)
	if reply.isDefault(operation) {
		request := decode(body)
		if request["grant_type"] != "client_credentials" ||
			request["client_id"] != s.ClientID || request["client_secret"] != s.ClientSecret {
			return failure(operation, http.StatusUnauthorized, "The client credentials are wrong")
		}
		reply.Body = encode(gen.TokenResponse{AccessToken: new(rand.Text()), TokenType: new("Bearer")})
	}
	if token, _ := decode([]byte(reply.Body))["access_token"].(string); token != "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tokens[token] = true
	}
	return reply
}

// isAuthorized reports whether a request has a token that the server accepts.
func (s *Server) isAuthorized(r *http.Request) bool {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	return isBearer && s.tokens[token]
}

// decode returns the members of a JSON object, and none if a scripted body is no object.
func decode(body []byte) map[string]any {
	var members map[string]any
	_ = json.Unmarshal(body, &members)
	return members
}
