package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// acceptor is a schema made ready for a check that reads a JSON text once and keeps nothing of it. It only ever says
// that a text surely has no finding of parseJSON and keeps the schema. All else is a doubt, which is no verdict: then
// kin-openapi decides. A nil acceptor doubts everything.
type acceptor struct {
	schema *openapi3.Schema

	object, array, text, boolean, number, integer bool // may be one

	properties []property // in the order of their names, in which they mostly come
	required   uint64     // bits of the properties that there must be
	others     *acceptor  // of undeclared properties
	items      *acceptor
}

type property struct {
	name  []byte
	value *acceptor
}

// anything is what a schema says nothing of.
var anything = newAcceptor(&openapi3.Schema{Nullable: true})

func init() { anything.others, anything.items = anything, anything }

func newAcceptor(schema *openapi3.Schema) *acceptor {
	permits := schema.Type.Permits
	return &acceptor{
		schema: schema, object: permits(openapi3.TypeObject), array: permits(openapi3.TypeArray), text: permits(openapi3.TypeString),
		boolean: permits(openapi3.TypeBoolean), number: permits(openapi3.TypeNumber), integer: permits(openapi3.TypeInteger),
	}
}

// acceptors are made once of each schema: one may hold itself.
type acceptors map[*openapi3.Schema]*acceptor

// of returns the acceptor of a schema, nil if it has a keyword that acceptors do not heed.
func (as acceptors) of(ref *openapi3.SchemaRef) *acceptor {
	if ref == nil || ref.Value == nil || !isHeeded(ref.Value) {
		return nil
	}
	schema := ref.Value
	if made, ok := as[schema]; ok {
		return made
	}
	a := newAcceptor(schema)
	a.others, a.items = anything, anything
	as[schema] = a
	for i, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		a.properties = append(a.properties, property{[]byte(name), as.of(schema.Properties[name])})
		if slices.Contains(schema.Required, name) {
			a.required |= 1 << i
		}
	}
	if allowed := schema.AdditionalProperties.Has; allowed != nil && !*allowed {
		a.others = nil
	} else if schema.AdditionalProperties.Schema != nil {
		a.others = as.of(schema.AdditionalProperties.Schema)
	}
	if schema.Items != nil {
		a.items = as.of(schema.Items)
	}
	return a
}

// isHeeded tells whether a schema has no keywords but those that an acceptor heeds and those that no validity depends on.
func isHeeded(schema *openapi3.Schema) bool {
	const mostProperties = 64 // bits
	isKeyword := func(name string) bool { return !strings.HasPrefix(name, "x-") }
	isUndeclared := func(name string) bool { return schema.Properties[name] == nil }
	isNoText := func(value any) bool {
		_, isText := value.(string)
		return !isText || !schema.Type.Is(openapi3.TypeString)
	}
	if slices.ContainsFunc(slices.Collect(maps.Keys(schema.Extensions)), isKeyword) || slices.ContainsFunc(schema.Required, isUndeclared) || slices.ContainsFunc(schema.Enum, isNoText) {
		return false
	}
	switch format := schema.Format; format {
	case "date-time": // checkBody has a validator of its own
	case "", "int64", "double":
		if openapi3.SchemaStringFormats[format] != nil || openapi3.SchemaNumberFormats[format] != nil {
			return false
		}
	default:
		return false
	}
	rest := *schema
	rest.Type, rest.Nullable, rest.Format, rest.Enum, rest.Items = nil, false, "", nil, nil
	rest.Properties, rest.Required, rest.AdditionalProperties = nil, nil, openapi3.AdditionalProperties{}
	rest.Extensions, rest.Origin, rest.Title, rest.Description, rest.ExternalDocs = nil, nil, "", "", nil
	rest.Default, rest.Example, rest.Deprecated, rest.XML = nil, nil, false, nil
	return len(schema.Properties) <= mostProperties && reflect.ValueOf(rest).IsZero()
}

func (a *acceptor) accepts(text []byte) bool {
	if a == nil || !utf8.Valid(text) {
		return false
	}
	r := jsonReader{text: text}
	r.space()
	ok := r.value(a)
	r.space()
	return ok && r.at == len(text)
}

func (a *acceptor) acceptsText(text []byte) bool {
	if a.schema.Format == "date-time" && !isDateTime(text) {
		return false
	}
	return len(a.schema.Enum) == 0 || slices.ContainsFunc(a.schema.Enum, func(allowed any) bool { return allowed.(string) == string(text) })
}

// shadows tells whether encoding/json may take an undeclared name for a declared one.
func (a *acceptor) shadows(name []byte) bool {
	return slices.ContainsFunc(a.properties, func(p property) bool { return bytes.EqualFold(p.name, name) })
}

// index finds a property, first at the place where it is likely, -1 if it is not declared.
func (a *acceptor) index(name []byte, likely int) int {
	for n := range a.properties {
		i := (likely + n) % len(a.properties)
		if bytes.Equal(a.properties[i].name, name) {
			return i
		}
	}
	return -1
}

// jsonReader reads a JSON text against acceptors. Its methods return false at a doubt.
type jsonReader struct {
	text  []byte
	at    int
	depth int
	names [][]byte // undeclared ones of the objects that are open
}

func (r *jsonReader) value(a *acceptor) bool {
	if a == nil {
		return false
	}
	switch r.peek() {
	case '{':
		return a.object && r.object(a)
	case '[':
		return a.array && r.elements(']', func() bool { return r.value(a.items) })
	case '"':
		text, escaped, ok := r.string()
		return ok && a.text && (!escaped || a.schema.Format == "" && a.schema.Enum == nil) && a.acceptsText(text)
	case 't':
		return a.boolean && r.literal("true")
	case 'f':
		return a.boolean && r.literal("false")
	case 'n':
		return a.schema.Nullable && r.literal("null")
	}
	return r.number(a)
}

func (r *jsonReader) object(a *acceptor) bool {
	const mostNames = 4096 // to remember at a time
	var seen uint64
	last, outer := -1, len(r.names)
	ok := r.elements('}', func() bool {
		name, escaped, ok := r.string()
		r.space()
		if !ok || escaped || !r.skip(':') {
			return false
		}
		r.space()
		i := a.index(name, last+1)
		if i < 0 {
			r.names = append(r.names, name)
			return len(r.names) <= mostNames && !a.shadows(name) && r.value(a.others)
		}
		if seen&(1<<i) != 0 {
			return false
		}
		seen |= 1 << i
		last = i
		return r.value(a.properties[i].value)
	})
	undeclared := r.names[outer:]
	r.names = r.names[:outer]
	slices.SortFunc(undeclared, bytes.Compare)
	twice := len(slices.CompactFunc(undeclared, bytes.Equal)) < len(undeclared)
	return ok && !twice && seen&a.required == a.required
}

// elements reads what stands between brackets, with commas between.
func (r *jsonReader) elements(closing byte, element func() bool) bool {
	r.at++
	r.depth++
	if r.depth > maxNesting {
		return false
	}
	if r.space(); r.peek() != closing {
		for {
			if !element() {
				return false
			}
			if r.space(); !r.skip(',') {
				break
			}
			r.space()
		}
	}
	r.depth--
	return r.skip(closing)
}

// string returns what stands between quotes, as it stands there.
func (r *jsonReader) string() (text []byte, escaped, ok bool) {
	if !r.skip('"') {
		return nil, false, false
	}
	rest := r.text[r.at:]
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '"':
			r.at += i + 1
			return rest[:i], escaped, true
		case c < ' ':
			return nil, false, false
		case c == '\\':
			escaped = true
			if unit := codeUnit(rest[i:]); unit >= 0 && (unit < 0xD800 || unit >= 0xE000) { // no half of a pair
				i += len(`u0000`)
			} else if i++; i == len(rest) || !strings.ContainsRune(`"\/bfnrt`, rune(rest[i])) {
				return nil, false, false
			}
		}
	}
	return nil, false, false
}

// number accepts what is surely in the range of its type. One with an exponent is a doubt.
func (r *jsonReader) number(a *acceptor) bool {
	const mostDigits, mostInteger = 200, 18
	start := r.at
	for c := r.peek(); c == '-' || c == '.' || '0' <= c && c <= '9'; c = r.peek() {
		r.at++
	}
	number := r.text[start:r.at]
	isShortInteger := len(number) <= mostInteger && bytes.IndexByte(number, '.') < 0
	return len(number) <= mostDigits && json.Valid(number) && (a.number || a.integer && isShortInteger)
}

func (r *jsonReader) literal(text string) bool {
	found := bytes.HasPrefix(r.text[r.at:], []byte(text))
	if found {
		r.at += len(text)
	}
	return found
}

// skip reads a byte, if it is the next one.
func (r *jsonReader) skip(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.at++
	return true
}

func (r *jsonReader) space() {
	for r.peek() <= ' ' && (r.skip(' ') || r.skip('\n') || r.skip('\r') || r.skip('\t')) {
		continue
	}
}

// peek returns the next byte, 0 at the end.
func (r *jsonReader) peek() byte {
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}
