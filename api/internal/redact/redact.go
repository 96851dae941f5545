// Package redact removes secrets and personal data from text, such as an error message in which a
// server repeats what it was sent.
package redact

import (
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Mark replaces what is removed.
const Mark = "[redacted]"

const (
	// maxText is the length of a text in bytes beyond which the rest is cut off.
	maxText = 4 << 10
	// maxWord is the length of a word in bytes beyond which it is removed unseen: nobody reads it.
	maxWord = 256
	// minPart is the number of characters of a value that is found inside a longer word. A shorter
	// one would be part of many words: Al of invalid.
	minPart = 5
	// minCredentialPart is the length in bytes of a part of a credential that is removed, as in a
	// text that was cut off.
	minCredentialPart = 6
	// minCredential is the number of characters from which a credential is removed inside longer
	// words too, and from which a word of a credential is removed. Some tokens contain an "a"
	// between two dashes.
	minCredential = 3
	// minSymbols is the number of characters from which a value of ASCII punctuation alone is
	// removed. A shorter one is a placeholder, such as "-".
	minSymbols = 4
	// minDigits is the number of digits of a value from which they are removed without the rest.
	minDigits = 4
	// minPhoneNumber is the number of digits from which parts of a number are removed too.
	minPhoneNumber = 6
)

// Redactor removes what it was given from text: whole values and their words. Letter case does not
// matter. Values of one ordinary word, such as "mobile", are not removed, but credentials always
// are.
type Redactor struct {
	credentials []string
	secret      map[string]bool // credentials and their words
	personal    map[string]bool // other values and their words
	allowed     map[string]bool // words that are not personal
	numbers     strings.Builder // those that may be phone numbers
	index       *index          // of secret and personal, nil if it is not up to date
}

// New returns a redactor of credentials. Parts of a credential are removed too.
func New(credentials ...string) *Redactor {
	r := &Redactor{
		secret:   make(map[string]bool),
		personal: make(map[string]bool),
		allowed:  maps.Clone(ordinaryWords()),
	}
	for _, value := range credentials {
		if value = trimmed(value); value == "" {
			continue
		}
		r.credentials = append(r.credentials, value)
		r.secret[value] = true
		for w := range wordsOf(value) {
			if utf8.RuneCountInString(w) >= minCredential {
				r.secret[w] = true
			}
		}
	}
	return r
}

// Add adds a value, its words and its digits to what is removed.
func (r *Redactor) Add(value string) {
	value = trimmed(value)
	hasWords := false
	for w := range wordsOf(value) {
		hasWords = true
		r.personal[w] = true
	}
	if hasWords || utf8.RuneCountInString(value) >= minSymbols {
		r.personal[value] = true
	}
	if digits := strings.Map(onlyDigits, value); len(digits) >= minDigits {
		r.personal[digits] = true // a server may repeat a phone number without its dashes
		if len(digits) >= minPhoneNumber {
			r.numbers.WriteString(digits + " ")
		}
	}
	r.index = nil
}

// Allow keeps the words of texts readable, unless they contain digits or are part of a credential.
func (r *Redactor) Allow(texts ...string) {
	for _, text := range texts {
		for w := range wordsOf(fold(text)) {
			if !strings.ContainsFunc(w, unicode.IsDigit) {
				r.allowed[w] = true
			}
		}
	}
	r.index = nil
}

// Text removes from a text what is secret, the words that contain it, and every e-mail address. It
// also removes what is percent-encoded or escaped for JSON or HTML. It cuts a long text off.
func (r *Redactor) Text(text string) string {
	if len(text) > maxText {
		text = strings.TrimRightFunc(text[:maxText], func(c rune) bool { return !unicode.IsSpace(c) })
	}
	if r.index == nil {
		r.index = r.newIndex()
	}
	var found []span
	for v := range viewsOf(text) {
		for _, s := range r.find(v.text) {
			found = append(found, v.original(s))
		}
	}
	return replace(text, found)
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

// span is a part of a text from a byte to before another.
type span struct{ start, end int }

// find returns the parts of a folded text to remove.
func (r *Redactor) find(text string) []span {
	words := wordsAt(text)
	found := append(r.findValues(text, words), r.findCredentialParts(text, words)...)
	for _, match := range emailAddress().FindAllStringIndex(text, -1) {
		found = append(found, span{match[0], match[1]})
	}
	known := make(map[string]bool)
	for i := 0; i < len(text); i = words[i].end {
		word := text[i:words[i].end]
		isSecret, ok := known[word]
		if !ok {
			isSecret = len(word) > maxWord ||
				len(word) >= 2 && isNumber(word) && strings.Contains(r.numbers.String(), word)
			known[word] = isSecret
		}
		if isSecret {
			found = append(found, words[i])
		}
	}
	return found
}

// findValues returns where values are, with the words that contain them.
func (r *Redactor) findValues(text string, words []span) (found []span) {
	for i := range text {
		if !r.index.isStart[text[i]] {
			continue
		}
		for value := range r.index.prefixesOf(text[i:]) {
			at := span{i, i + len(value)}
			extended := at.extend(words)
			if extended != at {
				// Al is a part of invalid, and Umber of number.
				word := text[extended.start:extended.end]
				if !r.isFoundInWords(value) || !r.secret[value] && r.allowed[word] {
					continue
				}
			}
			found = append(found, extended)
			break
		}
	}
	return found
}

func (r *Redactor) isFoundInWords(value string) bool {
	length := utf8.RuneCountInString(value)
	return length >= minPart || length >= minCredential && slices.Contains(r.credentials, value)
}

// findCredentialParts returns where a text has bytes in common with a credential.
func (r *Redactor) findCredentialParts(text string, words []span) (found []span) {
	common := make(map[string]bool)
	for i := minCredentialPart; i <= len(text); i++ {
		common[text[i-minCredentialPart:i]] = false
	}
	for _, value := range r.credentials {
		for i := minCredentialPart; i <= len(value); i++ {
			part := value[i-minCredentialPart : i]
			if _, ok := common[part]; ok {
				common[part] = true
			}
		}
	}
	for i := minCredentialPart; i <= len(text); i++ {
		if common[text[i-minCredentialPart:i]] {
			found = append(found, span{i - minCredentialPart, i}.extend(words))
		}
	}
	return found
}

// extend returns the span with the rest of the words in which it starts and ends.
func (s span) extend(words []span) span {
	return span{words[s.start].start, max(s.end, words[s.end-1].end)}
}

// wordsAt returns the word at each byte of a folded text. A letter without case is in no word:
// Chinese and Thai have no spaces between words, Hebrew and Korean join particles to a name.
func wordsAt(text string) []span {
	words := make([]span, len(text))
	for i := range words {
		words[i] = span{i, i + 1}
	}
	for _, match := range casedWord().FindAllStringIndex(text, -1) {
		for i := match[0]; i < match[1]; i++ {
			words[i] = span{match[0], match[1]}
		}
	}
	return words
}

// replace puts the mark in the place of spans.
func replace(text string, spans []span) string {
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	var b strings.Builder
	end := 0 // of what is written or removed
	for _, s := range spans {
		if s.start > end || end == 0 {
			b.WriteString(text[end:max(s.start, end)] + Mark)
		}
		end = max(end, s.end)
		for end < len(text) { // what belongs to the last character
			r, n := utf8.DecodeRuneInString(text[end:])
			if !unicode.IsMark(r) && !isIgnorable(r) {
				break
			}
			end += n
		}
	}
	return b.String() + text[end:]
}

// Compiled when they are needed, as most programs redact nothing.
var (
	casedWord    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`([\p{Ll}\p{Lu}\p{N}]\p{M}*)+`) })
	emailAddress = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`("[^"]*"|[^\s<>"(),;:]+)@[\p{L}\p{N}.-]+\.\p{L}[\p{L}\p{N}-]*`)
	})
)

// wordsOf returns the words of a folded text: letters, marks and numbers, or symbols such as emoji.
func wordsOf(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start, last := 0, noWord
		for i, r := range text + " " {
			kind := kindOf(r)
			if kind == last {
				continue
			}
			if last != noWord && !yield(text[start:i]) {
				return
			}
			start, last = i, kind
		}
	}
}

type kind int

const (
	noWord kind = iota
	inWord
	symbol
)

func kindOf(r rune) kind {
	switch {
	case unicode.In(r, unicode.Letter, unicode.Mark, unicode.Number):
		return inWord
	case r > unicode.MaxASCII && unicode.In(r, unicode.Symbol, unicode.Co):
		return symbol
	}
	return noWord
}

func isNumber(s string) bool { return s != "" && strings.Map(onlyDigits, s) == s }

func onlyDigits(r rune) rune {
	if unicode.IsDigit(r) {
		return r
	}
	return -1
}
