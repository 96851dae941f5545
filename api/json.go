package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxFindings bounds the breaches that are told of one JSON text, and so the time and memory for them.
const maxFindings = 100

// maxNesting bounds how deep arrays and objects of an answer or a request may stand in each other.
const maxNesting = 100

// finding is a breach of a rule at a place of a JSON text.
type finding struct {
	pointer []string // object names and array indices
	rule    string
	message string
}

// parseJSON reads a JSON text that every decoder reads alike: one value, in
// UTF-8, no name twice in an object, no number beyond a float64, no nesting
// beyond maxNesting. It returns what encoding/json would put in an any, and all
// breaches it met; the value is complete unless a breach made reading on
// impossible.
func parseJSON(text []byte) (any, []finding) {
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return nil, []finding{{rule: "json", message: "is empty"}}
	case bytes.HasPrefix(text, []byte("\ufeff")):
		return nil, []finding{{rule: "json", message: "starts with a byte order mark"}}
	}
	p := jsonParser{decoder: json.NewDecoder(bytes.NewReader(text)), lossy: losesText(text)}
	p.decoder.UseNumber()
	value, err := p.value()
	if err == nil {
		if _, err := p.decoder.Token(); err != io.EOF {
			p.report("json", "has trailing data")
		}
		return value, p.findings
	}
	if err != errGaveUp {
		p.pointer = nil
		p.report("json", fmt.Sprintf("is not valid JSON (byte %d)", p.decoder.InputOffset()))
	}
	return nil, p.findings
}

var errGaveUp = errors.New("gave up") // findings say why

type jsonParser struct {
	decoder  *json.Decoder
	lossy    bool // a string with U+FFFD may be one that lost its text
	pointer  []string
	findings []finding
}

func (p *jsonParser) report(rule, message string) {
	p.findings = append(p.findings, finding{slices.Clone(p.pointer), rule, message})
}

func (p *jsonParser) value() (any, error) {
	if len(p.findings) > maxFindings {
		return nil, errGaveUp
	}
	token, err := p.decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		if len(p.pointer) >= maxNesting {
			p.report("nesting", fmt.Sprintf("is nested deeper than %d", maxNesting))
			return nil, errGaveUp
		}
		if token == '{' {
			return p.object()
		}
		return p.array()
	case json.Number:
		number, err := strconv.ParseFloat(token.String(), 64)
		if err != nil {
			p.report("number", "is beyond the range of a 64-bit float")
			number = 0 // an infinity would be a second breach, without a place
		}
		return number, nil
	case string:
		p.checkText(token)
		return token, nil
	}
	return token, nil
}

func (p *jsonParser) object() (any, error) {
	object := make(map[string]any)
	for p.decoder.More() {
		token, err := p.decoder.Token()
		if err != nil {
			return nil, err
		}
		name := token.(string)
		p.pointer = append(p.pointer, name)
		p.checkText(name)
		if _, twice := object[name]; twice {
			p.report("duplicate", "stands more than once")
		}
		if object[name], err = p.value(); err != nil {
			return nil, err
		}
		p.pointer = p.pointer[:len(p.pointer)-1]
	}
	_, err := p.decoder.Token()
	return object, err
}

func (p *jsonParser) array() (any, error) {
	array := []any{}
	for p.decoder.More() {
		p.pointer = append(p.pointer, strconv.Itoa(len(array)))
		element, err := p.value()
		if err != nil {
			return nil, err
		}
		array = append(array, element)
		p.pointer = p.pointer[:len(p.pointer)-1]
	}
	_, err := p.decoder.Token()
	return array, err
}

func (p *jsonParser) checkText(s string) {
	if p.lossy && strings.ContainsRune(s, utf8.RuneError) {
		p.report("utf-8", "is not valid UTF-8")
	}
}

// losesText tells whether a decoder puts U+FFFD in place of what the text
// holds: bytes that are not UTF-8, or an escape that is half a surrogate pair.
func losesText(text []byte) bool {
	if !utf8.Valid(text) {
		return true
	}
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			return false
		}
		if text[i+1] != 'u' {
			text = text[i+2:]
			continue
		}
		unit := codeUnit(text[i:])
		text = text[min(i+6, len(text)):]
		switch {
		case unit >= 0xDC00 && unit < 0xE000:
			return true
		case unit >= 0xD800 && unit < 0xDC00:
			if low := codeUnit(text); low < 0xDC00 || low >= 0xE000 {
				return true
			}
			text = text[6:]
		}
	}
}

// codeUnit returns the value of the \u escape at the start of text, -1 if there is none.
func codeUnit(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	unit := rune(0)
	for _, c := range text[2:6] {
		switch {
		case '0' <= c && c <= '9':
			unit = unit<<4 + rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			unit = unit<<4 + rune(c|0x20-'a') + 10
		default:
			return -1
		}
	}
	return unit
}
