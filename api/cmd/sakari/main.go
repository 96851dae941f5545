// Command sakari is a command-line client of the Sakari API. It sends a contact to the attributes
// of an account, validates a contact without sending it, and runs a fake server for trials.
//
// "sakari help" lists the commands, the environment variables and the exit statuses.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/sakari-go/sakari-go/api"
)

// Exit statuses, as the usage text describes them.
const (
	exitSuccess    = 0
	exitNotApplied = 1
	exitInvalid    = 2
	exitUnknown    = 3
)

const usage = `usage:
  sakari create [-type TYPE] [-sandbox] [FILE]   send a contact, print the response
  sakari check [-type TYPE] [FILE]               validate a contact, send nothing
  sakari sandbox [-addr HOST:PORT]               run a fake server

FILE is a contact as JSON. Without it, or with -, the contact is read from standard input.

create reads from the environment
  SAKARI_ACCOUNT_ID                         the account
  SAKARI_CLIENT_ID, SAKARI_CLIENT_SECRET    the credentials, or
  SAKARI_TOKEN                              an access token, used instead of them
  SAKARI_BASE_URL                           another address of the API

exit status
  0 success
  1 failure: not reached, or refused by the API; nothing was applied
  2 wrong usage or invalid contact: nothing was sent
  3 outcome unknown, or applied and the response is invalid: check before you send it again
`

// process is what a command uses of its process.
type process struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &process{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}
	os.Exit(run(ctx, p, os.Args[1:]))
}

func run(ctx context.Context, p *process, args []string) (status int) {
	if len(args) == 0 {
		fmt.Fprint(p.stderr, usage)
		return exitInvalid
	}
	var command func(context.Context, *process, []string) error
	switch args[0] {
	case "create":
		command = create
	case "check":
		command = check
	case "sandbox":
		command = sandbox
	case "help", "-h", "--help":
		fmt.Fprint(p.stdout, usage)
		return exitSuccess
	default:
		fmt.Fprintf(p.stderr, "sakari: unknown command %q\n\n%s", args[0], usage)
		return exitInvalid
	}
	err := command(ctx, p, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return exitSuccess
	}
	if err != nil {
		fmt.Fprintln(p.stderr, err)
	}
	return exitStatus(err)
}

// usageError is a mistake in the arguments, the environment or the contact. Nothing was sent.
type usageError struct{ error }

func exitStatus(err error) int {
	switch {
	case err == nil:
		return exitSuccess
	case errors.As(err, new(usageError)), errors.Is(err, api.ErrInvalidRequest):
		return exitInvalid
	case api.OutcomeOf(err) == api.NotApplied:
		return exitNotApplied
	}
	return exitUnknown
}

func newFlags(p *process, name string) *flag.FlagSet {
	flags := flag.NewFlagSet("sakari "+name, flag.ContinueOnError)
	flags.SetOutput(p.stderr)
	return flags
}

// parse parses flags, and at most maxArgs arguments after them.
func parse(flags *flag.FlagSet, args []string, maxArgs int) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{fmt.Errorf("sakari: %w", err)}
	}
	if flags.NArg() > maxArgs {
		return usageError{fmt.Errorf("sakari: too many arguments: %q (flags come first)", flags.Args()[maxArgs:])}
	}
	return nil
}
