// Package sandbox is the fake server of "sakari sandbox". It is that of package apitest, with a
// page, an admin API, Swagger UI, latency and faults on the same port.
package sandbox

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
)

const (
	reserved     = "/_sandbox/" // the API has no path below it
	docsPath     = "/docs"
	maxRequests  = 100
	maxBodyBytes = 1 << 20   // of a request
	maxSeedBytes = 256 << 20 // of a seed
)

// Config configures a [Server].
type Config struct {
	Address      string // a loopback IP address and a port
	AccountID    string // "test-account" if it is empty
	ClientID     string // "test-client" if it is empty
	ClientSecret string // a new one if it is empty
	SeedFile     string // JSON with contacts and attributes that exist at the start, none if it is empty
	Faults       []string
	Latency      time.Duration
	Report       func(error) // gets the violation of each invalid request
}

// Server is a fake server with a page and an admin API.
type Server struct {
	*apitest.Server

	random  func() float64
	routes  map[string]route
	started chan struct{} // closed when all fields are set

	mu       sync.Mutex
	settings settings
}

// route is a path of the sandbox's own.
type route struct {
	method string
	handle http.HandlerFunc
}

// Start starts a server. The caller closes it. Errors name the flags of the command.
func Start(c Config) (*Server, error) { return start(c, mathrand.Float64) }

func start(c Config, random func() float64) (*Server, error) {
	account := cmp.Or(c.AccountID, "test-account")
	id, secret := cmp.Or(c.ClientID, "test-client"), cmp.Or(c.ClientSecret, rand.Text())
	if _, err := api.New(account, api.WithClientCredentials(id, secret)); err != nil {
		return nil, errors.New("-account, -client-id, -client-secret: the client cannot send one of them")
	}
	settings, err := newSettings(c.Faults, c.Latency)
	if err != nil {
		return nil, fmt.Errorf("-%w", err)
	}
	seed, err := readSeedFile(c.SeedFile)
	if err != nil {
		return nil, fmt.Errorf("-seed: %w", err)
	}
	s := &Server{random: random, settings: settings, started: make(chan struct{})}
	s.Server, err = apitest.Start(c.Report,
		apitest.WithAddress(c.Address),
		apitest.WithAccount(account, id, secret),
		apitest.WithMaxRequests(maxRequests),
		apitest.WithMiddleware(s.wrap),
	)
	if err != nil {
		return nil, fmt.Errorf("-addr: %w", err)
	}
	s.RespondFunc(s.choose)
	s.routes = map[string]route{
		"/":                   {method: http.MethodGet, handle: s.page},
		"/favicon.ico":        {method: http.MethodGet, handle: noContent}, // browsers ask for it
		"/openapi.yaml":       {method: http.MethodGet, handle: s.openapi},
		docsPath:              {method: http.MethodGet, handle: docs()},
		reserved + "requests": {method: http.MethodGet, handle: s.listRequests},
		reserved + "replies":  {method: http.MethodPost, handle: s.addReplies},
		reserved + "reset":    {method: http.MethodPost, handle: s.reset},
		reserved + "seed":     {method: http.MethodPost, handle: s.addSeed},
		reserved + "faults":   {method: http.MethodPut, handle: s.setFaults},
	}
	err = s.Seed(seed)
	close(s.started)
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("-seed: %s: %w", c.SeedFile, err)
	}
	return s, nil
}

func noContent(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// wrap adds the sandbox's own paths to a handler of the API. It compares paths as they are, so that
// other spellings of a path, such as with two slashes, are requests of the API.
func (s *Server) wrap(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-s.started:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
		path := r.URL.Path
		if strings.HasPrefix(path, docsPath+"/") {
			path = docsPath
		}
		own, isOwn := s.routes[path]
		switch {
		case isOwn || strings.HasPrefix(path+"/", reserved):
			s.serveOwn(w, r, own)
		default:
			s.serveAPI(w, r, api)
		}
	})
}

// serveAPI delays a request of the API. It reads the body first, because net/http notices that the
// client left only after that.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, api http.Handler) {
	body, err := readBody(w, r, maxBodyBytes)
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	select {
	case <-time.After(s.current().latency):
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
	api.ServeHTTP(w, r)
}

func (s *Server) serveOwn(w http.ResponseWriter, r *http.Request, own route) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	isAdmin := strings.HasPrefix(r.URL.Path+"/", reserved)
	if err := checkSite(r, isAdmin); err != nil {
		fail(w, http.StatusForbidden, err)
		return
	}
	isHead := r.Method == http.MethodHead && own.method == http.MethodGet
	switch {
	case own.handle == nil:
		fail(w, http.StatusNotFound, errors.New("the sandbox has no such path"))
	case r.Method != own.method && !isHead:
		allow := own.method
		if allow == http.MethodGet {
			allow += ", " + http.MethodHead
		}
		header.Set("Allow", allow)
		fail(w, http.StatusMethodNotAllowed, errors.New("the method must be "+allow))
	case isAdmin && own.method != http.MethodGet && !isJSON(r):
		fail(w, http.StatusUnsupportedMediaType, errors.New("the Content-Type must be application/json"))
	default:
		own.handle(w, r)
	}
}

// checkSite refuses what a page of another site makes a browser send. Such a page may give its own
// name the address of the sandbox (DNS rebinding), so the Host must be of loopback. The admin API
// also refuses other origins.
func checkSite(r *http.Request, isAdmin bool) error {
	if !isLoopback(r.Host) {
		return errors.New("the Host must be localhost or a loopback IP address")
	}
	if !isAdmin {
		return nil
	}
	for _, origin := range r.Header.Values("Origin") {
		if origin != "http://"+r.Host {
			return errors.New("the Origin must be that of the sandbox")
		}
	}
	return http.NewCrossOriginProtection().Check(r) // Sec-Fetch-Site
}

func isLoopback(host string) bool {
	u, err := url.Parse("http://" + host)
	if err != nil || u.Host != host || u.User != nil {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || err == nil && address.IsLoopback() && address.Zone() == ""
}

func isJSON(r *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mediaType == "application/json"
}

// readBody fails only if the body is too large. It ends the handler if the client left.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if errors.As(err, new(*http.MaxBytesError)) {
		return nil, fmt.Errorf("the body is larger than %d bytes: %w", limit, err)
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return body, nil
}
