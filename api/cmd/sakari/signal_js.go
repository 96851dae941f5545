package main

import "context"

// notifyContext returns a context that the caller ends: JavaScript sends no signals.
func notifyContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}
