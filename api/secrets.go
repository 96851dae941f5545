package api

import (
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// secrets are what no log may hold, with cases folded: the credentials, and what in the
// request's body the contract marks x-sensitive or does not declare. A server may repeat them in an error.
type secrets struct {
	words       map[string]bool
	numbers     strings.Builder // those that may be phone numbers
	credentials string
}

func (x *exchange) secrets() *secrets {
	s := x.credentials()
	if len(x.body) == 0 {
		return s
	}
	route, err := x.operation.route()
	var body any
	if err != nil || route.Operation.RequestBody == nil || json.Unmarshal(x.body, &body, numbersAsText) != nil {
		s.add(string(x.body)) // it was let through unchecked
		return s
	}
	if media := route.Operation.RequestBody.Value.Content.Get(mediaTypeJSON); media != nil && media.Schema != nil {
		s.addSensitive(media.Schema.Value, body)
	}
	return s
}

// numbersAsText keeps every digit of a number.
var numbersAsText = json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, value *any) error {
	if dec.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	number, err := dec.ReadValue()
	*value = number.Clone()
	return err
}))

func (s *secrets) add(text string) {
	text = fold(text)
	for w := range wordsOf(text) {
		s.words[w] = true
	}
	if digits := strings.Map(onlyDigits, text); digits != "" {
		s.words[digits] = true // a phone number may come back without its dashes
		if len(digits) >= 6 {
			s.numbers.WriteString(digits + " ")
		}
	}
}

// allow lets the words of a text be shown.
func (s *secrets) allow(text string) {
	for w := range wordsOf(fold(text)) {
		delete(s.words, w)
	}
}

// addSensitive adds what may be personal. A nil schema stands for what the contract does not declare.
func (s *secrets) addSensitive(schema *openapi3.Schema, value any) {
	sensitive := schema == nil || schema.Extensions["x-sensitive"] == true
	switch value := value.(type) {
	case string:
		if sensitive {
			s.add(value)
		}
	case jsontext.Value:
		if sensitive {
			s.add(value.String())
		}
	case []any:
		var items *openapi3.Schema
		if schema != nil && schema.Items != nil {
			items = schema.Items.Value
		}
		for _, element := range value {
			s.addSensitive(items, element)
		}
	case map[string]any:
		var declared openapi3.Schemas
		if schema != nil {
			declared = schema.Properties
		}
		for name, member := range value {
			if ref, ok := declared[name]; ok {
				s.addSensitive(ref.Value, member)
				continue
			}
			s.add(name)
			s.addSensitive(nil, member)
		}
	}
}

// redact blanks the words of a text that are secret, hold one, or are part of one. Of a long text it keeps the
// beginning, up to a whole word.
func (s *secrets) redact(text string) string {
	const most = 4 << 10
	if len(text) > most {
		text = strings.TrimRightFunc(text[:most], func(r rune) bool { return !unicode.IsSpace(r) })
	}
	text = address().ReplaceAllString(text, blank) // whose ever it is
	known := make(map[string]bool)
	return word().ReplaceAllStringFunc(text, func(w string) string {
		secret, ok := known[w]
		if !ok {
			secret = s.in(fold(w))
			known[w] = secret
		}
		if secret {
			return blank
		}
		return w
	})
}

// redactCode lets the number of a code stand, such as CONT-001: it would be part of some phone number.
func (s *secrets) redactCode(code string) string {
	const most = len("-001")
	i := strings.LastIndexByte(code, '-')
	if i < 0 || len(code)-i > most || !isNumber(code[i+1:]) || !strings.ContainsFunc(code[:i], unicode.IsLetter) {
		return s.redact(code)
	}
	return s.redact(code[:i]) + code[i:]
}

// in bounds its time: the words of a server are compared with those of a contact, and both may be many.
func (s *secrets) in(word string) bool {
	const longest, shortest, partOfCredential = 256, 5, 6 // bytes
	switch {
	case s.words[word], len(word) > longest: // nobody reads a longer one
		return true
	case len(word) >= partOfCredential && strings.Contains(s.credentials, word): // cut off, say
		return true
	case len(word) >= 2 && isNumber(word) && strings.Contains(s.numbers.String(), word):
		return true
	}
	for i := range word {
		for j := i + shortest; j <= len(word); j++ {
			if s.words[word[i:j]] {
				return true
			}
		}
	}
	return false
}

// fold makes letters alike that differ in case, also where the lower case is not the only one.
func fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }

func isNumber(s string) bool { return s != "" && strings.Map(onlyDigits, s) == s }

// redactError keeps an error, and blanks its text. What net/http can not read of an answer it quotes: that is
// left out. Before there is an answer the text is about the host, whose name is no secret.
func (x *exchange) redactError(err error, outcome Outcome) error {
	secrets, text := x.secrets(), err.Error()
	if outcome == NotApplied {
		secrets.allow(x.request.URL.Hostname())
	} else if before, _, quoted := strings.Cut(text, `"`); quoted {
		text = before + "..."
	}
	return &redactedError{oneLine(secrets.redact(text)), err}
}

// redactedError is an error of others. It does not unwrap, so that who prints a whole chain does not print what is left out.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string        { return e.text }
func (e *redactedError) Is(target error) bool { return errors.Is(e.err, target) }
func (e *redactedError) As(target any) bool   { return errors.As(e.err, target) }

func (e redactedError) Format(f fmt.State, verb rune) { formatText(f, verb, e.text) }

const blank = "[redacted]"

var (
	word    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[\p{L}\p{Nd}]+`) })
	address = sync.OnceValue(func() *regexp.Regexp { // of e-mail
		return regexp.MustCompile(`("[^"]*"|[^\s<>"(),;:]+)@[\p{L}\p{N}.-]+\.\p{L}[\p{L}\p{N}-]*`)
	})
)

func wordsOf(text string) iter.Seq[string] {
	return strings.FieldsFuncSeq(text, func(r rune) bool { return !inWord(r) })
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func onlyDigits(r rune) rune {
	if unicode.IsDigit(r) {
		return r
	}
	return -1
}
