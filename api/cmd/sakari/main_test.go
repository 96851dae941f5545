package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/sakari-go/sakari-go/api/apitest"
)

// leakChecked fails a run that leaves goroutines.
type leakChecked struct{ *testing.M }

func (m leakChecked) Run() int {
	status := m.M.Run()
	if status == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return status
}

func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){"sakari": main})
}

// The scripts are in testdata/script. Each has a double of the API, whose credentials are in the environment;
// "reply STATUS [BODY]" scripts its next answer, "saw PATH BODY" tells what it got, and "exits STATUS ARG..." runs the
// command.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			server, err := apitest.Start(func(breach error) { panic(breach) })
			if err != nil {
				return err
			}
			env.Defer(server.Close)
			contact, err := os.ReadFile("testdata/contact.json")
			if err != nil {
				return err
			}
			env.Values["server"] = server
			env.Setenv("SAKARI_BASE_URL", server.URL)
			env.Setenv("SAKARI_ACCOUNT_ID", server.AccountID)
			env.Setenv("SAKARI_CLIENT_ID", server.ClientID)
			env.Setenv("SAKARI_CLIENT_SECRET", server.ClientSecret)
			return os.WriteFile(filepath.Join(env.WorkDir, "contact.json"), contact, 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"reply": reply, "saw": saw, "exits": exits},
	})
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	got := done
	err := ts.Exec("sakari", args[1:]...)
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if args[0] != strconv.Itoa(got) {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

func reply(ts *testscript.TestScript, _ bool, args []string) {
	var r apitest.Reply
	_, err := fmt.Sscan(args[0], &r.Status)
	ts.Check(err)
	r.Body = strings.Join(args[1:], " ")
	ts.Value("server").(*apitest.Server).Respond(r)
}

// saw checks the path and a part of the body of the last request, or that there was none.
func saw(ts *testscript.TestScript, neg bool, args []string) {
	requests := ts.Value("server").(*apitest.Server).Requests()
	if neg {
		if len(requests) > 0 {
			ts.Fatalf("the server saw %d requests", len(requests))
		}
		return
	}
	if len(requests) == 0 {
		ts.Fatalf("the server saw no request")
	}
	last := requests[len(requests)-1]
	if last.Path != args[0] || !strings.Contains(string(last.Body), args[1]) {
		ts.Fatalf("the server saw %s with %s", last.Path, last.Body)
	}
}
