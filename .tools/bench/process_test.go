package bench

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The test binary runs itself as the server, whose CPU time is then not measured, and as a client,
// whose CPU time and memory are then those of its process.
const roleVariable, serverRole = "SAKARI_BENCH_ROLE", "server"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		m.Run()
	case serverRole:
		serve()
	default:
		var j job
		check(json.Unmarshal([]byte(role), &j))
		check(json.NewEncoder(os.Stdout).Encode(must(j.run())))
	}
}

// addresses are the base URLs and the certificate of the server process.
type addresses struct{ HTTP, TLS1, TLS2, Certificate string }

func serve() {
	list := attributes(1 << 20)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		body := success
		if r.Method == http.MethodGet {
			body = list
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = io.WriteString(w, body)
	})
	open := httptest.NewServer(handler)
	first := httptest.NewTLSServer(handler)
	second := httptest.NewUnstartedServer(handler)
	second.EnableHTTP2 = true
	second.StartTLS()
	certificate := &pem.Block{Type: "CERTIFICATE", Bytes: first.Certificate().Raw}
	check(json.NewEncoder(os.Stdout).Encode(addresses{
		HTTP: open.URL, TLS1: first.URL, TLS2: second.URL,
		Certificate: string(pem.EncodeToMemory(certificate)),
	}))
	_, _ = io.Copy(io.Discard, os.Stdin) // ends when the parent process closes it or ends
}

// startServer starts a server process that ends with the test.
func startServer(t *testing.T) (a addresses) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), roleVariable+"="+serverRole)
	command.Stderr = os.Stderr
	stdin, stdout := must(command.StdinPipe()), must(command.StdoutPipe())
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("server: %v", err)
		}
	})
	if err := json.NewDecoder(stdout).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

// job is what a client process does.
type job struct {
	Way                  int
	Base, Certificate    string
	List                 bool
	Callers, Warm, Calls int // each caller makes Warm calls that are not measured, and then Calls
}

// taken is what the measured calls of a job took. The peak is that of the whole process.
type taken struct {
	CPU, Wall float64 // s
	Peak      float64 // MiB
}

// start runs the job in a process of its own.
func (j job) start(t *testing.T) (took taken) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), roleVariable+"="+string(must(json.Marshal(j))))
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err := cmp.Or(err, json.Unmarshal(out, &took)); err != nil {
		t.Fatalf("%s: %v", ways[j.Way].name, err)
	}
	return took
}

func (j job) run() (took taken, err error) {
	client := &http.Client{Transport: newTransport(j.Certificate)}
	calls := ways[j.Way].open(j.Base, client)
	call := calls.create
	if j.List {
		call = calls.list
	}
	if err := share(call, j.Callers, j.Warm); err != nil {
		return taken{}, err
	}
	cpu, start := cpuTime(), time.Now()
	if err := share(call, j.Callers, j.Calls); err != nil {
		return taken{}, err
	}
	return taken{CPU: cpuTime() - cpu, Wall: time.Since(start).Seconds(), Peak: peak()}, nil
}

// share makes calls from several callers at the same time.
func share(call call, callers, calls int) error {
	failures := make([]error, callers)
	var calling sync.WaitGroup
	for i := range failures {
		calling.Go(func() {
			for range calls {
				failures[i] = cmp.Or(failures[i], call(context.Background()))
			}
		})
	}
	calling.Wait()
	return errors.Join(failures...)
}

// newTransport returns the same transport for all ways. It keeps the connections of all callers, as
// this client's default does.
func newTransport(certificate string) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = t.MaxIdleConns
	if certificate != "" {
		t.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		t.TLSClientConfig.RootCAs.AppendCertsFromPEM([]byte(certificate))
	}
	return t
}

// cpuTime returns the CPU time of this process on all cores, in seconds.
func cpuTime() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

// peak returns the peak memory of this process, in MiB.
func peak() float64 {
	_, rest, _ := strings.Cut(string(must(os.ReadFile("/proc/self/status"))), "VmHWM:")
	var kib float64
	must(fmt.Sscan(rest, &kib))
	return kib / 1024
}

const success = `{"success":true,"data":{"amount":123,"below":123}}`

// attributes returns a response with a list of attributes, just below a size in bytes.
func attributes(size int) string {
	const end = `],"pagination":{"limit":100,"offset":0,"hasNext":false},"success":true}`
	change := `{"at":"2023-11-07T05:31:56Z","by":{"id":"u-1","name":"Joe Bloggs",` +
		`"firstName":"Joe","lastName":"Bloggs","email":"joe@bloggs.com","source":"web",` +
		`"subSource":"import"}}`
	text := []byte(`{"data":[`)
	for i := 0; ; i++ {
		next := fmt.Sprintf(`{"id":"a-%d","name":"company_size","label":"Size of the company",`+
			`"type":"contacts","dataType":"text","created":%s,"updated":%s},`, i, change, change)
		if len(text)+len(next)+len(end) > size {
			return strings.TrimSuffix(string(text), ",") + end
		}
		text = append(text, next...)
	}
}
