package api

import (
	"slices"
	"sync"
)

// credentials are what a client proves itself with: the client secret, and the tokens of late. Its accounts and its token call share them.
type credentials struct {
	clientSecret string

	mu     sync.Mutex
	tokens []string
}

func (c *credentials) add(token string) {
	const most = 8
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.Contains(c.tokens, token) {
		return
	}
	if len(c.tokens) == most {
		c.tokens = slices.Delete(c.tokens, 0, 1)
	}
	c.tokens = append(c.tokens, token)
}

// credentials are the secrets but for the contact: those of late, and those of this call, which may be older.
func (x *exchange) credentials() *secrets {
	c := x.client
	c.mu.Lock()
	defer c.mu.Unlock()
	return newSecrets(slices.Concat([]string{c.clientSecret}, c.tokens, x.tokens)...)
}

func newSecrets(credentials ...string) *secrets {
	s := &secrets{words: make(map[string]bool)}
	for _, value := range credentials {
		s.add(value)
		s.credentials += " " + fold(value)
	}
	return s
}
