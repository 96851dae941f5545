package api

import (
	"context"
	"testing"

	"golang.org/x/time/rate"
)

func TestQueue_ChecksTheContextFirst(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, q := range []*queue{newQueue(rate.Inf, 0), newQueue(1, 1)} {
		if err := q.wait(ctx); err != context.Canceled {
			t.Errorf("got %v", err)
		}
	}
}
