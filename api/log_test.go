package api_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
)

func TestWithLogger_WritesALineForEachRoundTrip(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(apitest.Reply{Status: 429}, apitest.Reply{Status: 202, Body: successBody})
	var log strings.Builder
	var waited waits
	client := server.Client(logTo(&log, slog.LevelDebug), api.WithValidation(api.ValidationReport), waited.option())
	if _, err := create(t, client); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`level=INFO msg="round trip" operation=createToken status=200 duration=`,
		`level=WARN msg="round trip" operation=createAttribute account=test-account status=429 duration=`,
		`attempt=1 outcome="not applied" error=`,
		`level=WARN msg="violation of the spec"`,
		"status=202 ",
		"attempt=2 outcome=applied",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in the log\n%s", want, log.String())
		}
	}
	for _, secret := range []string{"chris@sakari.io", server.ClientSecret, token(server)} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s is in the log\n%s", secret, log.String())
		}
	}
}
