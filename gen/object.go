package gen

// This file is written by hand: it is what the JSON methods of the generated types share.

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds how deep objects and arrays are nested.
const maxDepth = 100

// SchemaError says where a text or a value does not conform to the schema of its type.
type SchemaError struct {
	Location jsontext.Pointer
	Message  string

	// Read reports whether the text has been read to its end. What does not conform is then zero.
	Read bool
}

func (e *SchemaError) Error() string {
	return strings.TrimPrefix(string(e.Location)+": "+e.Message, ": ")
}

// GetProperty reads the property name of a free-form object, such as [Contact].Attributes, into the value that into
// points to. It reports whether there is one.
func GetProperty(properties map[string]jsontext.Value, name string, into any) (bool, error) {
	value, found := properties[name]
	if !found {
		return false, nil
	}
	return true, json.Unmarshal(value, into)
}

// SetProperty sets the property name of a free-form object to a value of any type that JSON can express.
func SetProperty(properties *map[string]jsontext.Value, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if *properties == nil {
		*properties = make(map[string]jsontext.Value)
	}
	(*properties)[name] = text
	return nil
}

// property is a declared property of an object.
type property struct {
	name     string
	field    any // a pointer to it
	required bool
	nullable bool
	found    bool // while the object is read
}

// EncodeError says that a value can not be written as JSON: the request that it is for is not sent.
type EncodeError struct{ Err error }

func (e *EncodeError) Error() string { return e.Err.Error() }

// Unwrap returns a [*SchemaError].
func (e *EncodeError) Unwrap() error { return e.Err }

// appender is a generated type.
type appender interface {
	appendJSON(dst []byte, depth int) ([]byte, error)
}

func marshal(object appender) ([]byte, error) {
	text, err := object.appendJSON(make([]byte, 0, 1<<10), 0)
	if err != nil {
		return nil, &EncodeError{err}
	}
	return text, nil
}

func appendObject(dst []byte, depth int, properties []property, additional map[string]jsontext.Value) ([]byte, error) {
	if depth >= maxDepth {
		return nil, &SchemaError{Message: tooDeep}
	}
	dst = append(dst, '{')
	start := len(dst)
	for i := range properties {
		p := &properties[i]
		if !p.required && isUnset(p.field) {
			continue
		}
		dst = append(append(append(separate(dst, start), '"'), p.name...), `":`...)
		var err error
		if dst, err = appendValue(dst, depth+1, p.field); err != nil {
			return nil, below(p.name, err)
		}
	}
	if len(additional) == 0 { // to sort nothing takes allocations
		return append(dst, '}'), nil
	}
	for _, name := range slices.Sorted(maps.Keys(additional)) {
		if declared := folded(properties, name); declared != "" {
			return nil, &SchemaError{Message: fmt.Sprintf("an additional property has the name of the declared property %q: set the field instead", declared)}
		}
		var err error
		if dst, err = jsontext.AppendQuote(separate(dst, start), name); err != nil {
			return nil, below(name, &SchemaError{Message: "the name is not valid UTF-8"})
		}
		value := additional[name]
		if dst, err = jsontext.AppendFormat(append(dst, ':'), value); err != nil {
			return nil, below(name, err)
		}
		if invalid := checkRaw(value, depth+1); invalid != nil {
			return nil, below(name, invalid)
		}
	}
	return append(dst, '}'), nil
}

// separate appends the comma before a member that is not the first one.
func separate(dst []byte, start int) []byte {
	if len(dst) == start {
		return dst
	}
	return append(dst, ',')
}

// below moves the place of an error below a name or an index.
func below(name string, err error) error {
	failed, ok := err.(*SchemaError)
	if !ok {
		failed = &SchemaError{Message: "is not valid JSON"}
		if invalid, ok := err.(*jsontext.SyntacticError); ok {
			failed.Location = invalid.JSONPointer
			if invalid.Err.Error() == "invalid UTF-8" {
				failed.Message = "is not valid UTF-8"
			}
		}
	}
	failed.Location = jsontext.Pointer("").AppendToken(name) + failed.Location
	return failed
}

// isUnset reports whether a pointer points to the zero value.
func isUnset(field any) bool {
	if text, ok := field.(**string); ok {
		return *text == nil
	}
	return reflect.ValueOf(field).Elem().IsZero()
}

// appendValue appends what a pointer points to.
func appendValue(dst []byte, depth int, of any) ([]byte, error) {
	switch of := of.(type) {
	case *string:
		return jsontext.AppendQuote(dst, *of)
	case **string: // as below, and most fields are such
		if *of != nil {
			return jsontext.AppendQuote(dst, **of)
		}
	case *bool:
		return strconv.AppendBool(dst, *of), nil
	case *int64:
		return strconv.AppendInt(dst, *of, 10), nil
	case *time.Time:
		at := *of
		if _, offset := at.Zone(); offset%60 != 0 { // RFC 3339 has no seconds there
			at = at.UTC()
		}
		text, err := at.AppendText(append(dst, '"'))
		if err != nil {
			return nil, &SchemaError{Message: err.Error()}
		}
		return append(text, '"'), nil
	case *map[string]jsontext.Value:
		return appendObject(dst, depth, nil, *of)
	case appender:
		return of.appendJSON(dst, depth)
	}
	v := reflect.ValueOf(of).Elem()
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return appendValue(dst, depth, v.Interface())
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		return appendArray(dst, depth, v)
	}
	text, err := json.Marshal(of)
	return append(dst, text...), err
}

func appendArray(dst []byte, depth int, of reflect.Value) ([]byte, error) {
	dst = append(dst, '[')
	start := len(dst)
	for i := range of.Len() {
		var err error
		if dst, err = appendValue(separate(dst, start), depth+1, of.Index(i).Addr().Interface()); err != nil {
			return nil, below(strconv.Itoa(i), err)
		}
	}
	return append(dst, ']'), nil
}

// isLegacy reports whether encoding/json of Go 1.27 calls, which lets bad UTF-8 and repeated names pass.
func isLegacy(options json.Options) bool {
	legacy, _ := json.GetOption(options, json.MatchCaseInsensitiveNames)
	return legacy
}

func unmarshal(text []byte, value any) error { return json.Unmarshal(text, value) }

// readObject reads an object. What does not conform to its schema is left zero, and the first such place is told.
func readObject(dec *jsontext.Decoder, object any, properties []property, additional *map[string]jsontext.Value) error {
	if isLegacy(dec.Options()) {
		text, err := dec.ReadValue()
		if err != nil {
			return err
		}
		return json.Unmarshal(text, object)
	}
	if err := open(dec, '{'); err != nil {
		return err
	}
	var first error
	next := 0
	for dec.PeekKind() != '}' {
		name, err := dec.ReadValue()
		if err != nil {
			return err
		}
		i := find(properties, name, next)
		if i < 0 {
			err = readAdditional(dec, properties, name, additional)
		} else {
			next = i + 1
			properties[i].found = true
			err = readValue(dec, properties[i].field, properties[i].nullable)
		}
		if err := keep(&first, err); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for _, p := range properties {
		if p.required && !p.found {
			_ = keep(&first, &SchemaError{Location: dec.StackPointer().AppendToken(p.name), Message: "is missing", Read: true})
		}
	}
	return first
}

// keep keeps the first place that does not conform to the schema, and returns an error that ends the reading.
func keep(first *error, err error) error {
	if failed, ok := err.(*SchemaError); !ok || !failed.Read {
		return err
	}
	*first = cmp.Or(*first, err)
	return nil
}

// find returns the index of a property by its name in quotes, -1 if it is not declared. It begins where the name is likely.
func find(properties []property, quoted jsontext.Value, likely int) int {
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name, _ = jsontext.AppendUnquote(nil, quoted)
	}
	for n := range properties {
		if i := (likely + n) % len(properties); string(name) == properties[i].name {
			return i
		}
	}
	return -1
}

// folded returns the declared name that differs from name in case only, if there is one.
func folded(properties []property, name string) string {
	for _, p := range properties {
		if strings.EqualFold(p.name, name) {
			return p.name
		}
	}
	return ""
}

func readAdditional(dec *jsontext.Decoder, properties []property, quoted jsontext.Value, additional *map[string]jsontext.Value) error {
	unquoted, _ := jsontext.AppendUnquote(nil, quoted) // its error is the decoder's matter
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if *additional == nil {
		*additional = make(map[string]jsontext.Value)
	}
	name, value := string(unquoted), value.Clone()
	(*additional)[name] = value
	if declared := folded(properties, name); declared != "" {
		return &SchemaError{Location: dec.StackPointer(), Message: fmt.Sprintf("is spelled %q", declared), Read: true}
	}
	if invalid := checkRaw(value, dec.StackDepth()); invalid != nil {
		invalid.Location = dec.StackPointer() + invalid.Location
		return invalid
	}
	return nil
}

const (
	tooDeep = "is nested too deep"
	tooBig  = "is beyond the range of a 64-bit float"
)

// checkRaw refuses what not all readers of JSON read alike: repeated names, numbers beyond a 64-bit float, and deep nesting.
func checkRaw(value jsontext.Value, depth int) *SchemaError {
	if kind := value.Kind(); kind != '0' && kind != '{' && kind != '[' {
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(value))
	for {
		token, err := dec.ReadToken()
		var invalid *jsontext.SyntacticError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &invalid):
			return &SchemaError{Location: invalid.JSONPointer, Message: "repeats a name, or is not UTF-8", Read: true}
		case depth+dec.StackDepth() > maxDepth:
			return &SchemaError{Message: tooDeep, Read: true}
		case token.Kind() == '0':
			if _, err := token.Float(); err != nil {
				return &SchemaError{Location: dec.StackPointer(), Message: tooBig, Read: true}
			}
		}
	}
}

// open reads the bracket that opens an object or an array.
func open(dec *jsontext.Decoder, bracket jsontext.Kind) error {
	if dec.StackDepth() >= maxDepth {
		return &SchemaError{Location: dec.StackPointer(), Message: tooDeep}
	}
	if dec.PeekKind() != bracket {
		return mismatch(dec)
	}
	_, err := dec.ReadToken()
	return err
}

// mismatch skips a value of another type than that of the schema. A null has no value to lose.
func mismatch(dec *jsontext.Decoder) error {
	kind := dec.PeekKind()
	if err := dec.SkipValue(); err != nil {
		return err
	}
	if kind == 'n' {
		return &SchemaError{Location: dec.StackPointer(), Message: "must not be null", Read: true}
	}
	return &SchemaError{Location: dec.StackPointer(), Message: "is of another type"}
}

// readValue reads into what a pointer points to.
func readValue(dec *jsontext.Decoder, into any, nullable bool) error {
	switch null := dec.PeekKind() == 'n'; {
	case null && nullable:
		return dec.SkipValue()
	case null:
		return mismatch(dec)
	}
	switch into := into.(type) {
	case **string:
		*into = new(string)
		return json.UnmarshalDecode(dec, *into)
	case *map[string]jsontext.Value:
		*into = make(map[string]jsontext.Value)
		return readObject(dec, into, nil, into)
	case json.UnmarshalerFrom:
		return into.UnmarshalJSONFrom(dec)
	}
	v := reflect.ValueOf(into).Elem()
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return readValue(dec, v.Interface(), false)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		return readArray(dec, v)
	}
	if err := json.UnmarshalDecode(dec, into); err != nil {
		return err
	}
	if enum, ok := into.(interface{ Valid() bool }); ok && !enum.Valid() {
		return &SchemaError{Location: dec.StackPointer(), Message: "is not one of the allowed values", Read: true}
	}
	return nil
}

func readArray(dec *jsontext.Decoder, into reflect.Value) error {
	if err := open(dec, '['); err != nil {
		return err
	}
	var first error
	into.Set(reflect.MakeSlice(into.Type(), 0, 0))
	for n := 0; dec.PeekKind() != ']'; n++ {
		if n == into.Cap() {
			into.Grow(1)
		}
		into.SetLen(n + 1)
		into.Index(n).SetZero()
		if err := keep(&first, readValue(dec, into.Index(n).Addr().Interface(), false)); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	return first
}
