package api

import (
	"context"
	"crypto/sha256"
	"iter"
	"net/http"

	"github.com/sakari-go/sakari-go/gen"
)

// maxPages ends a list that would never end by itself.
const maxPages = 10_000

// pages goes through the pages of a list. Each must bring something new, or a server that repeats itself would never
// let it end.
func pages(ctx context.Context, p *pipeline, operation string, start *int, opts []CallOption, in path, newRequest func(server string, offset *int) (*http.Request, error)) iter.Seq2[gen.Attribute, error] {
	return func(yield func(gen.Attribute, error) bool) {
		seen := make(map[[sha256.Size]byte]int) // the page that each came with first
		offset := start
		for page := 1; ; page++ {
			list, x, err := do[gen.AttributeListResponse](ctx, p, operation, opts, in, nil, func(server string) (*http.Request, error) { return newRequest(server, offset) })
			if err != nil {
				yield(gen.Attribute{}, err)
				return
			}
			anyNew := false
			for _, a := range list.Data {
				id := identity(a)
				first, known := seen[id]
				if !known {
					seen[id] = page
					anyNew = true
				}
				if known && first < page && a.ID != nil {
					continue // the list moved between two pages
				}
				if !yield(a, nil) {
					return
				}
			}
			saysMore := list.Pagination.HasNext
			if saysMore != nil && !*saysMore || saysMore == nil && !anyNew {
				return
			}
			from := 0
			if offset != nil {
				from = *offset
			}
			next := from + len(list.Data) // not the limit: the server may hand out fewer
			if !anyNew || next < from || page == maxPages {
				endless := invalidAnswer(x, x.answer, Violation{"body/pagination/hasNext", "pagination", "says that there is more, and the list comes to no end"})
				if p.checker.mode == ValidationOff {
					return
				}
				if err := p.checker.violated(ctx, x, endless); err != nil {
					p.tell(ctx, x, err)
					yield(gen.Attribute{}, err)
				}
				return
			}
			offset = &next
		}
	}
}

// identity tells attributes apart, in little memory. An id may be unique in its type only.
func identity(a gen.Attribute) [sha256.Size]byte {
	if a.ID != nil {
		return sha256.Sum256([]byte(deref(a.Type) + "\x00" + *a.ID))
	}
	text, _ := a.MarshalJSON() // it came as JSON
	return sha256.Sum256(text)
}
