package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxFindings bounds the violations that are reported of one JSON text, and so the time for
	// them.
	maxFindings = 100
	// maxNesting bounds how deep arrays and objects are nested.
	maxNesting = 100
)

// Body is a body as kin-openapi validates it. The value is complete unless a finding says why not.
type Body struct {
	value    any
	findings []finding
	size     int
}

// finding is a violation of a rule at a location of a JSON text.
type finding struct {
	pointer jsontext.Pointer
	rule    string
	message string
}

// ParseBody reads the body of a response. One that is not JSON by its header is a string.
func ParseBody(header http.Header, text []byte) Body {
	if isJSON(mediaTypeOf(header)) {
		return parseJSON(text)
	}
	return Body{value: string(text), size: len(text)}
}

// Member returns a member of a JSON object that every decoder reads alike, nil if there is none.
func (b Body) Member(name string) any {
	object, _ := b.value.(map[string]any)
	if len(b.findings) > 0 {
		return nil
	}
	return object[name]
}

// parseJSON reads a JSON text that every decoder reads alike: one value, in UTF-8, no repeated name
// in an object, no number beyond a float64, no nesting beyond maxNesting. It reports every finding.
func parseJSON(text []byte) Body {
	p := &parser{
		Decoder: jsontext.NewDecoder(bytes.NewBuffer(text),
			jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)),
		Body: Body{size: len(text)},
	}
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		p.report("json", "is empty")
		return p.Body
	case bytes.HasPrefix(text, []byte("\ufeff")):
		p.report("json", "starts with a byte order mark")
		return p.Body
	}
	value, err := p.read()
	if err == nil {
		p.value = value
		if _, err := p.ReadToken(); err != io.EOF {
			p.findings = append(p.findings, finding{rule: "json", message: "has trailing data"})
		}
	} else if err != errGaveUp {
		message := fmt.Sprintf("is not valid JSON (byte %d)", p.InputOffset())
		p.findings = append(p.findings, finding{rule: "json", message: message})
	}
	return p.Body
}

var errGaveUp = errors.New("gave up") // the findings say why

type parser struct {
	*jsontext.Decoder
	Body
}

func (p *parser) report(rule, message string) {
	p.findings = append(p.findings, finding{p.StackPointer(), rule, message})
}

func (p *parser) read() (any, error) {
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
		number, err := strconv.ParseFloat(token.String(), 64)
		if err != nil {
			p.report("number", "is beyond the range of a 64-bit float")
			number = 0 // an infinity would be another violation, without a location
		}
		return number, nil
	case 'n':
		return nil, nil
	}
	return token.Bool(), nil
}

// readString reads a string or a name. It replaces what is not valid UTF-8 with U+FFFD, as most
// decoders do.
func (p *parser) readString() (string, error) {
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

func (p *parser) readNested() (any, error) {
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
			if _, isRepeated := object[name]; isRepeated {
				p.report("duplicate", "is repeated")
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
