package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

func create(ctx context.Context, p *process, args []string) error {
	flags := newFlags(p, "create")
	kind := typeFlag(flags)
	inSandbox := flags.Bool("sandbox", false, "send to a double of the API in this process; needs no credentials")
	if err := parse(flags, args, 1); err != nil {
		return err
	}
	contact, err := readContact(ctx, p, flags.Arg(0))
	if err != nil {
		return err
	}
	if *inSandbox {
		return createInSandbox(ctx, p, *kind, contact)
	}
	client, accountID, err := clientFromEnvironment(p.getenv)
	if err != nil {
		return usageError{err}
	}
	_, err = send(ctx, p, client, accountID, *kind, contact)
	return err
}

func createInSandbox(ctx context.Context, p *process, kind string, contact []byte) error {
	server, err := startDouble(p)
	if err != nil {
		return err
	}
	defer server.Close()
	answer, err := send(ctx, p, server.Client(), server.AccountID, kind, contact)
	for _, r := range server.Requests() {
		fmt.Fprintf(p.stderr, "request  %s %s\n", r.Method, r.Path)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "answer   status %d, amount %v, below %v\n", answer.StatusCode(), answer.JSON200.Data.Amount, answer.JSON200.Data.Below)
	fmt.Fprintln(p.stderr, "checked  the request's path and body: by the client before it was sent, by the double as it came")
	fmt.Fprintln(p.stderr, "checked  the answer's status, media type and body: by the client")
	return nil
}

// send sends the contact as it stands, so that nothing in it is lost, and prints the answer.
func send(ctx context.Context, p *process, client *api.Client, accountID, kind string, contact []byte) (*gen.CreateAttributeResponse, error) {
	answer, err := client.Generated().CreateAttributeWithBodyWithResponse(ctx, accountID, gen.AttributeType(kind), "application/json", bytes.NewReader(contact))
	if err != nil {
		return nil, err
	}
	indented := jsontext.Value(answer.Body)
	if err := indented.Indent(jsontext.WithIndent("  ")); err != nil {
		return nil, err
	}
	_, err = fmt.Fprintln(p.stdout, indented)
	return answer, err
}

func typeFlag(flags *flag.FlagSet) *string {
	return flags.String("type", string(gen.AttributeTypeContacts), fmt.Sprintf("type of attribute: %s, %s or %s",
		gen.AttributeTypeContacts, gen.AttributeTypeDeals, gen.AttributeTypeTickets))
}

func clientFromEnvironment(getenv func(string) string) (*api.Client, string, error) {
	accountID := getenv("SAKARI_ACCOUNT_ID")
	if accountID == "" {
		return nil, "", errors.New("sakari: SAKARI_ACCOUNT_ID is not set (or use -sandbox)")
	}
	// The library reads no environment; a command is expected to honour its proxy.
	opts := []api.Option{api.WithHTTPClient(&http.Client{Transport: http.DefaultTransport})}
	id, secret, token := getenv("SAKARI_CLIENT_ID"), getenv("SAKARI_CLIENT_SECRET"), getenv("SAKARI_TOKEN")
	switch {
	case token != "":
		opts = append(opts, api.WithToken(token))
	case id != "" && secret != "":
		opts = append(opts, api.WithClientCredentials(id, secret))
	default:
		return nil, "", errors.New("sakari: set SAKARI_CLIENT_ID and SAKARI_CLIENT_SECRET, or SAKARI_TOKEN (or use -sandbox)")
	}
	if base := getenv("SAKARI_BASE_URL"); base != "" {
		opts = append(opts, api.WithBaseURL(base))
	}
	client, err := api.New(accountID, opts...)
	return client, accountID, err
}
