package redact

import (
	"iter"
	"slices"
	"strings"
)

// index finds the values that are prefixes of a text, in a time that hardly depends on their
// number: a server may send many words, and a request may have many values.
type index struct {
	values  []string  // sorted
	parents []int     // of a value, the longest other one that is its prefix, -1 if there is none
	isStart [256]bool // whether a value starts with a byte
}

func (r *Redactor) newIndex() *index {
	x := &index{}
	for value := range r.secret {
		x.values = append(x.values, value)
	}
	for value := range r.personal {
		if !r.allowed[value] && !r.secret[value] {
			x.values = append(x.values, value)
		}
	}
	slices.Sort(x.values)
	parent := -1
	for i, value := range x.values {
		for parent >= 0 && !strings.HasPrefix(value, x.values[parent]) {
			parent = x.parents[parent]
		}
		x.parents = append(x.parents, parent)
		x.isStart[value[0]] = true
		parent = i
	}
	return x
}

// prefixesOf returns the values that are prefixes of a text, the longest first. Each of them is
// also a prefix of the last value that does not sort after the text, which has it for an ancestor.
func (x *index) prefixesOf(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		i, isFound := slices.BinarySearch(x.values, text)
		if !isFound {
			i--
		}
		for ; i >= 0; i = x.parents[i] {
			if strings.HasPrefix(text, x.values[i]) && !yield(x.values[i]) {
				return
			}
		}
	}
}
