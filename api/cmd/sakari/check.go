package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/sakari-go/sakari-go/api"
)

// check validates a contact with a client whose transport sends nothing. The client sends only
// valid requests, so a contact that reaches the transport is valid.
func check(ctx context.Context, p *process, args []string) error {
	flags := newFlags("check")
	attributeType := typeFlag(flags)
	strict := flags.Bool("strict", false, "")
	if err := parse(flags, args, 0, 1); err != nil {
		return err
	}
	contact, err := readContact(ctx, p, flags.Args())
	if err != nil {
		return err
	}
	httpClient := &http.Client{Transport: offlineTransport{}}
	client, err := api.New("offline", api.WithToken("offline"), api.WithHTTPClient(httpClient))
	if err != nil {
		return err
	}
	_, err = client.Generated().CreateAttributeWithBody(
		ctx, "offline", *attributeType, "application/json", bytes.NewReader(contact))
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
	if err := checkDeclared(p, contact, *strict); err != nil {
		return err
	}
	return write(p, "the contact is valid\n")
}

var errOffline = errors.New("nothing is sent")

type offlineTransport struct{}

func (offlineTransport) RoundTrip(*http.Request) (*http.Response, error) { return nil, errOffline }
