package main

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/urfave/cli/v3"
)

// output is how records are printed: as JSON, or as a table for people.
type output struct {
	isTable bool
	columns func(record jsontext.Value) []string // the header for nil
}

func outputFlag(columns func(jsontext.Value) []string) (*output, cli.Flag) {
	out := &output{columns: columns}
	return out, &cli.StringFlag{
		Name: "o", Usage: "`FORMAT` json, or table for people; json if it is not set",
		Validator: func(value string) error {
			if out.isTable = value == "table"; !out.isTable && value != "json" {
				return errors.New("want json or table")
			}
			return nil
		},
	}
}

// printResponse prints the records in the body of a response. It prints an invalid response as it
// is: it may be all that tells what was applied.
func (o *output) printResponse(p *process, body func() []byte, err error) error {
	if err != nil {
		return errors.Join(err, printInvalid(p, err))
	}
	var envelope struct {
		Data jsontext.Value `json:"data"`
	}
	if err := json.Unmarshal(body(), &envelope); err != nil {
		return err
	}
	records := []jsontext.Value{envelope.Data}
	if envelope.Data.Kind() == '[' {
		if err := json.Unmarshal(envelope.Data, &records); err != nil {
			return err
		}
	}
	return printRecords(p, o, func(yield func(jsontext.Value, error) bool) {
		for _, record := range records {
			if !yield(record, nil) {
				return
			}
		}
	})
}

// printWhole prints the body of a response.
func printWhole(p *process, body func() []byte, err error) error {
	if err != nil {
		return errors.Join(err, printInvalid(p, err))
	}
	return printBody(p, body())
}

// printList prints the records of a list as they come.
func printList[T json.Marshaler](p *process, o *output, list iter.Seq2[T, error]) error {
	err := printRecords(p, o, func(yield func(jsontext.Value, error) bool) {
		for record, err := range list {
			var text []byte
			if err == nil {
				text, err = record.MarshalJSON()
			}
			if !yield(text, err) {
				return
			}
		}
	})
	if errors.As(err, new(printError)) { // a list changes nothing
		return outputError{err}
	}
	return err
}

// maxTable is after how many rows a table is printed. Its columns may have another width then.
const maxTable = 100

// printRecords prints one record a line. The error of a list follows those that came before it.
func printRecords(p *process, o *output, records iter.Seq2[jsontext.Value, error]) error {
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	n := 0
	for record, err := range records {
		if err != nil {
			return errors.Join(table.Flush(), err, printInvalid(p, err))
		}
		line := string(record) + "\n"
		if o.isTable {
			line = strings.Join(o.columns(record), "\t") + "\n"
			if n == 0 {
				line = strings.Join(o.columns(nil), "\t") + "\n" + line
			}
		}
		write := func() error { _, err := fmt.Fprint(p.stdout, line); return err }
		if o.isTable {
			write = func() error { _, err := fmt.Fprint(table, line); return err }
		}
		if err := write(); err != nil {
			return printError{err}
		}
		if n++; n%maxTable == 0 {
			_ = table.Flush()
		}
	}
	if err := table.Flush(); err != nil {
		return printError{err}
	}
	return nil
}

// printError reports that a record could not be printed.
type printError struct{ error }

func (e printError) Error() string { return "sakari: printing the response: " + e.error.Error() }

// columns returns the texts at places in a record. Each is one line.
func columns(record jsontext.Value, places ...jsontext.Pointer) []string {
	var row []string
	for _, place := range places {
		var value any
		_ = json.Unmarshal(record, &value) // it came as JSON
		for step := range place.Tokens() {
			members, _ := value.(map[string]any)
			value = members[step]
		}
		text, _ := value.(string)
		row = append(row, strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, text))
	}
	return row
}
