package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const maxRecord = 1 << 20 // bytes

// record is one record of a file. It may have several lines, if a quoted cell has line breaks.
type record struct {
	line int            // where it starts, from 1
	body jsontext.Value // what is sent
	row  []string       // its cells, if it is of a CSV file
}

// note is what became of a record. A file with notes can be imported again: they are not sent.
type note struct {
	Line    int    `json:"line"`
	ID      string `json:"id,omitzero"`
	Code    string `json:"code,omitzero"`
	Message string `json:"message,omitzero"`
}

// noteName is the member of a JSON object, or the first part of a column's name, that has a note.
const noteName = "import"

// source reads the records of a file. Its errors are about the whole file.
type source interface {
	next() (record, error)                 // io.EOF after the last one
	header() string                        // what files with the same records begin with
	withNote(record, note) (string, error) // the text of a record and a note
}

// open returns the records of a file. Close closes it.
func open(name string, target Target) (source, io.Closer, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", name) // it cannot be read twice
	}
	if err != nil {
		return nil, nil, err
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	s, err := newSource(name, file, target)
	if err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	return s, file, nil
}

// mark is the byte order mark that Excel writes, and needs to read UTF-8.
const mark = "\ufeff"

var errNotUTF8 = errors.New("not UTF-8: save the file as UTF-8 (in Excel: CSV UTF-8)")

func newSource(name string, file io.Reader, target Target) (source, error) {
	text := bufio.NewReader(file)
	start, err := text.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	isUTF16 := bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")) ||
		bytes.IndexByte(start, 0) >= 0
	if isUTF16 {
		return nil, fmt.Errorf("%s is in UTF-16: save it as UTF-8 (in Excel: CSV UTF-8)", name)
	}
	hasMark := bytes.HasPrefix(start, []byte(mark))
	if hasMark {
		_, _ = text.Discard(len(mark))
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv", ".tsv", ".txt":
		return newCSV(name, text, hasMark, target)
	case ".ndjson", ".jsonl":
		return &ndjson{name: name, text: text}, nil
	}
	return nil, fmt.Errorf("%s: want a file name that ends in .csv or .ndjson", name)
}

// ndjson reads JSON objects, one a line.
type ndjson struct {
	name string
	text *bufio.Reader
	line int
}

func (s *ndjson) next() (record, error) {
	for {
		line, err := s.readLine()
		if err != nil {
			return record{}, err
		}
		if len(line) == 0 {
			continue
		}
		if !utf8.Valid(line) {
			return record{}, fmt.Errorf("%s:%d: %w", s.name, s.line, errNotUTF8)
		}
		body, err := withoutNote(line)
		if err != nil {
			return record{}, fmt.Errorf("%s:%d: invalid JSON: %w", s.name, s.line, err)
		}
		return record{line: s.line, body: body}, nil
	}
}

// readLine returns a line without white space around it.
func (s *ndjson) readLine() ([]byte, error) {
	var line []byte
	for {
		part, err := s.text.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxRecord:
			return nil, fmt.Errorf("%s:%d: the line is larger than %d MiB", s.name, s.line+1, maxRecord>>20)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0, err == nil:
			s.line++
			return bytes.TrimSpace(line), nil
		}
		return nil, err
	}
}

// withoutNote returns a JSON object without the note of an earlier import.
func withoutNote(text []byte) (jsontext.Value, error) {
	decoder := jsontext.NewDecoder(bytes.NewReader(text))
	if token, err := decoder.ReadToken(); err != nil {
		return nil, err
	} else if token.Kind() != jsontext.KindBeginObject {
		return nil, errors.New("want an object")
	}
	body := []byte{'{'}
	for decoder.PeekKind() == jsontext.KindString {
		name, err := decoder.ReadValue()
		if err != nil {
			return nil, err
		}
		name = name.Clone()
		value, err := decoder.ReadValue()
		if err != nil {
			return nil, err
		}
		if string(name) == `"`+noteName+`"` {
			continue
		}
		if len(body) > 1 {
			body = append(body, ',')
		}
		body = append(append(append(body, name...), ':'), value...)
	}
	if _, err := decoder.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("want one object a line")
	}
	return append(body, '}'), nil
}

func (s *ndjson) header() string { return "" }

func (s *ndjson) withNote(r record, n note) (string, error) {
	text, err := json.Marshal(n)
	if err != nil {
		return "", err
	}
	comma := ","
	if string(r.body) == "{}" {
		comma = ""
	}
	return fmt.Sprintf("%s%s%q:%s}\n", r.body[:len(r.body)-1], comma, noteName, text), nil
}
