package api

import (
	"fmt"
	"strings"
	"testing"
)

func TestCredentialsAreBlanked(t *testing.T) {
	client := &credentials{clientSecret: "clientsecret"}
	x := &exchange{client: client, tokens: []string{"thetokenofthiscall"}}
	for i := range 20 {
		for range 3 { // the same one, call by call
			client.add(fmt.Sprintf("issued%dtoken", i))
		}
	}
	if len(client.tokens) != 8 {
		t.Errorf("%d tokens are kept, want 8", len(client.tokens))
	}
	text := x.credentials().redact("clientsecret, thetokenofthiscall, thetokenofth, issued19token, issued13token, issued13to, Issued14Token. This is fine")
	if want := "[redacted], [redacted], [redacted], [redacted], [redacted], [redacted], [redacted]. This is fine"; text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestCodesAreLeftAlone(t *testing.T) {
	s := newSecrets()
	s.add("+1 001 555 0100")
	s.add("Chris")
	for code, want := range map[string]string{
		"CONT-001": "CONT-001", "CONT_NEW-100": "CONT_NEW-100", "CHRIS-001": "[redacted]-001", "15550100": "[redacted]", "555-100": "[redacted]-[redacted]",
		"CONT-0100": "CONT-[redacted]", "CONT-5550100": "CONT-[redacted]", "CONT-01x": "CONT-01x", "": "", "-": "-", "X-": "X-",
	} {
		if got := s.redactCode(code); got != want {
			t.Errorf("%s: got %s, want %s", code, got, want)
		}
	}
	if got := s.redact(strings.Repeat("y", 300)); got != "[redacted]" {
		t.Errorf("a word that nobody reads: %s", got)
	}
}
