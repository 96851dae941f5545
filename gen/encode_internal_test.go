package gen

import (
	"reflect"
	"strings"
	"testing"
)

type openNode struct {
	Next                 *openNode      `json:"next,omitempty"`
	Required             map[string]any `json:"required"`
	AdditionalProperties map[string]any `json:"-"`
}

// A schema may hold itself, and so may a value of its type, which has no end.
func TestOpenTypeThatHoldsItself(t *testing.T) {
	last := &openNode{AdditionalProperties: map[string]any{"is": "last"}}
	got, err := marshalOpen(reflect.ValueOf(&openNode{Next: &openNode{Next: last}, Required: map[string]any{}}).Elem())
	if want := `{"next":{"next":{"required":null,"is":"last"},"required":null},"required":{}}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	last.Next = last
	if got, err := marshalOpen(reflect.ValueOf(last).Elem()); err == nil || !strings.Contains(err.Error(), "holds itself") {
		t.Errorf("%d bytes, %v, want an error", len(got), err)
	}
}
