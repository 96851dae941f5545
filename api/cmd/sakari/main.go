// Command sakari is a command-line client of the Sakari API. It creates, gets, lists, updates and
// deletes contacts, does the same with attributes, validates a contact without sending it, and runs
// a fake server for trials.
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
  sakari contact create [-merge STRATEGY] [FILE]      create a contact
  sakari contact get|delete ID                        get or delete a contact
  sakari contact update ID [FILE]                     send a contact in place of another
  sakari contact list [FILTERS] [-limit N]            list contacts
  sakari attribute create [-type TYPE] [FILE]         send a contact to the attributes
  sakari attribute get [-type TYPE] ID                get an attribute
  sakari attribute update [-type TYPE] ID [FILE]      send a contact to an attribute
  sakari attribute list [-type TYPE] [-limit N]       list attributes, of all types without -type
  sakari create [-type TYPE] [-sandbox] [FILE]        the same as attribute create
  sakari check [-type TYPE] [-strict] [FILE]          validate a contact, send nothing
  sakari sandbox [-addr HOST:PORT] [-env-file NAME]   run a fake server, print the environment
  sakari version                                      print the versions of sakari and of Go
  sakari help                                         print this text

FILE is a contact as JSON, in UTF-8, of at most 1 MiB. Without it, or with -, the contact is read
from standard input. Contacts and attributes are printed as JSON, one a line, and lists as their
pages come. The response to a contact that is sent to the attributes is printed as it is.

flags, which come before ID and FILE
  -o FORMAT          json, or table for people; json if it is not set
  -merge STRATEGY    append, core or remove: what happens to contacts with the same mobile number
  -first-name, -last-name, -mobile, -email, -tags TEXT
                     list only contacts that have it, or a part of it
  -limit N           the size of a page, 1 to 100
  -type TYPE         type of attribute: contacts, deals or tickets; contacts if it is not set
  -sandbox           send to a fake server in this process; needs no environment
  -strict            properties that the spec does not declare are an error, not a warning
  -addr HOST:PORT    localhost or a loopback IP address; port 0, or no -addr, is any free port
  -env-file NAME     also write the environment to a file that only its owner can read; the file
                     is complete as soon as it exists, and is removed when the server stops

the commands that send read from the environment
  SAKARI_ACCOUNT_ID                         the account
  SAKARI_CLIENT_ID, SAKARI_CLIENT_SECRET    the credentials, or
  SAKARI_TOKEN                              an access token, used instead of them
  SAKARI_BASE_URL                           another address of the API

exit status
  0 success
  1 failure: not reached, or refused by the API; nothing was applied
  2 wrong usage or invalid contact: nothing was sent
  3 outcome unknown, or applied and the response is invalid: check before you send it again
    (the body of an invalid response is printed, too)
`

// process is what a command uses of its process.
type process struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}

func main() {
	ctx, stop := notifyContext(context.Background())
	defer stop()
	p := &process{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}
	os.Exit(run(ctx, p, os.Args[1:]))
}

var commands = map[string]func(context.Context, *process, []string) error{
	"contact":   contact,
	"attribute": attribute,
	"create":    create,
	"check":     check,
	"sandbox":   sandbox,
	"version":   version,
	"help":      help,
	"-h":        help,
	"--help":    help,
}

func run(ctx context.Context, p *process, args []string) (status int) {
	if len(args) == 0 {
		fmt.Fprint(p.stderr, usage)
		return exitInvalid
	}
	command, ok := commands[args[0]]
	if !ok {
		fmt.Fprintf(p.stderr, "sakari: unknown command %q (see \"sakari help\")\n", args[0])
		return exitInvalid
	}
	err := command(ctx, p, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		err = write(p, usage)
	}
	if err != nil {
		fmt.Fprintln(p.stderr, err)
	}
	return exitStatus(err)
}

func help(_ context.Context, _ *process, args []string) error {
	if err := parse(newFlags("help"), args, 0, 0); err != nil {
		return err
	}
	return flag.ErrHelp
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
	switch {
	case err == nil:
		return exitSuccess
	case errors.As(err, new(usageError)), errors.Is(err, api.ErrInvalidRequest):
		return exitInvalid
	case errors.As(err, new(outputError)), api.OutcomeOf(err) == api.NotApplied:
		return exitNotApplied
	}
	return exitUnknown
}

func newFlags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet("sakari "+name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the usage text describes all flags
	return flags
}

// parse parses flags, and the arguments after them.
func parse(flags *flag.FlagSet, args []string, minArgs, maxArgs int) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{fmt.Errorf("sakari: %w (see \"sakari help\")", err)}
	}
	if flags.NArg() < minArgs || minArgs > 0 && flags.Arg(0) == "" {
		return usageError{errors.New("sakari: the ID is missing (flags come first; see \"sakari help\")")}
	}
	if flags.NArg() > maxArgs {
		const message = "sakari: too many arguments: %q (flags come first; see \"sakari help\")"
		return usageError{fmt.Errorf(message, flags.Args()[maxArgs:])}
	}
	return nil
}
