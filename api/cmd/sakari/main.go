// Command sakari is a command-line client of the Sakari API. It creates, gets, lists, updates and
// deletes contacts, does the same with attributes, imports files, validates a contact without
// sending it, and runs a fake server for trials.
//
// "sakari help" lists the commands, the environment variables and the exit statuses.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/sakari-go/sakari-go/api"
)

// Exit statuses, as the help describes them.
const (
	exitSuccess    = 0
	exitNotApplied = 1
	exitInvalid    = 2
	exitUnknown    = 3
)

// process is what a command uses of its process.
type process struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}

func main() {
	ctx, stop := notifyContext(context.Background())
	context.AfterFunc(ctx, stop) // a second interrupt ends the process
	p := &process{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}
	os.Exit(run(ctx, p, os.Args[1:]))
}

func run(ctx context.Context, p *process, args []string) (status int) {
	root := newRoot(p)
	var help strings.Builder // and completion; package cli ignores an error of the writer
	root.Writer, root.ErrWriter = &help, p.stderr
	err := root.Run(ctx, append([]string{root.Name}, args...))
	if err == nil && help.Len() > 0 {
		err = write(p, help.String())
	}
	if err != nil {
		fmt.Fprintln(p.stderr, err)
	}
	return exitStatus(err)
}

func newRoot(p *process) *cli.Command {
	root := group("sakari", "a command-line client of the Sakari API",
		contactCommands(p), attributeCommands(p), createCommand(p), checkCommand(p), importCommand(p),
		sandboxCommand(p), versionCommand(p), helpCommand())
	root.Description = rootDescription
	root.EnableShellCompletion = true
	root.ConfigureShellCompletionCommand = func(c *cli.Command) {
		c.Hidden, c.ArgsUsage = false, "SHELL"
		c.Usage = "print a script that completes commands in bash, zsh, fish or pwsh"
		for _, shell := range c.Commands {
			shell.Hidden = true
		}
	}
	root.HideVersion, root.HideHelpCommand = true, true
	root.ExitErrHandler = func(context.Context, *cli.Command, error) {} // run prints the error
	_ = root.Walk(func(c *cli.Command) error {                          // the function returns no error
		c.OnUsageError = func(_ context.Context, _ *cli.Command, err error, _ bool) error {
			return usageError{fmt.Errorf("sakari: %w (see \"%s -h\")", err, c.FullName())}
		}
		return nil
	})
	return root
}

// usageError is a mistake in the arguments, the environment or the contact. Nothing was sent.
type usageError struct{ error }

// outputError reports that the output of a command that sends nothing could not be written.
type outputError struct{ error }

func write(p *process, text string) error {
	if _, err := io.WriteString(p.stdout, text); err != nil {
		return outputError{fmt.Errorf("sakari: %w", err)}
	}
	return nil
}

func exitStatus(err error) int {
	var left leftError
	switch {
	case err == nil:
		return exitSuccess
	case errors.As(err, &left):
		return left.exitStatus()
	case errors.As(err, new(usageError)), errors.Is(err, api.ErrInvalidRequest):
		return exitInvalid
	case errors.As(err, new(outputError)), api.OutcomeOf(err) == api.NotApplied:
		return exitNotApplied
	}
	return exitUnknown
}
