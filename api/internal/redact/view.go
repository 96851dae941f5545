package redact

import (
	"html"
	"iter"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// view is a text as it may be meant: folded, and without the escapes of one format.
type view struct {
	text  string
	spans []span // of each byte, where its character is in the original
}

// original returns where a part of the view is in the original.
func (v view) original(s span) span { return span{v.spans[s.start].start, v.spans[s.end-1].end} }

// escapes are the formats in which a server may repeat a value. Each function returns the text of
// an escape at the start of a text, and the length of the escape in bytes, 0 if there is none.
var escapes = []struct {
	chars  string // with which one starts
	decode func(string) (string, int)
}{
	{"", func(string) (string, int) { return "", 0 }},
	{"%+", percentEscape},
	{`\`, backslashEscape},
	{"&", entity},
}

// viewsOf returns the text itself, and the text by each format whose escapes it may contain.
func viewsOf(text string) iter.Seq[view] {
	return func(yield func(view) bool) {
		for _, e := range escapes {
			if (e.chars == "" || strings.ContainsAny(text, e.chars)) && !yield(newView(text, e.decode)) {
				return
			}
		}
	}
}

func newView(text string, decode func(string) (string, int)) view {
	var v view
	var folded []byte
	for i := 0; i < len(text); {
		decoded, n := decode(text[i:])
		if n == 0 {
			_, n = utf8.DecodeRuneInString(text[i:])
			decoded = text[i : i+n]
		}
		for _, r := range decoded {
			folded = appendFolded(folded, r)
		}
		for len(v.spans) < len(folded) {
			v.spans = append(v.spans, span{i, i + n})
		}
		i += n
	}
	v.text = string(folded)
	return v
}

// percentEscape decodes a character of a URL or a form. A byte that is not UTF-8 is Latin-1.
func percentEscape(text string) (string, int) {
	if text[0] == '+' {
		return " ", 1
	}
	var encoded []byte
	for i := 0; len(encoded) < utf8.UTFMax && len(text) >= i+3 && text[i] == '%'; i += 3 {
		b, err := strconv.ParseUint(text[i+1:i+3], 16, 8)
		if err != nil {
			break
		}
		encoded = append(encoded, byte(b))
	}
	if len(encoded) == 0 {
		return "", 0
	}
	r, n := utf8.DecodeRune(encoded)
	if r == utf8.RuneError {
		r = rune(encoded[0])
	}
	return string(r), 3 * n
}

// backslashEscape decodes a character of a JSON string.
func backslashEscape(text string) (string, int) {
	switch {
	case text[0] != '\\' || len(text) < 2:
		return "", 0
	case text[1] == 'u':
		first, ok := hexadecimal(text)
		if !ok {
			return "", 0
		}
		if second, ok := hexadecimal(text[6:]); ok && utf16.IsSurrogate(first) {
			return string(utf16.DecodeRune(first, second)), 12
		}
		return string(first), 6
	case strings.IndexByte("bfnrt", text[1]) >= 0:
		return " ", 2
	}
	_, n := utf8.DecodeRuneInString(text[1:])
	return text[1 : 1+n], 1 + n
}

// hexadecimal reads a character such as \u00e9.
func hexadecimal(text string) (rune, bool) {
	if len(text) < 6 || text[:2] != `\u` {
		return 0, false
	}
	code, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(code), err == nil
}

// entity decodes a character of HTML.
func entity(text string) (string, int) {
	const maxEntity = 33 // bytes of the longest name
	if text[0] != '&' {
		return "", 0
	}
	end := strings.IndexByte(text[:min(len(text), maxEntity)], ';') + 1
	if decoded := html.UnescapeString(text[:end]); decoded != text[:end] {
		return decoded, end
	}
	return "", 0
}

// fold maps characters that servers may write for each other to one: letters that differ in case or
// width, digits, spaces. It drops what is not visible.
func fold(s string) string {
	var folded []byte
	for _, r := range s {
		folded = appendFolded(folded, r)
	}
	return string(folded)
}

func trimmed(value string) string { return strings.TrimSpace(fold(value)) }

func appendFolded(dst []byte, r rune) []byte {
	const (
		firstFullWidth, lastFullWidth, firstVisible = '\uff01', '\uff5e', '!'
		dotAbove                                    = '\u0307' // of a Turkish capital I in lower case
	)
	if r >= firstFullWidth && r <= lastFullWidth {
		r += firstVisible - firstFullWidth
	}
	switch {
	case isIgnorable(r), r == dotAbove:
		return dst
	case unicode.IsSpace(r):
		return append(dst, ' ')
	case r == 'ß', r == 'ẞ':
		return append(dst, "ss"...)
	case unicode.IsDigit(r):
		return append(dst, '0'+digit(r))
	}
	// Some letters differ after one of these only.
	return utf8.AppendRune(dst, unicode.ToLower(unicode.ToUpper(r)))
}

// digit returns the value of a digit of any script. Each range of digits starts with a zero.
func digit(r rune) byte {
	for _, digits := range unicode.Digit.R16 {
		if rune(digits.Lo) <= r && r <= rune(digits.Hi) {
			return byte((r - rune(digits.Lo)) % 10)
		}
	}
	for _, digits := range unicode.Digit.R32 {
		if rune(digits.Lo) <= r && r <= rune(digits.Hi) {
			return byte((r - rune(digits.Lo)) % 10)
		}
	}
	return 0
}

// isIgnorable reports whether a character is not visible, such as a zero-width joiner.
func isIgnorable(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}
