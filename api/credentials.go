package api

import (
	"slices"
	"sync"
)

// maxTokens is how many of the last tokens a client remembers, to remove them from error texts.
const maxTokens = 8

// credentials are the secrets of a client. Its accounts and its token call share them. They are
// functions, because printers such as go-spew follow every field and pointer.
type credentials struct {
	all func() []string
	add func(token string)
}

func newCredentials(clientSecret string) *credentials {
	var mu sync.Mutex
	var tokens []string
	return &credentials{
		all: func() []string {
			mu.Lock()
			defer mu.Unlock()
			return slices.Concat([]string{clientSecret}, tokens)
		},
		add: func(token string) {
			mu.Lock()
			defer mu.Unlock()
			if slices.Contains(tokens, token) {
				return
			}
			if len(tokens) == maxTokens {
				tokens = slices.Delete(tokens, 0, 1)
			}
			tokens = append(tokens, token)
		},
	}
}
