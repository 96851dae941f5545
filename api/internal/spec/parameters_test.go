package spec

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParameters_AreCheckedByTheirStyle(t *testing.T) {
	base, err := url.Parse("https://api.invalid/")
	if err != nil {
		t.Fatal(err)
	}
	s := readSpec(t, "parameters.yaml")
	for name, c := range map[string]struct {
		operation string
		address   string
		header    http.Header
		want      []string // "location rule" of each violation
	}{
		"form":                      {operation: "form", address: "form?v=1&v=2"},
		"form, wrong":               {operation: "form", address: "form?v=1&v=x", want: []string{"query.v type"}},
		"form, absent":              {operation: "form", address: "form"},
		"commas":                    {operation: "commas", address: "commas?v=1,2"},
		"commas, wrong":             {operation: "commas", address: "commas?v=1,x", want: []string{"query.v type"}},
		"pipes":                     {operation: "pipes", address: "pipes?v=1%7C2"},
		"pipes, wrong":              {operation: "pipes", address: "pipes?v=1%7Cx", want: []string{"query.v type"}},
		"spaces":                    {operation: "spaces", address: "spaces?v=1%202"},
		"spaces, wrong":             {operation: "spaces", address: "spaces?v=1%20x", want: []string{"query.v type"}},
		"deep":                      {operation: "deep", address: "deep?v%5Ba%5D=1"},
		"deep, wrong":               {operation: "deep", address: "deep?v%5Ba%5D=x", want: []string{"query.v type"}},
		"header":                    {operation: "header", address: "header", header: http.Header{"X-Count": {"1"}, "Idempotency-Key": {"ab"}}},
		"header, wrong":             {operation: "header", address: "header", header: http.Header{"X-Count": {"x"}}, want: []string{"header.X-Count type"}},
		"header, missing":           {operation: "header", address: "header", want: []string{"header.X-Count required"}},
		"header, a key too short":   {operation: "header", address: "header", header: http.Header{"X-Count": {"1"}, "Idempotency-Key": {"a"}}, want: []string{"header.Idempotency-Key minLength"}},
		"cookie":                    {operation: "cookie", address: "cookie", header: http.Header{"Cookie": {"v=1"}}},
		"cookie, wrong":             {operation: "cookie", address: "cookie", header: http.Header{"Cookie": {"v=x"}}, want: []string{"cookie.v type"}},
		"label":                     {operation: "label", address: "label/.1"},
		"label, wrong":              {operation: "label", address: "label/.x", want: []string{"path.v type"}},
		"matrix":                    {operation: "matrix", address: "matrix/;v=1"},
		"matrix, wrong":             {operation: "matrix", address: "matrix/;v=x", want: []string{"path.v type"}},
		"of the path and its own":   {operation: "both", address: "both/1/xy"},
		"of the path, wrong":        {operation: "both", address: "both/x/xy", want: []string{"path.a type"}},
		"its own, wrong":            {operation: "both", address: "both/1/y", want: []string{"path.b pattern"}},
		"of the path, a slash":      {operation: "both", address: "both/1%2F2/xy", want: []string{"path.a segment"}},
		"a URI":                     {operation: "uri", address: "hooks/https:%2F%2Fhook.invalid%2Fa%3Fb=c"},
		"a URI of another scheme":   {operation: "uri", address: "hooks/http:%2F%2Fhook.invalid", want: []string{"path.url pattern"}},
		"a URI with dot segments":   {operation: "uri", address: "hooks/https:%2F%2Fhook.invalid%2F..%2F..%2Fx", want: []string{"path.url segment"}},
		"a URI with a dot":          {operation: "uri", address: "hooks/.%2Fhttps:", want: []string{"path.url segment"}},
		"a URI with a backslash":    {operation: "uri", address: "hooks/https:%5C%5Chook.invalid", want: []string{"path.url segment"}},
		"a URI with a line break":   {operation: "uri", address: "hooks/https:%2F%2Fhook.invalid%0A", want: []string{"path.url segment"}},
		"a URI that is not UTF-8":   {operation: "uri", address: "hooks/https:%2F%2F%FF", want: []string{"path.url utf-8"}},
		"a URI that is too long":    {operation: "uri", address: "hooks/https:%2F%2F" + strings.Repeat("x", maxURI), want: []string{"path.url maxLength"}},
		"a URI that is empty":       {operation: "uri", address: "hooks/", want: []string{"path.url required"}},
		"a URI of several segments": {address: "hooks/https://hook.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequest(http.MethodGet, base.String()+c.address, nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.header != nil {
				request.Header = c.header
			}
			segments := Segments(base, request.URL)
			op := s.Operation(c.operation)
			if op == nil {
				if found := s.Match(http.MethodDelete, segments); found != nil {
					t.Errorf("it matches %s", found.ID)
				}
				return
			}
			if s.Match(op.Method, segments) != op {
				t.Fatal("it does not match")
			}
			values := op.PathValues(segments)
			found := append(op.CheckPath(values), op.CheckRequest(t.Context(), Request{Request: request, PathValues: values})...)
			if diff := cmp.Diff(c.want, shortOf(found)); diff != "" {
				t.Errorf("%v\n%s", found, diff)
			}
		})
	}
}
