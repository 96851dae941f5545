package apitest

import (
	"fmt"
	"iter"
	"slices"
)

// table contains rows in the order in which they were added, and finds them by their id. The zero
// table is empty. All its methods but all take the same time for any number of rows.
type table[T any] struct {
	rows    []*T           // nil where a row was removed
	indexes map[string]int // of rows, by id
}

func (t *table[T]) get(id string) *T {
	if i, ok := t.indexes[id]; ok {
		return t.rows[i]
	}
	return nil
}

// add adds a row whose id is not in use.
func (t *table[T]) add(id string, row T) *T {
	if t.indexes == nil {
		t.indexes = make(map[string]int)
	}
	t.indexes[id] = len(t.rows)
	t.rows = append(t.rows, &row)
	return &row
}

// remove removes a row that exists. It closes the gaps once they are more than the rows.
func (t *table[T]) remove(id string) {
	t.rows[t.indexes[id]] = nil
	delete(t.indexes, id)
	if len(t.rows) <= 2*len(t.indexes) {
		return
	}
	gaps := 0
	shift := make([]int, len(t.rows))
	for i, row := range t.rows {
		shift[i] = gaps
		if row == nil {
			gaps++
		}
	}
	for id, i := range t.indexes {
		t.indexes[id] = i - shift[i]
	}
	t.rows = slices.DeleteFunc(t.rows, func(row *T) bool { return row == nil })
}

// all returns the rows that match.
func (t *table[T]) all(matches func(*T) bool) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, row := range t.rows {
			if row != nil && matches(row) && !yield(row) {
				return
			}
		}
	}
}

// newID returns an id that is neither in use nor taken. The counter makes it another one each time.
func (t *table[T]) newID(name string, counter *int, taken map[string]bool) string {
	for {
		*counter++
		if id := fmt.Sprintf("%s-%d", name, *counter); t.get(id) == nil && !taken[id] {
			return id
		}
	}
}
