package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/urfave/cli/v3"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// createCommand is also "attribute create". It came first.
func createCommand(p *process) *cli.Command {
	attributeType, typeFlag := typeFlag(typeUsage)
	var inSandbox bool
	return &cli.Command{
		Name: "create", Usage: "the same as attribute create", ArgsUsage: "[FILE]",
		Flags: []cli.Flag{
			typeFlag,
			&cli.BoolFlag{
				Name: "sandbox", Destination: &inSandbox,
				Usage: "send to a fake server in this process; needs no environment",
			},
		},
		ArgValidator: arguments,
		Action: func(ctx context.Context, c *cli.Command) error {
			contact, err := readContact(ctx, p, fileArgument(c, 0))
			if err != nil {
				return err
			}
			if inSandbox {
				return createInSandbox(ctx, p, *attributeType, contact)
			}
			client, accountID, err := clientFromEnvironment(p.getenv)
			if err != nil {
				return usageError{err}
			}
			_, err = send(ctx, p, client, accountID, *attributeType, contact)
			return err
		},
	}
}

func createInSandbox(ctx context.Context, p *process, attributeType gen.AttributeType, contact []byte) error {
	server, err := startFakeServer(p)
	if err != nil {
		return usageError{fmt.Errorf("sakari: starting the fake server: %w", err)}
	}
	defer server.Close()
	response, err := send(ctx, p, server.Client(), server.AccountID, attributeType, contact)
	for _, r := range server.Requests() {
		fmt.Fprintf(p.stderr, "request  %s %s\n", r.Method, r.Path)
	}
	if err != nil {
		return err
	}
	setting := response.JSON200.Data
	fmt.Fprintf(p.stderr, "response status %d, amount %v, below %v\n",
		response.StatusCode(), setting.Amount, setting.Below)
	fmt.Fprintln(p.stderr, "valid    path and body of the request: checked by the client, then by the fake server")
	fmt.Fprintln(p.stderr, "valid    status, media type and body of the response: checked by the client")
	return nil
}

// send sends a contact and prints the response, also an invalid one: it may be all that tells what
// was applied. It sends the text unchanged, so that the client validates what the user wrote and
// not what a gen.Contact retains of it.
func send(
	ctx context.Context, p *process, client *api.Client, accountID string, t gen.AttributeType, contact []byte,
) (*gen.CreateAttributeResponse, error) {
	response, err := client.Generated().CreateAttributeWithBodyWithResponse(
		ctx, accountID, t, "application/json", bytes.NewReader(contact))
	if err != nil {
		return nil, errors.Join(err, printInvalid(p, err))
	}
	return response, printBody(p, response.Body)
}

// printInvalid prints the response of an error, if it is an invalid response of the API. One of the
// token call may contain a token.
func printInvalid(p *process, err error) error {
	var invalid *api.ValidationError
	if errors.As(err, new(*api.AuthError)) || !errors.As(err, &invalid) || invalid.Direction != api.DirectionResponse {
		return nil
	}
	return printBody(p, invalid.Body)
}

// printBody indents a body that is JSON.
func printBody(p *process, body []byte) error {
	indented := jsontext.Value(body).Clone()
	if indented.Indent(jsontext.WithIndent("  ")) == nil {
		body = indented
	}
	if _, err := fmt.Fprintf(p.stdout, "%s\n", body); err != nil {
		return fmt.Errorf("sakari: printing the response: %w", err)
	}
	return nil
}

// clientFromEnvironment names the variable that cannot be used: the errors of api.New name options
// of Go.
func clientFromEnvironment(getenv func(string) string, more ...api.Option) (*api.Client, string, error) {
	accountID := getenv("SAKARI_ACCOUNT_ID")
	id, secret, token := getenv("SAKARI_CLIENT_ID"), getenv("SAKARI_CLIENT_SECRET"), getenv("SAKARI_TOKEN")
	var credentials api.Option
	switch {
	case accountID == "":
		return nil, "", errors.New("sakari: SAKARI_ACCOUNT_ID is not set (or use -sandbox)")
	case token != "":
		credentials = api.WithToken(token)
	case strings.TrimSpace(id) != "" && strings.TrimSpace(secret) != "":
		credentials = api.WithClientCredentials(id, secret)
	default:
		return nil, "", errors.New(
			"sakari: set SAKARI_CLIENT_ID and SAKARI_CLIENT_SECRET, or SAKARI_TOKEN (or use -sandbox)")
	}
	if _, err := api.New("account", credentials); err != nil {
		return nil, "", errors.New("sakari: SAKARI_TOKEN must be visible ASCII without spaces, of at most 16 KiB")
	}
	opts := []api.Option{credentials}
	if base := getenv("SAKARI_BASE_URL"); base != "" {
		opts = append(opts, api.WithBaseURL(base))
	}
	if _, err := api.New("account", opts...); err != nil {
		return nil, "", errors.New("sakari: SAKARI_BASE_URL must be a URL with https, such as " +
			gen.ServerURLProduction + ", without user information, query and fragment; " +
			"http is for loopback only, as it would send the token in the clear")
	}
	client, err := api.New(accountID, append(opts, more...)...)
	var invalid *api.ValidationError
	if errors.As(err, &invalid) {
		err = fmt.Errorf("sakari: SAKARI_ACCOUNT_ID %s", invalid.Violations[0].Message)
	}
	return client, accountID, err
}
