package api

import (
	"slices"
	"sync"
)

// maxTokens is how many of the last tokens a client remembers, to remove them from error texts.
const maxTokens = 8

// credentials are the secrets of a client. Its accounts and its token call share them.
type credentials struct {
	clientSecret string

	mu     sync.Mutex
	tokens []string
}

func (c *credentials) add(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.Contains(c.tokens, token) {
		return
	}
	if len(c.tokens) == maxTokens {
		c.tokens = slices.Delete(c.tokens, 0, 1)
	}
	c.tokens = append(c.tokens, token)
}
