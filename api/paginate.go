package api

import (
	"context"
	"crypto/sha256"
	"iter"
	"net/http"

	"github.com/sakari-go/sakari-go/gen"
)

// maxPages bounds a list that has no end.
const maxPages = 10_000

// paginate yields the items on the pages of a list, which read finds in a response of type R. It
// goes on as long as the server says that there is a next page, also if all of a page is known:
// items may have been added meanwhile, so that those of the last page are on this one.
//
// The identity of an item is a text that is the same on two pages, such as its id.
func paginate[R, T any](
	ctx context.Context, p *pipeline, operation string, start *int, opts []CallOption, in pathValues,
	newRequest func(server string, offset *int) (*http.Request, error),
	read func(*R) ([]T, *gen.Pagination), identity func(T) string,
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		seen := make(map[[sha256.Size]byte]int) // the first page of each item; a hash takes little memory
		offset := start
		for page := 1; ; page++ {
			response, x, err := do[R](ctx, p, operation, opts, in, nil,
				func(server string) (*http.Request, error) { return newRequest(server, offset) })
			if err != nil {
				yield(none, err)
				return
			}
			items, position := read(response)
			isNew := false
			for _, item := range items {
				id := sha256.Sum256([]byte(identity(item)))
				first, known := seen[id]
				if !known {
					seen[id] = page
					isNew = true
				}
				if known && first < page {
					continue // items were added between two pages
				}
				if !yield(item, nil) {
					return
				}
			}
			from := 0
			if offset != nil {
				from = *offset
			}
			next := from + len(items) // not the limit: the server may send fewer
			hasNext := isNew
			if position != nil && position.HasNext != nil {
				hasNext = *position.HasNext
			}
			if !hasNext {
				return
			}
			if next <= from || page == maxPages {
				if p.validator.mode == ValidationOff {
					return
				}
				if err := p.validator.refuse(ctx, x, true, Violation{
					Location: "body/pagination/hasNext", Rule: "pagination",
					Message: "says that there is a next page, but the list does not end",
				}); err != nil {
					yield(none, err)
				}
				return
			}
			offset = &next
		}
	}
}
