package sandbox

import (
	"regexp"
	"strings"
	"testing"
)

// hostile is what a request may contain to get into the page.
const hostile = `</pre></details></td></table><script>document.title='changed'</script>` +
	`<img src=x onerror=document.title='changed'>{{.Nonce}}`

func TestPage_ShowsTheRequests(t *testing.T) {
	s := startServer(t, Config{Faults: []string{"429:0.25", "hang:0.1"}, Latency: 1e6, AccountID: "<acme>"})
	token := authorize(t, s)
	path := strings.ReplaceAll(contactsPath, "test-account", "acme")
	send(t, "POST", s.URL+path, `{"email":1,"tags":"<b>"}`, "Authorization", token)
	send(t, "POST", s.URL+path, `{"email":"<b>"}`, "Authorization", token)
	send(t, "POST", s.URL+"/not-there?a=<i>", "\xff<")
	got := send(t, "GET", s.URL+"/", "")
	for _, want := range []string{
		`<html lang="en">`, "<title>Sakari sandbox</title>", `<th scope="col">Outcome</th>`,
		"<code>1ms</code>", "<code>429:0.25</code>, <code>hang:0.1</code>", "<code>&lt;acme&gt;</code>",
		`href="/docs"`, `href="/openapi.yaml"`,
		"<td>createToken</td>", "<td>createContact</td>", "<td>not in the spec</td>", "<td>400</td>",
		`<span class="applied">applied</span>`, `<span class="not">not applied</span>`,
		"Does not conform to the spec", "<li>body/email: value must be a string</li>",
		"{\n  &#34;email&#34;: &#34;&lt;b&gt;&#34;\n}", "\uFFFD&lt;", "/not-there?a=&lt;i&gt;",
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if newest, oldest := strings.Index(got.body, "/not-there"), strings.Index(got.body, "/oauth2/token"); newest > oldest {
		t.Error("the newest request is not the first")
	}
	for name, want := range map[string]string{
		"Content-Type":            `^text/html; charset=utf-8$`,
		"Cache-Control":           `^no-store$`,
		"Referrer-Policy":         `^no-referrer$`,
		"X-Content-Type-Options":  `^nosniff$`,
		"Content-Security-Policy": `^default-src 'none'; style-src 'nonce-[A-Z2-7]{26}'; base-uri 'none'; form-action 'none'; frame-`,
	} {
		if value := got.header.Get(name); !regexp.MustCompile(want).MatchString(value) {
			t.Errorf("%s: %s", name, value)
		}
	}
	nonce := regexp.MustCompile(`'nonce-(.*?)'`).FindStringSubmatch(got.header.Get("Content-Security-Policy"))[1]
	if again := send(t, "GET", s.URL+"/", ""); strings.Contains(again.body, nonce) || !strings.Contains(got.body, nonce) {
		t.Error("the nonce is used twice, or not once")
	}
}

func TestPage_EscapesHostileTexts(t *testing.T) {
	s := startServer(t, Config{})
	send(t, "POST", s.URL+reserved+"replies", `{"status":500,"body":"`+hostile+`"}`)
	send(t, "POST", s.URL+contactsPath, `{"email":"`+hostile+`"}`, "Authorization", authorize(t, s))
	send(t, "POST", s.URL+"/x?"+strings.ReplaceAll(hostile, " ", "+"), hostile)
	page := send(t, "GET", s.URL+"/", "").body
	for _, element := range []string{"<script", "<img", "</pre></details></td></table>"} {
		if strings.Contains(page, element) {
			t.Errorf("the page has %s", element)
		}
	}
	if got := strings.Count(page, "&lt;script&gt;document.title=&#39;changed&#39;"); got != 4 {
		t.Errorf("%d hostile texts are shown, want 4", got)
	}
}

func TestPage_SaysWhatToDoIfThereIsNoRequest(t *testing.T) {
	s := startServer(t, Config{})
	page := send(t, "GET", s.URL+"/", "").body
	for _, want := range []string{"SAKARI_BASE_URL", "curl " + s.URL + "/oauth2/token"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if strings.Contains(page, "<table>") || strings.Contains(page, s.ClientSecret) {
		t.Error("the page has a table or the secret")
	}
}

func TestIndent_LimitsWhatThePageShows(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"JSON":           {body: `{"a":[1,2.50]}`, want: "{\n  \"a\": [\n    1,\n    2.50\n  ]\n}"},
		"no JSON":        {body: `{"a":`, want: `{"a":`},
		"deep":           {body: strings.Repeat("[", 100) + strings.Repeat("]", 100), want: strings.Repeat("[", 100) + strings.Repeat("]", 100)},
		"hidden depth":   {body: strings.Repeat(`["]",`, 100), want: strings.Repeat(`["]",`, 100)},
		"large":          {body: strings.Repeat("a", maxShownBytes+9), want: strings.Repeat("a", maxShownBytes) + "\n(9 bytes more; GET /_sandbox/requests has them)"},
		"part of a rune": {body: strings.Repeat("a", maxShownBytes-1) + "ä", want: strings.Repeat("a", maxShownBytes-1) + "\n(1 bytes more; GET /_sandbox/requests has them)"},
	} {
		if got := indent(c.body); got != c.want {
			t.Errorf("%s: %.200s", name, got)
		}
	}
}
