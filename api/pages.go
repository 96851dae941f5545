package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"iter"

	"github.com/sakari-go/sakari-go/gen"
)

// maxPages ends a list that would never end by itself.
const maxPages = 10_000

// pages goes through the pages of a list. Each must bring something new, or a server that repeats itself would never
// let it end.
func pages[R any](ctx context.Context, c *Client, operation string, start *int, opts []CallOption,
	send func(ctx context.Context, offset *int) (*R, error), result func(*R) *gen.AttributeListResponse) iter.Seq2[gen.Attribute, error] {
	return func(yield func(gen.Attribute, error) bool) {
		var state *callState
		opts := append(opts[:len(opts):len(opts)], keepState(&state))
		seen := make(map[[sha256.Size]byte]int) // the page that each came with first
		offset := start
		for page := 1; ; page++ {
			list, err := call(ctx, c, operation, opts, func(ctx context.Context) (*R, error) { return send(ctx, offset) }, result)
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
				endless := contradiction(operation, state, Violation{"body/pagination/hasNext", "pagination", "says that there is more, and the list comes to no end"})
				if err := c.judgeContradiction(ctx, state, endless); err != nil {
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
		a = gen.Attribute{ID: a.ID, Type: a.Type}
	}
	text, _ := json.Marshal(a) // it came as JSON
	return sha256.Sum256(text)
}

// keepState lets the caller of call see the answer.
func keepState(into **callState) CallOption {
	return func(s *callState) error { *into = s; return nil }
}

// contradiction is for an answer that keeps the contract and is none to the question.
func contradiction(operation string, state *callState, violation Violation) *ValidationError {
	return &ValidationError{
		Operation: operation, Direction: DirectionResponse, StatusCode: state.answer.StatusCode,
		Violations: []Violation{violation}, Header: state.answer.Header, Body: state.answer.Body,
	}
}

// judgeContradiction returns the error if the mode of validation makes it one.
func (c *Client) judgeContradiction(ctx context.Context, state *callState, found *ValidationError) error {
	if c.checker.mode == ValidationOff {
		return nil
	}
	err := c.checker.violated(ctx, &exchange{state: state}, found)
	if err != nil {
		c.checker.onViolation(ctx, found)
	}
	return err
}
