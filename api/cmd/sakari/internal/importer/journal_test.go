package importer

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	testBegin   = `{"into":"contacts","server":"https://api.example","account":"acc"}` + "\n"
	testSending = `{"line":2,"sending":"00112233445566778899aabbccddeeff"}` + "\n"
	testApplied = `{"line":2,"outcome":"applied","id":"contact-1"}` + "\n"
)

func TestJournal_Loads(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string // the journal before and after
		outcome    outcome
		wantError  string
	}{
		"empty":                   {want: testBegin},
		"incomplete first line":   {text: testBegin[:20], want: testBegin},
		"nothing sent":            {text: testBegin, want: testBegin},
		"sent":                    {text: testBegin + testSending, want: testBegin + testSending, outcome: unknown},
		"applied":                 {text: testBegin + testSending + testApplied, want: testBegin + testSending + testApplied, outcome: applied},
		"incomplete line":         {text: testBegin + testSending + testApplied[:30], want: testBegin + testSending, outcome: unknown},
		"line without its break":  {text: testBegin + strings.TrimSpace(testSending), want: testBegin},
		"lines of zeros":          {text: testBegin + testSending + "\x00\x00\n\x00\n\x00", want: testBegin + testSending, outcome: unknown},
		"damage before the end":   {text: testBegin + "\x00\n" + testSending, wantError: "a line before line 3 is damaged"},
		"another outcome":         {text: testBegin + strings.Replace(testApplied, "applied", "lost", 1), want: testBegin},
		"another member":          {text: testBegin + `{"line":2,"more":1}` + "\n" + testApplied, wantError: "a line before line 3 is damaged"},
		"another hash":            {text: testBegin + `{"line":2,"sending":"00"}` + "\n" + testApplied, wantError: "a line before line 3 is damaged"},
		"line 0":                  {text: testBegin + `{"line":0,"sending":"00"}` + "\n" + testApplied, wantError: "a line before line 3 is damaged"},
		"not a journal":           {text: "firstName\n", wantError: "not a journal: "},
		"journal of another file": {text: strings.Replace(testBegin, `"acc"`, `"b"`, 1), wantError: "it is of an import into contacts of account b at https://api.example, not into contacts of account acc at"},
	} {
		t.Run(name, func(t *testing.T) {
			file := writeFile(t, "a.csv.journal", c.text)
			i := Import{Target: testTarget()}
			j, known, err := resumeJournal(file, i.begin())
			if c.wantError != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantError) {
					t.Errorf("got error %v, want %s", err, c.wantError)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer known.close()
			state, err := known.of(2)
			if err != nil || state.outcome != c.outcome {
				t.Errorf("outcome %d, error %v; want %d", state.outcome, err, c.outcome)
			}
			if _, _, err := resumeJournal(file, i.begin()); err == nil || !strings.Contains(err.Error(), "another import has") {
				t.Errorf("a journal in use is opened: %v", err)
			}
			j.close()
			text, err := os.ReadFile(file)
			if diff := cmp.Diff(c.want, string(text)); err != nil || diff != "" {
				t.Error(err, diff)
			}
			if _, err := os.Stat(file + ".lock"); err == nil {
				t.Error("the lock is left")
			}
		})
	}
}

// TestJournal_WritesNothingAfterAFailure checks that an incomplete line stays the last one.
func TestJournal_WritesNothingAfterAFailure(t *testing.T) {
	file := writeFile(t, "a.csv.journal", testBegin)
	i := Import{Target: testTarget()}
	j, known, err := resumeJournal(file, i.begin())
	if err != nil {
		t.Fatal(err)
	}
	known.close()
	writable := j.file
	if j.file, err = os.Open(file); err != nil { // a write fails
		t.Fatal(err)
	}
	first := j.add(entry{Line: 2, Sending: "00"})
	j.file.Close()
	j.file = writable
	second := j.add(entry{Line: 3, Sending: "00"})
	j.close()
	text, err := os.ReadFile(file)
	if first == nil || second == nil || err != nil || string(text) != testBegin {
		t.Errorf("errors %v and %v, the journal has %q", first, second, text)
	}
}

func TestStates_AreIndependent(t *testing.T) {
	known, err := newStates()
	if err != nil {
		t.Fatal(err)
	}
	defer known.close()
	want := map[int]state{}
	for _, line := range []int{3, 1, 1000000, 2} {
		want[line] = state{outcome: outcome(1 + line%3), hash: hashOf(fmt.Append(nil, line)), offset: int64(line) << 33}
		if err := known.set(line, want[line]); err != nil {
			t.Fatal(err)
		}
	}
	want[4] = state{}
	want[2000000] = state{}
	for line, w := range want {
		got, err := known.of(line)
		if err != nil || got != w {
			t.Errorf("line %d: got %v, error %v; want %v", line, got, err, w)
		}
	}
}
