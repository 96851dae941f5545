package importer

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// csvSource reads the records of a CSV file. Its first row has the paths of properties, such as
// "mobile.number".
type csvSource struct {
	name    string
	reader  *csv.Reader
	limit   *recordLimit
	row     []string // the first one
	hasMark bool
	hasCRLF bool
	columns []column
	arrays  [][]string // paths of arrays, the longest first
}

// column is a column that is sent.
type column struct {
	index int
	path  []string
	kind  string // the type in the spec, "" if it has none
}

// vendorColumns are the names that the vendor's own CSV files have for nested properties.
var vendorColumns = map[string]string{"mobile": "mobile.number", "country": "mobile.country"}

// noteColumns are the names of a note's columns.
var noteColumns = []string{noteName + ".line", noteName + ".id", noteName + ".code", noteName + ".message"}

func newCSV(name string, text *bufio.Reader, hasMark bool, target Target) (*csvSource, error) {
	start, _ := text.Peek(text.Size())
	first, _, _ := bytes.Cut(start, []byte("\n"))
	limit := &recordLimit{reader: text}
	s := &csvSource{
		name: name, limit: limit, reader: csv.NewReader(limit),
		hasMark: hasMark, hasCRLF: bytes.HasSuffix(first, []byte("\r")),
	}
	for _, separator := range ",;\t" { // Excel writes ";" where "," is in numbers
		if bytes.ContainsRune(first, separator) {
			s.reader.Comma = separator
			break
		}
	}
	row, err := s.read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s is empty: the first line names the columns", name)
	}
	if err != nil {
		return nil, err
	}
	s.row = slices.Clone(row)
	if err := s.readHeader(target.Schema); err != nil {
		return nil, fmt.Errorf("%s:1: %w", name, err)
	}
	if target.Undeclared == nil {
		return s, nil
	}
	sample := slices.Repeat([]string{"0"}, len(s.row))
	body, err := s.body(sample)
	if err != nil {
		return nil, err
	}
	if messages := target.Undeclared(body); len(messages) > 0 {
		return nil, fmt.Errorf("%s:1: %s", name, strings.Join(messages, "; "))
	}
	return s, nil
}

// readHeader finds what the cells of the first row name.
func (s *csvSource) readHeader(schema *openapi3.Schema) error {
	seen := make(map[string]string) // the cell of each path
	for i, cell := range s.row {
		name := strings.TrimSpace(cell)
		if strings.HasPrefix(name, noteName+".") {
			continue
		}
		if full := vendorColumns[name]; full != "" {
			name = full
		}
		path := strings.Split(name, ".")
		if slices.Contains(path, "") {
			return fmt.Errorf("the name of column %d, %q, is not a path such as mobile.number", i+1, cell)
		}
		if before, isRepeated := seen[name]; isRepeated {
			return fmt.Errorf("columns %q and %q are the same property", before, cell)
		}
		seen[name] = cell
		kind, err := s.kindOf(schema, path)
		if err != nil {
			return fmt.Errorf("column %q: %w", cell, err)
		}
		s.columns = append(s.columns, column{index: i, path: path, kind: kind})
	}
	for name, cell := range seen {
		for outer := range seen {
			if strings.HasPrefix(name, outer+".") {
				return fmt.Errorf("column %q is a part of column %q", cell, seen[outer])
			}
		}
	}
	if len(s.columns) == 0 {
		return errors.New("no column has a property")
	}
	slices.SortFunc(s.arrays, func(a, b []string) int { return len(b) - len(a) })
	return nil
}

// kindOf returns the type of the property at a path, "" if the spec does not have one, and notes
// the arrays on the way.
func (s *csvSource) kindOf(schema *openapi3.Schema, path []string) (string, error) {
	for i, name := range path {
		switch {
		case schema == nil:
			return "", nil
		case schema.Type.Is(openapi3.TypeArray):
			if n, err := strconv.Atoi(name); err != nil || n < 0 || n > maxElements {
				return "", fmt.Errorf("%s is a list: want a number from 0 to %d, as in %s.0",
					strings.Join(path[:i], "."), maxElements, strings.Join(path[:i], "."))
			}
			s.arrays = append(s.arrays, path[:i])
			schema = schema.Items.Value
		default:
			schema = propertyOf(schema, name)
		}
	}
	switch {
	case schema == nil || schema.Type == nil:
		return "", nil
	case schema.Type.Is(openapi3.TypeArray), schema.Type.Is(openapi3.TypeObject):
		return "", fmt.Errorf("it has parts: name one of them, such as %s.name", strings.Join(path, "."))
	}
	return schema.Type.Slice()[0], nil
}

const maxElements = 99 // the last index of a list in a CSV file

// propertyOf returns the schema of a property, or nil if the spec does not have it.
func propertyOf(schema *openapi3.Schema, name string) *openapi3.Schema {
	if property := schema.Properties[name]; property != nil {
		return property.Value
	}
	for _, part := range schema.AllOf {
		if found := propertyOf(part.Value, name); found != nil {
			return found
		}
	}
	return nil
}

func (s *csvSource) next() (record, error) {
	row, err := s.read()
	if err != nil {
		return record{}, err
	}
	line, _ := s.reader.FieldPos(0)
	body, err := s.body(row)
	if err != nil {
		return record{}, err
	}
	return record{line: line, body: body, row: row}, nil
}

// read returns a row. Its errors have the line.
func (s *csvSource) read() ([]string, error) {
	s.limit.left = maxRecord
	row, err := s.reader.Read()
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, errTooLarge):
		return nil, fmt.Errorf("%s: %w", s.name, err)
	case errors.Is(err, csv.ErrFieldCount):
		line, _ := s.reader.FieldPos(0)
		return nil, fmt.Errorf("%s:%d: the row has %d cells, but the first row has %d",
			s.name, line, len(row), len(s.row))
	case errors.As(err, &syntax):
		if syntax.StartLine != syntax.Line {
			syntax.Err = fmt.Errorf("%w (the row starts in line %d)", syntax.Err, syntax.StartLine)
		}
		return nil, fmt.Errorf("%s:%d:%d: %w", s.name, syntax.Line, syntax.Column, syntax.Err)
	case err != nil:
		return nil, err
	}
	for i, cell := range row {
		if !utf8.ValidString(cell) {
			line, at := s.reader.FieldPos(i)
			return nil, fmt.Errorf("%s:%d:%d: %w", s.name, line, at, errNotUTF8)
		}
	}
	return row, nil
}

// body returns the JSON of a row. A property with an empty cell is left out.
func (s *csvSource) body(row []string) (jsontext.Value, error) {
	root := make(map[string]any)
	for _, c := range s.columns {
		if row[c.index] != "" {
			set(root, c.path, valueOf(row[c.index], c.kind))
		}
	}
	for _, path := range s.arrays {
		toArray(root, path)
	}
	return json.Marshal(root, json.Deterministic(true))
}

func set(members map[string]any, path []string, value any) {
	for _, name := range path[:len(path)-1] {
		inner, _ := members[name].(map[string]any)
		if inner == nil {
			inner = make(map[string]any)
			members[name] = inner
		}
		members = inner
	}
	members[path[len(path)-1]] = value
}

// toArray replaces the object at a path, whose names are numbers, with an array.
func toArray(members map[string]any, path []string) {
	for _, name := range path[:len(path)-1] {
		members, _ = members[name].(map[string]any)
	}
	name := path[len(path)-1]
	byNumber, isObject := members[name].(map[string]any)
	if !isObject {
		return
	}
	numbers := slices.SortedFunc(maps.Keys(byNumber), func(a, b string) int {
		m, _ := strconv.Atoi(a)
		n, _ := strconv.Atoi(b)
		return m - n
	})
	var elements []any
	for _, number := range numbers {
		elements = append(elements, byNumber[number])
	}
	members[name] = elements
}

// valueOf returns a cell as the type that the spec has. What is not of this type stays a text, and
// the validation says so.
func valueOf(cell, kind string) any {
	switch kind {
	case openapi3.TypeInteger, openapi3.TypeNumber:
		if value := jsontext.Value(cell); value.IsValid() && value.Kind() == jsontext.KindNumber {
			return value
		}
	case openapi3.TypeBoolean:
		if value, err := strconv.ParseBool(cell); err == nil && len(cell) > 1 { // Excel writes TRUE
			return value
		}
	}
	return cell
}

func (s *csvSource) header() string {
	text, _ := s.write(s.row, noteColumns...) // cells of a header can be written
	if s.hasMark {
		text = mark + text
	}
	return text
}

func (s *csvSource) withNote(r record, n note) (string, error) {
	return s.write(r.row, strconv.Itoa(n.Line), n.ID, n.Code, n.Message)
}

// write returns a row without the note of an earlier import, and with another one.
func (s *csvSource) write(row []string, note ...string) (string, error) {
	var cells []string
	for i, cell := range row {
		if !strings.HasPrefix(strings.TrimSpace(s.row[i]), noteName+".") {
			cells = append(cells, cell)
		}
	}
	var text strings.Builder
	writer := csv.NewWriter(&text)
	writer.Comma, writer.UseCRLF = s.reader.Comma, s.hasCRLF
	if err := writer.Write(append(cells, note...)); err != nil {
		return "", err
	}
	writer.Flush()
	return text.String(), writer.Error()
}

// recordLimit ends a record that is too large. Without it a quote that is not closed would read the
// whole file into memory.
type recordLimit struct {
	reader io.Reader
	left   int
}

var errTooLarge = fmt.Errorf("a row is larger than %d MiB: is a quote not closed?", maxRecord>>20)

func (l *recordLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLarge
	}
	n, err := l.reader.Read(p)
	l.left -= n
	return n, err
}
