package sandbox

import (
	"strings"
	"testing"
	"time"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

func TestFaults_AreChosenByTheirProbability(t *testing.T) {
	s := &Server{}
	var err error
	if s.settings, err = newSettings([]string{"429:0.25", "reset:0.5"}, 0); err != nil {
		t.Fatal(err)
	}
	for draw, want := range map[float64]string{0: "429", 0.24: "429", 0.25: "reset", 0.74: "reset", 0.75: "", 0.99: ""} {
		s.random = func() float64 { return draw }
		got := ""
		for _, f := range s.settings.faults {
			if reply := s.choose(apitest.Request{}); reply != nil && reply.Status == f.reply.Status && reply.Fault == f.reply.Fault {
				got, _, _ = strings.Cut(f.text, ":")
			}
		}
		if got != want {
			t.Errorf("%v: %q, want %q", draw, got, want)
		}
	}
}

func TestFaults_AreRefused(t *testing.T) {
	const form, kind = "want KIND:PROBABILITY", "want a status from 300 to 599"
	for _, c := range []struct{ faults, want string }{
		{faults: "", want: form},
		{faults: "429", want: form},
		{faults: "429:", want: form},
		{faults: "429:x", want: form},
		{faults: "429:0", want: form},
		{faults: "429:-0.1", want: form},
		{faults: "429:NaN", want: form},
		{faults: "429:Inf", want: form},
		{faults: "429:1.1", want: form},
		{faults: "429:1e999", want: form},
		{faults: "429:0.1:0.1", want: form},
		{faults: "200:0.1", want: kind},
		{faults: "600:0.1", want: kind},
		{faults: "+429:0.1", want: kind},
		{faults: "0429:0.1", want: kind},
		{faults: "Reset:0.1", want: kind},
		{faults: ":0.1", want: kind},
		{faults: "429:0.6 reset:0.5", want: "fault: the probabilities add up to 1.1, want at most 1"},
	} {
		_, err := newSettings(strings.Split(c.faults, " "), 0)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.faults, err, c.want)
		}
	}
	if _, err := newSettings(strings.Fields(strings.Repeat("503:0.1 ", 10)), 0); err != nil {
		t.Errorf("ten tenths: %v", err)
	}
}

func TestFaults_HappenToCalls(t *testing.T) {
	for fault, c := range map[string]struct {
		want       api.Outcome
		isApplied  bool
		retryAfter time.Duration
	}{
		"429":      {want: api.NotApplied, retryAfter: time.Second},
		"404":      {want: api.NotApplied},
		"503":      {want: api.Unknown},
		"reset":    {want: api.Unknown, isApplied: true},
		"truncate": {want: api.Unknown, isApplied: true},
	} {
		t.Run(fault, func(t *testing.T) {
			s := startServer(t, Config{Faults: []string{fault + ":1"}})
			client := s.Client(api.WithMaxAttempts(1))
			var captured api.Response
			_, err := client.CreateContact(t.Context(), gen.Contact{}, api.CaptureResponse(&captured))
			if err == nil || api.OutcomeOf(err) != c.want {
				t.Errorf("%v, want the outcome %v", err, c.want)
			}
			if got := s.entries()[1]; got.Outcome != c.want.String() {
				t.Errorf("the sandbox says %s, want %s", got.Outcome, c.want)
			}
			if got := captured.Header.Get("Retry-After"); (got == "1") != (c.retryAfter > 0) {
				t.Errorf("Retry-After %q", got)
			}
			send(t, "PUT", s.URL+reserved+"faults", "{}")
			count := 0
			for _, err := range client.ListContacts(t.Context(), api.ContactFilter{}) {
				if err != nil {
					t.Fatal(err)
				}
				count++
			}
			if (count == 1) != c.isApplied {
				t.Errorf("%d contacts, applied: %v", count, c.isApplied)
			}
		})
	}
}

func TestFaults_StayAfterAReset(t *testing.T) {
	s := startServer(t, Config{Faults: []string{"503:1"}})
	send(t, "POST", s.URL+reserved+"reset", "{}")
	if got := send(t, "GET", s.URL+contactsPath, "", "Authorization", authorize(t, s)); got.status != 503 {
		t.Errorf("status %d, want 503", got.status)
	}
}
