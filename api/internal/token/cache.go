// Package token caches an access token. All calls share one token, and one fetch of it.
package token

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// refreshEarly is how long before its end a token is replaced in the background, unless a tenth
	// of its lifetime is less.
	refreshEarly = time.Minute
	// shareFailureFor is how long callers get the failure of a fetch without another fetch.
	shareFailureFor = time.Second
)

// Token is an access token and its lifetime. A token without a lifetime is used by the callers that
// wait for it, and not cached. If none waits any more, the next caller uses it.
type Token struct {
	Value    string
	Lifetime time.Duration
}

// Error reports that a fetch ended in a way that the fetch function did not report.
type Error struct{ Err error }

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Cache holds one token. It is safe for concurrent use.
type Cache struct {
	timeout time.Duration // of a fetch
	fetch   func(context.Context) (Token, error)

	mu           sync.Mutex
	value        string
	late         string // a token without a lifetime for which no caller waited
	refreshAt    time.Time
	expiresAt    time.Time
	current      *fetch
	failure      error
	failureUntil time.Time
}

// fetch is a fetch in progress. Its value and err are final once done is closed.
type fetch struct {
	done   chan struct{}
	cancel context.CancelFunc
	value  string
	err    error

	// Guarded by Cache.mu.
	waiting   int
	abandoned bool // all callers that waited have left
	settled   bool // done is closed; the fetch function may not have returned yet
}

// NewCache returns an empty cache that gets its tokens from a function, which has as long as
// timeout.
func NewCache(timeout time.Duration, fetch func(context.Context) (Token, error)) *Cache {
	return &Cache{timeout: timeout, fetch: fetch}
}

// Get returns a token. The error is that of the fetch function, an [*Error], or ctx.Err().
func (c *Cache) Get(ctx context.Context) (string, error) {
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		value, f, err := c.lookUp(ctx)
		if f == nil {
			return value, err
		}
		select {
		case <-f.done:
			if f.err == nil || !f.abandoned {
				return f.value, f.err
			}
			// The fetch was cancelled before this caller joined it.
		case <-ctx.Done():
			c.leave(f)
			return "", ctx.Err()
		}
	}
}

// Invalidate forgets a token that a server refused, unless a newer one has replaced it.
func (c *Cache) Invalidate(value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.value == value {
		c.value = ""
	}
}

// lookUp returns the cached token or failure, or else the fetch to wait for. A fetch that it starts
// has the values of the context, such as a trace, and not its end: other callers share it.
func (c *Cache) lookUp(ctx context.Context) (string, *fetch, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch {
	case c.value != "" && now.Before(c.expiresAt):
		if c.current == nil && !now.Before(c.refreshAt) {
			c.current = c.start(ctx)
			c.current.waiting++ // for later calls: this one has a token
		}
		return c.value, nil, nil
	case c.late != "":
		value := c.late
		c.late = ""
		return value, nil, nil
	case c.failure != nil && now.Before(c.failureUntil):
		return "", nil, c.failure
	case c.current != nil && c.current.settled:
		return "", nil, c.current.err
	case c.current == nil:
		c.current = c.start(ctx)
	}
	c.current.waiting++
	return "", c.current, nil
}

// start fetches in the background, as the caller that started a fetch may leave while others wait.
// It is the only fetch until it has returned, even if it ignores its context: an oauth2.TokenSource
// cannot be cancelled, and must not be called again and again.
func (c *Cache) start(ctx context.Context) *fetch {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
	f := &fetch{done: make(chan struct{}), cancel: cancel}
	late := time.AfterFunc(c.timeout, func() {
		err := fmt.Errorf("no token within %v: %w", c.timeout, context.DeadlineExceeded)
		c.settle(f, false, Token{}, &Error{err})
	})
	go func() {
		defer cancel()
		defer late.Stop()
		var token Token
		var err error = &Error{errors.New("the token source ended its goroutine")}
		defer func() { c.settle(f, true, token, err) }()
		token, err = c.fetchSafely(ctx)
	}()
	return f
}

// settle caches the token or the failure of a fetch, and wakes the callers that wait. A failure
// does not replace a token that has not expired.
func (c *Cache) settle(f *fetch, returned bool, token Token, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if returned {
		c.current = nil
	}
	if !f.settled {
		f.settled = true
		f.value, f.err = token.Value, err
		defer close(f.done)
	} else if err != nil { // the callers have an earlier failure
		return
	}
	now := time.Now()
	switch {
	case err == nil && token.Lifetime > 0:
		c.value, c.failure = token.Value, nil
		c.expiresAt = now.Add(token.Lifetime)
		c.refreshAt = c.expiresAt.Add(-min(refreshEarly, token.Lifetime/10))
	case c.value != "" && now.Before(c.expiresAt): // no caller waits for this fetch
		c.refreshAt = now.Add(shareFailureFor)
	case err == nil:
		c.value, c.failure = "", nil
		if f.waiting == 0 || f.err != nil {
			c.late = token.Value
		}
	case !f.abandoned:
		c.value, c.failure, c.failureUntil = "", err, now.Add(shareFailureFor)
	}
}

// leave ends a fetch that no caller waits for any more.
func (c *Cache) leave(f *fetch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.waiting--
	if f.waiting == 0 && !f.settled {
		f.abandoned = true
		f.cancel()
	}
}

// fetchSafely recovers from a panic in the fetch function, which would end the program: the fetch
// does not run on the goroutine of a caller.
func (c *Cache) fetchSafely(ctx context.Context) (token Token, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &Error{fmt.Errorf("the token source panicked (%T)", r)}
		}
	}()
	return c.fetch(ctx)
}
