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
	"github.com/sakari-go/sakari-go/api/cmd/sakari/internal/sandbox"
)

const sandboxDescription = `DESCRIPTION
   The fake server validates requests against the spec, stores contacts and attributes, and is on
   loopback only. It prints the environment of a client, and runs until it is interrupted. For a
   fixed address and fixed credentials set -addr, -account, -client-id and -client-secret.

   /   a page of the last 100 requests: status, outcome, violations and bodies
   /docs, /openapi.yaml
       Swagger UI, and the spec with the address of the server

ADMIN API
   GET /_sandbox/requests
       the same requests as JSON, {"requests":[...]}, the oldest first; without secrets; the status
       is 0 if there was no response
   POST /_sandbox/replies
       the next responses: an object or an array of {"status":503,"header":{"Retry-After":"1"},
       "body":{"success":false},"empty":false,"delay":"50ms","fault":"reset"}; a body that is a text
       is sent as it is; all members may be left out
   POST /_sandbox/reset
       remove contacts, attributes, requests and scripted responses; keep tokens and faults
   POST /_sandbox/seed
       add {"contacts":[...],"attributes":{"deals":[...]}}, as -seed does: all or nothing
   PUT /_sandbox/faults
       replace faults and latency: {"faults":["429:0.1"],"latency":"50ms"}; {} removes them

   A change responds with 204, and needs Content-Type: application/json. A mistake is 400 with
   {"error":"..."}, and changes nothing. A Host that is not of loopback, or another Origin, is 403.

EXAMPLES
   sakari sandbox -addr 127.0.0.1:4010 -client-id id -client-secret secret -seed seed.json
   curl -H 'Content-Type: application/json' -d '{"status":503}' http://127.0.0.1:4010/_sandbox/replies`

func sandboxCommand(p *process) *cli.Command {
	var envFile string
	c := sandbox.Config{Report: reportTo(p)}
	return &cli.Command{
		Name: "sandbox", Usage: "run a fake server, print the environment",
		Flags: []cli.Flag{
			&cli.StringFlag{
				Name: "addr", Value: "127.0.0.1:0", Destination: &c.Address,
				Usage: "`HOST:PORT` localhost or a loopback IP address; port 0, or no -addr, is any free port",
			},
			&cli.StringFlag{
				Name: "env-file", Destination: &envFile,
				Usage: "`NAME` also write the environment to a file that only its owner can read; the file " +
					"is complete as soon as it exists, and is removed when the server stops",
				Validator: func(name string) error {
					if name == "" {
						return errors.New("want a file name")
					}
					return nil
				},
			},
			&cli.StringFlag{
				Name: "account", Destination: &c.AccountID,
				Usage: "`ID` the account; test-account if it is not set",
			},
			&cli.StringFlag{
				Name: "client-id", Destination: &c.ClientID,
				Usage: "`ID` the client id; test-client if it is not set",
			},
			&cli.StringFlag{
				Name: "client-secret", Destination: &c.ClientSecret,
				Usage: "`SECRET` the client secret; a new one for each start if it is not set",
			},
			&cli.StringFlag{
				Name: "seed", Destination: &c.SeedFile,
				Usage: "`FILE` contacts and attributes that exist at the start: JSON with the members contacts, " +
					"an array, and attributes, an array for each type",
			},
			&cli.StringSliceFlag{
				Name: "fault", Destination: &c.Faults,
				Usage: "`KIND:PROBABILITY` let a part of the requests fail, such as 429:0.1; may be repeated. " +
					"KIND is a status from 300 to 599 in place of storing the contact (what a client " +
					"cannot know of a 5xx), or reset, truncate, hang or drip after storing it",
			},
			&cli.DurationFlag{
				Name: "latency", Destination: &c.Latency,
				Usage: "`DURATION` delay every request, such as 50ms",
			},
		},
		Description:  sandboxDescription,
		ArgValidator: arguments,
		Action:       func(ctx context.Context, _ *cli.Command) error { return runSandbox(ctx, p, c, envFile) },
	}
}

func runSandbox(ctx context.Context, p *process, c sandbox.Config, envFile string) error {
	if host, port, err := net.SplitHostPort(c.Address); err == nil && strings.EqualFold(host, "localhost") {
		c.Address = net.JoinHostPort("127.0.0.1", port)
	}
	server, err := sandbox.Start(c)
	if err != nil {
		return usageError{fmt.Errorf("sakari: %w", err)}
	}
	defer server.Close()
	// create would use SAKARI_TOKEN instead of the credentials.
	environment := "unset SAKARI_TOKEN\n" +
		"export SAKARI_BASE_URL=" + quote(server.URL) + "\n" +
		"export SAKARI_ACCOUNT_ID=" + quote(server.AccountID) + "\n" +
		"export SAKARI_CLIENT_ID=" + quote(server.ClientID) + "\n" +
		"export SAKARI_CLIENT_SECRET=" + quote(server.ClientSecret) + "\n"
	if envFile != "" {
		if err := writeFile(envFile, environment); err != nil {
			return usageError{fmt.Errorf("sakari: -env-file: %w", err)}
		}
		defer removeFile(envFile, environment)
	}
	if err := write(p, environment); err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "sakari: the fake server is running, see %s/; interrupt it to stop\n", server.URL)
	<-ctx.Done()
	return nil
}

// quote returns a text as a shell reads it.
func quote(text string) string {
	if strings.Trim(text, "-./0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func startFakeServer(p *process, opts ...apitest.Option) (*apitest.Server, error) {
	return apitest.Start(reportTo(p), opts...)
}

func reportTo(p *process) func(error) {
	return func(violation error) { fmt.Fprintf(p.stderr, "sakari: %v\n", violation) }
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
