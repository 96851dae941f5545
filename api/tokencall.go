package api

import (
	"context"
	"encoding/base64"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api/internal/redact"
	"github.com/sakari-go/sakari-go/api/internal/spec"
	"github.com/sakari-go/sakari-go/api/internal/token"
	"github.com/sakari-go/sakari-go/gen"
)

// fetchWithCredentials fetches tokens with the token call of the spec.
func fetchWithCredentials(p *pipeline, clientID, clientSecret string) func(context.Context) (token.Token, error) {
	return func(ctx context.Context) (token.Token, error) {
		credentials := gen.TokenRequest{
			GrantType: new("client_credentials"), ClientID: &clientID, ClientSecret: &clientSecret,
		}
		issued, x, err := do[gen.TokenResponse](ctx, p, "createToken", nil, nil, &credentials,
			func(server string) (*http.Request, error) {
				return gen.NewCreateTokenRequestWithBody(server, spec.MediaTypeJSON, nil)
			})
		if err != nil {
			return token.Token{}, newAuthError(err)
		}
		value := deref(issued.AccessToken)
		if err := checkToken(value, deref(issued.TokenType)); err != nil {
			invalid := Violation{Location: "body/access_token", Rule: "token", Message: err.Error()}
			auth := newAuthError(invalidResponse(x, x.response, invalid))
			code, message := errorOf(x.response.Body) // some servers report a failure with status 200
			redactor := redact.New(clientSecret)
			auth.Code, auth.Message = redactor.Code(code), redactor.Text(message)
			return token.Token{}, auth
		}
		return token.Token{Value: value, Lifetime: min(lifetimeOf(issued), maxLifetime)}, nil
	}
}

// lifetimeOf returns expires_in, which the vendor does not document, or else the time from iat to
// exp of a JWT, or else the default. The local clock may be wrong.
func lifetimeOf(issued *gen.TokenResponse) time.Duration {
	if lifetime, ok := seconds(issued.AdditionalProperties["expires_in"]); ok {
		return lifetime
	}
	if parts := strings.Split(deref(issued.AccessToken), "."); len(parts) == 3 {
		var claims map[string]jsontext.Value
		text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
		_ = json.Unmarshal(text, &claims)
		issuedAt, hasStart := seconds(claims["iat"])
		expires, hasEnd := seconds(claims["exp"])
		if err == nil && hasStart && hasEnd && expires > issuedAt && issuedAt >= 0 {
			return expires - issuedAt
		}
	}
	return defaultLifetime
}

// seconds reads a number or a string of one.
func seconds(value jsontext.Value) (d time.Duration, ok bool) {
	text := string(value)
	_ = json.Unmarshal(value, &text)
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(number) {
		return 0, false
	}
	return durationOf(number), true
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
