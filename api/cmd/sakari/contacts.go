package main

import (
	"bytes"
	"context"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/urfave/cli/v3"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

func contactCommands(p *process) *cli.Command {
	return group("contact", "create, get, list, update and delete contacts",
		contactCreate(p), contactGet(p), contactList(p), contactUpdate(p), contactDelete(p))
}

func contactCreate(p *process) *cli.Command {
	out, outFlag := outputFlag(contactColumns)
	strategy, mergeFlag := mergeFlag()
	return &cli.Command{
		Name: "create", Usage: "create a contact", ArgsUsage: "[FILE]",
		Flags: []cli.Flag{outFlag, mergeFlag}, ArgValidator: arguments,
		Action: func(ctx context.Context, c *cli.Command) error {
			text, err := readContact(ctx, p, fileArgument(c, 0))
			if err != nil {
				return err
			}
			client, account, err := clientFromEnvironment(p.getenv)
			if err != nil {
				return usageError{err}
			}
			response, err := client.Generated().CreateContactWithBodyWithResponse(ctx, account,
				&gen.CreateContactParams{MergeStrategy: *strategy}, "application/json", bytes.NewReader(text))
			return out.printResponse(p, func() []byte { return response.Body }, err)
		},
	}
}

// mergeFlag returns a strategy that is nil if the flag is not set.
func mergeFlag() (**gen.MergeStrategy, cli.Flag) {
	set := new(*gen.MergeStrategy)
	var strategy gen.MergeStrategy
	flag := choice("merge", "`STRATEGY` append, core or remove: what happens to contacts with the same mobile number",
		&strategy, gen.MergeStrategyAppend, gen.MergeStrategyCore, gen.MergeStrategyRemove)
	flag.(*cli.StringFlag).Action = func(context.Context, *cli.Command, string) error {
		*set = &strategy
		return nil
	}
	return set, flag
}

func contactGet(p *process) *cli.Command {
	out, outFlag := outputFlag(contactColumns)
	return &cli.Command{
		Name: "get", Usage: "get a contact", ArgsUsage: "ID",
		Flags: []cli.Flag{outFlag}, ArgValidator: arguments,
		Action: withClient(p, func(ctx context.Context, c *cli.Command, client *api.Client) error {
			var response api.Response
			_, err := client.GetContact(ctx, c.Args().First(), api.CaptureResponse(&response))
			return out.printResponse(p, func() []byte { return response.Body }, err)
		}),
	}
}

func contactUpdate(p *process) *cli.Command {
	out, outFlag := outputFlag(contactColumns)
	return &cli.Command{
		Name: "update", Usage: "send a contact in place of another", ArgsUsage: "ID [FILE]",
		Flags: []cli.Flag{outFlag}, ArgValidator: arguments,
		Action: func(ctx context.Context, c *cli.Command) error {
			text, err := readContact(ctx, p, fileArgument(c, 1))
			if err != nil {
				return err
			}
			client, account, err := clientFromEnvironment(p.getenv)
			if err != nil {
				return usageError{err}
			}
			response, err := client.Generated().UpdateContactWithBodyWithResponse(
				ctx, account, c.Args().First(), "application/json", bytes.NewReader(text))
			return out.printResponse(p, func() []byte { return response.Body }, err)
		},
	}
}

func contactDelete(p *process) *cli.Command {
	return &cli.Command{
		Name: "delete", Usage: "delete a contact", ArgsUsage: "ID", ArgValidator: arguments,
		Action: withClient(p, func(ctx context.Context, c *cli.Command, client *api.Client) error {
			return client.DeleteContact(ctx, c.Args().First())
		}),
	}
}

func contactList(p *process) *cli.Command {
	out, outFlag := outputFlag(contactColumns)
	var filter api.ContactFilter
	text := func(name string, value *string) cli.Flag {
		const usage = "`TEXT` list only contacts that have it, or a part of it"
		return &cli.StringFlag{Name: name, Usage: usage, Destination: value}
	}
	return &cli.Command{
		Name: "list", Usage: "list contacts",
		Flags: []cli.Flag{
			text("first-name", &filter.FirstName), text("last-name", &filter.LastName),
			text("mobile", &filter.Mobile), text("email", &filter.Email), text("tags", &filter.Tags),
			limitFlag(&filter.Limit), outFlag,
		},
		ArgValidator: arguments,
		Action: withClient(p, func(ctx context.Context, _ *cli.Command, client *api.Client) error {
			return printList(p, out, client.ListContacts(ctx, filter))
		}),
	}
}

func limitFlag(limit *int) cli.Flag {
	return &cli.IntFlag{Name: "limit", Usage: "`N` the size of a page, 1 to 100", Destination: limit, HideDefault: true}
}

// contactColumns returns a row of a table, or its header for nil.
func contactColumns(text jsontext.Value) []string {
	if text == nil {
		return []string{"ID", "FIRST NAME", "LAST NAME", "MOBILE", "EMAIL"}
	}
	return columns(text, "/id", "/firstName", "/lastName", "/mobile/number", "/email")
}
