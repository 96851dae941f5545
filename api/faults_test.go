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
	"github.com/sakari-go/sakari-go/gen"
)

// fault is one thing that goes wrong, and what the caller must get of it.
type fault struct {
	name   string
	api    act                     // answers the requests; nil: with a yes
	token  act                     // answers the requests for a token; nil: with a token
	base   func(testing.TB) string // another address than the fault server's
	unread bool                    // api acts before it reads the body
	warm   bool                    // after a good call over the same connection
	wire   bool                    // not over HTTP/2
	stall  bool                    // the caller\'s time ends once the header of an answer is there
	once   bool                    // the network makes no difference
	twice  bool                    // sends a second answer, which net/http discards unless another call takes the connection in that instant
	opts   []api.Option            // after those of the runner
	call   func(context.Context, *api.Client, ...api.CallOption) (*gen.Autotopup, error)
	want   want
}

// want is what must come of a fault.
type want struct {
	kind      kind
	outcome   api.Outcome
	is        error         // errors.Is
	places    []string      // of all violations
	arrived   int           // requests at the API
	processed int           // contacts that the API did something with
	tokens    int           // requests for a token
	tries     int           // round trips of the call, if that is not as many as arrived
	within    time.Duration // the time of the call, if that must be less than most
}

type kind string

const (
	noError     kind = "no error"
	anError     kind = "*api.Error"
	aViolation  kind = "*api.ValidationError"
	anAuthError kind = "*api.AuthError"
	another     kind = "another error"
)

// What most faults must give.
var (
	accepted = want{kind: noError, outcome: api.Applied, arrived: 1, processed: 1, tokens: 1}
	refused  = want{kind: anError, outcome: api.NotApplied, arrived: 1, tokens: 1}
	unsure   = want{kind: anError, outcome: api.Unknown, arrived: 1, processed: 1, tokens: 1}
	lost     = want{kind: another, outcome: api.Unknown, arrived: 1, processed: 1, tokens: 1}
	late     = want{kind: another, outcome: api.Unknown, arrived: 1, processed: 1, tokens: 1, is: context.DeadlineExceeded}
	unsent   = want{kind: another, outcome: api.NotApplied, tokens: 1}
	invalid  = want{kind: aViolation, outcome: api.NotApplied, is: api.ErrInvalidRequest}
	noToken  = want{kind: anAuthError, outcome: api.NotApplied, tokens: 1}
)

func broken(places ...string) want {
	return want{kind: aViolation, outcome: api.Applied, is: api.ErrInvalidResponse, places: places, arrived: 1, processed: 1, tokens: 1}
}

func (w want) soon() want               { w.within = brief + 5*time.Second; return w }
func (w want) after(tries int) want     { w.tries = tries; return w }
func (w want) at(place string) want     { w.places = []string{place}; return w }
func (w want) with(sentinel error) want { w.is = sentinel; return w }
func (w want) counts(arrived, processed, tokens int) want {
	w.arrived, w.processed, w.tokens = arrived, processed, tokens
	return w
}

// brief is the time-out of the faults that nobody else can end.
const brief = time.Second

// most is more than any fault may take, on a busy machine: what hangs is ended by an event, or not at all.
const most = 20 * time.Second

// Every fault, over TCP, TLS and HTTP/2. Whatever goes wrong, the caller gets one of result and
// error; the error says what happened, holds the server's answer and no secret; its outcome is what
// the server did; the contact was processed at most once; and nothing reached another host.
func TestFaults(t *testing.T) {
	caught := newTrap(t)
	tally := newTally()
	for _, group := range []struct {
		name   string
		faults []fault
		half   bool // each over TCP and one of the other networks
	}{
		{"answers", answerFaults(), true}, {"redirects", redirectFaults(caught.address), true}, {"retries", retryFaults(), false},
		{"network", networkFaults(), false}, {"token", tokenFaults(caught.address), false}, {"requests", requestFaults(), false},
	} {
		for _, f := range group.faults {
			networks := []network{tcp, ssl, h2}
			switch {
			case f.once:
				networks = []network{tcp}
			case f.wire:
				networks = []network{tcp, ssl}
			case group.half: // to save time
				networks = []network{tcp, []network{ssl, h2}[len(f.name)%2]}
			}
			for _, n := range networks {
				t.Run(fmt.Sprintf("%s/%s/%s", group.name, f.name, n), func(t *testing.T) {
					t.Parallel()
					tally.add(group.name, f.play(t, n).check(t, f.want))
				})
			}
		}
	}
	t.Cleanup(func() {
		caught.mu.Lock()
		defer caught.mu.Unlock()
		for _, text := range caught.caught {
			t.Errorf("another host was sent %.200q", text)
		}
		t.Log("\n" + tally.String())
	})
}

// played is what came of a fault.
type played struct {
	got                        *gen.Autotopup
	err                        error
	took                       time.Duration
	captured                   api.Response
	sent, mark                 string       // by the server, in its last answer to a call, if a reply made it
	tokenSent                  api.Response // the server's last answer to a request for a token
	log                        string
	arrived, processed, tokens int
}

// play lets a fault happen once, and checks what must hold whatever it is.
func (f fault) play(t *testing.T, n network, opts ...api.Option) played {
	t.Helper()
	s := startFaultServer(t, n)
	s.api, s.token, s.unread = f.api, f.token, f.unread
	if s.api == nil {
		s.api = yesReply()
	}
	if s.token == nil {
		s.token = tokenYes
	}
	base := s.url
	if f.base != nil {
		base = f.base(t)
	}
	call := f.call
	if call == nil {
		call = createContact
	}
	var log lockedBuffer
	var waited waits
	opts = append(opts, api.WithTimeout(most), waited.option(), api.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	client := s.client(t, base, f.stall, append(opts, f.opts...)...)
	ctx := &clock{Context: t.Context(), done: make(chan struct{})}
	s.cancel, s.expire = func() { ctx.end(context.Canceled) }, func() { ctx.end(context.DeadlineExceeded) }
	defer s.cancel()
	if f.warm {
		faulty := s.api
		s.api = yesReply()
		if _, err := createContact(ctx, client); err != nil {
			t.Fatal(err)
		}
		s.reset()
		s.api = faulty
		log.Reset()
	}
	s.stalling.Store(f.stall)

	var p played
	start := time.Now()
	p.got, p.err = call(ctx, client, api.CaptureResponse(&p.captured))
	p.took = time.Since(start)

	p.arrived, p.processed, p.tokens = s.settled(f.want)
	s.mu.Lock()
	p.sent, p.mark, p.tokenSent, p.log = s.sent, s.mark, s.tokenSent, log.String()
	uris := strings.Join(s.uris, "\n")
	s.mu.Unlock()
	if p.took > most {
		t.Errorf("took %v", p.took)
	}
	p.checkNothingLost(t)
	checkSilent(t, append([]any{client, *client, client.Generated(), p.captured, &p.captured, p.log, uris}, chain(p.err)...)...)
	return p
}

// check holds what came of a fault against what must come of it.
func (p played) check(t *testing.T, want want) result {
	t.Helper()
	r := p.truth(t)
	if kind := kindOf(p.err); kind != want.kind {
		t.Errorf("got %s, want %s: %v", kind, want.kind, p.err)
	}
	if r.outcome != want.outcome {
		t.Errorf("outcome %v, want %v: %v", r.outcome, want.outcome, p.err)
	}
	if want.is != nil && !matches(p.err, want.is) {
		t.Errorf("%v is not %v", p.err, want.is)
	}
	if p.arrived != want.arrived || p.processed != want.processed || p.tokens != want.tokens {
		t.Errorf("the server saw %d requests, processed %d and gave %d tokens; want %d, %d and %d: %v",
			p.arrived, p.processed, p.tokens, want.arrived, want.processed, want.tokens, p.err)
	}
	if p.err == nil && (want.kind != noError || p.captured.StatusCode != 0 && p.captured.StatusCode != 200 || p.got != nil && (p.got.Amount != 123 || p.got.Below != 123)) {
		t.Errorf("a wrong success: %+v", p.got)
		r.wrong = 1
	}
	if want.places != nil {
		if diff := cmp.Diff(want.places, placesOf(p.err)); diff != "" {
			t.Errorf("places: want (-), got (+)\n%s%v", diff, p.err)
		}
	}
	if want.within > 0 && p.took > want.within {
		t.Errorf("took %v, want %v at most", p.took, want.within)
	}
	checkLog(t, p.log, p.err, max(want.tries, want.arrived))
	return r
}

// truth compares what the caller is told with what the server did.
func (p played) truth(t *testing.T) result {
	t.Helper()
	r := result{outcome: api.OutcomeOf(p.err), took: p.took}
	if (p.got == nil) == (p.err == nil) {
		t.Errorf("result %v and error %v: want exactly one", p.got, p.err)
		r.neither = 1
	}
	switch {
	case p.processed > 1:
		t.Errorf("the contact was processed %d times", p.processed)
		r.extra = p.processed - 1
	case r.outcome == api.NotApplied && p.processed > 0, r.outcome == api.Applied && p.processed == 0:
		t.Errorf("the outcome is %v, and the server processed %d: %v", r.outcome, p.processed, p.err)
		r.untrue = 1
	}
	return r
}

// With less validation more answers pass, but none that says no; and the outcomes stay true.
func TestFaultsWithLessValidation(t *testing.T) {
	for _, mode := range []api.Validation{api.ValidationReport, api.ValidationOff} {
		for _, f := range slices.Concat(answerFaults(), retryFaults()) {
			t.Run(fmt.Sprintf("%d/%s", mode, f.name), func(t *testing.T) {
				t.Parallel()
				p := f.play(t, tcp, api.WithValidation(mode))
				p.truth(t)
				if f.want.outcome != api.Applied && p.err == nil {
					t.Errorf("a wrong success: %+v", p.got)
				}
			})
		}
	}
}

// clock is a context that ends when the test says so.
type clock struct {
	context.Context
	done chan struct{}
	once sync.Once
	err  error
}

func (c *clock) Done() <-chan struct{} { return c.done }

func (c *clock) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

func (c *clock) end(err error) { c.once.Do(func() { c.err = err; close(c.done) }) }

// createContact makes the call that most faults meet.
func createContact(ctx context.Context, client *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
	return client.CreateAttribute(ctx, gen.AttributeTypeContacts, faultContact, opts...)
}

func kindOf(err error) kind {
	var refused *api.Error
	var violation *api.ValidationError
	var auth *api.AuthError
	switch {
	case err == nil:
		return noError
	case errors.As(err, &auth):
		return anAuthError
	case errors.As(err, &refused):
		return anError
	case errors.As(err, &violation):
		return aViolation
	}
	return another
}

// settled returns the counts once the server has caught up: a caller who leaves may be faster than the server.
func (s *faultServer) settled(w want) (arrived, processed, tokens int) {
	for deadline := time.Now().Add(most); ; time.Sleep(time.Millisecond) {
		arrived, processed, tokens = s.counts()
		if arrived >= w.arrived && processed >= w.processed && tokens >= w.tokens || time.Now().After(deadline) {
			return arrived, processed, tokens
		}
	}
}
