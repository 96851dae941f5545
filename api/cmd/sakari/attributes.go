package main

import (
	"bytes"
	"context"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/urfave/cli/v3"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

func attributeCommands(p *process) *cli.Command {
	create := createCommand(p)
	create.Usage = "send a contact to the attributes"
	return group("attribute", "create, get, list and update attributes",
		create, attributeGet(p), attributeList(p), attributeUpdate(p))
}

// typeFlag returns a type of attribute, which is contacts if the flag is not set.
func typeFlag(usage string) (*gen.AttributeType, cli.Flag) {
	t := gen.AttributeTypeContacts
	return &t, choice("type", "`TYPE` "+usage, &t,
		gen.AttributeTypeContacts, gen.AttributeTypeDeals, gen.AttributeTypeTickets)
}

const typeUsage = "contacts, deals or tickets: the type of attribute; contacts if it is not set"

func attributeGet(p *process) *cli.Command {
	out, outFlag := outputFlag(attributeColumns)
	attributeType, typeFlag := typeFlag(typeUsage)
	return &cli.Command{
		Name: "get", Usage: "get an attribute", ArgsUsage: "ID",
		Flags: []cli.Flag{typeFlag, outFlag}, ArgValidator: arguments,
		Action: withClient(p, func(ctx context.Context, c *cli.Command, client *api.Client) error {
			var response api.Response
			_, err := client.GetAttribute(ctx, *attributeType, c.Args().First(), api.CaptureResponse(&response))
			return out.printResponse(p, func() []byte { return response.Body }, err)
		}),
	}
}

func attributeUpdate(p *process) *cli.Command {
	attributeType, typeFlag := typeFlag(typeUsage)
	return &cli.Command{
		Name: "update", Usage: "send a contact to an attribute", ArgsUsage: "ID [FILE]",
		Flags: []cli.Flag{typeFlag}, ArgValidator: arguments,
		Action: func(ctx context.Context, c *cli.Command) error {
			text, err := readContact(ctx, p, fileArgument(c, 1))
			if err != nil {
				return err
			}
			client, account, err := clientFromEnvironment(p.getenv)
			if err != nil {
				return usageError{err}
			}
			response, err := client.Generated().UpdateAttributeWithBodyWithResponse(
				ctx, account, *attributeType, c.Args().First(), "application/json", bytes.NewReader(text))
			return printWhole(p, func() []byte { return response.Body }, err)
		},
	}
}

func attributeList(p *process) *cli.Command {
	out, outFlag := outputFlag(attributeColumns)
	attributeType, typeFlag := typeFlag("contacts, deals or tickets: the type of attribute; all if it is not set")
	var size int
	return &cli.Command{
		Name: "list", Usage: "list attributes",
		Flags: []cli.Flag{typeFlag, limitFlag(&size), outFlag}, ArgValidator: arguments,
		Action: withClient(p, func(ctx context.Context, c *cli.Command, client *api.Client) error {
			var limit *int
			if size != 0 {
				limit = &size
			}
			if !c.IsSet("type") {
				return printList(p, out, client.ListAttributes(ctx, gen.ListAttributesParams{Limit: limit}))
			}
			return printList(p, out, client.ListAttributesByType(
				ctx, *attributeType, gen.ListAttributesByTypeParams{Limit: limit}))
		}),
	}
}

// attributeColumns returns a row of a table, or its header for nil.
func attributeColumns(text jsontext.Value) []string {
	if text == nil {
		return []string{"ID", "TYPE", "NAME", "LABEL", "DATA TYPE"}
	}
	return columns(text, "/id", "/type", "/name", "/label", "/dataType")
}
