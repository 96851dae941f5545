package api

import (
	"context"
	"testing"

	"golang.org/x/time/rate"
)

func newQueueOf(limit rate.Limit, burst int) *queue {
	c := defaultConfig()
	c.rateLimit, c.burst = limit, burst
	return newQueue(c)
}

func TestQueue_ChecksTheContextFirst(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, q := range []*queue{newQueueOf(rate.Inf, 0), newQueueOf(1, 1)} {
		if err := q.wait(ctx); err != context.Canceled {
			t.Errorf("got %v", err)
		}
	}
}
