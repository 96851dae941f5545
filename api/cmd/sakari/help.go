package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"
)

func init() {
	cli.FlagStringer = describeFlag
	cli.RootCommandHelpTemplate, cli.CommandHelpTemplate, cli.SubcommandHelpTemplate = manPage, manPage, manPage
}

const helpColumns = 90 // of the lines of an option

// describeFlag returns the lines of an option. A usage begins with the name of its value in
// backquotes, if it has one. It is one line, because completion prints it too.
func describeFlag(flag cli.Flag) string {
	documented, ok := flag.(cli.DocGenerationFlag)
	if !ok {
		return ""
	}
	names := flag.Names()
	for i, name := range names {
		names[i] = "-" + name
	}
	text := strings.Join(names, ", ")
	usage := documented.GetUsage()
	if value, rest, hasValue := strings.Cut(strings.TrimPrefix(usage, "`"), "` "); hasValue {
		text, usage = text+" "+value, rest
	}
	column := helpColumns // so that the first word begins a line
	for word := range strings.FieldsSeq(usage) {
		if column += 1 + len(word); column > helpColumns {
			text, column = text+"\n      ", 7+len(word)
		}
		text += " " + word
	}
	return text
}

const manPage = `NAME
   {{.FullName}} - {{.Usage}}

SYNOPSIS
   {{.FullName}}
{{- if .VisibleCommands}} COMMAND{{else if gt (len .VisibleFlags) 1}} [OPTIONS]{{end}}{{with .ArgsUsage}} {{.}}{{end}}
{{with .VisibleCommands}}
COMMANDS{{range .}}{{if .VisibleCommands}}{{range .VisibleCommands}}
   {{.FullName}}{{with .ArgsUsage}} {{.}}{{end}}{{"\t"}}{{.Usage}}{{end}}{{else}}
   {{.FullName}}{{with .ArgsUsage}} {{.}}{{end}}{{"\t"}}{{.Usage}}{{end}}{{end}}
{{end}}{{with .Description}}
{{.}}
{{end}}
OPTIONS{{range .VisibleFlags}}
   {{.}}{{end}}
`

const rootDescription = `DESCRIPTION
   The records that commands print are JSON, one a line; lists are printed as their pages come.
   FILE of a contact is JSON in UTF-8 of at most 1 MiB. Without it, or with -, the contact is read
   from standard input. What an API call returned that does not conform to the spec is printed too.
   "sakari help COMMAND" and "sakari COMMAND -h" describe the options of a command.

ENVIRONMENT
   SAKARI_ACCOUNT_ID
       the account
   SAKARI_CLIENT_ID, SAKARI_CLIENT_SECRET
       the credentials, or
   SAKARI_TOKEN
       an access token, used instead of them
   SAKARI_BASE_URL
       another address of the API, such as that of "sakari sandbox"

EXIT STATUS
   0   success
   1   failure: not reached, or refused by the API; nothing was applied
       (of an import: some records were not applied, or not sent)
   2   wrong usage or invalid contact; nothing was sent
   3   outcome unknown, or applied and the response is invalid: check before you send it again
       (of an import: some records may have been applied)

EXAMPLES
   sakari create -sandbox contact.json
       send a contact to a fake server in this process; needs no account
   sakari import -dry-run contacts.csv
       validate a file, send nothing
   sakari contact list -email @example.com -o table
       list contacts for people
   source <(sakari completion bash)
       complete commands and options in this shell (of bash with the package bash-completion);
       also zsh, fish and pwsh

SEE ALSO
   https://developer.sakari.io/api-reference`

func helpCommand() *cli.Command {
	return &cli.Command{
		Name: "help", Usage: "describe the commands, or one of them", ArgsUsage: "[COMMAND] [COMMAND]",
		ArgValidator: arguments,
		Action: func(ctx context.Context, c *cli.Command) error {
			parent := c.Root()
			for _, name := range c.Args().Slice() {
				found := parent.Command(name)
				if found == nil {
					return usageError{fmt.Errorf("sakari: unknown command %q (see \"sakari help\")", name)}
				}
				parent = found
			}
			if parent == c.Root() {
				return cli.ShowRootCommandHelp(parent)
			}
			return cli.ShowSubcommandHelp(parent)
		},
	}
}
