package importer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api"
)

// reconcile looks up the records that may have been applied. One is applied if a contact has all
// that was sent, and is not that of another record. What is not found stays unknown: the API may
// store a mobile number in another form than that which was sent, or list a contact late.
func (r *run) reconcile(ctx context.Context) error {
	found := make(map[string]int) // lines by the ids of contacts
	err := r.each(func(rec record) error {
		known, err := r.known.of(rec.line)
		if err != nil || known.outcome != unknown {
			return err
		}
		id, message, err := r.lookUp(ctx, rec.body)
		if err != nil {
			return fmt.Errorf("looking up line %d: %w", rec.line, err)
		}
		if line, isFound := found[id]; isFound && id != "" && !r.Target.MayShareIDs {
			id, message = "", fmt.Sprintf("the contact %s is that of line %d", id, line)
		}
		if id == "" {
			return r.settle(entry{Line: rec.line, Outcome: api.Unknown.String(), Message: message})
		}
		found[id] = rec.line
		return nil
	})
	if err != nil {
		return err
	}
	taken := make(map[string]int)
	if !r.Target.MayShareIDs {
		if taken, err = r.journal.linesOf(found); err != nil {
			return err
		}
	}
	for id, line := range found {
		e := entry{Line: line, Outcome: api.Applied.String(), ID: id}
		if other := taken[id]; other > 0 {
			message := fmt.Sprintf("the contact %s is that of line %d", id, other)
			e = entry{Line: line, Outcome: api.Unknown.String(), Message: message}
		}
		if err := r.settle(e); err != nil {
			return err
		}
	}
	return r.journal.sync()
}

func (r *run) settle(e entry) error {
	e.By = "lookup"
	return r.journal.add(e)
}

// lookUp returns the id of the contact that has all that was sent, or why there is none.
func (r *run) lookUp(ctx context.Context, body jsontext.Value) (id, message string, err error) {
	var sent struct {
		Mobile struct {
			Number string `json:"number"`
		} `json:"mobile"`
		Email string `json:"email"`
	}
	_ = json.Unmarshal(body, &sent) // it was valid when it was sent
	if sent.Mobile.Number == "" && sent.Email == "" {
		return "", "it cannot be looked up without mobile number and e-mail address", nil
	}
	contact, err := r.Target.Find(ctx, api.ContactFilter{Mobile: sent.Mobile.Number, Email: sent.Email})
	if errors.Is(err, api.ErrNotFound) {
		return "", "no contact has its mobile number and e-mail address as they were sent: look for it", nil
	}
	if err != nil {
		return "", "", err
	}
	stored, err := contact.MarshalJSON()
	if err != nil || contact.ID == nil {
		return "", "the contact with its mobile number and e-mail address has no id", err
	}
	if at := difference(body, stored, ""); at != nil {
		return "", fmt.Sprintf("the contact %s differs from it in %s", *contact.ID, *at), nil
	}
	return *contact.ID, "", nil
}

// difference returns where a value has something that another one has not, or nil. It does not
// compare what the contact was found by: the API may store it in another form.
func difference(sent, stored jsontext.Value, at jsontext.Pointer) *jsontext.Pointer {
	if at == "/mobile/number" || at == "/email" {
		return nil
	}
	var members, has map[string]jsontext.Value
	var elements, found []jsontext.Value
	switch {
	case sent.Kind() == '{' && json.Unmarshal(sent, &members) == nil && json.Unmarshal(stored, &has) == nil:
		for name, member := range members {
			if inner := difference(member, has[name], at.AppendToken(name)); inner != nil {
				return inner
			}
		}
		return nil
	case sent.Kind() == '[' && json.Unmarshal(sent, &elements) == nil && json.Unmarshal(stored, &found) == nil:
		for i, element := range elements {
			if i < len(found) && difference(element, found[i], at.AppendToken(fmt.Sprint(i))) == nil {
				continue
			}
			return &at
		}
		return nil
	case bytes.Equal(sent, stored) || isSameText(sent, stored):
		return nil
	}
	return &at
}

// isSameText reports whether values are equal texts, or the same time.
func isSameText(a, b jsontext.Value) bool {
	var one, other string
	if json.Unmarshal(a, &one) != nil || json.Unmarshal(b, &other) != nil {
		return false
	}
	first, err := time.Parse(time.RFC3339, one)
	second, otherErr := time.Parse(time.RFC3339, other)
	return one == other || err == nil && otherErr == nil && first.Equal(second)
}

// linesOf returns the lines of other records with the ids of lines.
func (j *journal) linesOf(ids map[string]int) (map[string]int, error) {
	lines := make(map[string]int)
	info, err := j.file.Stat()
	if err != nil {
		return nil, err
	}
	text := bufio.NewReader(io.NewSectionReader(j.file, 0, info.Size()))
	for {
		line, err := text.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		var e entry
		_ = json.Unmarshal(line, &e) // the first line is no entry
		if own, isFound := ids[e.ID]; isFound && e.ID != "" && e.Line != own {
			lines[e.ID] = e.Line
		}
	}
}
