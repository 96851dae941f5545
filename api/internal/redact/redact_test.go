package redact

import (
	"strings"
	"testing"
)

func TestText_RemovesPartsOfCredentials(t *testing.T) {
	r := New("clientsecret", "issued19token", "issued13token")
	got := r.Text("clientsecret, issued19token, issued13to, Issued13Token. This is fine")
	if want := "[redacted], [redacted], [redacted], [redacted]. This is fine"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestText_RemovesLongWords(t *testing.T) {
	if got := New().Text(strings.Repeat("y", maxWord+1)); got != Mark {
		t.Errorf("got %s", got)
	}
}

func TestCode_KeepsItsNumber(t *testing.T) {
	r := New()
	r.Add("+1 001 555 0100")
	r.Add("Chris")
	for code, want := range map[string]string{
		"CONT-001":     "CONT-001",
		"CONT_NEW-100": "CONT_NEW-100",
		"CHRIS-001":    "[redacted]-001",
		"15550100":     "[redacted]",
		"555-100":      "[redacted]-[redacted]",
		"CONT-0100":    "CONT-[redacted]",
		"CONT-5550100": "CONT-[redacted]",
		"CONT-01x":     "CONT-01x",
		"":             "",
		"-":            "-",
		"X-":           "X-",
	} {
		if got := r.Code(code); got != want {
			t.Errorf("%s: got %s, want %s", code, got, want)
		}
	}
}

func TestAllow_TakesWordsBack(t *testing.T) {
	r := New()
	r.Add("api sakari")
	r.Allow("api.sakari.io")
	if got := r.Text("dial api.sakari.io"); got != "dial api.sakari.io" {
		t.Errorf("got %s", got)
	}
}
