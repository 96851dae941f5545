package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/sakari-go/sakari-go/api/apitest"
)

func sandboxCommand(p *process) *cli.Command {
	var address, envFile string
	return &cli.Command{
		Name: "sandbox", Usage: "run a fake server, print the environment",
		Flags: []cli.Flag{
			&cli.StringFlag{
				Name: "addr", Value: "127.0.0.1:0", Destination: &address,
				Usage: "HOST:PORT\nlocalhost or a loopback IP address; port 0, or no -addr, is any free port",
			},
			&cli.StringFlag{
				Name: "env-file", Destination: &envFile,
				Usage: "NAME\nalso write the environment to a file that only its owner can read; the file\n" +
					"is complete as soon as it exists, and is removed when the server stops",
				Validator: func(name string) error {
					if name == "" {
						return errors.New("want a file name")
					}
					return nil
				},
			},
		},
		ArgValidator: arguments,
		Action:       func(ctx context.Context, _ *cli.Command) error { return sandbox(ctx, p, address, envFile) },
	}
}

func sandbox(ctx context.Context, p *process, address, envFile string) error {
	if host, port, err := net.SplitHostPort(address); err == nil && strings.EqualFold(host, "localhost") {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	server, err := startFakeServer(p, apitest.WithAddress(address))
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
	if envFile != "" {
		if err := writeFile(envFile, environment); err != nil {
			return usageError{fmt.Errorf("sakari: -env-file: %w", err)}
		}
		defer removeFile(envFile, environment)
	}
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

// writeFile creates or replaces a regular file at once: a file that exists is complete. Only its
// owner can read it.
func writeFile(name, text string) error {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", name)
	}
	temp, err := os.CreateTemp(filepath.Dir(name), ".sakari-env-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = temp.WriteString(text)
	err = errors.Join(err, temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}

// removeFile removes a file, unless another process has replaced it.
func removeFile(name, text string) {
	if found, err := os.ReadFile(name); err == nil && string(found) == text {
		_ = os.Remove(name)
	}
}
