package main

import (
	"bytes"
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

var attributeCommands = commandSet{
	"create": create,
	"get":    attributeGet,
	"list":   attributeList,
	"update": attributeUpdate,
}

func attribute(ctx context.Context, p *process, args []string) error {
	return attributeCommands.run(ctx, p, "attribute", args)
}

func attributeGet(ctx context.Context, p *process, args []string) error {
	flags := newFlags("attribute get")
	attributeType := typeFlag(flags)
	out := outputFlag(flags, attributeColumns)
	if err := parse(flags, args, 1, 1); err != nil {
		return err
	}
	client, _, err := clientFromEnvironment(p.getenv)
	if err != nil {
		return usageError{err}
	}
	var response api.Response
	_, err = client.GetAttribute(ctx, *attributeType, flags.Arg(0), api.CaptureResponse(&response))
	return out.printResponse(p, func() []byte { return response.Body }, err)
}

func attributeUpdate(ctx context.Context, p *process, args []string) error {
	flags := newFlags("attribute update")
	attributeType := typeFlag(flags)
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
	response, err := client.Generated().UpdateAttributeWithBodyWithResponse(
		ctx, account, *attributeType, flags.Arg(0), "application/json", bytes.NewReader(text))
	return printWhole(p, func() []byte { return response.Body }, err)
}

// attributeList lists the attributes of one type, or of all.
func attributeList(ctx context.Context, p *process, args []string) error {
	flags := newFlags("attribute list")
	attributeType := typeFlag(flags)
	out := outputFlag(flags, attributeColumns)
	limit := flags.Int("limit", 0, "")
	if err := parse(flags, args, 0, 0); err != nil {
		return err
	}
	client, _, err := clientFromEnvironment(p.getenv)
	if err != nil {
		return usageError{err}
	}
	if *limit == 0 {
		limit = nil
	}
	if !isSet(flags, "type") {
		return printList(p, out, client.ListAttributes(ctx, gen.ListAttributesParams{Limit: limit}))
	}
	return printList(p, out,
		client.ListAttributesByType(ctx, *attributeType, gen.ListAttributesByTypeParams{Limit: limit}))
}

// attributeColumns returns a row of a table, or its header for nil.
func attributeColumns(text jsontext.Value) []string {
	if text == nil {
		return []string{"ID", "TYPE", "NAME", "LABEL", "DATA TYPE"}
	}
	return columns(text, "/id", "/type", "/name", "/label", "/dataType")
}
