// Package testscript does not compile for wasip1.
//go:build !wasip1

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

// leakCheck fails a run that leaves goroutines. goleak.VerifyTestMain would exit the process before
// testscript.Main removes its files.
type leakCheck struct{ *testing.M }

func (m leakCheck) Run() int {
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
	testscript.Main(leakCheck{m}, map[string]func(){"sakari": main})
}

// TestCommand_Scripts runs the scripts in testdata/script. Each script has its own fake server. The
// environment has its address and credentials. Scripts have these commands besides those of
// testscript:
//
//   - exits STATUS ARG... runs sakari and checks its exit status
//   - respond STATUS [BODY] scripts the next response of the fake server
//   - respond-token STATUS [BODY] scripts the next response to a token request
//   - received PATH BODY checks the path of the last request, and a part of its body
//   - ! received checks that there was no request
func TestCommand_Scripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			server, err := apitest.Start(func(violation error) { t.Error(violation) })
			if err != nil {
				return err
			}
			env.Defer(server.Close)
			contact, err := os.ReadFile("../../../gen/testdata/contact.json")
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
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":         exits,
			"respond":       respond,
			"respond-token": respondToken,
			"received":      received,
		},
	})
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	got := exitSuccess
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

func respond(ts *testscript.TestScript, _ bool, args []string) {
	fakeServer(ts).Respond(reply(ts, args))
}

func respondToken(ts *testscript.TestScript, _ bool, args []string) {
	fakeServer(ts).RespondToken(reply(ts, args))
}

func reply(ts *testscript.TestScript, args []string) apitest.Reply {
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	return apitest.Reply{Status: status, Body: strings.Join(args[1:], " ")}
}

func received(ts *testscript.TestScript, neg bool, args []string) {
	requests := fakeServer(ts).Requests()
	if neg {
		if len(requests) > 0 {
			ts.Fatalf("the fake server received %d requests, want none", len(requests))
		}
		return
	}
	if len(requests) == 0 {
		ts.Fatalf("the fake server received no request")
	}
	last := requests[len(requests)-1]
	if last.Path != args[0] || !strings.Contains(string(last.Body), args[1]) {
		ts.Fatalf("the fake server received %s with %s", last.Path, last.Body)
	}
}

func fakeServer(ts *testscript.TestScript) *apitest.Server {
	return ts.Value("server").(*apitest.Server)
}
