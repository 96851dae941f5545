package api_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/sakari-go/sakari-go/api/apitest"
)

// The program and the test of the README work as they are, as a user pastes them. The program calls
// a fake server, as with the command sandbox.
func TestReadme_CodeRuns(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllSubmatch(text, -1)
	if len(blocks) != 2 {
		t.Fatalf("the README has %d blocks of Go, want a program and a test", len(blocks))
	}
	dir := t.TempDir()
	program, test := filepath.Join(dir, "main.go"), filepath.Join(dir, "signup_test.go")
	for i, name := range []string{program, test} {
		if err := os.WriteFile(name, blocks[i][1], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := apitest.NewServer(t)
	env := append(os.Environ(), "SAKARI_BASE_URL="+server.URL, "SAKARI_ACCOUNT_ID="+server.AccountID,
		"SAKARI_CLIENT_ID="+server.ClientID, "SAKARI_CLIENT_SECRET="+server.ClientSecret,
		"HTTPS_PROXY=http://127.0.0.1:1") // a program without the base URL must not reach the API
	for _, row := range []struct {
		args []string
		want string
	}{
		{args: []string{"run", program}, want: `^created contact-1\n$`},
		{args: []string{"test", "-v", program, test}, want: `(?m)^--- PASS: TestSignup`},
	} {
		command := exec.CommandContext(t.Context(), "go", row.args...)
		command.Env = env
		output, err := command.CombinedOutput()
		if err != nil || !regexp.MustCompile(row.want).Match(output) {
			t.Errorf("go %s: %v\n%s", row.args[0], err, output)
		}
	}
	if len(server.Requests()) != 1 {
		t.Errorf("%d requests of the program, want 1", len(server.Requests()))
	}
}
