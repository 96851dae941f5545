package api

import (
	"bytes"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// verdict is what a body says of the success of a call.
type verdict int

const (
	saysNothing verdict = iota
	saysTrue
	saysFalse
	saysBoth // to decoders that differ in repeated names, or in their case
)

// says reports whether a body says that a call failed, or that and the opposite.
func says(body []byte, failed verdict) bool {
	return bytes.Contains(body, []byte("false")) && successOf(body) == failed
}

// successOf returns what the member success of a JSON object says, whatever else is wrong with the
// object.
func successOf(body []byte) verdict {
	dec := jsontext.NewDecoder(bytes.NewBuffer(withoutMark(body)), lenient)
	if open, err := dec.ReadToken(); err != nil || open.Kind() != '{' {
		return saysNothing
	}
	result, isFirst := saysNothing, true
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return saysNothing
		}
		isExact, isSuccess := name.String() == "success", strings.EqualFold(name.String(), "success")
		value, err := dec.ReadValue()
		switch isFalse := value.Kind() == 'f'; {
		case err != nil:
			return saysNothing
		case !isSuccess, !isExact && !isFalse, result == saysBoth:
			continue
		case isFalse && isExact && isFirst:
			result = saysFalse
		case isFalse, result == saysFalse:
			result = saysBoth
		case isFirst && value.Kind() == 't':
			result = saysTrue
		default:
			result = saysNothing
		}
		isFirst = false
	}
	_, closed := dec.ReadToken()
	_, ended := dec.ReadToken()
	if closed != nil || ended != io.EOF {
		return saysNothing
	}
	return result
}

// lenient reads text of a server that most decoders read.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// withoutMark removes a byte order mark, which RFC 8259 8.1 lets a reader ignore.
func withoutMark(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\ufeff")) }
