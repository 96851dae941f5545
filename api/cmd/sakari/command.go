package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/sakari-go/sakari-go/api"
)

// group returns a command that has only commands.
func group(name, usage string, commands ...*cli.Command) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, Commands: commands,
		Action: func(_ context.Context, c *cli.Command) error {
			var names []string
			for _, command := range c.VisibleCommands() {
				names = append(names, command.Name)
			}
			message := "a command is missing"
			if c.NArg() > 0 {
				message = fmt.Sprintf("unknown command %q", c.Args().First())
			}
			return usageError{fmt.Errorf("sakari: %s: want %s (see \"%s -h\")",
				message, strings.Join(names, ", "), c.FullName())}
		},
	}
}

// arguments checks the number of arguments. The names of those that a command needs are those
// without brackets in its ArgsUsage.
func arguments(_ context.Context, c *cli.Command) error {
	names := strings.Fields(c.ArgsUsage)
	for i, name := range names {
		if !strings.HasPrefix(name, "[") && c.Args().Get(i) == "" {
			return usageError{fmt.Errorf("sakari: the argument %s is missing (see \"%s -h\")", name, c.FullName())}
		}
	}
	if c.NArg() > len(names) {
		const message = "sakari: too many arguments: %q (see \"%s -h\")"
		return usageError{fmt.Errorf(message, c.Args().Slice()[len(names):], c.FullName())}
	}
	return nil
}

// choice returns a flag that has one of a few values.
func choice[T interface {
	~string
	Valid() bool
}](name, usage string, value *T, want ...T) cli.Flag {
	return &cli.StringFlag{
		Name: name, Usage: usage,
		Validator: func(text string) error {
			if *value = T(text); T(text).Valid() {
				return nil
			}
			names := make([]string, len(want))
			for i, w := range want {
				names[i] = string(w)
			}
			return errors.New("want " + strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1])
		},
	}
}

// withClient returns an action that needs a client and no input.
func withClient(p *process, do func(context.Context, *cli.Command, *api.Client) error) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) error {
		client, _, err := clientFromEnvironment(p.getenv)
		if err != nil {
			return usageError{err}
		}
		return do(ctx, c, client)
	}
}
