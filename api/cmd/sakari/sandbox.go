package main

import (
	"context"
	"fmt"

	"github.com/sakari-go/sakari-go/api/apitest"
)

func sandbox(ctx context.Context, p *process, args []string) error {
	flags := newFlags("sandbox")
	address := flags.String("addr", "127.0.0.1:0", "")
	if err := parse(flags, args, 0); err != nil {
		return err
	}
	server, err := startFakeServer(p, apitest.WithAddress(*address))
	if err != nil {
		return usageError{fmt.Errorf("sakari: -addr: %w", err)}
	}
	defer server.Close()
	// create would use SAKARI_TOKEN instead of the credentials.
	environment := "unset SAKARI_TOKEN\n" +
		"export SAKARI_BASE_URL=" + server.URL + "\n" +
		"export SAKARI_ACCOUNT_ID=" + server.AccountID + "\n" +
		"export SAKARI_CLIENT_ID=" + server.ClientID + "\n" +
		"export SAKARI_CLIENT_SECRET=" + server.ClientSecret + "\n"
	if err := write(p, environment); err != nil {
		return err
	}
	fmt.Fprintln(p.stderr, "sakari: the fake server is running; interrupt it to stop")
	<-ctx.Done()
	return nil
}

func startFakeServer(p *process, opts ...apitest.Option) (*apitest.Server, error) {
	return apitest.Start(func(violation error) { fmt.Fprintf(p.stderr, "sakari: %v\n", violation) }, opts...)
}
