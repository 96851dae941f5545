package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseJSON(t *testing.T) {
	for text, want := range map[string][]string{
		`{}`: nil, `[]`: nil, `"x"`: nil, `1`: nil, ` null `: nil, `{"a":[1,{"b":null}],"A":true}`: nil,
		``: {"json"}, " \t": {"json"}, `{`: {"json"}, `[1,]`: {"json"}, `{"a":1,}`: {"json"}, `[1}`: {"json"}, `{"a"}`: {"json"}, `{1:2}`: {"json"},
		`{"a":1 "b":2}`: {"json"}, `nul`: {"json"}, `01`: {"json"}, `NaN`: {"json"}, "\"\n\"": {"json"}, `"\x"`: {"json"}, `'a'`: {"json"}, `[1 2]`: {"json"},
		`{} {}`: {"json"}, `{}x`: {"json"}, `1 2`: {"json"}, `{}}`: {"json"}, "\ufeff{}": {"json"}, "{}\x00": {"json"},
		`{"a":1,"a":1}`: {"duplicate /a"}, `{"x":[{"a":1,"\u0061":1,"a":2}]}`: {"duplicate /x/0/a", "duplicate /x/0/a"},
		`[1e400,-1e400,1e-400]`: {"number /0", "number /1"},
		"[\"\xff\",\"ok\"]":     {"utf-8 /0"}, "{\"\xff\":1}": {"utf-8 /\ufffd"},
		`["\ud800"]`: {"utf-8 /0"}, `["\ud800\u0041"]`: {"utf-8 /0"}, `["\udc00\ud800"]`: {"utf-8 /0"}, `["\ud83d\ude00"]`: nil, `["\\ud800"]`: nil,
		`["\ufffd"]`: nil, `["\uFFFD\ud800"]`: {"utf-8 /0"}, "[\"\ufffd\"]": nil, `["\\ufffd"]`: nil, `["\ud83d\ude00\ud800"]`: {"utf-8 /0"},
		strings.Repeat("[", 100) + strings.Repeat("]", 100):           nil,
		strings.Repeat("[", 101) + strings.Repeat("]", 101):           {"nesting " + strings.Repeat("/0", 100)},
		strings.Repeat(`{"a":`, 101) + "1" + strings.Repeat("}", 101): {"nesting " + strings.Repeat("/a", 100)},
	} {
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

func TestParseJSONGivesUp(t *testing.T) {
	read := parseJSON([]byte("[" + strings.Repeat("1e400,", 100_000) + "1]"))
	if read.value != nil || len(read.findings) != maxFindings+1 {
		t.Errorf("%d findings and a value %v, want %d and none", len(read.findings), read.value != nil, maxFindings+1)
	}
}

func checkSameAsStandard(t *testing.T, text []byte, value any) {
	t.Helper()
	var standard any
	if err := json.Unmarshal(text, &standard); err != nil {
		t.Fatalf("%.60q: encoding/json refuses it: %v", text, err)
	}
	if !reflect.DeepEqual(standard, value) {
		t.Errorf("%.60q: encoding/json has %v, parsed %v", text, standard, value)
	}
}

// What parseJSON accepts, encoding/json reads in the same way.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":null}],"A":true}`, `["\ud83d\ude00", "\ufffd", 1e400]`, `{"a":1,"a":2}`, "[\"\xff\"]", `{} x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if read := parseJSON(text); len(read.findings) == 0 {
			checkSameAsStandard(t, text, read.value)
		}
	})
}
