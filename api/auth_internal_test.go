package api

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/gen"
)

func TestSleep_EndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := sleep(t.Context(), 5*time.Second); err != nil || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := sleep(ctx, time.Hour); err != context.DeadlineExceeded || time.Since(start) != 6*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestLifetimeOf(t *testing.T) {
	for response, want := range map[string]time.Duration{
		`{"expires_in":3600}`:  time.Hour,
		`{"expires_in":"90"}`:  90 * time.Second,
		`{"expires_in":0.5}`:   500 * time.Millisecond,
		`{"expires_in":-1}`:    -time.Second,
		`{"expires_in":1e300}`: math.MaxInt64 / 1e9 * 1e9,
		`{}`:                   defaultLifetime,
		`{"expires_in":"NaN"}`: defaultLifetime,
		`{"expires_in":[]}`:    defaultLifetime,
		`{"Expires_In":1}`:     defaultLifetime,
	} {
		issued := gen.TokenResponse{AccessToken: new("no JWT")}
		if err := issued.UnmarshalJSON([]byte(response)); err != nil {
			t.Fatal(err)
		}
		if got := lifetimeOf(&issued); got-want > time.Second || want-got > time.Second {
			t.Errorf("%s: %v, want %v", response, got, want)
		}
	}
	// The local clock may be years off: only the difference counts.
	for claims, want := range map[string]time.Duration{
		`{"iat":1000000,"exp":1000060}`:     time.Minute,
		`{"iat":"1000000","exp":"1000060"}`: time.Minute,
		`{"exp":1000060}`:                   defaultLifetime,
		`{"iat":1000000}`:                   defaultLifetime,
		`{"iat":1000060,"exp":1000000}`:     defaultLifetime,
		`{"iat":-1e300,"exp":1e300}`:        defaultLifetime,
		`{"iat":{},"exp":1000060}`:          defaultLifetime,
		`no JSON`:                           defaultLifetime,
	} {
		value := "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".x"
		if got := lifetimeOf(&gen.TokenResponse{AccessToken: &value}); got != want {
			t.Errorf("JWT %s: %v, want %v", claims, got, want)
		}
	}
}

func TestFetchWithCredentials_CapsTheLifetime(t *testing.T) {
	c := defaultConfig()
	c.client = http.DefaultClient
	base, err := parseBaseURL("https://api.invalid", false)
	if err != nil {
		t.Fatal(err)
	}
	p := newPipeline(c, base, nil)
	p.handle = func(_ context.Context, x *exchange) (*Response, error) {
		header := map[string][]string{"Content-Type": {"application/json"}}
		x.response = &Response{StatusCode: 200, Header: header, Body: []byte(`{"access_token":"a","expires_in":86400}`)}
		return x.response, nil
	}
	issued, err := fetchWithCredentials(p, "id", "secret")(t.Context())
	if err != nil || issued.Lifetime != 55*time.Minute {
		t.Errorf("got %v, %v, want 55 minutes", issued.Lifetime, err)
	}
}

func TestCredentials_RememberTheLastTokens(t *testing.T) {
	c := newCredentials("clientsecret")
	for i := range 20 {
		for range 3 { // calls with the same token
			c.add(fmt.Sprintf("issued%dtoken", i))
		}
	}
	x := &exchange{secrets: c, tokens: []string{"thetokenofthiscall"}}
	got := x.credentials()
	want := []string{
		"clientsecret", "issued12token", "issued13token", "issued14token", "issued15token",
		"issued16token", "issued17token", "issued18token", "issued19token", "thetokenofthiscall",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
