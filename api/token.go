package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/oauth2"

	"github.com/sakari-go/sakari-go/gen"
)

const (
	defaultLifetime = 5 * time.Minute // of a token that does not say
	maxLifetime     = 55 * time.Minute
	refreshEarly    = time.Minute // or a tenth of the lifetime, if that is less
	shareFailureFor = time.Second
	neverSays       = time.Duration(math.MinInt64)
)

// accessToken is a token and how long it serves; one that serves no time serves
// those who wait for it, and is not kept.
type accessToken struct {
	value    string
	lifetime time.Duration
}

// tokenCache shares one token between all calls, and one fetch, good or failing, between all that wait for it.
type tokenCache struct {
	timeout time.Duration // of a fetch
	fetch   func(context.Context) (accessToken, error)

	mu          sync.Mutex
	value       string
	refreshAt   time.Time
	expiresAt   time.Time
	flight      *flight
	failure     error
	failedUntil time.Time
}

// flight is a fetch under way. Its value and err are final once done is closed.
type flight struct {
	done   chan struct{}
	cancel context.CancelFunc
	value  string
	err    error

	// Guarded by tokenCache.mu.
	waiting   int
	abandoned bool // all who waited have left
	settled   bool // done is closed; the fetch may still hang
}

func newTokenCache(timeout time.Duration, fetch func(context.Context) (accessToken, error)) *tokenCache {
	return &tokenCache{timeout: timeout, fetch: fetch}
}

func newStaticToken(value string) *tokenCache {
	return newTokenCache(math.MaxInt64, func(context.Context) (accessToken, error) {
		return accessToken{value, math.MaxInt64}, nil
	})
}

// get returns a token, or an *AuthError, or the context's error.
func (c *tokenCache) get(ctx context.Context) (string, error) {
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		value, f, err := c.tokenOrFlight()
		if f == nil {
			return value, err
		}
		select {
		case <-f.done:
			if f.err == nil || !f.abandoned {
				return f.value, f.err
			}
			// It was cancelled before this caller joined it.
		case <-ctx.Done():
			c.leave(f)
			return "", ctx.Err()
		}
	}
}

// tokenOrFlight returns what is known, or else the fetch to wait for.
func (c *tokenCache) tokenOrFlight() (string, *flight, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	good := c.value != "" && now.Before(c.expiresAt)
	switch {
	case good:
		if c.flight == nil && !now.Before(c.refreshAt) {
			c.flight = c.start()
			c.flight.waiting++ // for the calls to come; nobody has to wait now
		}
		return c.value, nil, nil
	case c.failure != nil && now.Before(c.failedUntil):
		return "", nil, c.failure
	case c.flight != nil && c.flight.settled:
		return "", nil, c.flight.err
	case c.flight == nil:
		c.flight = c.start()
	}
	c.flight.waiting++
	return "", c.flight, nil
}

// start fetches in the background: the caller who started it may leave while others wait. The fetch is the
// cache's one until it has ended, even if it hangs: a caller's source can not be cancelled, and
// must not be asked again and again meanwhile.
func (c *tokenCache) start() *flight {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	f := &flight{done: make(chan struct{}), cancel: cancel}
	late := time.AfterFunc(c.timeout, func() { // it may not heed its context
		c.settle(f, false, accessToken{}, &AuthError{Err: fmt.Errorf("no token within %v: %w", c.timeout, context.DeadlineExceeded)})
	})
	go func() {
		defer cancel()
		defer late.Stop()
		var token accessToken
		var err error = &AuthError{Err: errors.New("the token source ended its goroutine")}
		defer func() { c.settle(f, true, token, err) }()
		token, err = c.fetchSafely(ctx)
	}()
	return f
}

// settle keeps the token or the failure, and tells those who wait. A token that is still good outlives the failure to
// replace it.
func (c *tokenCache) settle(f *flight, ended bool, token accessToken, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ended {
		c.flight = nil
	}
	if f.settled {
		return
	}
	f.settled = true
	defer close(f.done)
	f.value, f.err = token.value, err
	now := time.Now()
	switch {
	case err == nil && token.lifetime > 0:
		c.value, c.failure = token.value, nil
		c.expiresAt = now.Add(token.lifetime)
		c.refreshAt = c.expiresAt.Add(-min(refreshEarly, token.lifetime/10))
	case c.value != "" && now.Before(c.expiresAt): // nobody waits for this one
		c.refreshAt = now.Add(shareFailureFor)
	case err == nil:
		c.value, c.failure = "", nil
	case !f.abandoned:
		c.value, c.failure, c.failedUntil = "", err, now.Add(shareFailureFor)
	}
}

// leave ends a fetch that nobody waits for.
func (c *tokenCache) leave(f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.waiting--
	if f.waiting == 0 && !f.settled {
		f.abandoned = true
		f.cancel()
	}
}

// discard forgets a token that the API refused, unless a newer one has replaced it.
func (c *tokenCache) discard(value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.value == value {
		c.value = ""
	}
}

// fetchSafely keeps a panic of a caller's token source from ending the program: it would not be on the caller's goroutine.
func (c *tokenCache) fetchSafely(ctx context.Context) (token accessToken, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &AuthError{Err: fmt.Errorf("the token source panicked (%T)", r)}
		}
	}()
	return c.fetch(ctx)
}

// clientCredentials fetches tokens with the contract's token call.
func clientCredentials(p *pipeline, clientID, clientSecret string) func(context.Context) (accessToken, error) {
	return func(ctx context.Context) (accessToken, error) {
		credentials := gen.TokenRequest{GrantType: new("client_credentials"), ClientID: &clientID, ClientSecret: &clientSecret}
		token, x, err := do[gen.TokenResponse](ctx, p, "createToken", nil, nil, &credentials, func(server string) (*http.Request, error) {
			return gen.NewCreateTokenRequestWithBody(server, mediaTypeJSON, nil)
		})
		if err != nil {
			return accessToken{}, newAuthError(err)
		}
		value := deref(token.AccessToken)
		if err := checkToken(value, deref(token.TokenType)); err != nil {
			auth := newAuthError(invalidAnswer(x, x.answer, Violation{"body/access_token", "token", err.Error()}))
			code, message := errorOf(x.answer.Body) // some say no with a 200
			secrets := newSecrets(clientSecret)
			auth.Code, auth.Message = secrets.redactCode(code), secrets.redact(message)
			return accessToken{}, auth
		}
		return accessToken{value, min(lifetimeOf(token, time.Now()), maxLifetime)}, nil
	}
}

// fromSource asks a caller's source each time: it knows how long its tokens serve.
func fromSource(source oauth2.TokenSource) func(context.Context) (accessToken, error) {
	return func(context.Context) (accessToken, error) {
		token, err := source.Token()
		if err == nil && token == nil {
			err = errors.New("the token source returned no token")
		}
		if err != nil {
			return accessToken{}, newSourceError(err)
		}
		if err := checkToken(token.AccessToken, token.TokenType); err != nil {
			return accessToken{}, &AuthError{Err: fmt.Errorf("the token of the source %w", err)}
		}
		return accessToken{value: token.AccessToken}, nil
	}
}

func newAuthError(err error) *AuthError {
	var refused *Error
	var broken *ValidationError
	switch {
	case errors.As(err, &refused):
		words := refused.words()
		return &AuthError{refused.StatusCode, words.code, words.message, err}
	case errors.As(err, &broken):
		return &AuthError{StatusCode: broken.StatusCode, Err: err}
	}
	return &AuthError{Err: err}
}

// newSourceError is for the errors of a caller's source. It shows no text that may hold secrets.
func newSourceError(err error) *AuthError {
	var own *AuthError
	var retrieve *oauth2.RetrieveError
	var request *url.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &retrieve): // its text is the whole answer, or panics if there was none
		auth := &AuthError{Code: retrieve.ErrorCode, Message: cmp.Or(retrieve.ErrorDescription, "the token source failed"), Err: err}
		if retrieve.Response != nil {
			auth.StatusCode = retrieve.Response.StatusCode
		}
		return auth
	case errors.As(err, &request): // its text is the URL, too
		return &AuthError{Message: fmt.Sprintf("the token source: %s: %v", request.Op, request.Err), Err: err}
	}
	return newAuthError(err)
}

func checkToken(value, kind string) error {
	const most = 16 << 10 // no server takes as long a header
	switch {
	case len(value) > most:
		return fmt.Errorf("is longer than %d bytes", most)
	case strings.TrimSpace(value) == "":
		return errors.New("is blank")
	case strings.ContainsFunc(value, func(r rune) bool { return r == ' ' || notVisible(r) }):
		return errors.New("holds characters that no token has")
	case kind != "" && !strings.EqualFold(kind, "bearer"):
		return errors.New("is not a bearer token")
	}
	return nil
}

func notVisible(r rune) bool { return r < ' ' || r > '~' }

// lifetimeOf is expires_in, which the vendor does not document, else the exp of a JWT, else a cautious default.
func lifetimeOf(token *gen.TokenResponse, now time.Time) time.Duration {
	if lifetime := seconds(token.AdditionalProperties["expires_in"]); lifetime != neverSays {
		return lifetime
	}
	if parts := strings.Split(deref(token.AccessToken), "."); len(parts) == 3 {
		var claims map[string]jsontext.Value
		text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
		_ = json.Unmarshal(text, &claims)
		if ends := seconds(claims["exp"]); err == nil && ends != neverSays {
			return max(ends, 0) - time.Duration(now.UnixNano())
		}
	}
	return defaultLifetime
}

// seconds reads a number or a numeric string; what is too long for a Duration is the longest one.
func seconds(value jsontext.Value) time.Duration {
	const longest = float64(math.MaxInt64 / int64(time.Second))
	text := string(value)
	_ = json.Unmarshal(value, &text)
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(number) {
		return neverSays
	}
	return time.Duration(max(-longest, min(number, longest)) * float64(time.Second))
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
