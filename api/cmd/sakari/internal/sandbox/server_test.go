package sandbox

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// startServer starts a server. Faults are chosen as if the random number was 0.5.
func startServer(t *testing.T, c Config) *Server {
	t.Helper()
	if c.Address == "" {
		c.Address = "127.0.0.1:0"
	}
	if c.Report == nil {
		c.Report = func(error) {}
	}
	s, err := start(c, func() float64 { return 0.5 })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

type response struct {
	status int
	header http.Header
	body   string
}

// send sends a request with JSON, if there is a body. Header fields follow as name and value.
func send(t *testing.T, method, url, body string, fields ...string) response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == "Host" {
			request.Host = fields[i+1]
		}
		request.Header.Set(fields[i], fields[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	got, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{status: got.StatusCode, header: got.Header, body: string(text)}
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestStart_RefusesWhatItCannotUse(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		want   string
	}{
		"address":       {config: Config{Address: "0.0.0.0:0"}, want: "-addr: "},
		"account":       {config: Config{AccountID: "a\n"}, want: "-account, -client-id, -client-secret: "},
		"client id":     {config: Config{ClientID: " "}, want: "-account, -client-id, -client-secret: "},
		"latency":       {config: Config{Latency: -1}, want: "-latency: -1ns is negative"},
		"fault":         {config: Config{Faults: []string{"x"}}, want: `-fault: "x": want KIND:PROBABILITY `},
		"no seed file":  {config: Config{SeedFile: "no-such-file"}, want: "-seed: open no-such-file: "},
		"directory":     {config: Config{SeedFile: "."}, want: "-seed: read .: "},
		"invalid seed":  {config: Config{SeedFile: write(t, `{"contacts":[{"email":1}]}`)}, want: "-seed: "},
		"seed id twice": {config: Config{SeedFile: write(t, `{"contacts":[{"id":"a"},{"id":"a"}]}`)}, want: "-seed: "},
	} {
		t.Run(name, func(t *testing.T) {
			if c.config.Address == "" {
				c.config.Address = "127.0.0.1:0"
			}
			_, err := Start(c.config)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestServer_RefusesOtherSites(t *testing.T) {
	s := startServer(t, Config{})
	host := strings.TrimPrefix(s.URL, "http://")
	port := host[strings.LastIndex(host, ":"):]
	const admin, page = reserved + "requests", "/"
	for name, c := range map[string]struct {
		method string // GET if it is empty
		path   string
		fields []string
		want   int
	}{
		"page":                       {path: page, want: 200},
		"admin":                      {path: admin, want: 200},
		"localhost":                  {path: admin, fields: []string{"Host", "localhost" + port}, want: 200},
		"another loopback address":   {path: admin, fields: []string{"Host", "127.9.9.9" + port}, want: 200},
		"IPv6":                       {path: admin, fields: []string{"Host", "[::1]" + port}, want: 200},
		"rebinding, page":            {path: page, fields: []string{"Host", "evil.example" + port}, want: 403},
		"rebinding, docs":            {path: docsPath, fields: []string{"Host", "evil.example" + port}, want: 403},
		"rebinding, asset":           {path: docsPath + "/start.js", fields: []string{"Host", "evil.example"}, want: 403},
		"rebinding, spec":            {path: "/openapi.yaml", fields: []string{"Host", "evil.example"}, want: 403},
		"rebinding, admin":           {path: admin, fields: []string{"Host", "evil.example" + port}, want: 403},
		"rebinding, unknown path":    {path: reserved + "x", fields: []string{"Host", "evil.example" + port}, want: 403},
		"name that begins with it":   {path: admin, fields: []string{"Host", "localhost.evil.example"}, want: 403},
		"address that begins so":     {path: admin, fields: []string{"Host", "127.0.0.1.evil.example"}, want: 403},
		"user information":           {path: admin, fields: []string{"Host", "localhost@evil.example"}, want: 403},
		"user information, loopback": {path: admin, fields: []string{"Host", "evil.example@localhost"}, want: 403},
		"another address":            {path: admin, fields: []string{"Host", "10.0.0.1"}, want: 403},
		"all addresses":              {path: admin, fields: []string{"Host", "0.0.0.0" + port}, want: 403},
		"own origin":                 {path: admin, fields: []string{"Origin", s.URL}, want: 200},
		"cross-site GET":             {path: admin, fields: []string{"Origin", "http://evil.example"}, want: 403},
		"origin null":                {path: admin, fields: []string{"Origin", "null"}, want: 403},
		"another port":               {path: admin, fields: []string{"Origin", "http://127.0.0.1:1"}, want: 403},
		"https":                      {path: admin, fields: []string{"Origin", "https://" + host}, want: 403},
		"cross-site POST":            {method: "POST", path: reserved + "reset", fields: []string{"Origin", "http://evil.example", "Content-Type", "application/json"}, want: 403},
		"Sec-Fetch-Site":             {method: "POST", path: reserved + "reset", fields: []string{"Sec-Fetch-Site", "cross-site", "Content-Type", "application/json"}, want: 403},
		"form":                       {method: "POST", path: reserved + "reset", fields: []string{"Content-Type", "text/plain"}, want: 415},
		"no media type":              {method: "POST", path: reserved + "reset", want: 415},
		"media type twice":           {method: "PUT", path: reserved + "faults", fields: []string{"Content-Type", "text/plain; application/json"}, want: 415},
		"with charset":               {method: "POST", path: reserved + "reset", fields: []string{"Content-Type", "application/json; charset=utf-8"}, want: 204},
		"escaped path":               {method: "POST", path: "/%5fsandbox/reset", fields: []string{"Content-Type", "text/plain"}, want: 415},
		"preflight":                  {method: "OPTIONS", path: reserved + "reset", want: 405},
		"page of another origin":     {path: page, fields: []string{"Origin", "http://evil.example"}, want: 200},
		"API has no such check":      {path: "/v1/x", fields: []string{"Host", "fake.example"}, want: 404},
	} {
		t.Run(name, func(t *testing.T) {
			got := send(t, map[bool]string{true: "GET", false: c.method}[c.method == ""], s.URL+c.path, "", c.fields...)
			if got.status != c.want {
				t.Errorf("status %d, want %d: %s", got.status, c.want, got.body)
			}
			if name := "Access-Control-Allow-Origin"; got.header.Get(name) != "" {
				t.Errorf("%s: %s", name, got.header.Get(name))
			}
		})
	}
}

func TestServer_HasMethodsAndPaths(t *testing.T) {
	s := startServer(t, Config{})
	for _, c := range []struct {
		method, path string
		want         int
		allow        string
	}{
		{method: "HEAD", path: "/", want: 200},
		{method: "POST", path: "/", want: 405, allow: "GET, HEAD"},
		{method: "GET", path: "/favicon.ico", want: 204},
		{method: "DELETE", path: reserved + "requests", want: 405, allow: "GET, HEAD"},
		{method: "GET", path: reserved + "reset", want: 405, allow: "POST"},
		{method: "HEAD", path: reserved + "reset", want: 405, allow: "POST"},
		{method: "POST", path: reserved + "faults", want: 405, allow: "PUT"},
		{method: "POST", path: docsPath, want: 405, allow: "GET, HEAD"},
		{method: "GET", path: reserved, want: 404},
		{method: "GET", path: "/_sandbox", want: 404},
		{method: "POST", path: reserved + "reset/", want: 404},
		{method: "POST", path: reserved + "../_sandbox/reset", want: 404},
		{method: "GET", path: docsPath + "/no-such-file", want: 404},
		{method: "GET", path: docsPath + "/../page.html", want: 404},
	} {
		got := send(t, c.method, s.URL+c.path, "")
		if got.status != c.want || got.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: status %d, Allow %q, want %d, %q", c.method, c.path,
				got.status, got.header.Get("Allow"), c.want, c.allow)
		}
	}
	if got := s.Requests(); len(got) > 0 {
		t.Errorf("the API received %d requests, the first is %s", len(got), got[0].Path)
	}
	for _, path := range []string{"//_sandbox/reset", "/./_sandbox/reset", "/v1/../_sandbox/reset", "/_SANDBOX/reset", "/x"} {
		got := send(t, "POST", s.URL+path, "{}")
		if got.status != 404 || !strings.Contains(got.body, "APITEST-404") {
			t.Errorf("%s: status %d, want that of the API: %s", path, got.status, got.body)
		}
	}
	if got := len(s.Requests()); got != 5 {
		t.Errorf("the API received %d requests, want 5", got)
	}
}

func TestServer_RefusesLargeBodies(t *testing.T) {
	s := startServer(t, Config{})
	large := `{"latency":"` + strings.Repeat("1", maxBodyBytes) + `"}`
	for _, path := range []string{reserved + "faults", reserved + "replies", reserved + "reset", "/v1/x"} {
		method := map[bool]string{true: "PUT", false: "POST"}[strings.HasSuffix(path, "faults")]
		if got := send(t, method, s.URL+path, large); got.status != 413 {
			t.Errorf("%s: status %d, want 413", path, got.status)
		}
	}
}

func TestServer_UsesTheAccount(t *testing.T) {
	s := startServer(t, Config{AccountID: "acme", ClientID: "id", ClientSecret: "secret"})
	client, err := api.New("acme", api.WithBaseURL(s.URL), api.WithClientCredentials("id", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateContact(t.Context(), gen.Contact{}); err != nil {
		t.Error(err)
	}
}

func TestLatency_EndsWhenTheClientLeavesAndWhenTheServerCloses(t *testing.T) {
	s := startServer(t, Config{Latency: time.Hour})
	var callers sync.WaitGroup
	call := func(ctx context.Context) {
		callers.Go(func() {
			request, err := http.NewRequestWithContext(ctx, "POST", s.URL+"/oauth2/token", strings.NewReader("{}"))
			if err != nil {
				t.Error(err)
				return
			}
			request.Close = true
			if response, err := http.DefaultClient.Do(request); err == nil {
				response.Body.Close()
				t.Errorf("status %d", response.StatusCode)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	call(ctx)
	if got := send(t, "GET", s.URL+"/", ""); got.status != 200 || !strings.Contains(got.body, "<code>1h0m0s</code>") {
		t.Errorf("the page waits or does not show it: %d", got.status)
	}
	cancel()
	callers.Wait()
	call(t.Context())
	s.Close()
	callers.Wait()
}

func TestServer_ResetsWhileItIsUsed(t *testing.T) {
	s := startServer(t, Config{Faults: []string{"429:0.4"}}) // 0.5 is past it
	client := s.Client()
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 15 {
				if _, err := client.CreateContact(t.Context(), gen.Contact{}); err != nil {
					t.Error(err)
				}
			}
		})
		callers.Go(func() {
			for range 5 {
				for _, c := range [][3]string{
					{"GET", "/"}, {"GET", reserved + "requests"}, {"POST", reserved + "reset", "{}"},
					{"PUT", reserved + "faults", `{"faults":["hang:0.1"]}`},
				} {
					if got := send(t, c[0], s.URL+c[1], c[2]); got.status >= 300 {
						t.Errorf("%v: status %d", c, got.status)
					}
				}
			}
		})
	}
	callers.Wait()
	send(t, "POST", s.URL+reserved+"reset", "{}")
	for contact, err := range client.ListContacts(t.Context(), api.ContactFilter{}) {
		t.Errorf("left: %v, %v", contact.ID, err)
	}
	if diff := cmp.Diff(1, len(s.Requests())); diff != "" {
		t.Error(diff)
	}
}
