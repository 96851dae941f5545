package sandbox

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"indent": indent,
}).Parse(pageText))

// Limits of what the page shows of a body. Indentation grows with the square of the depth.
const (
	maxShownBytes = 16 << 10
	maxShownDepth = 32
)

func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	entries := s.entries()
	slices.Reverse(entries)
	set := s.current()
	data := struct {
		Nonce, URL, AccountID, ClientID string
		Latency                         string // empty if there is none
		Faults                          []string
		Entries                         []entry
	}{Nonce: rand.Text(), URL: "http://" + r.Host, AccountID: s.AccountID, ClientID: s.ClientID, Entries: entries}
	if set.latency > 0 {
		data.Latency = set.latency.String()
	}
	for _, f := range set.faults {
		data.Faults = append(data.Faults, f.text)
	}
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, data); err != nil {
		fail(w, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+data.Nonce+"'; "+
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	_, _ = w.Write(text.Bytes())
}

// indent returns the part of a body that the page shows. It indents JSON.
func indent(body string) string {
	if len(body) <= maxShownBytes && isShallow(body) {
		value := jsontext.Value(body)
		if value.Indent(jsontext.WithIndent("  ")) == nil {
			return string(value)
		}
	}
	if len(body) <= maxShownBytes {
		return body
	}
	const more = "\n(%d bytes more; GET " + reserved + "requests has them)"
	return strings.ToValidUTF8(body[:maxShownBytes], "") + fmt.Sprintf(more, len(body)-maxShownBytes)
}

func isShallow(body string) bool {
	decoder := jsontext.NewDecoder(strings.NewReader(body))
	for {
		if _, err := decoder.ReadToken(); err != nil {
			return true
		}
		if decoder.StackDepth() > maxShownDepth {
			return false
		}
	}
}
