package api

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxListed is the size of a body up to which every violation of its schema is listed; of a larger one it is the
	// first, so that no response makes a list without bounds.
	maxListed = 64 << 10

	// maxFindings bounds the violations that are told of one JSON text, and so the time and memory for them.
	maxFindings = 100

	// maxNesting bounds how deep arrays and objects are nested.
	maxNesting = 100
)

// finding is a violation of a rule at a place of a JSON text.
type finding struct {
	pointer jsontext.Pointer
	rule    string
	message string
}

// parsed is a JSON text as kin-openapi validates it: the value is complete unless a finding made reading on impossible.
type parsed struct {
	value    any
	findings []finding
}

// parseJSON reads a JSON text that every decoder reads alike: one value, in UTF-8, no name twice in an object, no
// number beyond a float64, no nesting beyond maxNesting. It tells all that it finds.
func parseJSON(text []byte) parsed {
	p := &jsonParser{Decoder: jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		p.report("json", "is empty")
		return p.parsed
	case bytes.HasPrefix(text, []byte("\ufeff")):
		p.report("json", "starts with a byte order mark")
		return p.parsed
	}
	value, err := p.read()
	if err == nil {
		p.value = value
		if _, err := p.ReadToken(); err != io.EOF {
			p.findings = append(p.findings, finding{rule: "json", message: "has trailing data"})
		}
	} else if err != errGaveUp {
		p.findings = append(p.findings, finding{rule: "json", message: fmt.Sprintf("is not valid JSON (byte %d)", p.InputOffset())})
	}
	return p.parsed
}

var errGaveUp = errors.New("gave up") // findings say why

type jsonParser struct {
	*jsontext.Decoder
	parsed
}

func (p *jsonParser) report(rule, message string) {
	p.findings = append(p.findings, finding{p.StackPointer(), rule, message})
}

func (p *jsonParser) read() (any, error) {
	if len(p.findings) > maxFindings {
		return nil, errGaveUp
	}
	switch p.PeekKind() {
	case '{', '[':
		return p.readNested()
	case '"':
		return p.readString()
	}
	token, err := p.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '0':
		number, err := token.Float()
		if err != nil {
			p.report("number", "is beyond the range of a 64-bit float")
			number = 0 // an infinity would be a second violation, without a place
		}
		return number, nil
	case 'n':
		return nil, nil
	}
	return token.Bool(), nil
}

// readString reads a string or a name as a decoder would that puts U+FFFD for what is no text.
func (p *jsonParser) readString() (string, error) {
	quoted, err := p.ReadValue()
	if err != nil {
		return "", err
	}
	if !quoted.IsValid() {
		p.report("utf-8", "is not valid UTF-8")
	}
	text, _ := jsontext.AppendUnquote(nil, quoted)
	return string(text), nil
}

func (p *jsonParser) readNested() (any, error) {
	open, err := p.ReadToken()
	if err != nil {
		return nil, err
	}
	if p.StackDepth() > maxNesting {
		p.report("nesting", fmt.Sprintf("is nested deeper than %d", maxNesting))
		return nil, errGaveUp
	}
	object, array := make(map[string]any), []any{}
	for p.PeekKind() != '}' && p.PeekKind() != ']' {
		name := ""
		if open.Kind() == '{' {
			if name, err = p.readString(); err != nil {
				return nil, err
			}
			if _, twice := object[name]; twice {
				p.report("duplicate", "stands more than once")
			}
		}
		value, err := p.read()
		if err != nil {
			return nil, err
		}
		if open.Kind() == '{' {
			object[name] = value
		} else {
			array = append(array, value)
		}
	}
	if _, err := p.ReadToken(); err != nil {
		return nil, err
	}
	if open.Kind() == '{' {
		return object, nil
	}
	return array, nil
}

func (p parsed) validate(media *openapi3.MediaType, size int, options ...openapi3.SchemaValidationOption) []Violation {
	if media.Schema == nil {
		return nil
	}
	schema, findings := media.Schema.Value, p.findings
	if p.value != nil || len(findings) == 0 {
		findings = append(findings, foldedNames(schema, p.value, "")...)
		options = append(options, goDateTime)
		if size <= maxListed {
			options = append(options, openapi3.MultiErrors())
		}
		if err := schema.VisitJSON(p.value, options...); err != nil {
			findings = append(findings, schemaFindings(err)...)
		}
	}
	if len(findings) > maxFindings {
		findings = append(findings[:maxFindings], finding{rule: "size", message: "has more breaches than are told"})
	}
	violations := make([]Violation, 0, len(findings))
	for _, f := range findings {
		violations = append(violations, Violation{place("body", schema, f.pointer), f.rule, f.message})
	}
	slices.SortFunc(violations, func(a, b Violation) int {
		return cmp.Or(strings.Compare(a.Location, b.Location), strings.Compare(a.Message, b.Message))
	})
	return violations
}

// goDateTime holds a date-time to what the generated types read: kin-openapi's own check lets 30 February pass.
var goDateTime = openapi3.WithStringFormatValidator("date-time", openapi3.NewCallbackValidator(func(s string) error {
	quoted, err := jsontext.AppendQuote(nil, s)
	if err != nil || json.Unmarshal(quoted, new(time.Time)) != nil {
		return errors.New("RFC 3339")
	}
	return nil
}))

// foldedNames finds names that differ from a declared one only in case: some decoders take them for that.
func foldedNames(schema *openapi3.Schema, value any, pointer jsontext.Pointer) []finding {
	var found []finding
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if ref, ok := schema.Properties[name]; ok {
				found = append(found, foldedNames(ref.Value, member, pointer.AppendToken(name))...)
				continue
			}
			for other := range schema.Properties {
				if strings.EqualFold(name, other) {
					found = append(found, finding{pointer.AppendToken(other), "case", "the name is spelled in another case"})
				}
			}
			if extra := schema.AdditionalProperties.Schema; extra != nil {
				found = append(found, foldedNames(extra.Value, member, pointer.AppendToken(name))...)
			}
		}
	case []any:
		if schema.Items != nil {
			for i, element := range value {
				found = append(found, foldedNames(schema.Items.Value, element, pointer.AppendToken(strconv.Itoa(i)))...)
			}
		}
	}
	return found
}

// place writes a pointer into a body. Names that the schema does not declare may be personal data.
func place(root string, schema *openapi3.Schema, pointer jsontext.Pointer) string {
	for step := range pointer.Tokens() {
		if ref, ok := schema.Properties[step]; ok {
			root, schema = root+"/"+step, ref.Value
		} else if schema.Items != nil {
			root, schema = root+"/"+step, schema.Items.Value
		} else {
			return root + "/*"
		}
	}
	return root
}

func schemaFindings(err error) []finding {
	var findings []finding
	switch err := err.(type) {
	case openapi3.MultiError:
		for _, each := range err {
			findings = append(findings, schemaFindings(each)...)
		}
	case *openapi3.SchemaError:
		var pointer jsontext.Pointer
		for _, step := range err.JSONPointer() {
			pointer = pointer.AppendToken(step)
		}
		findings = append(findings, finding{pointer, err.SchemaField, schemaReason(err)})
	default:
		findings = append(findings, finding{rule: "schema", message: "does not match the schema"})
	}
	return findings
}

// schemaReason is kin-openapi's reason, which names no value, but for one that names a property.
func schemaReason(err *openapi3.SchemaError) string {
	switch {
	case err.SchemaField == "properties":
		return "holds a property that the contract does not allow"
	case err.Reason == "":
		return fmt.Sprintf("does not match %q", err.SchemaField)
	}
	return err.Reason
}
