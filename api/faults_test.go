package api_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
	"github.com/sakari-go/sakari-go/gen"
)

const (
	// shortTimeout is the time-out of the faults that no event ends.
	shortTimeout = time.Second
	// sentTimeout is the time-out of such faults that need a request on its way. On a busy machine
	// that takes a while.
	sentTimeout = 4 * time.Second
	// maxDelay is the time between a time-out and the end of the call on a busy machine.
	maxDelay = 5 * time.Second
	// maxDuration is the time that any call may take on a busy machine.
	maxDuration = 20 * time.Second
)

// fault is one thing that goes wrong, and what the caller must get.
type fault struct {
	name            string
	api             faultserver.Action      // responds to the requests; a success if it is nil
	token           faultserver.Action      // responds to the requests for a token; with one if it is nil
	base            func(testing.TB) string // base URL, if it is not that of the server
	leaveBodyUnread bool                    // api acts before the body of the request is read
	reuseConnection bool                    // a call before this one has opened the connection
	expireInBody    bool                    // the deadline passes when the client reads the body
	http1Only       bool                    // impossible with HTTP/2
	tcpOnly         bool                    // the network makes no difference
	twoResponses    bool                    // another call may read the second one, if it reuses the connection at once
	opts            []api.Option            // after those of the test
	call            callFunc                // createContact if it is nil
	want            want
}

// callFunc makes a call with a client.
type callFunc = func(context.Context, *api.Client, ...api.CallOption) (*gen.Autotopup, error)

// createContact makes the call of most faults.
func createContact(ctx context.Context, client *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
	return client.CreateAttribute(ctx, gen.AttributeTypeContacts, faultContact, opts...)
}

// want is what the caller of a fault must get.
type want struct {
	kind        kind
	outcome     api.Outcome
	is          error         // for errors.Is; not checked if it is nil
	locations   []string      // of all violations; not checked if it is nil
	server      server        // what the server receives and does
	roundTrips  int           // of the call, if there are more than requests at the server
	maxDuration time.Duration // of the call, if it is not the general one
}

// server is what the server receives and does.
type server struct {
	requests  int // to the API
	processed int // of these
	tokens    int // requests for a token
}

// kind is the type of the error that a caller gets.
type kind string

const (
	noError         kind = "no error"
	apiError        kind = "*api.Error"
	validationError kind = "*api.ValidationError"
	authError       kind = "*api.AuthError"
	otherError      kind = "another error"
)

// unprocessed is a request that the server read and did not process.
var unprocessed = server{requests: 1, tokens: 1}

// What the caller of most faults must get.
var (
	wantSuccess        = want{kind: noError, outcome: api.Applied, server: server{requests: 1, processed: 1, tokens: 1}}
	wantRefusal        = want{kind: apiError, outcome: api.NotApplied, server: server{requests: 1, tokens: 1}}
	wantUnknown        = want{kind: apiError, outcome: api.Unknown, server: server{requests: 1, processed: 1, tokens: 1}}
	wantNoResponse     = want{kind: otherError, outcome: api.Unknown, server: server{requests: 1, processed: 1, tokens: 1}}
	wantTimeout        = wantNoResponse.matching(context.DeadlineExceeded)
	wantUnsent         = want{kind: otherError, outcome: api.NotApplied, server: server{tokens: 1}}
	wantInvalidRequest = want{kind: validationError, outcome: api.NotApplied, is: api.ErrInvalidRequest}
	wantNoToken        = want{kind: authError, outcome: api.NotApplied, server: server{tokens: 1}}
)

// wantViolations is for a processed request whose response does not conform to the spec, and does
// not say success: true.
func wantViolations(locations ...string) want {
	return want{
		kind: validationError, outcome: api.Unknown, is: api.ErrInvalidResponse, locations: locations,
		server: server{requests: 1, processed: 1, tokens: 1},
	}
}

// applied is for a response that says success: true.
func (w want) applied() want { w.outcome = api.Applied; return w }

func (w want) matching(err error) want   { w.is = err; return w }
func (w want) at(location string) want   { w.locations = []string{location}; return w }
func (w want) counts(s server) want      { w.server = s; return w }
func (w want) withRoundTrips(n int) want { w.roundTrips = n; return w }

// within requires that the call ends soon after a time-out.
func (w want) within(timeout time.Duration) want { w.maxDuration = timeout + maxDelay; return w }

// matchingBoth requires a second error in addition to the one that the fault has anyway.
func (w want) matchingBoth(other error) want { return w.matching(bothErrors{w.is, other}) }

// bothErrors is matched by an error that matches both.
type bothErrors struct{ first, second error }

func (b bothErrors) Error() string { return fmt.Sprintf("%v and %v", b.first, b.second) }

func matches(err, target error) bool {
	if both, ok := target.(bothErrors); ok {
		return errors.Is(err, both.first) && errors.Is(err, both.second)
	}
	return errors.Is(err, target)
}

// Each fault happens over TCP, TLS and HTTP/2. The caller gets either a result or an error. The
// error has the whole response and no secret, and its outcome is what the server did. The server
// processes the contact at most once, and no other host receives anything.
func TestFaults(t *testing.T) {
	trap := faultserver.NewTrap(t)
	summary := newSummary()
	for _, group := range []struct {
		name        string
		faults      []fault
		twoNetworks bool // TCP and one of the others, to save time
	}{
		{name: "responses", faults: responseFaults(), twoNetworks: true},
		{name: "redirects", faults: redirectFaults(trap.Address), twoNetworks: true},
		{name: "retries", faults: retryFaults()},
		{name: "network", faults: networkFaults()},
		{name: "token", faults: tokenFaults(trap.Address)},
		{name: "requests", faults: requestFaults()},
	} {
		for i, f := range group.faults {
			networks := []faultserver.Network{faultserver.TCP, faultserver.TLS, faultserver.HTTP2}
			switch {
			case f.tcpOnly:
				networks = networks[:1]
			case f.http1Only:
				networks = networks[:2]
			case group.twoNetworks:
				networks = []faultserver.Network{faultserver.TCP, networks[1+i%2]}
			}
			for _, network := range networks {
				t.Run(fmt.Sprintf("%s/%s/%s", group.name, f.name, network), func(t *testing.T) {
					t.Parallel()
					summary.add(group.name, f.run(t, network).check(t, f.want))
				})
			}
		}
	}
	t.Cleanup(func() {
		for _, text := range trap.Received() {
			t.Errorf("another host received %.200q", text)
		}
		t.Log("\n" + summary.String())
	})
}

// With less validation a response that does not conform to the spec may be a success, but none that
// reports a failure. The outcome of an error is still what the server did.
func TestFaults_WithLessValidation(t *testing.T) {
	for _, mode := range []api.Validation{api.ValidationReport, api.ValidationOff} {
		for _, f := range slices.Concat(responseFaults(), retryFaults()) {
			t.Run(fmt.Sprintf("%d/%s", mode, f.name), func(t *testing.T) {
				t.Parallel()
				run := f.run(t, faultserver.TCP, api.WithValidation(mode))
				switch {
				case run.err != nil || f.want.kind == noError:
					run.checkOutcome(t)
				case f.want.kind != validationError:
					t.Errorf("a false success: %+v", run.result)
				case len(run.captured.Violations) == 0 && mode == api.ValidationReport:
					t.Error("the caller cannot see the violations")
				}
			})
		}
	}
}

// faultRun is what came of a fault.
type faultRun struct {
	result        *gen.Autotopup
	err           error
	duration      time.Duration
	captured      api.Response
	response      faultserver.Response // the last one of the API
	tokenResponse faultserver.Response // the last one to a request for a token
	log           string
	server        server
}

// run makes the call of a fault, and checks what must hold for every fault.
func (f fault) run(t *testing.T, network faultserver.Network, opts ...api.Option) faultRun {
	t.Helper()
	s := startFaultServer(t, network)
	s.LeaveBodyUnread = f.leaveBodyUnread
	s.API, s.Token = f.api, f.token
	if s.API == nil {
		s.API = faultserver.Succeed
	}
	if s.Token == nil {
		s.Token = faultserver.IssueToken
	}
	call := f.call
	if call == nil {
		call = createContact
	}
	ctx := &endableContext{Context: t.Context(), done: make(chan struct{})}
	defer ctx.end(context.Canceled)
	s.EndCaller = ctx.end

	var log lockedBuffer
	var waited waits
	bodyRead := func() {} // while the connection is opened
	if f.base != nil {
		opts = append(opts, api.WithBaseURL(f.base(t)))
	}
	if f.expireInBody {
		opts = append(opts, s.onBodyRead(func() { bodyRead() }))
	}
	opts = append(opts, api.WithTimeout(maxDuration), waited.option(), api.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	client := s.client(t, append(opts, f.opts...)...)
	if f.reuseConnection {
		faulty := s.API
		s.API = faultserver.Succeed
		if _, err := createContact(ctx, client); err != nil {
			t.Fatal(err)
		}
		s.Reset()
		s.API = faulty
		log.Reset()
	}
	bodyRead = func() { ctx.end(context.DeadlineExceeded) }

	var run faultRun
	start := time.Now()
	run.result, run.err = call(ctx, client, api.CaptureResponse(&run.captured))
	run.duration = time.Since(start)

	// A caller whose context ends may return before the server has counted its request.
	counts := s.Await(faultserver.Counts{
		Requests: f.want.server.requests, Processed: f.want.server.processed, Tokens: f.want.server.tokens,
	}, maxDuration)
	run.server = server{requests: counts.Requests, processed: counts.Processed, tokens: counts.Tokens}
	run.response, run.tokenResponse, run.log = s.LastResponse(), s.LastTokenResponse(), log.String()
	if run.duration > maxDuration {
		t.Errorf("the call took %v", run.duration)
	}
	run.checkResponse(t)
	uris := strings.Join(s.RequestURIs(), "\n")
	printable := []any{client, *client, client.Generated(), run.captured, &run.captured, run.log, uris}
	checkNoSecrets(t, append(printable, errorValues(run.err)...)...)
	return run
}

// endableContext is a context that a test ends.
type endableContext struct {
	context.Context
	done chan struct{}
	once sync.Once
	err  error
}

func (c *endableContext) Done() <-chan struct{} { return c.done }

func (c *endableContext) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

func (c *endableContext) end(err error) { c.once.Do(func() { c.err = err; close(c.done) }) }

// check compares what came of a fault with what must come of it.
func (run faultRun) check(t *testing.T, want want) runSummary {
	t.Helper()
	summary := run.checkOutcome(t)
	if kind := kindOf(run.err); kind != want.kind {
		t.Errorf("got %s, want %s: %v", kind, want.kind, run.err)
	}
	if summary.outcome != want.outcome {
		t.Errorf("outcome %v, want %v: %v", summary.outcome, want.outcome, run.err)
	}
	if want.is != nil && !matches(run.err, want.is) {
		t.Errorf("%v is not %v", run.err, want.is)
	}
	if run.server != want.server {
		t.Errorf("the server: %+v, want %+v: %v", run.server, want.server, run.err)
	}
	if run.err == nil && (want.kind != noError || !run.isExample()) {
		t.Errorf("a false success: %+v", run.result)
		summary.falseSuccesses = 1
	}
	if want.locations != nil {
		if diff := cmp.Diff(want.locations, locationsOf(run.err)); diff != "" {
			t.Errorf("locations: want (-), got (+)\n%s%v", diff, run.err)
		}
	}
	if want.maxDuration > 0 && run.duration > want.maxDuration {
		t.Errorf("the call took %v, want %v at most", run.duration, want.maxDuration)
	}
	checkLog(t, run.log, run.err, max(want.roundTrips, want.server.requests))
	return summary
}

// isExample reports whether a success has the values of faultserver.SuccessBody. The generated
// methods capture no response, and api.New has no result.
func (run faultRun) isExample() bool {
	return (run.captured.StatusCode == 0 || run.captured.StatusCode == 200) &&
		(run.result == nil || run.result.Amount == 123 && run.result.Below == 123)
}

// checkOutcome compares the outcome that the caller gets with what the server did.
func (run faultRun) checkOutcome(t *testing.T) runSummary {
	t.Helper()
	summary := runSummary{outcome: api.OutcomeOf(run.err), duration: run.duration}
	if (run.result == nil) == (run.err == nil) {
		t.Errorf("result %v and error %v: want exactly one", run.result, run.err)
		summary.notExactlyOne = 1
	}
	processed := run.server.processed
	switch {
	case processed > 1:
		t.Errorf("the contact was processed %d times", processed)
		summary.duplicates = processed - 1
	case summary.outcome == api.NotApplied && processed > 0, summary.outcome == api.Applied && processed == 0:
		t.Errorf("the outcome is %v, and the server processed %d: %v", summary.outcome, processed, run.err)
		summary.falseOutcomes = 1
	}
	return summary
}

func kindOf(err error) kind {
	var refused *api.Error
	var violation *api.ValidationError
	var auth *api.AuthError
	switch {
	case err == nil:
		return noError
	case errors.As(err, &auth):
		return authError
	case errors.As(err, &refused):
		return apiError
	case errors.As(err, &violation):
		return validationError
	}
	return otherError
}
