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

// paginate yields the attributes on the pages of a list. It goes on as long as the server says that
// there is a next page, also if all of a page is known: attributes may have been added meanwhile,
// so that those of the last page are on this one.
func paginate(
	ctx context.Context, p *pipeline, operation string, start *int, opts []CallOption, in pathValues,
	newRequest func(server string, offset *int) (*http.Request, error),
) iter.Seq2[gen.Attribute, error] {
	return func(yield func(gen.Attribute, error) bool) {
		seen := make(map[[sha256.Size]byte]int) // the first page of each attribute
		offset := start
		for page := 1; ; page++ {
			list, x, err := do[gen.AttributeListResponse](ctx, p, operation, opts, in, nil,
				func(server string) (*http.Request, error) { return newRequest(server, offset) })
			if err != nil {
				yield(gen.Attribute{}, err)
				return
			}
			isNew := false
			for _, a := range list.Data {
				id := identity(a)
				first, known := seen[id]
				if !known {
					seen[id] = page
					isNew = true
				}
				if known && first < page {
					continue // attributes were added between two pages
				}
				if !yield(a, nil) {
					return
				}
			}
			hasNext := list.Pagination.HasNext
			if hasNext != nil && !*hasNext || hasNext == nil && !isNew {
				return
			}
			from := 0
			if offset != nil {
				from = *offset
			}
			next := from + len(list.Data) // not the limit: the server may send fewer
			if next <= from || page == maxPages {
				if p.validator.mode == ValidationOff {
					return
				}
				if err := p.validator.refuse(ctx, x, true, Violation{
					Location: "body/pagination/hasNext", Rule: "pagination",
					Message: "says that there is a next page, but the list does not end",
				}); err != nil {
					yield(gen.Attribute{}, err)
				}
				return
			}
			offset = &next
		}
	}
}

// identity returns what is the same for one attribute on two pages, in little memory. An id may be
// unique in its type only.
func identity(a gen.Attribute) [sha256.Size]byte {
	if a.ID != nil {
		return sha256.Sum256([]byte(deref(a.Type) + "\x00" + *a.ID))
	}
	text, _ := a.MarshalJSON() // it came as JSON
	return sha256.Sum256(text)
}
