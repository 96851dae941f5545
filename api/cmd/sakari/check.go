package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// check makes a call whose transport sends nothing: what reaches it has passed the contract.
func check(ctx context.Context, p *process, args []string) error {
	flags := newFlags(p, "check")
	kind := typeFlag(flags)
	if err := parse(flags, args, 1); err != nil {
		return err
	}
	contact, err := readContact(ctx, p, flags.Arg(0))
	if err != nil {
		return err
	}
	client, err := api.New("offline", api.WithToken("offline"), api.WithHTTPClient(&http.Client{Transport: offline{}}))
	if err != nil {
		return err
	}
	_, err = client.Generated().CreateAttributeWithBody(ctx, "offline", gen.AttributeType(*kind), "application/json", bytes.NewReader(contact))
	var broken *api.ValidationError
	switch {
	case errors.Is(err, errOffline):
		_, err = fmt.Fprintln(p.stdout, "the contact keeps the contract")
		return err
	case errors.As(err, &broken):
		for _, violation := range broken.Violations {
			fmt.Fprintln(p.stdout, violation)
		}
		return usageError{fmt.Errorf("sakari: the contact breaks the contract in %d place(s)", len(broken.Violations))}
	}
	return err
}

var errOffline = errors.New("nothing is sent")

type offline struct{}

func (offline) RoundTrip(*http.Request) (*http.Response, error) { return nil, errOffline }
