package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api/apitest"
)

func TestRun_PrintsTheOutcomeOfEachLine(t *testing.T) {
	server := apitest.NewServer(t)
	server.RespondFunc(func(r apitest.Request) *apitest.Reply {
		switch {
		case bytes.Contains(r.Body, []byte("refused")):
			return &apitest.Reply{Status: 422}
		case bytes.Contains(r.Body, []byte("failed")):
			return &apitest.Reply{Status: 503}
		}
		return nil
	})
	lines := `{"email":"ann@example.com"}
{"email":"refused@example.com"}
{"email":"failed@example.com"}
{"email":
{"email":"ben@example.com"}
`
	var out bytes.Buffer
	err := run(t.Context(), server.Client(), strings.NewReader(lines), &out)
	if err == nil || err.Error() != "3 of 5 lines failed" {
		t.Errorf("got error %v", err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		outcome, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		got = append(got, outcome)
	}
	slices.Sort(got)
	want := []string{"1 applied", "2 not applied", "3 unknown", "4 not applied", "5 applied"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := len(server.Requests()); n != 4 {
		t.Errorf("%d requests, want one for each contact", n)
	}
}

func TestRun_SucceedsIfAllAreApplied(t *testing.T) {
	server := apitest.NewServer(t)
	var out bytes.Buffer
	err := run(t.Context(), server.Client(), strings.NewReader(`{"email":"ann@example.com"}`), &out)
	if err != nil || out.String() != "1 applied\n" {
		t.Errorf("%q with error %v", out.String(), err)
	}
}

func TestRun_RefusesLinesThatAreTooLong(t *testing.T) {
	server := apitest.NewServer(t)
	long := strings.NewReader(strings.Repeat(" ", 1<<17))
	if err := run(t.Context(), server.Client(), long, new(bytes.Buffer)); err == nil {
		t.Error("no error for a line that was not read")
	}
}
