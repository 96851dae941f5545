//go:build unix && !wasip1

package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

const (
	killedImports = 10
	killsOfImport = 5
	killedRecords = 100
)

// TestImport_SurvivesKill kills imports at random points and resumes them. No record is lost, none
// that may have been applied is sent again, and each outcome is true.
func TestImport_SurvivesKill(t *testing.T) {
	for i := range uint64(killedImports) {
		t.Run(fmt.Sprint("seed ", i), func(t *testing.T) {
			t.Parallel()
			k := startKilledImport(t, rand.New(rand.NewPCG(i, 0)))
			for range killsOfImport {
				k.runAndKill(t)
			}
			k.run(t, "-resume")
			k.check(t)
			k.run(t, "-reconcile")
			k.checkReconciled(t)
		})
	}
}

// killedImport is an import of contacts whose e-mail addresses have the numbers of their lines.
type killedImport struct {
	server  *apitest.Server
	file    string
	isBegun bool

	mu      sync.Mutex
	random  *rand.Rand
	left    int // requests until the kill
	process *os.Process
	sent    map[int]int // requests of each line that the server may have applied
	limited map[int]bool
}

func startKilledImport(t *testing.T, random *rand.Rand) *killedImport {
	k := &killedImport{
		server: apitest.NewServer(t), file: filepath.Join(t.TempDir(), "contacts.csv"),
		random: random, sent: make(map[int]int), limited: make(map[int]bool),
	}
	var text strings.Builder
	text.WriteString("firstName,mobile,email\n")
	for line := 2; line < killedRecords+2; line++ {
		fmt.Fprintf(&text, "Ann,+1555%07d,user-%d@example.com\n", line, line)
	}
	if err := os.WriteFile(k.file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	k.server.RespondFunc(k.respond)
	return k
}

// respond fails some requests by their lines, and kills the process.
func (k *killedImport) respond(request apitest.Request) *apitest.Reply {
	if request.Method != http.MethodPost {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left--; k.left == 0 && k.random.IntN(2) == 0 {
		_ = k.process.Kill() // it may have ended
	} else if k.left == 0 {
		process := k.process
		time.AfterFunc(time.Duration(k.random.IntN(3000))*time.Microsecond, func() { _ = process.Kill() })
	}
	line := lineOf(request.Body)
	switch {
	case line%20 == 3:
		return &apitest.Reply{Status: http.StatusUnprocessableEntity}
	case line%20 == 9 && !k.limited[line]:
		k.limited[line] = true
		return &apitest.Reply{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"0"}}}
	}
	k.sent[line]++
	switch line % 20 {
	case 5:
		return &apitest.Reply{Fault: apitest.Reset} // it is applied
	case 7:
		return &apitest.Reply{Status: http.StatusServiceUnavailable} // it is not
	}
	return nil
}

func lineOf(body []byte) int {
	var contact struct {
		Email string `json:"email"`
	}
	line := 0
	if json.Unmarshal(body, &contact) == nil {
		_, _ = fmt.Sscanf(contact.Email, "user-%d@", &line)
	}
	return line
}

func (k *killedImport) command(options ...string) (*exec.Cmd, *bytes.Buffer) {
	output := new(bytes.Buffer)
	command := exec.Command("sakari", append(append([]string{"import", "-concurrency", "8"}, options...), k.file)...)
	command.Env = append(os.Environ(), "SAKARI_TOKEN=",
		"SAKARI_BASE_URL="+k.server.URL, "SAKARI_ACCOUNT_ID="+k.server.AccountID,
		"SAKARI_CLIENT_ID="+k.server.ClientID, "SAKARI_CLIENT_SECRET="+k.server.ClientSecret)
	command.Stdout, command.Stderr = output, output
	return command, output
}

func (k *killedImport) runAndKill(t *testing.T) {
	var options []string
	if k.isBegun {
		options = append(options, "-resume")
	}
	command, output := k.command(options...)
	k.mu.Lock()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	k.process, k.left = command.Process, 1+k.random.IntN(killedRecords/killsOfImport*2)
	k.mu.Unlock()
	err := command.Wait()
	if command.ProcessState.ExitCode() == exitInvalid {
		t.Fatalf("%v: %s", err, output)
	}
	_, err = os.Stat(k.file + ".journal")
	k.isBegun = err == nil
}

func (k *killedImport) run(t *testing.T, option string) {
	command, output := k.command(option)
	err := command.Run()
	if status := command.ProcessState.ExitCode(); status != exitUnknown {
		t.Fatalf("exit status %d, want %d: %v: %s", status, exitUnknown, err, output)
	}
}

// outcomes returns the ids of the records in a file by their lines.
func (k *killedImport) outcomes(t *testing.T, name string) map[int]string {
	file, err := os.Open(strings.TrimSuffix(k.file, ".csv") + "." + name + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	ids := make(map[int]string)
	for _, row := range rows[1:] {
		var line int
		if _, err := fmt.Sscan(row[3], &line); err != nil || row[2] != fmt.Sprintf("user-%d@example.com", line) {
			t.Fatalf("%s has the row %q", name, row)
		}
		ids[line] = row[4]
	}
	return ids
}

// stored returns the ids of the contacts of the server by their lines.
func (k *killedImport) stored(t *testing.T) map[int]string {
	ids := make(map[int]string)
	for contact, err := range k.server.Client().ListContacts(t.Context(), api.ContactFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		ids[lineOf(contactText(t, contact))] = *contact.ID
	}
	return ids
}

func contactText(t *testing.T, contact gen.StoredContact) []byte {
	text, err := contact.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (k *killedImport) check(t *testing.T) {
	applied, notApplied, unknown := k.outcomes(t, "applied"), k.outcomes(t, "not-applied"), k.outcomes(t, "unknown")
	if n := len(applied) + len(notApplied) + len(unknown); n != killedRecords {
		t.Errorf("%d records have an outcome, want %d", n, killedRecords)
	}
	stored, journal := k.stored(t), k.journal(t)
	for line := 2; line < killedRecords+2; line++ {
		id, isApplied := applied[line]
		_, isNotApplied := notApplied[line]
		_, isUnknown := unknown[line]
		storedID, isStored := stored[line]
		switch sent := k.sent[line]; {
		case sent > 1:
			t.Errorf("line %d was sent %d times", line, sent)
		case sent > 0 && !journal[line]:
			t.Errorf("line %d was sent, and is not in the journal", line)
		case isApplied && id != storedID, isNotApplied && isStored, isNotApplied && sent > 0:
			t.Errorf("line %d: applied %v, not applied %v; the server has %q", line, isApplied, isNotApplied, storedID)
		case isUnknown && !journal[line]:
			t.Errorf("line %d is unknown, and is not in the journal", line)
		case !isApplied && !isNotApplied && !isUnknown:
			t.Errorf("line %d has no outcome", line)
		}
	}
}

// journal returns the lines that the journal says were sent.
func (k *killedImport) journal(t *testing.T) map[int]bool {
	text, err := os.ReadFile(k.file + ".journal")
	if err != nil {
		t.Fatal(err)
	}
	lines := make(map[int]bool)
	decoder := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		var entry struct {
			Line    int    `json:"line"`
			Sending string `json:"sending"`
		}
		err := json.UnmarshalDecode(decoder, &entry)
		if err == io.EOF {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		if entry.Sending != "" {
			lines[entry.Line] = true
		}
	}
}

// checkReconciled checks that every contact that the server has is applied, and no other.
func (k *killedImport) checkReconciled(t *testing.T) {
	if diff := cmp.Diff(k.stored(t), k.outcomes(t, "applied")); diff != "" {
		t.Error(diff)
	}
}
