//go:build !js

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// notifyContext returns a context that ends with a signal to stop.
func notifyContext(ctx context.Context) (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup does
		signals = append(signals, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE) // a command reports that its output is closed
	return signal.NotifyContext(ctx, signals...)
}
