package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"
)

// secrets are the words that no log may hold, in lower case: of the credentials, and of what in the
// request's body the contract marks x-sensitive or does not declare. A server may repeat them in an error.
type secrets map[string]bool

func (x *exchange) secrets() secrets {
	s := x.credentials()
	if len(x.body) == 0 {
		return s
	}
	requestBody := x.operation.route.Operation.RequestBody
	if _, findings := parseJSON(x.body); requestBody == nil || len(findings) > 0 {
		s.add(string(x.body)) // it was let through unchecked
		return s
	}
	decoder := json.NewDecoder(bytes.NewReader(x.body))
	decoder.UseNumber()
	var body any
	_ = decoder.Decode(&body)
	if media := requestBody.Value.Content.Get("application/json"); media != nil && media.Schema != nil {
		s.addSensitive(media.Schema.Value, body)
	}
	return s
}

// credentials are the secrets but for the contact: the host of a redirect is to be shown, whatever the contact holds.
func (x *exchange) credentials() secrets {
	s := make(secrets)
	s.add(x.clientSecret)
	for _, token := range x.tokens {
		s.add(token)
	}
	return s
}

func (s secrets) add(text string) {
	text = strings.ToLower(text)
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return !inWord(r) }) {
		s[w] = true
	}
	if digits := strings.Map(onlyDigits, text); digits != "" {
		s[digits] = true // a phone number may come back without its dashes
	}
}

// addSensitive adds what may be personal. A nil schema stands for what the contract does not declare.
func (s secrets) addSensitive(schema *openapi3.Schema, value any) {
	sensitive := schema == nil || schema.Extensions["x-sensitive"] == true
	switch value := value.(type) {
	case string:
		if sensitive {
			s.add(value)
		}
	case json.Number:
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
			declared = declaredProperties(schema)
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

// redact blanks the words of a text that are secret, or hold a secret of three letters or more. Of a long text it keeps the
// beginning, up to a whole word.
func (s secrets) redact(text string) string {
	const most = 4 << 10
	if len(text) > most {
		text = strings.TrimRightFunc(strings.ToValidUTF8(text[:most], ""), inWord)
	}
	return word.ReplaceAllStringFunc(text, func(w string) string {
		if s.in(strings.ToLower(w)) {
			return "[redacted]"
		}
		return w
	})
}

func (s secrets) in(word string) bool {
	if s[word] {
		return true
	}
	for secret := range s {
		if len(secret) >= 3 && strings.Contains(word, secret) || isPartOfNumber(word, secret) {
			return true
		}
	}
	return false
}

// isPartOfNumber is true for the parts of a phone number that a server writes with blanks or dashes.
func isPartOfNumber(word, secret string) bool {
	digits := func(s string) bool { return strings.Map(onlyDigits, s) == s }
	return len(word) >= 2 && len(secret) >= 6 && digits(word) && digits(secret) && strings.Contains(secret, word)
}

// redactError keeps an error, and blanks its text: net/http quotes what it can not read of an answer.
func (s secrets) redactError(err error) error {
	text, _, quoted := strings.Cut(err.Error(), `"`)
	if quoted {
		text += "..."
	}
	return &redactedError{oneLine(s.redact(text)), err}
}

type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.err }

func (e redactedError) Format(f fmt.State, verb rune) { formatText(f, verb, e.text) }

var word = regexp.MustCompile(`[\p{L}\p{Nd}]+`)

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func onlyDigits(r rune) rune {
	if unicode.IsDigit(r) {
		return r
	}
	return -1
}
