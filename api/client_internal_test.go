package api

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"testing"

	"github.com/sakari-go/sakari-go/api/internal/spec"
)

// Not parallel: http.DefaultTransport belongs to the whole program.
func TestNewTransport_CopiesTheDefaultOne(t *testing.T) {
	standard := http.DefaultTransport
	defer func() { http.DefaultTransport = standard }()
	proxy := &url.URL{Scheme: "http", Host: "proxy.invalid"}
	own := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{ServerName: "own.invalid"}, MaxIdleConnsPerHost: 7}
	http.DefaultTransport = own

	copied := newTransport()
	if copied.TLSClientConfig.ServerName != "own.invalid" || copied.MaxIdleConnsPerHost != 100 || own.MaxIdleConnsPerHost != 7 {
		t.Errorf("server name %q, %d idle connections, the original's %d", copied.TLSClientConfig.ServerName, copied.MaxIdleConnsPerHost, own.MaxIdleConnsPerHost)
	}
	for target, want := range map[string]*url.URL{"https://api.invalid": proxy, "http://api.invalid": nil} {
		request, err := http.NewRequest(http.MethodPost, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := copied.Proxy(request); err != nil || got != want {
			t.Errorf("%s goes by %v (%v), want %v", target, got, err, want)
		}
	}

	http.DefaultTransport = http.NewFileTransport(http.Dir("."))
	if got := newTransport(); !got.ForceAttemptHTTP2 || got.Proxy == nil || got.IdleConnTimeout == 0 {
		t.Errorf("without a transport of net/http: HTTP/2 %v, idle for %v", got.ForceAttemptHTTP2, got.IdleConnTimeout)
	}
}

func TestNew_DoesNotReadTheSpec(t *testing.T) {
	_, err := New("acc", WithToken("made-for-this-test"), func(c *config) error {
		c.spec = func() (*spec.Spec, error) {
			t.Error("New reads the spec")
			return embeddedSpec()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
