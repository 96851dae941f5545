package api_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// countingServer answers with the given statuses in turn and counts connections.
func countingServer(t *testing.T, statuses ...int) (base string, connections *atomic.Int32) {
	t.Helper()
	connections = new(atomic.Int32)
	var calls atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(statuses[int(calls.Add(1)-1)%len(statuses)])
		_, _ = w.Write([]byte(yes))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, connections
}

func TestSequentialCallsUseOneConnection(t *testing.T) {
	base, connections := countingServer(t, 200, 400, 503, 200, 404, 201)
	client := newClient(t, base)
	for range 20 {
		_, _ = create(t, client)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 20 calls, want 1", n)
	}
}

func TestConcurrentCallsReuseConnections(t *testing.T) {
	base, connections := countingServer(t, 200)
	client := newClient(t, base)
	other, err := client.WithAccount("other")
	if err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	for i := range 100 {
		callers.Go(func() {
			for range 2 {
				if _, err := create(t, []*api.Client{client, other}[i%2]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	if n := connections.Load(); n > 100 {
		t.Errorf("%d connections for 200 calls of 100 callers, want at most 100", n)
	}
}

// Connections that were kept, and are dead by now, cost a GET nothing: net/http goes on to one that lives.
func TestDeadConnectionsFailNoGet(t *testing.T) {
	const callers = 5
	var dead sync.Map // connections
	var together sync.WaitGroup
	together.Add(callers)
	var early atomic.Bool
	early.Store(true)
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if early.Load() {
			dead.Store(r.RemoteAddr, true)
			together.Done()
			together.Wait() // each on a connection of its own
		} else if _, isDead := dead.Load(r.RemoteAddr); isDead {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, page(`"hasNext":false`, "7"))
	})
	client := newClient(t, base, api.WithMaxAttempts(1))
	get := func() error { return second(client.GetAttribute(t.Context(), gen.AttributeTypeContacts, "7")) }
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			if err := get(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	early.Store(false)
	if err := get(); err != nil {
		t.Error(err)
	}
}
