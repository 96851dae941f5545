package gen

// This file is written by hand. It has what the JSON methods of the generated types share.
//
// Both directions allow only JSON that every decoder reads alike. It is in UTF-8. It has no
// repeated name, no number beyond a 64-bit float, and no name that differs from a declared one in
// case only. Decoding also validates types, required properties, nulls and enums. Package api
// validates the other keywords of a schema. Undeclared properties are kept as raw JSON.

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

// maxDepth is how deep objects and arrays may be nested, in levels.
const maxDepth = 100

const (
	invalidJSON = "is not valid JSON"
	invalidUTF8 = "is not valid UTF-8"
	tooDeep     = "is nested too deep"
)

// SchemaError reports where JSON or a Go value does not conform to the schema of its type.
type SchemaError struct {
	Location jsontext.Pointer
	Message  string

	// Read reports whether the JSON was decoded to its end. The Go value then has all that conforms
	// to the schema. Other declared properties are zero.
	Read bool
}

func (e *SchemaError) Error() string {
	return strings.TrimPrefix(string(e.Location)+": "+e.Message, ": ")
}

// EncodeError reports that a Go value cannot be written as JSON. A request with it is not sent.
type EncodeError struct{ Err error }

func (e *EncodeError) Error() string { return e.Err.Error() }

// Unwrap returns a [*SchemaError].
func (e *EncodeError) Unwrap() error { return e.Err }

// GetProperty decodes the property name of a free-form object, such as [Contact].Attributes, into
// the value that into points to, which it replaces. It reports whether the object has that
// property.
func GetProperty(properties map[string]jsontext.Value, name string, into any) (bool, error) {
	value, found := properties[name]
	if !found {
		return false, nil
	}
	if v := reflect.ValueOf(into); v.Kind() == reflect.Pointer && !v.IsNil() {
		v.Elem().SetZero() // package json would merge a map or a struct
	}
	return true, json.Unmarshal(value, into)
}

// SetProperty sets the property name of a free-form object to any value that JSON can express.
func SetProperty(properties *map[string]jsontext.Value, name string, value any) error {
	text, err := json.Marshal(value, exactly)
	if err != nil {
		return err
	}
	if *properties == nil {
		*properties = make(map[string]jsontext.Value)
	}
	(*properties)[name] = text
	return nil
}

// exactly encodes what package json changes: a time zone whose offset has seconds, and, before Go
// 1.27, the Number of encoding/json, which becomes a string.
var exactly = json.WithMarshalers(json.JoinMarshalers(
	json.MarshalToFunc(func(enc *jsontext.Encoder, t time.Time) error {
		text, err := appendTime(nil, t)
		if err != nil {
			return err
		}
		return enc.WriteValue(text)
	}),
	json.MarshalToFunc(func(enc *jsontext.Encoder, n interface {
		Float64() (float64, error)
		String() string
	}) error {
		return enc.WriteValue(jsontext.Value(n.String()))
	}),
))

// property is a declared property of an object.
type property struct {
	name     string
	field    any // pointer to the field of the Go type
	required bool
	nullable bool
	found    bool // set while the object is decoded
}

// appender is a generated type. A nested object is appended to the buffer of the object around it:
// package json would parse the result of each MarshalJSON again.
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

// appendObject appends the declared properties that are set or required, and then the additional
// ones sorted by name.
func appendObject[V any](
	dst []byte, depth int, properties []property, additional map[string]V,
) ([]byte, error) {
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
		dst = append(append(append(appendComma(dst, start), '"'), p.name...), `":`...)
		var err error
		if dst, err = appendValue(dst, depth+1, p.field); err != nil {
			return nil, encodeError(p.name, err)
		}
	}
	if len(additional) == 0 { // slices.Sorted allocates even then
		return append(dst, '}'), nil
	}
	for _, name := range slices.Sorted(maps.Keys(additional)) {
		if declared := misspelled(properties, name); declared != "" {
			const message = "an additional property has the name of %q: set that field instead"
			return nil, &SchemaError{Message: fmt.Sprintf(message, declared)}
		}
		var err error
		if dst, err = jsontext.AppendQuote(appendComma(dst, start), name); err != nil {
			return nil, encodeError(name, &SchemaError{Message: "has a name that " + invalidUTF8})
		}
		value := additional[name]
		if dst, err = appendValue(append(dst, ':'), depth+1, &value); err != nil {
			return nil, encodeError(name, err)
		}
	}
	return append(dst, '}'), nil
}

func appendRaw(dst []byte, depth int, value jsontext.Value) ([]byte, error) {
	dst, err := jsontext.AppendFormat(dst, value)
	if err != nil {
		return nil, err
	}
	if invalid := checkRaw(value, depth); invalid != nil {
		return nil, invalid
	}
	return dst, nil
}

func appendArray(dst []byte, depth int, array reflect.Value) ([]byte, error) {
	dst = append(dst, '[')
	start := len(dst)
	for i := range array.Len() {
		var err error
		element := array.Index(i).Addr().Interface()
		if dst, err = appendValue(appendComma(dst, start), depth+1, element); err != nil {
			return nil, encodeError(strconv.Itoa(i), err)
		}
	}
	return append(dst, ']'), nil
}

// appendValue appends the value that field points to. The types of most fields have a case of
// their own, because reflection and package json are slower.
func appendValue(dst []byte, depth int, field any) ([]byte, error) {
	switch field := field.(type) {
	case *string:
		return jsontext.AppendQuote(dst, *field)
	case **string:
		if *field != nil {
			return jsontext.AppendQuote(dst, **field)
		}
	case *bool:
		return strconv.AppendBool(dst, *field), nil
	case *int64:
		return strconv.AppendInt(dst, *field, 10), nil
	case *time.Time:
		return appendTime(dst, *field)
	case *map[string]jsontext.Value:
		return appendObject(dst, depth, nil, *field)
	case *jsontext.Value:
		return appendRaw(dst, depth, *field)
	case appender:
		return field.appendJSON(dst, depth)
	}
	v := reflect.ValueOf(field).Elem()
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return appendValue(dst, depth, v.Interface())
	case isArray(v):
		return appendArray(dst, depth, v)
	}
	text, err := json.Marshal(field)
	return append(dst, text...), err
}

func appendTime(dst []byte, t time.Time) ([]byte, error) {
	if _, offset := t.Zone(); offset%60 != 0 { // RFC 3339 has no seconds in an offset
		t = t.UTC()
	}
	text, err := t.AppendText(append(dst, '"'))
	if err != nil {
		return nil, &SchemaError{Message: err.Error()}
	}
	return append(text, '"'), nil
}

// appendComma appends a comma, except to a container that is still empty.
func appendComma(dst []byte, start int) []byte {
	if len(dst) == start {
		return dst
	}
	return append(dst, ',')
}

// isUnset reports whether field points to a zero value.
func isUnset(field any) bool {
	if text, ok := field.(**string); ok { // the type of most fields, faster than by reflection
		return *text == nil
	}
	return reflect.ValueOf(field).Elem().IsZero()
}

// isArray reports whether the schema of a field is an array. A []byte is a string or raw JSON.
func isArray(v reflect.Value) bool {
	return v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8
}

// encodeError returns the error of a property or an element as that of the value around it. It
// prepends the name or index to the location.
func encodeError(name string, err error) error {
	var invalid *SchemaError
	switch err := err.(type) {
	case *SchemaError:
		invalid = err
	case *jsontext.SyntacticError:
		invalid = syntaxError(err)
	default:
		invalid = &SchemaError{Message: "cannot be written as JSON"}
	}
	invalid.Location = jsontext.Pointer("").AppendToken(name) + invalid.Location
	return invalid
}

func syntaxError(err *jsontext.SyntacticError) *SchemaError {
	message := invalidJSON
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		message = "is repeated"
	case err.Err.Error() == "invalid UTF-8": // jsontext does not export this error
		message = invalidUTF8
	}
	return &SchemaError{Location: err.JSONPointer, Message: message}
}

var errNil = errors.New("cannot decode into a nil pointer")

func unmarshal(text []byte, object any) error { return json.Unmarshal(text, object) }

// isEncodingJSON reports whether encoding/json decodes. From Go 1.27 encoding/json calls
// UnmarshalJSONFrom; before, it called UnmarshalJSON. Its options ignore case and allow repeated
// names and invalid UTF-8 (see encoding/json.DefaultOptionsV1). A caller of json/v2 may also allow
// the last two, as package api does. So only the option to ignore case identifies encoding/json.
func isEncodingJSON(options json.Options) bool {
	ignoresCase, _ := json.GetOption(options, json.MatchCaseInsensitiveNames)
	return ignoresCase
}

// reader is a generated type.
type reader interface {
	readJSON(dec *jsontext.Decoder) error
}

// readFrom decodes an object by itself, with the options of this package, if encoding/json decodes
// or if it is within a value of another type: its errors and its limit of nesting are then the
// same.
func readFrom(dec *jsontext.Decoder, object reader) error {
	if dec.StackDepth() == 0 && !isEncodingJSON(dec.Options()) {
		return object.readJSON(dec)
	}
	text, err := dec.ReadValue()
	var invalid *jsontext.SyntacticError
	if errors.As(err, &invalid) && syntaxError(invalid).Message != invalidJSON {
		return syntaxError(invalid) // encoding/json would drop its location
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, object)
}

// readObject decodes an object. If a value does not conform to the schema it leaves that zero and
// decodes the rest, where possible. It returns the first such error.
func readObject[V any](
	dec *jsontext.Decoder, properties []property, additional *map[string]V,
) error {
	if err := readOpening(dec, jsontext.KindBeginObject); err != nil {
		return err
	}
	var first error
	next := 0
	for dec.PeekKind() != jsontext.KindEndObject {
		name, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if i := indexOf(properties, name, next); i >= 0 {
			next = i + 1
			properties[i].found = true
			err = readValue(dec, properties[i].field, properties[i].nullable)
		} else {
			err = readAdditional(dec, properties, name, additional)
		}
		if err := keepFirst(&first, err); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for _, p := range properties {
		if first == nil && p.required && !p.found {
			location := dec.StackPointer().AppendToken(p.name)
			first = &SchemaError{Location: location, Message: "is missing", Read: true}
		}
	}
	return first
}

// indexOf returns the index of the property with a quoted name, -1 if it is not declared. It starts
// at the likely index, because most JSON has the properties in the same order.
func indexOf(properties []property, quoted jsontext.Value, likely int) int {
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name, _ = jsontext.AppendUnquote(nil, quoted) // the decoder has validated it
	}
	for n := range properties {
		if i := (likely + n) % len(properties); string(name) == properties[i].name {
			return i
		}
	}
	return -1
}

func readAdditional[V any](
	dec *jsontext.Decoder, properties []property, quoted jsontext.Value, additional *map[string]V,
) error {
	unquoted, _ := jsontext.AppendUnquote(nil, quoted) // the decoder has validated it
	name := string(unquoted)
	var value V
	err := readValue(dec, &value, isPointer(&value))
	if invalid, ok := err.(*SchemaError); err != nil && (!ok || !invalid.Read) {
		return err
	}
	if *additional == nil {
		*additional = make(map[string]V)
	}
	(*additional)[name] = value
	if declared := misspelled(properties, name); declared != "" {
		message := fmt.Sprintf("is the name %q in another case", declared)
		return &SchemaError{Location: dec.StackPointer(), Message: message, Read: true}
	}
	return err
}

// isPointer reports whether field points to a pointer: the Go type of an element that may be null.
func isPointer(field any) bool { return reflect.TypeOf(field).Elem().Kind() == reflect.Pointer }

// readRaw reads a value of any type.
func readRaw(dec *jsontext.Decoder, field *jsontext.Value) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*field = value.Clone()
	if invalid := checkRaw(value, dec.StackDepth()); invalid != nil {
		invalid.Location = dec.StackPointer() + invalid.Location
		return invalid
	}
	return nil
}

func readArray(dec *jsontext.Decoder, array reflect.Value) error {
	if err := readOpening(dec, jsontext.KindBeginArray); err != nil {
		return err
	}
	var first error
	array.Set(reflect.MakeSlice(array.Type(), 0, 0))
	for n := 0; dec.PeekKind() != jsontext.KindEndArray; n++ {
		if n == array.Cap() {
			array.Grow(1)
		}
		array.SetLen(n + 1)
		array.Index(n).SetZero()
		element := array.Index(n).Addr().Interface()
		err := readValue(dec, element, isPointer(element))
		if err := keepFirst(&first, err); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	return first
}

// readValue decodes into the value that field points to.
func readValue(dec *jsontext.Decoder, field any, nullable bool) error {
	if raw, ok := field.(*jsontext.Value); ok {
		return readRaw(dec, raw)
	}
	if dec.PeekKind() == jsontext.KindNull {
		if nullable {
			return dec.SkipValue()
		}
		return skipMismatch(dec)
	}
	switch field := field.(type) {
	case **string: // the type of most fields, faster than by reflection
		*field = new(string)
		return json.UnmarshalDecode(dec, *field)
	case *time.Time:
		text, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if json.Unmarshal(text, field) != nil || isFinerThanNanosecond(string(text)) {
			const message = "is not a time of RFC 3339 with at most nanoseconds"
			return &SchemaError{Location: dec.StackPointer(), Message: message}
		}
		return nil
	case *map[string]jsontext.Value:
		*field = make(map[string]jsontext.Value)
		return readObject(dec, nil, field)
	case reader:
		return field.readJSON(dec)
	}
	v := reflect.ValueOf(field).Elem()
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return readValue(dec, v.Interface(), false)
	case isArray(v):
		return readArray(dec, v)
	}
	if err := json.UnmarshalDecode(dec, field); err != nil {
		return err
	}
	if enum, ok := field.(interface{ Valid() bool }); ok && !enum.Valid() {
		const message = "is not one of the allowed values"
		return &SchemaError{Location: dec.StackPointer(), Message: message, Read: true}
	}
	return nil
}

// isFinerThanNanosecond reports whether a time has digits that time.Time drops.
func isFinerThanNanosecond(text string) bool {
	_, fraction, _ := strings.Cut(text, ".")
	return len(fraction)-len(strings.TrimLeft(fraction, "0123456789")) > len("123456789")
}

// readOpening reads the opening bracket of an object or an array.
func readOpening(dec *jsontext.Decoder, bracket jsontext.Kind) error {
	if dec.StackDepth() >= maxDepth {
		return &SchemaError{Location: dec.StackPointer(), Message: tooDeep}
	}
	if dec.PeekKind() != bracket {
		return skipMismatch(dec)
	}
	_, err := dec.ReadToken()
	return err
}

// skipMismatch skips a value whose type is not that of the schema. Decoding goes on after a null,
// because a null carries nothing that could be lost.
func skipMismatch(dec *jsontext.Decoder) error {
	kind := dec.PeekKind()
	if err := dec.SkipValue(); err != nil {
		return err
	}
	if kind == jsontext.KindNull {
		return &SchemaError{Location: dec.StackPointer(), Message: "must not be null", Read: true}
	}
	return &SchemaError{Location: dec.StackPointer(), Message: "has the wrong type"}
}

// keepFirst stores the first error after which decoding goes on. It returns any error after which
// decoding stops.
func keepFirst(first *error, err error) error {
	if invalid, ok := err.(*SchemaError); !ok || !invalid.Read {
		return err
	}
	*first = cmp.Or(*first, err)
	return nil
}

// misspelled returns the declared name that equals a name if case is ignored, "" if there is none.
// Decoders that ignore case would read it as the declared property.
func misspelled(properties []property, name string) string {
	for _, p := range properties {
		if strings.EqualFold(p.name, name) {
			return p.name
		}
	}
	return ""
}

// checkRaw returns an error for raw JSON that is nested too deep, or that decoders read
// differently.
func checkRaw(value jsontext.Value, depth int) *SchemaError {
	if kind := value.Kind(); kind != jsontext.KindNumber && kind != jsontext.KindBeginObject &&
		kind != jsontext.KindBeginArray {
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(value))
	for {
		token, err := dec.ReadToken()
		var syntactic *jsontext.SyntacticError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &syntactic):
			invalid := syntaxError(syntactic)
			invalid.Read = true
			return invalid
		case depth+dec.StackDepth() > maxDepth:
			return &SchemaError{Message: tooDeep, Read: true}
		case token.Kind() == jsontext.KindNumber:
			if _, err := strconv.ParseFloat(token.String(), 64); err != nil {
				const message = "is beyond the range of a 64-bit float"
				return &SchemaError{Location: dec.StackPointer(), Message: message, Read: true}
			}
		}
	}
}
