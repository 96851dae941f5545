// Command sakari sends a contact to the attributes endpoint of the Sakari API,
// checks a contact offline, and runs a double of the API.
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

// Exit statuses.
const (
	done    = 0
	refused = 1 // by the API, or it could not be reached: nothing was done
	invalid = 2 // bad usage, or a contact that breaks the contract: nothing was sent
	unsure  = 3 // the contact may have been processed, or surely was and the answer is broken
)

const usage = `usage:
  sakari create [-type TYPE] [-sandbox] [FILE]   send a contact, print the answer
  sakari check [-type TYPE] [FILE]               hold a contact against the contract, offline
  sakari sandbox [-addr HOST:PORT]               run a double of the API

FILE holds a contact as JSON; without it, or as -, it is read from standard input.

create reads from the environment
  SAKARI_ACCOUNT_ID                         the account
  SAKARI_CLIENT_ID, SAKARI_CLIENT_SECRET    the credentials, or
  SAKARI_TOKEN                              an access token, which is used first
  SAKARI_BASE_URL                           another address of the API

exit status
  0 done
  1 refused by the API, or not reached: nothing was done
  2 bad usage or invalid contact: nothing was sent
  3 outcome unknown, or done and the answer is broken: look before you repeat it
`

// process is what a command has of its surroundings.
type process struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, &process{os.Stdin, os.Stdout, os.Stderr, os.Getenv}, os.Args[1:]))
}

func run(ctx context.Context, p *process, args []string) int {
	commands := map[string]func(context.Context, *process, []string) error{
		"create": create, "check": check, "sandbox": sandbox,
	}
	if len(args) == 0 {
		fmt.Fprint(p.stderr, usage)
		return invalid
	}
	command, ok := commands[args[0]]
	if !ok {
		if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
			fmt.Fprint(p.stdout, usage)
			return done
		}
		fmt.Fprintf(p.stderr, "sakari: no command %q\n\n%s", args[0], usage)
		return invalid
	}
	err := command(ctx, p, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return done
	}
	if err != nil {
		fmt.Fprintln(p.stderr, err)
	}
	return exitStatus(err)
}

// usageError is a mistake of whoever called the command.
type usageError struct{ error }

func exitStatus(err error) int {
	switch outcome := api.OutcomeOf(err); {
	case err == nil:
		return done
	case errors.As(err, new(usageError)), errors.Is(err, api.ErrInvalidRequest):
		return invalid
	case outcome == api.NotApplied:
		return refused
	}
	return unsure
}

func newFlags(p *process, name string) *flag.FlagSet {
	flags := flag.NewFlagSet("sakari "+name, flag.ContinueOnError)
	flags.SetOutput(p.stderr)
	return flags
}

func parse(flags *flag.FlagSet, args []string, most int) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{fmt.Errorf("sakari: %w", err)}
	}
	if flags.NArg() > most {
		return usageError{fmt.Errorf("sakari: too many arguments: %q (flags come first)", flags.Args()[most:])}
	}
	return nil
}

// readContact reads the file of a name, or standard input.
func readContact(ctx context.Context, p *process, name string) ([]byte, error) {
	var contact []byte
	var err error
	if name == "" || name == "-" {
		contact, err = readInput(ctx, p.stdin)
	} else {
		contact, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("sakari: reading the contact: %w", err)}
	}
	return contact, nil
}

// readInput ends with the context, although a terminal's reader does not.
func readInput(ctx context.Context, input io.Reader) (text []byte, err error) {
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
