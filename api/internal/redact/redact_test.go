package redact

import (
	"fmt"
	"strings"
	"testing"
)

func TestText_RemovesPartsOfCredentials(t *testing.T) {
	r := New("clientsecret", "issued19token", "issued13token", "Xy7~!$%^&*()")
	got := r.Text("clientsecret, issued19token, issued13to, Issued13Token, Xy7~!$%^&, ^&*()... This is fine")
	if want := "[redacted], [redacted], [redacted], [redacted], [redacted], ^&*()... This is fine"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestText_RemovesCredentialsInEveryForm(t *testing.T) {
	for secret, texts := range map[string][]string{
		`Xy7~!$%^&*()`: {
			`Xy7~!$%^&*()`, `XY7~!$%^&*()`, `AXy7~!$%^&*()`,
			`Xy7~%21%24%25%5E%26%2A%28%29`, `Xy7~!%24%25%5e%26*()`, `Xy7~!$%^\u0026*()`, `Xy7~!$%^&amp;*()`,
		},
		`pa"ss\wo<rd>é🦄`: {
			`pa"ss\wo<rd>é🦄`, `pa\"ss\\wo<rd>é🦄`, `pa\"ss\\wo\u003crd\u003E\u00e9\ud83e\udd84`,
			`pa%22ss%5Cwo%3Crd%3E%C3%A9%F0%9F%A6%84`, `pa&quot;ss\wo&lt;rd&gt;&eacute;&#129412;`, `pa&#34;ss\wo&#x3c;rd&gt;é🦄`,
		},
		`correct horse`: {`correct horse`, `correct+horse`, `correct%20horse`, `CORRECT  horse`},
		`a%41 b&amp;c`:  {`a%41 b&amp;c`, `a%2541%20b%26amp%3Bc`, `a%2541+b%26amp%3Bc`, `a%41 b&amp;amp;c`},
		`invalid`:       {`invalid`, `Invalid`, `%69nvalid`},
		`a1z`:           {`a1z`, `xa1zy`, `%61%31%7A`},
		`9#`:            {`9#`, `9%23`, `9&num;`},
		`%^&`:           {`%^&`, `%25%5E%26`},
		`Ⓐ🦄`:            {`Ⓐ🦄`, `ⓐ🦄`, `%E2%92%B6%F0%9F%A6%84`},
		`٣٤٥٦٧٨٩`:       {`٣٤٥٦٧٨٩`, `3456789`},
	} {
		for _, text := range texts {
			got := New(secret).Text("the secret " + text + " is bad")
			if rest := strings.NewReplacer(Mark, "", " ", "").Replace(got); rest != "thesecretisbad" {
				t.Errorf("%s as %s: %s", secret, text, got)
			}
		}
	}
}

func TestText_RemovesLongWords(t *testing.T) {
	if got := New().Text(strings.Repeat("y", maxWord+1)); got != Mark {
		t.Errorf("got %s", got)
	}
}

func TestText_KeepsBrokenEscapes(t *testing.T) {
	r := New("secret-of-mine")
	for _, text := range []string{
		"", "%", "%4", "%zz", "100%", "+", `\`, `\u`, `\u12`, `\uzzzz`, `\ud83e`, `\ud83e\u`, "&", "&;", "&amp", "&nosuch;",
		"\xff", "%ff", "&" + strings.Repeat("x", 40) + ";", "a\u0301\u200d",
	} {
		if got := r.Text(text); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
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

func TestAllow_KeepsWordsReadable(t *testing.T) {
	for _, c := range []struct{ secret, personal, allowed, text, want string }{
		{personal: "api sakari", allowed: "api.sakari.io", text: "dial api.sakari.io", want: "dial api.sakari.io"},
		{personal: "sakari", allowed: "sakari", text: "sakari", want: "sakari"},
		{secret: "sakari", allowed: "sakari", text: "sakari", want: "[redacted]"},
		{personal: "api sakari", allowed: "api sakari", text: "api sakari, sakari", want: "[redacted], sakari"},
		{personal: "sakari2", allowed: "sakari2", text: "sakari2", want: "[redacted]"},
	} {
		r := New(c.secret)
		r.Add(c.personal)
		r.Allow(c.allowed)
		if got := r.Text(c.text); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

// A credential of any characters is removed from between any other texts.
func FuzzText(f *testing.F) {
	for _, secret := range []string{"Chris", "🦄", "किशोर", "a b", "王", "Xy7~!$%^&*()", "İstanbul", "%41", "&amp;", "ß", "\u0301"} {
		f.Add(secret, "before", "after")
	}
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		text := before + " " + secret + " " + after
		if trimmed(secret) == "" || len(text) > maxText {
			return
		}
		if got := New(secret).Text(text); !strings.Contains(got, Mark) {
			t.Errorf("%q stays in %q", secret, got)
		}
	})
}

// The worst case: a contact of many words, and a text of as many bytes as are read.
func BenchmarkText(b *testing.B) {
	var many strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&many, "name%d value%d ", i, 1_000_000+i)
	}
	values := strings.Fields(many.String())
	nested := make([]string, 3000)
	for i := range nested {
		nested[i] = strings.Repeat("a", i) + "0"
	}
	for name, c := range map[string]struct {
		values []string
		text   string
	}{
		"one value of many words": {[]string{many.String()}, strings.Repeat("name value1000017 ", 240)},
		"many values":             {values, strings.Repeat("name value1000017 ", 240)},
		"many phone numbers":      {values, strings.Repeat("10 11 12 13 ", 340)},
		"escapes":                 {values, strings.Repeat(`%6eame\u0031&amp;+`, 230)},
		"values of values":        {nested, strings.Repeat(strings.Repeat("a", 250)+" ", 16)},
		"a long value":            {[]string{strings.Repeat("a ", 500_000)}, strings.Repeat("a ", 2048)},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r := New(strings.Repeat("token", 3000), "secret")
				for _, value := range c.values {
					r.Add(value)
				}
				r.Text(c.text)
			}
		})
	}
}
