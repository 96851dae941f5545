package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

// newImport returns an import of a file into a fake server. It sends the records one at a time.
func newImport(t *testing.T, server *apitest.Server, file string) *Import {
	client := server.Client(api.WithMaxAttempts(1))
	target := testTarget()
	target.Server, target.Account = server.URL, server.AccountID
	target.Check = func(_ context.Context, body jsontext.Value) error {
		if strings.Contains(string(body), "invalid") {
			return errors.New("body/firstName: invalid")
		}
		return nil
	}
	target.Send = func(ctx context.Context, body jsontext.Value) (string, error) {
		var contact gen.Contact
		if err := contact.UnmarshalJSON(body); err != nil {
			return "", err
		}
		created, err := client.CreateContact(ctx, contact)
		if err != nil {
			return "", err
		}
		return *created.ID, nil
	}
	target.Find = func(ctx context.Context, filter api.ContactFilter) (*gen.StoredContact, error) {
		return client.FindContact(ctx, filter)
	}
	return &Import{File: file, Target: target, Concurrency: 1, Log: io.Discard}
}

func contactFile(t *testing.T, n int) string {
	var text strings.Builder
	text.WriteString("firstName,email\n")
	for i := range n {
		fmt.Fprintf(&text, "Ann,user-%d@example.com\n", i)
	}
	return writeFile(t, "contacts.csv", text.String())
}

func TestRun_StopsAtFailuresThatAreNotAboutARecord(t *testing.T) {
	const records = 50
	for name, c := range map[string]struct {
		reply    func(n int) *apitest.Reply // of the nth request
		requests int
		want     Counts
		is       error
	}{
		"server that fails": {
			reply:    func(int) *apitest.Reply { return &apitest.Reply{Status: http.StatusServiceUnavailable} },
			requests: maxFailures, want: Counts{Unknown: maxFailures, NotSent: records - maxFailures},
		},
		"wrong account": {
			reply:    func(int) *apitest.Reply { return &apitest.Reply{Status: http.StatusNotFound} },
			requests: maxFailures, want: Counts{NotApplied: maxFailures, NotSent: records - maxFailures},
			is: api.ErrNotFound,
		},
		"rate limit": {
			reply: func(int) *apitest.Reply {
				return &apitest.Reply{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"0"}}}
			},
			requests: maxFailures, want: Counts{NotApplied: maxFailures, NotSent: records - maxFailures},
			is: api.ErrRateLimited,
		},
		"no permission": {
			reply:    func(int) *apitest.Reply { return &apitest.Reply{Status: http.StatusForbidden} },
			requests: 1, want: Counts{NotApplied: 1, NotSent: records - 1}, is: api.ErrForbidden,
		},
		"refused records": {
			reply:    func(int) *apitest.Reply { return &apitest.Reply{Status: http.StatusBadRequest} },
			requests: records, want: Counts{NotApplied: records},
		},
		"refused records with status 200": {
			reply:    func(int) *apitest.Reply { return &apitest.Reply{Body: `{"success":false}`} },
			requests: records, want: Counts{NotApplied: records},
		},
		"invalid responses of applied records": {
			reply:    func(int) *apitest.Reply { return &apitest.Reply{Body: `{"success":true}`} },
			requests: records, want: Counts{Applied: records},
		},
		"failures between successes": {
			reply: func(n int) *apitest.Reply {
				if n%maxFailures == 0 {
					return nil
				}
				return &apitest.Reply{Status: http.StatusBadGateway}
			},
			requests: records, want: Counts{Applied: records / maxFailures, Unknown: records - records/maxFailures},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			var n atomic.Int64
			server.RespondFunc(func(apitest.Request) *apitest.Reply { return c.reply(int(n.Add(1))) })
			counts, err := newImport(t, server, contactFile(t, records)).Run(t.Context())
			if counts == nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, *counts); diff != "" {
				t.Error(diff)
			}
			if isStopped := errors.As(err, new(*Stopped)); isStopped != (c.want.NotSent > 0) || !errors.Is(err, c.is) && c.is != nil {
				t.Errorf("got error %v", err)
			}
			if got := len(server.Requests()); got != c.requests {
				t.Errorf("%d requests, want %d", got, c.requests)
			}
		})
	}
}

// TestRun_WaitsForCallsInProgress checks that the context ends the sending and no call.
func TestRun_WaitsForCallsInProgress(t *testing.T) {
	server := apitest.NewServer(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	server.RespondFunc(func(apitest.Request) *apitest.Reply {
		cancel(errors.New("interrupted"))
		return nil
	})
	i := newImport(t, server, contactFile(t, 5))
	counts, err := i.Run(ctx)
	want := Counts{Applied: 1, NotSent: 4}
	if counts == nil || *counts != want || fmt.Sprint(err) != "the import stopped: interrupted" {
		t.Fatalf("got %v, error %v; want %v", counts, err, want)
	}
	i.Resume = true
	counts, err = i.Run(t.Context())
	want = Counts{Applied: 5}
	if err != nil || *counts != want || len(server.Requests()) != 5 {
		t.Errorf("got %v, error %v; want %v", counts, err, want)
	}
}

func TestRun_RefusesAChangedFile(t *testing.T) {
	const text = "firstName,email\nAnn,a@example.com\nRefused,b@example.com\n"
	for name, c := range map[string]struct {
		text, want string
	}{
		"record that was applied": {
			text: strings.Replace(text, "Ann", "Bob", 1), want: ":2: the record has changed since it was sent: undo the change",
		},
		"column": {
			text: strings.Replace(text, "firstName", "attributes.a", 1), want: ":2: the record has changed since",
		},
		"records that are gone": {
			text: "firstName,email\nAnn,a@example.com\n", want: ": 1 records that were sent are no longer in their lines",
		},
		"record that was not applied": {text: strings.Replace(text, "Refused", "Bob", 1)},
		"record that is new":          {text: text + "New,c@example.com\n"},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			server.RespondFunc(func(r apitest.Request) *apitest.Reply {
				if strings.Contains(string(r.Body), "Refused") {
					return &apitest.Reply{Status: http.StatusBadRequest}
				}
				return nil
			})
			i := newImport(t, server, writeFile(t, "contacts.csv", text))
			if _, err := i.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(i.File, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			sent := len(server.Requests())
			i.Resume = true
			counts, err := i.Run(t.Context())
			if c.want == "" {
				if err != nil || counts.Applied+counts.NotApplied != strings.Count(c.text, "\n")-1 {
					t.Errorf("got %v, error %v", counts, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || counts != nil || len(server.Requests()) != sent {
				t.Errorf("got %v, error %v; want %s", counts, err, c.want)
			}
		})
	}
}

func TestRun_NeedsTheRightJournal(t *testing.T) {
	server := apitest.NewServer(t)
	i := newImport(t, server, contactFile(t, 1))
	for _, c := range []struct {
		isResume, isReconcile bool
		want                  string
	}{
		{isResume: true, want: "there is no " + i.File + ".journal: leave out -resume and -reconcile"},
		{isReconcile: true, want: "there is no " + i.File + ".journal: leave out -resume and -reconcile"},
		{},
		{want: "there is a journal, " + i.File + ".journal"},
		{isResume: true},
	} {
		i.Resume, i.Reconcile = c.isResume, c.isReconcile
		_, err := i.Run(t.Context())
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%v: got error %v", c, err)
		}
	}
	if n := len(server.Requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestRun_Reconciles(t *testing.T) {
	const text = "firstName,email,mobile\n" +
		"Ann,ann@example.com,+1 555 0001\n" + // applied, found
		"Bob,bob@example.com,+15550002\n" + // not applied
		"Cid,,\n" + // cannot be looked up
		"Dan,dan@example.com,\n" + // another contact has its address
		"Eve,eve@example.com,\n" + // applied, found
		"Eve,eve@example.com,\n" // not applied; the contact is that of the line before
	server := apitest.NewServer(t)
	server.AddContacts(gen.StoredContact{FirstName: new("Not Dan"), Email: new("dan@example.com")})
	server.Respond(
		apitest.Reply{Fault: apitest.Reset}, apitest.Reply{Status: http.StatusBadGateway},
		apitest.Reply{Fault: apitest.Reset}, apitest.Reply{Status: http.StatusBadGateway},
		apitest.Reply{Fault: apitest.Reset}, apitest.Reply{Status: http.StatusBadGateway})
	i := newImport(t, server, writeFile(t, "contacts.csv", text))
	counts, err := i.Run(t.Context())
	want := Counts{Unknown: 6}
	if err != nil || *counts != want {
		t.Fatalf("got %v, error %v; want %v", counts, err, want)
	}
	for _, resume := range []bool{false, true} {
		i.Reconcile, i.Resume = true, resume
		counts, err = i.Run(t.Context())
		want = Counts{Applied: 2, Unknown: 4}
		if err != nil || *counts != want {
			t.Errorf("got %v, error %v; want %v", counts, err, want)
		}
		_, _, unknownFile := i.Files()
		got, err := os.ReadFile(unknownFile)
		const wantFile = "firstName,email,mobile,import.line,import.id,import.code,import.message\n" +
			"Bob,bob@example.com,+15550002,3,,,no contact has its mobile number and e-mail address as they were sent: look for it\n" +
			"Cid,,,4,,,it cannot be looked up without mobile number and e-mail address\n" +
			"Dan,dan@example.com,,5,,,the contact contact-1 differs from it in /firstName\n" +
			"Eve,eve@example.com,,7,,,the contact contact-4 is that of line 6\n"
		if diff := cmp.Diff(wantFile, string(got)); err != nil || diff != "" {
			t.Error(err, diff)
		}
	}
	posts := 0
	for _, request := range server.Requests() {
		if request.Method == http.MethodPost {
			posts++
		}
	}
	if posts != 6 {
		t.Errorf("%d requests, want 6", posts)
	}
}

// TestRun_ReportsAnOutcomeThatIsNotWritten checks that the error of a full disk has what is known.
func TestRun_ReportsAnOutcomeThatIsNotWritten(t *testing.T) {
	server := apitest.NewServer(t)
	r := run{Import: newImport(t, server, contactFile(t, 1)), progress: newProgress(io.Discard, false, 1)}
	defer r.progress.end()
	var err error
	if r.journal, err = createJournal(r.journalName(), r.begin()); err != nil {
		t.Fatal(err)
	}
	defer r.journal.close()
	send := r.Target.Send
	r.Target.Send = func(ctx context.Context, body jsontext.Value) (string, error) {
		r.journal.err = errors.New("no space left")
		return send(ctx, body)
	}
	err = r.each(func(rec record) error { return r.sendOne(t.Context(), rec) })
	const want = `line 2 was sent; its outcome, "applied", cannot be written: no space left`
	if err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	if err := r.each(func(rec record) error { return r.sendOne(t.Context(), rec) }); err == nil {
		t.Error("a record is sent although the journal cannot be written")
	}
	if n := len(server.Requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// TestRun_MemoryDoesNotGrowWithTheFile compares the heap at the end of imports of files of two
// sizes, which also have a journal.
func TestRun_MemoryDoesNotGrowWithTheFile(t *testing.T) {
	const maxGrowth = 1 << 20 // bytes; the files differ in more than 4 MiB
	heapAfter := func(records int) uint64 {
		i := &Import{
			File: contactFile(t, records), Target: testTarget(), Concurrency: 4, Log: io.Discard,
		}
		var mu sync.Mutex
		var heap uint64
		sent := 0
		i.Target.Check = func(context.Context, jsontext.Value) error { return nil }
		i.Target.Send = func(context.Context, jsontext.Value) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			if sent++; sent == records {
				runtime.GC()
				var stats runtime.MemStats
				runtime.ReadMemStats(&stats)
				heap = stats.HeapAlloc
			}
			if sent%2 == 0 {
				return "", &api.ValidationError{Direction: api.DirectionRequest}
			}
			return "contact", nil
		}
		if _, err := i.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		sent, i.Resume = records/2, true // the refused half is sent again
		if _, err := i.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return heap
	}
	small, large := heapAfter(100), heapAfter(20000)
	if large > small+maxGrowth {
		t.Errorf("the heap grew from %d to %d bytes", small, large)
	}
}

func TestProgress_TellsRateAndTimeLeft(t *testing.T) {
	p := &progress{total: 100, begin: time.Now().Add(-10 * time.Second)}
	for range 18 {
		p.add(applied)
	}
	p.add(notApplied)
	p.add(unknown)
	const want = "sakari: 20 of 100 sent, 2.0 a second, 40s left (1 not applied, 1 unknown)"
	if got := p.line(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
