package sandbox

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/sakari-go/sakari-go/gen"
)

// loadPage returns the document that Debian's chromium makes of a page. It reaches no other host
// than 127.0.0.1. The test is skipped without chromium, unless SAKARI_CHROMIUM=required.
func loadPage(t *testing.T, url string) string {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("SAKARI_CHROMIUM") == "required" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip("needs chromium: ", err)
	}
	var messages bytes.Buffer
	browser := exec.CommandContext(t.Context(), path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-dev-shm-usage", "--enable-logging=stderr", "--user-data-dir="+t.TempDir(),
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
		"--virtual-time-budget=10000", "--dump-dom", url)
	browser.Stderr = &messages
	document, err := browser.Output()
	if err != nil {
		t.Fatalf("chromium: %v\n%s", err, &messages)
	}
	for line := range strings.Lines(messages.String()) {
		if strings.Contains(line, "CONSOLE") { // such as a violation of the Content-Security-Policy
			t.Errorf("chromium: %s", line)
		}
	}
	return string(document)
}

func TestBrowser_ShowsThePage(t *testing.T) {
	s := startServer(t, Config{})
	token := authorize(t, s)
	send(t, "POST", s.URL+contactsPath, `{"email":1}`, "Authorization", token)
	send(t, "POST", s.URL+contactsPath, `{"email":"`+hostile+`"}`, "Authorization", token)
	send(t, "POST", s.URL+"/x", hostile)
	document := loadPage(t, s.URL+"/")
	if got := strings.Count(document, "<time"); got != 4 {
		t.Errorf("%d requests, want 4", got)
	}
	for text, want := range map[string]bool{
		"<title>Sakari sandbox</title>":               true, // the injected script did not change it
		"<li>body/email: value must be a string</li>": true,
		"&lt;script&gt;document.title='changed'":      true,
		"<script":                                     false,
		"<img":                                        false,
	} {
		if got := strings.Contains(document, text); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestBrowser_ShowsSwaggerUI(t *testing.T) {
	s := startServer(t, Config{})
	document := loadPage(t, s.URL+docsPath)
	doc, err := gen.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range doc.Paths.Map() {
		for _, operation := range path.Operations() {
			if id := "operations-" + operation.Tags[0] + "-" + operation.OperationID; !strings.Contains(document, `id="`+id+`"`) {
				t.Errorf("there is no %s", id)
			}
		}
	}
	if got := s.Requests(); len(got) > 0 {
		t.Errorf("the browser sent %s to the API", got[0].Path)
	}
}
