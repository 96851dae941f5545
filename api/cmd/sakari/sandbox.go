package main

import (
	"context"
	"fmt"

	"github.com/sakari-go/sakari-go/api/apitest"
)

func sandbox(ctx context.Context, p *process, args []string) error {
	flags := newFlags(p, "sandbox")
	address := flags.String("addr", "127.0.0.1:0", "loopback address and port to listen on; port 0 is any free port")
	if err := parse(flags, args, 0); err != nil {
		return err
	}
	server, err := startFakeServer(p, apitest.WithAddress(*address))
	if err != nil {
		return err
	}
	defer server.Close()
	fmt.Fprintln(p.stdout, "unset SAKARI_TOKEN") // create would use it instead of the credentials
	fmt.Fprintf(p.stdout, "export SAKARI_BASE_URL=%s\n", server.URL)
	fmt.Fprintf(p.stdout, "export SAKARI_ACCOUNT_ID=%s\n", server.AccountID)
	fmt.Fprintf(p.stdout, "export SAKARI_CLIENT_ID=%s\n", server.ClientID)
	fmt.Fprintf(p.stdout, "export SAKARI_CLIENT_SECRET=%s\n", server.ClientSecret)
	fmt.Fprintln(p.stderr, "sakari: the fake server is running; interrupt it to stop")
	<-ctx.Done()
	return nil
}

func startFakeServer(p *process, opts ...apitest.Option) (*apitest.Server, error) {
	report := func(violation error) { fmt.Fprintf(p.stderr, "sakari: %v\n", violation) }
	server, err := apitest.Start(report, opts...)
	if err != nil {
		return nil, usageError{fmt.Errorf("sakari: starting the fake server: %w", err)}
	}
	return server, nil
}
