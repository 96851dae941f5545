package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"github.com/sakari-go/sakari-go/api/internal/token"
)

// fetchFromSource calls a token source for each call: the source knows the lifetime of its tokens.
func fetchFromSource(source oauth2.TokenSource) func(context.Context) (token.Token, error) {
	return func(context.Context) (token.Token, error) {
		issued, err := source.Token()
		if err == nil && issued == nil {
			err = errors.New("the token source returned no token")
		}
		if err != nil {
			return token.Token{}, newSourceError(err)
		}
		if err := checkToken(issued.AccessToken, issued.TokenType); err != nil {
			return token.Token{}, &AuthError{Err: fmt.Errorf("the token of the source %w", err)}
		}
		return token.Token{Value: issued.AccessToken}, nil
	}
}

// useToken returns a token that does not expire.
func useToken(value string) func(context.Context) (token.Token, error) {
	return func(context.Context) (token.Token, error) {
		return token.Token{Value: value, Lifetime: math.MaxInt64}, nil
	}
}

// newSourceError returns the error for a token source that failed. Its text may contain secrets.
func newSourceError(err error) *AuthError {
	var auth *AuthError
	var retrieve *oauth2.RetrieveError
	var request *url.Error
	switch {
	case errors.As(err, &auth):
		return auth
	case errors.As(err, &retrieve): // its text is the whole response, or a panic if there was none
		message := cmp.Or(retrieve.ErrorDescription, "the token source failed")
		auth := &AuthError{Code: retrieve.ErrorCode, Message: message, Err: withText(oneLine(message), err)}
		if retrieve.Response != nil {
			auth.StatusCode = retrieve.Response.StatusCode
		}
		return auth
	case errors.As(err, &request): // its text contains the URL
		message := fmt.Sprintf("the token source: %s: %v", request.Op, request.Err)
		return &AuthError{Message: message, Err: withText(oneLine(message), err)}
	}
	return newAuthError(err)
}

// checkCredential refuses what a copy from a file or a web page adds to a credential.
func checkCredential(value string) error {
	switch {
	case strings.TrimSpace(value) == "":
		return errors.New("is blank")
	case strings.TrimSpace(value) != value:
		return errors.New("starts or ends with a blank or a line break")
	case !utf8.ValidString(value):
		return errors.New("is not valid UTF-8")
	case strings.ContainsFunc(value, isInvisible):
		return errors.New("contains a control character, a byte order mark or another invisible character")
	}
	return nil
}

func isInvisible(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }

func checkToken(value, kind string) error {
	if err := checkCredential(value); err != nil {
		return err
	}
	switch {
	case len(value) > maxToken:
		return fmt.Errorf("is longer than %d bytes", maxToken)
	case strings.ContainsFunc(value, func(r rune) bool { return r == ' ' || isNotVisible(r) }):
		return errors.New("contains characters that no token has")
	case kind != "" && !strings.EqualFold(kind, "bearer"):
		return errors.New("is not a bearer token")
	}
	return nil
}

func isNotVisible(r rune) bool { return r < ' ' || r > '~' }
