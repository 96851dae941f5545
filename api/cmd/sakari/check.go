package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/urfave/cli/v3"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

func checkCommand(p *process) *cli.Command {
	attributeType, typeFlag := typeFlag(typeUsage)
	var isStrict bool
	return &cli.Command{
		Name: "check", Usage: "validate a contact, send nothing", ArgsUsage: "[FILE]",
		Flags: []cli.Flag{
			typeFlag,
			&cli.BoolFlag{
				Name: "strict", Destination: &isStrict,
				Usage: "properties that the spec does not declare are an error, not a warning",
			},
		},
		ArgValidator: arguments,
		Action: func(ctx context.Context, c *cli.Command) error {
			contact, err := readContact(ctx, p, fileArgument(c, 0))
			if err != nil {
				return err
			}
			return check(ctx, p, *attributeType, contact, isStrict)
		},
	}
}

func check(ctx context.Context, p *process, attributeType gen.AttributeType, contact []byte, isStrict bool) error {
	client, err := offlineClient()
	if err != nil {
		return err
	}
	_, err = client.Generated().CreateAttributeWithBody(
		ctx, "offline", attributeType, "application/json", bytes.NewReader(contact))
	var invalid *api.ValidationError
	switch {
	case errors.Is(err, errOffline):
	case errors.As(err, &invalid):
		for _, violation := range invalid.Violations {
			fmt.Fprintln(p.stdout, violation)
		}
		return usageError{fmt.Errorf("sakari: the contact has %d violation(s)", len(invalid.Violations))}
	default:
		return err
	}
	if err := checkDeclared(p, contact, isStrict); err != nil {
		return err
	}
	return write(p, "the contact is valid\n")
}

// offlineClient returns a client that sends nothing. It sends only valid requests, so one that
// reaches its transport, and fails with errOffline, is valid.
func offlineClient() (*api.Client, error) {
	httpClient := &http.Client{Transport: offlineTransport{}}
	return api.New("offline", api.WithToken("offline"), api.WithHTTPClient(httpClient))
}

var errOffline = errors.New("nothing is sent")

type offlineTransport struct{}

func (offlineTransport) RoundTrip(*http.Request) (*http.Response, error) { return nil, errOffline }
