package spec

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseJSON_ReportsEveryFinding(t *testing.T) {
	nested := func(depth int, opening, value, closing string) string {
		return strings.Repeat(opening, depth) + value + strings.Repeat(closing, depth)
	}
	texts := map[string][]string{
		`["\ufffd"]`: nil, "[\"\ufffd\"]": nil, `["\\ufffd"]`: nil,
		`["\ud83d\ude00"]`: nil, `["\\ud800"]`: nil,
		`["\ud800"]`:             {"utf-8 /0"},
		`["\ud800\u0041"]`:       {"utf-8 /0"},
		`["\udc00\ud800"]`:       {"utf-8 /0"},
		`["\uFFFD\ud800"]`:       {"utf-8 /0"},
		`["\ud83d\ude00\ud800"]`: {"utf-8 /0"},
		"[\"\xff\",\"ok\"]":      {"utf-8 /0"},
		"{\"\xff\":1}":           {"utf-8 /\ufffd"},

		`{"a":1,"a":1}`:                    {"duplicate /a"},
		`{"x":[{"a":1,"\u0061":1,"a":2}]}`: {"duplicate /x/0/a", "duplicate /x/0/a"},
		`[1e400,-1e400,1e-400]`:            {"number /0", "number /1"},
		nested(100, "[", "", "]"):          nil,
		nested(101, "[", "", "]"):          {"nesting " + strings.Repeat("/0", 100)},
		nested(101, `{"a":`, "1", "}"):     {"nesting " + strings.Repeat("/a", 100)},
	}
	for _, valid := range []string{
		`{}`, `[]`, `"x"`, `1`, ` null `, `{"a":[1,{"b":null}],"A":true}`,
	} {
		texts[valid] = nil
	}
	for _, invalid := range []string{
		``, " \t", `{`, `[1,]`, `{"a":1,}`, `[1}`, `{"a"}`, `{1:2}`, `{"a":1 "b":2}`, `nul`, `01`,
		`NaN`, "\"\n\"", `"\x"`, `'a'`, `[1 2]`, `{} {}`, `{}x`, `1 2`, `{}}`, "\ufeff{}", "{}\x00",
	} {
		texts[invalid] = []string{"json"}
	}
	for text, want := range texts {
		read := parseJSON([]byte(text))
		var got []string
		for _, f := range read.findings {
			got = append(got, strings.TrimSpace(f.rule+" "+string(f.pointer)))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%.60q: want (-), got (+)\n%s", text, diff)
		}
		if want == nil {
			checkSameAsStandard(t, []byte(text), read.value)
		}
	}
}

func TestParseJSON_BoundsItsFindings(t *testing.T) {
	read := parseJSON([]byte("[" + strings.Repeat("1e400,", 100_000) + "1]"))
	if read.value != nil || len(read.findings) != maxFindings+1 {
		t.Errorf("%d findings and the value %.60v, want %d and none",
			len(read.findings), read.value, maxFindings+1)
	}
}

func checkSameAsStandard(t *testing.T, text []byte, value any) {
	t.Helper()
	var standard any
	if err := json.Unmarshal(text, &standard); err != nil {
		t.Fatalf("%.60q: encoding/json: %v", text, err)
	}
	if !reflect.DeepEqual(standard, value) {
		t.Errorf("%.60q: encoding/json has %v, parsed %v", text, standard, value)
	}
}

// What parseJSON accepts, encoding/json decodes to the same value.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,{"b":null}],"A":true}`, `["\ud83d\ude00", "\ufffd", 1e400]`, `{"a":1,"a":2}`,
		"[\"\xff\"]", `{} x`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if read := parseJSON(text); len(read.findings) == 0 {
			checkSameAsStandard(t, text, read.value)
		}
	})
}
