package main

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/sakari-go/sakari-go/api/apitest"
)

func sandbox(ctx context.Context, p *process, args []string) error {
	flags := newFlags(p, "sandbox")
	address := flags.String("addr", "127.0.0.1:0", "loopback address and port to listen on; port 0 is any free one")
	if err := parse(flags, args, 0); err != nil {
		return err
	}
	server, stop, err := startDouble(p, apitest.WithAddress(*address))
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintf(p.stdout, "export SAKARI_BASE_URL=%s\n", server.URL)
	fmt.Fprintf(p.stdout, "export SAKARI_ACCOUNT_ID=%s\n", server.AccountID)
	fmt.Fprintf(p.stdout, "export SAKARI_CLIENT_ID=%s\n", server.ClientID)
	fmt.Fprintf(p.stdout, "export SAKARI_CLIENT_SECRET=%s\n", server.ClientSecret)
	fmt.Fprintln(p.stderr, "sakari: the double of the API is listening; interrupt to stop it")
	<-ctx.Done()
	return nil
}

// startDouble runs the double of package apitest outside of a test.
func startDouble(p *process, opts ...apitest.Option) (server *apitest.Server, stop func(), err error) {
	host := &doubleHost{process: p}
	defer func() {
		switch failed := recover().(type) {
		case nil:
		case usageError:
			err = failed
		default:
			panic(failed)
		}
	}()
	return apitest.NewServer(host, opts...), host.stop, nil
}

// doubleHost is the testing.TB of a double that serves no test. Only what the double uses is there.
type doubleHost struct {
	testing.TB
	process  *process
	cleanups []func()
}

func (h *doubleHost) Helper() {}

func (h *doubleHost) Cleanup(f func()) { h.cleanups = append(h.cleanups, f) }

func (h *doubleHost) Errorf(format string, args ...any) {
	fmt.Fprintf(h.process.stderr, "sakari: "+format+"\n", args...)
}

func (h *doubleHost) Fatalf(format string, args ...any) {
	panic(usageError{fmt.Errorf("sakari: "+format, args...)})
}

func (h *doubleHost) stop() {
	for _, f := range slices.Backward(h.cleanups) {
		f()
	}
}
