// Package redact removes secrets and personal data from text, such as an error message in which a
// server repeats what it was sent.
package redact

import (
	"iter"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// Mark replaces what is removed.
const Mark = "[redacted]"

const (
	// maxText is the length of a text in bytes beyond which the rest is cut off.
	maxText = 4 << 10
	// maxWord is the length of a word in bytes beyond which it is removed unseen: nobody reads it,
	// and comparing its parts would take long.
	maxWord = 256
	// minSecretPart is the length in bytes of a secret that is found inside a longer word.
	minSecretPart = 5
	// minCredentialPart is the length in bytes of a part of a credential that is removed, as in a
	// text that was cut off.
	minCredentialPart = 6
	// minDigits is the number of digits of a text from which they are removed without the rest.
	// Those of a client secret with one digit would remove that digit from every text.
	minDigits = 4
	// minPhoneNumber is the number of digits from which parts of a number are removed too.
	minPhoneNumber = 6
)

// Redactor removes the words of what it was given from text. Letter case does not matter.
type Redactor struct {
	words       map[string]bool
	numbers     strings.Builder // those that may be phone numbers
	credentials string
}

// New returns a redactor of credentials. Parts of a credential are removed too.
func New(credentials ...string) *Redactor {
	r := &Redactor{words: make(map[string]bool)}
	for _, value := range credentials {
		r.Add(value)
		r.credentials += " " + fold(value)
	}
	return r
}

// Add adds the words and the digits of a text to what is removed.
func (r *Redactor) Add(text string) {
	text = fold(text)
	for w := range wordsOf(text) {
		r.words[w] = true
	}
	if digits := strings.Map(onlyDigits, text); len(digits) >= minDigits {
		r.words[digits] = true // a server may repeat a phone number without its dashes
		if len(digits) >= minPhoneNumber {
			r.numbers.WriteString(digits + " ")
		}
	}
}

// Allow takes the words of a text back.
func (r *Redactor) Allow(text string) {
	for w := range wordsOf(fold(text)) {
		delete(r.words, w)
	}
}

// Text removes from a text the words that are secret, contain a secret or are part of one, and
// every e-mail address. It cuts a long text off.
func (r *Redactor) Text(text string) string {
	if len(text) > maxText {
		text = strings.TrimRightFunc(text[:maxText], func(c rune) bool { return !unicode.IsSpace(c) })
	}
	text = emailAddress().ReplaceAllString(text, Mark)
	known := make(map[string]bool)
	return word().ReplaceAllStringFunc(text, func(w string) string {
		secret, ok := known[w]
		if !ok {
			secret = r.isSecret(fold(w))
			known[w] = secret
		}
		if secret {
			return Mark
		}
		return w
	})
}

// Code removes secrets from an error code. It keeps the number at the end of a code such as
// CONT-001, which would be part of some phone number.
func (r *Redactor) Code(code string) string {
	const maxSuffix = len("-001")
	i := strings.LastIndexByte(code, '-')
	if i < 0 || len(code)-i > maxSuffix || !isNumber(code[i+1:]) ||
		!strings.ContainsFunc(code[:i], unicode.IsLetter) {
		return r.Text(code)
	}
	return r.Text(code[:i]) + code[i:]
}

// isSecret bounds its time: the words of a server are compared with those of a request, and there
// may be many of both.
func (r *Redactor) isSecret(word string) bool {
	switch {
	case r.words[word], len(word) > maxWord:
		return true
	case len(word) >= minCredentialPart && strings.Contains(r.credentials, word):
		return true
	case len(word) >= 2 && isNumber(word) && strings.Contains(r.numbers.String(), word):
		return true
	}
	for i := range word {
		for j := i + minSecretPart; j <= len(word); j++ {
			if r.words[word[i:j]] {
				return true
			}
		}
	}
	return false
}

// fold maps letters that differ in case to one, also where lower case alone does not.
func fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }

func isNumber(s string) bool { return s != "" && strings.Map(onlyDigits, s) == s }

// Compiled when they are needed, as most programs redact nothing.
var (
	word         = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[\p{L}\p{Nd}]+`) })
	emailAddress = sync.OnceValue(func() *regexp.Regexp {
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
