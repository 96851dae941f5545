package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

func create(ctx context.Context, p *process, args []string) error {
	flags := newFlags("create")
	attributeType := typeFlag(flags)
	inSandbox := flags.Bool("sandbox", false, "")
	if err := parse(flags, args, 1); err != nil {
		return err
	}
	contact, err := readContact(ctx, p, flags.Args())
	if err != nil {
		return err
	}
	if *inSandbox {
		return createInSandbox(ctx, p, *attributeType, contact)
	}
	client, accountID, err := clientFromEnvironment(p.getenv)
	if err != nil {
		return usageError{err}
	}
	_, err = send(ctx, p, client, accountID, *attributeType, contact)
	return err
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

// send sends a contact and prints the response. It sends the text unchanged, so that the client
// validates what the user wrote and not what a gen.Contact retains of it.
func send(
	ctx context.Context, p *process, client *api.Client, accountID string, t gen.AttributeType, contact []byte,
) (*gen.CreateAttributeResponse, error) {
	response, err := client.Generated().CreateAttributeWithBodyWithResponse(
		ctx, accountID, t, "application/json", bytes.NewReader(contact))
	if err != nil {
		return nil, err
	}
	indented := jsontext.Value(response.Body)
	if err := indented.Indent(jsontext.WithIndent("  ")); err != nil {
		return nil, err
	}
	_, err = fmt.Fprintln(p.stdout, indented)
	return response, err
}

func clientFromEnvironment(getenv func(string) string) (*api.Client, string, error) {
	accountID := getenv("SAKARI_ACCOUNT_ID")
	if accountID == "" {
		return nil, "", errors.New("sakari: SAKARI_ACCOUNT_ID is not set (or use -sandbox)")
	}
	var opts []api.Option
	id, secret, token := getenv("SAKARI_CLIENT_ID"), getenv("SAKARI_CLIENT_SECRET"), getenv("SAKARI_TOKEN")
	switch {
	case token != "":
		opts = append(opts, api.WithToken(token))
	case id != "" && secret != "":
		opts = append(opts, api.WithClientCredentials(id, secret))
	default:
		return nil, "", errors.New(
			"sakari: set SAKARI_CLIENT_ID and SAKARI_CLIENT_SECRET, or SAKARI_TOKEN (or use -sandbox)")
	}
	if base := getenv("SAKARI_BASE_URL"); base != "" {
		opts = append(opts, api.WithBaseURL(base))
	}
	client, err := api.New(accountID, opts...)
	return client, accountID, err
}
