package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

var contactCommands = commandSet{
	"create": contactCreate,
	"get":    contactGet,
	"list":   contactList,
	"update": contactUpdate,
	"delete": contactDelete,
}

func contact(ctx context.Context, p *process, args []string) error {
	return contactCommands.run(ctx, p, "contact", args)
}

func contactCreate(ctx context.Context, p *process, args []string) error {
	flags := newFlags("contact create")
	out := outputFlag(flags, contactColumns)
	var params gen.CreateContactParams
	flags.Func("merge", "", func(value string) error {
		if strategy := gen.MergeStrategy(value); strategy.Valid() {
			params.MergeStrategy = &strategy
			return nil
		}
		return fmt.Errorf("want %s, %s or %s", gen.MergeStrategyAppend, gen.MergeStrategyCore, gen.MergeStrategyRemove)
	})
	if err := parse(flags, args, 0, 1); err != nil {
		return err
	}
	text, err := readContact(ctx, p, flags.Args())
	if err != nil {
		return err
	}
	client, account, err := clientFromEnvironment(p.getenv)
	if err != nil {
		return usageError{err}
	}
	response, err := client.Generated().CreateContactWithBodyWithResponse(
		ctx, account, &params, "application/json", bytes.NewReader(text))
	return out.printResponse(p, func() []byte { return response.Body }, err)
}

func contactGet(ctx context.Context, p *process, args []string) error {
	flags := newFlags("contact get")
	out := outputFlag(flags, contactColumns)
	if err := parse(flags, args, 1, 1); err != nil {
		return err
	}
	client, _, err := clientFromEnvironment(p.getenv)
	if err != nil {
		return usageError{err}
	}
	var response api.Response
	_, err = client.GetContact(ctx, flags.Arg(0), api.CaptureResponse(&response))
	return out.printResponse(p, func() []byte { return response.Body }, err)
}

func contactUpdate(ctx context.Context, p *process, args []string) error {
	flags := newFlags("contact update")
	out := outputFlag(flags, contactColumns)
	if err := parse(flags, args, 1, 2); err != nil {
		return err
	}
	text, err := readContact(ctx, p, flags.Args()[1:])
	if err != nil {
		return err
	}
	client, account, err := clientFromEnvironment(p.getenv)
	if err != nil {
		return usageError{err}
	}
	response, err := client.Generated().UpdateContactWithBodyWithResponse(
		ctx, account, flags.Arg(0), "application/json", bytes.NewReader(text))
	return out.printResponse(p, func() []byte { return response.Body }, err)
}

func contactDelete(ctx context.Context, p *process, args []string) error {
	flags := newFlags("contact delete")
	if err := parse(flags, args, 1, 1); err != nil {
		return err
	}
	client, _, err := clientFromEnvironment(p.getenv)
	if err != nil {
		return usageError{err}
	}
	return client.DeleteContact(ctx, flags.Arg(0))
}

func contactList(ctx context.Context, p *process, args []string) error {
	flags := newFlags("contact list")
	out := outputFlag(flags, contactColumns)
	var filter api.ContactFilter
	flags.StringVar(&filter.FirstName, "first-name", "", "")
	flags.StringVar(&filter.LastName, "last-name", "", "")
	flags.StringVar(&filter.Mobile, "mobile", "", "")
	flags.StringVar(&filter.Email, "email", "", "")
	flags.StringVar(&filter.Tags, "tags", "", "")
	flags.IntVar(&filter.Limit, "limit", 0, "")
	if err := parse(flags, args, 0, 0); err != nil {
		return err
	}
	client, _, err := clientFromEnvironment(p.getenv)
	if err != nil {
		return usageError{err}
	}
	return printList(p, out, client.ListContacts(ctx, filter))
}

// contactColumns returns a row of a table, or its header for nil.
func contactColumns(text jsontext.Value) []string {
	if text == nil {
		return []string{"ID", "FIRST NAME", "LAST NAME", "MOBILE", "EMAIL"}
	}
	return columns(text, "/id", "/firstName", "/lastName", "/mobile/number", "/email")
}
