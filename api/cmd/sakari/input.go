package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/urfave/cli/v3"
)

const maxInput = 1 << 20 // bytes

// fileArgument returns an argument, and "-" if there are fewer.
func fileArgument(c *cli.Command, i int) string {
	if c.NArg() <= i {
		return "-"
	}
	return c.Args().Get(i)
}

// readContact reads JSON from a file, or from standard input if its name is "-".
func readContact(ctx context.Context, p *process, name string) ([]byte, error) {
	text, err := wait(ctx, func() ([]byte, error) { return read(p, name) })
	if err == nil {
		err = checkJSON(name, text)
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("sakari: reading the contact: %w", err)}
	}
	return text, nil
}

// read reads at most one byte more than is allowed.
func read(p *process, name string) ([]byte, error) {
	input := p.stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		input = file
	}
	if isTerminal(input) {
		fmt.Fprintln(p.stderr, "sakari: reading the contact from the terminal; end with Ctrl-D")
	}
	return io.ReadAll(io.LimitReader(input, maxInput+1))
}

// wait reads until the input or the context ends. An interrupt does not end a read of a terminal,
// nor the opening of a pipe: these go on until the process exits.
func wait(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	var text []byte
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		text, err = read()
	}()
	select {
	case <-done:
		return text, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// isTerminal reports whether an input or output is that of a person. The null device is a character
// device too.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// checkJSON returns where a text is not JSON that every decoder reads alike. Package api has no
// lines: it reports the first byte.
func checkJSON(name string, text []byte) error {
	if name == "-" {
		name = "standard input"
	}
	if len(text) > maxInput {
		return fmt.Errorf("%s is larger than %d MiB", name, maxInput>>20)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return fmt.Errorf("%s is empty", name)
	}
	for _, mark := range []string{"\ufeff", "\xff\xfe", "\xfe\xff"} { // UTF-8, UTF-16
		if bytes.HasPrefix(text, []byte(mark)) {
			return fmt.Errorf("%s starts with a byte order mark: save it as UTF-8 without one", name)
		}
	}
	err := json.Unmarshal(text, new(jsontext.Value))
	var invalid *jsontext.SyntacticError
	if !errors.As(err, &invalid) {
		return err
	}
	before := text[:invalid.ByteOffset]
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	return fmt.Errorf("%s:%d:%d: invalid JSON: %w",
		name, bytes.Count(before, []byte("\n"))+1, utf8.RuneCount(line)+1, invalid.Err)
}
