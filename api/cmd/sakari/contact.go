package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/sakari-go/sakari-go/gen"
)

func typeFlag(flags *flag.FlagSet) *gen.AttributeType {
	t := gen.AttributeTypeContacts
	flags.Func("type", "", func(value string) error {
		if t = gen.AttributeType(value); t.Valid() {
			return nil
		}
		return fmt.Errorf("want %s, %s or %s",
			gen.AttributeTypeContacts, gen.AttributeTypeDeals, gen.AttributeTypeTickets)
	})
	return &t
}

// readContact reads a file, or standard input if the name is empty or "-".
func readContact(ctx context.Context, p *process, name string) (contact []byte, err error) {
	if name == "" || name == "-" {
		contact, err = readAll(ctx, p.stdin)
	} else {
		contact, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("sakari: reading the contact: %w", err)}
	}
	return contact, nil
}

// readAll reads until the input or the context ends. An interrupt does not end a read of a
// terminal: that read goes on until the process exits.
func readAll(ctx context.Context, input io.Reader) ([]byte, error) {
	var text []byte
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		text, err = io.ReadAll(input)
	}()
	select {
	case <-done:
		return text, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
