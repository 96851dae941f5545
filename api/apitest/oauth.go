package apitest

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/gen"
)

func (s *Server) answerToken(w http.ResponseWriter, r *http.Request, operation *openapi3.Operation, body []byte) {
	reply := s.next(&s.tokenReplies)
	if reply.isOwn() {
		var credentials gen.TokenRequest
		_ = json.Unmarshal(body, &credentials)
		if text(credentials.GrantType) != "client_credentials" || text(credentials.ClientID) != s.ClientID || text(credentials.ClientSecret) != s.ClientSecret {
			writeError(w, http.StatusUnauthorized, "UNAUTHORIZED", "The client is not known")
			return
		}
		issued, err := json.Marshal(gen.TokenResponse{AccessToken: new(rand.Text()), TokenType: new("Bearer")})
		if err != nil {
			panic(err)
		}
		reply.Body = string(issued)
	}
	s.accept(reply.Body)
	reply.write(w, r, operation, s.closing)
}

// accept remembers the token of an answer.
func (s *Server) accept(answer string) {
	var issued gen.TokenResponse
	_ = json.Unmarshal([]byte(answer), &issued)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[text(issued.AccessToken)] = true
}

func (s *Server) authorized(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	return ok && token != "" && s.tokens[token]
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
