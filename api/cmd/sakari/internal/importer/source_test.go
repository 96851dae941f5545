package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testTarget returns a target whose records have a few properties of each type.
func testTarget() Target {
	list := openapi3.NewArraySchema().WithItems(openapi3.NewObjectSchema().WithProperty("name", openapi3.NewStringSchema()))
	return Target{
		Into: "contacts", Server: "https://api.example", Account: "acc",
		Schema: openapi3.NewObjectSchema().
			WithProperty("firstName", openapi3.NewStringSchema()).
			WithProperty("email", openapi3.NewStringSchema()).
			WithProperty("age", openapi3.NewIntegerSchema()).
			WithProperty("isMember", openapi3.NewBoolSchema()).
			WithProperty("mobile", openapi3.NewObjectSchema().
				WithProperty("number", openapi3.NewStringSchema()).
				WithProperty("country", openapi3.NewStringSchema())).
			WithProperty("attributes", openapi3.NewObjectSchema()).
			WithProperty("lists", list),
		Undeclared: func(body jsontext.Value) []string {
			var members map[string]jsontext.Value
			if err := json.Unmarshal(body, &members); err != nil {
				return []string{err.Error()}
			}
			for name := range members {
				if strings.HasPrefix(name, "x") {
					return []string{name + " is not declared"}
				}
			}
			return nil
		},
	}
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSource_ReadsRecords(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string
		want       []string // line and body
		wantError  string   // after the name of the file
	}{
		"paths": {
			file: "a.csv", text: "firstName,mobile.number,attributes.plan,age,isMember\nAnn,+1555,gold,5,true\n",
			want: []string{`2 {"age":5,"attributes":{"plan":"gold"},"firstName":"Ann","isMember":true,"mobile":{"number":"+1555"}}`},
		},
		"names of the vendor": {
			file: "a.csv", text: "mobile,country,firstName\n+1555,US,Ann\n",
			want: []string{`2 {"firstName":"Ann","mobile":{"country":"US","number":"+1555"}}`},
		},
		"empty cells": {
			file: "a.csv", text: "firstName,mobile,email\n,,\nAnn,,\n", want: []string{`2 {}`, `3 {"firstName":"Ann"}`},
		},
		"lists": {
			file: "a.csv", text: "lists.1.name,lists.0.name\nsecond,first\nonly,\n",
			want: []string{`2 {"lists":[{"name":"first"},{"name":"second"}]}`, `3 {"lists":[{"name":"only"}]}`},
		},
		"other types than declared": {
			file: "a.csv", text: "age,isMember\nfive,1\n05,TRUE\n1e2,False\n",
			want: []string{
				`2 {"age":"five","isMember":"1"}`, `3 {"age":"05","isMember":true}`, `4 {"age":1e2,"isMember":false}`,
			},
		},
		"quotes, line breaks and CRLF": {
			file: "a.csv", text: "firstName,email\r\n\"A \"\"B\"\"\r\nC\",x\r\n\r\nAnn,\"y,z\"\r\n",
			want: []string{`2 {"email":"x","firstName":"A \"B\"\nC"}`, `5 {"email":"y,z","firstName":"Ann"}`},
		},
		"byte order mark":      {file: "a.csv", text: "\ufefffirstName\nAnn", want: []string{`2 {"firstName":"Ann"}`}},
		"semicolons":           {file: "a.CSV", text: "firstName;email\nA,B;x\n", want: []string{`2 {"email":"x","firstName":"A,B"}`}},
		"tabs":                 {file: "a.tsv", text: "firstName\temail\nA;B\tx\n", want: []string{`2 {"email":"x","firstName":"A;B"}`}},
		"note of an import":    {file: "a.csv", text: "import.line,firstName,import.code\n7,Ann,x\n", want: []string{`2 {"firstName":"Ann"}`}},
		"no records":           {file: "a.csv", text: "firstName\n"},
		"empty":                {file: "a.csv", wantError: " is empty: the first line names the columns"},
		"UTF-16":               {file: "a.csv", text: "\xff\xfef\x00", wantError: " is in UTF-16: save it as UTF-8 (in Excel: CSV UTF-8)"},
		"UTF-16 without mark":  {file: "a.csv", text: "f\x00i\x00", wantError: " is in UTF-16: save it as UTF-8 (in Excel: CSV UTF-8)"},
		"UTF-16, big endian":   {file: "a.ndjson", text: "\xfe\xff\x00{", wantError: " is in UTF-16: save it as UTF-8 (in Excel: CSV UTF-8)"},
		"Latin-1":              {file: "a.csv", text: "firstName,email\nx,Ren\xe9\n", wantError: ":2:3: not UTF-8: save the file as UTF-8 (in Excel: CSV UTF-8)"},
		"undeclared column":    {file: "a.csv", text: "firstName,xyz\nA,b\n", wantError: ":1: xyz is not declared"},
		"repeated column":      {file: "a.csv", text: "mobile,mobile.number\n", wantError: `:1: columns "mobile" and "mobile.number" are the same property`},
		"part of a column":     {file: "a.csv", text: "attributes.a,attributes.a.b\n", wantError: `:1: column "attributes.a.b" is a part of column "attributes.a"`},
		"object":               {file: "a.csv", text: "attributes\n", wantError: `:1: column "attributes": it has parts: name one of them, such as attributes.name`},
		"list without number":  {file: "a.csv", text: "lists.name\n", wantError: `:1: column "lists.name": lists is a list: want a number from 0 to 99, as in lists.0`},
		"number too large":     {file: "a.csv", text: "lists.100.name\n", wantError: `:1: column "lists.100.name": lists is a list: want a number from 0 to 99, as in lists.0`},
		"no name":              {file: "a.csv", text: "firstName,\nA,\n", wantError: `:1: the name of column 2, "", is not a path such as mobile.number`},
		"only notes":           {file: "a.csv", text: "import.line\n", wantError: ":1: no column has a property"},
		"missing cell":         {file: "a.csv", text: "firstName,email\nA,b\nA\n", wantError: ":3: the row has 1 cells, but the first row has 2"},
		"quote within a cell":  {file: "a.csv", text: "firstName\nA \"B\"\n", wantError: `:2:3: bare " in non-quoted-field`},
		"quote not closed":     {file: "a.csv", text: "firstName\n\n\"A\nB\n", wantError: `:4:3: extraneous or missing " in quoted-field (the row starts in line 3)`},
		"too large":            {file: "a.csv", text: "firstName\n\"" + strings.Repeat("x\n", maxRecord), wantError: ": a row is larger than 1 MiB: is a quote not closed?"},
		"objects":              {file: "a.ndjson", text: "{\"a\":1.0}\r\n\n {\"b\":[{}]} ", want: []string{`1 {"a":1.0}`, `3 {"b":[{}]}`}},
		"object with a mark":   {file: "a.jsonl", text: "\ufeff{}", want: []string{`1 {}`}},
		"object with a note":   {file: "a.ndjson", text: `{"import":{"line":1},"a":1,"b":{"import":2}}`, want: []string{`1 {"a":1,"b":{"import":2}}`}},
		"no object":            {file: "a.ndjson", text: "{}\n[]", wantError: ":2: invalid JSON: want an object"},
		"two objects":          {file: "a.ndjson", text: "{} {}", wantError: ":1: invalid JSON: want one object a line"},
		"half an object":       {file: "a.ndjson", text: `{"a":`, wantError: ":1: invalid JSON: jsontext: unexpected EOF within \"/a\" after offset 5"},
		"repeated name":        {file: "a.ndjson", text: `{"a":1,"a":2}`, wantError: ":1: invalid JSON: jsontext: duplicate object member name \"a\""},
		"object, not UTF-8":    {file: "a.ndjson", text: "{}\n{\"a\":\"\xe9\"}", wantError: ":2: not UTF-8: save the file as UTF-8 (in Excel: CSV UTF-8)"},
		"object too large":     {file: "a.ndjson", text: "{}\n" + strings.Repeat(" ", maxRecord) + "{}", wantError: ":2: the line is larger than 1 MiB"},
		"another kind of file": {file: "a.xlsx", text: "PK\x03\x04", wantError: ": want a file name that ends in .csv or .ndjson"},
	} {
		t.Run(name, func(t *testing.T) {
			file := writeFile(t, c.file, c.text)
			var got []string
			i := Import{File: file, Target: testTarget()}
			err := i.each(func(r record) error {
				got = append(got, fmt.Sprint(r.line, " ", r.body))
				return nil
			})
			if diff := cmp.Diff(c.want, got); diff != "" && c.wantError == "" {
				t.Error(diff)
			}
			want, message := "", ""
			if c.wantError != "" {
				want = file + c.wantError
			}
			if err != nil {
				message = err.Error()
			}
			if diff := cmp.Diff(want, message); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSource_RefusesWhatIsNoFile(t *testing.T) {
	for name, path := range map[string]string{
		"directory": t.TempDir(),
		"missing":   filepath.Join(t.TempDir(), "missing.csv"),
		"device":    os.DevNull,
	} {
		t.Run(name, func(t *testing.T) {
			i := Import{File: path, Target: testTarget()}
			if err := i.each(func(record) error { return nil }); err == nil {
				t.Error("got no error")
			}
		})
	}
}

// TestSource_ReadsWhatItWrites checks that a record with a note is the same record again.
func TestSource_ReadsWhatItWrites(t *testing.T) {
	for _, c := range []struct{ name, text, prefix, suffix string }{
		{name: "a.csv", text: "firstName;email\n\"A \"\"B\"\"\";\"c;d\n\"\n;\n", prefix: "firstName;", suffix: "\n"},
		{name: "excel.csv", text: "\ufefffirstName\r\nA\r\nB\r\n", prefix: "\ufefffirstName,import.line,", suffix: "\r\n"},
		{name: "a.ndjson", text: "{\"firstName\":\"A\"}\n{}\n", prefix: `{"firstName":"A","import":{"line":1,`, suffix: "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			name, text := c.name, c.text
			var bodies [3][]string
			for i := range bodies {
				records, file, err := open(writeFile(t, name, text), testTarget())
				if err != nil {
					t.Fatal(err)
				}
				text = records.header()
				err = each(records, func(r record) error {
					bodies[i] = append(bodies[i], string(r.body))
					line, err := records.withNote(r, note{Line: r.line, Code: "c,d", Message: `"m"` + "\n"})
					text += line
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				file.Close()
			}
			if diff := cmp.Diff(bodies[0], bodies[2]); diff != "" || len(bodies[0]) != 2 {
				t.Error(diff, bodies[0])
			}
			if !strings.HasPrefix(text, c.prefix) || !strings.HasSuffix(text, c.suffix) {
				t.Errorf("wrote %q", text)
			}
		})
	}
}
