package api

import (
	"context"
	"math"
	"testing"
	"time"
)

func TestTokenIsReplacedBeforeItEnds(t *testing.T) {
	for lifetime, want := range map[time.Duration]time.Duration{
		55 * time.Minute: 54 * time.Minute,
		10 * time.Minute: 9 * time.Minute,
		5 * time.Minute:  270 * time.Second,
		10 * time.Second: 9 * time.Second,
	} {
		var c tokenCache
		before := time.Now()
		c.settle(&flight{done: make(chan struct{})}, true, accessToken{"a", lifetime}, nil)
		if got := c.refreshAt.Sub(before); c.value != "a" || got < want || got > want+time.Second {
			t.Errorf("a token for %v is replaced after %v, want %v", lifetime, got, want)
		}
	}
}

func TestLifetimeOfToken(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for answer, want := range map[string]time.Duration{
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
		if got := lifetimeOf([]byte(answer), "no JWT", now); got-want > time.Second || want-got > time.Second {
			t.Errorf("%s: %v, want %v", answer, got, want)
		}
	}
	// {"exp":1000060}
	if got := lifetimeOf([]byte(`{}`), "e30.eyJleHAiOjEwMDAwNjB9.x", now); got != time.Minute {
		t.Errorf("JWT: %v, want a minute", got)
	}
}

func TestLifetimeIsCapped(t *testing.T) {
	c := defaultConfig()
	base, err := parseBaseURL("https://api.invalid", false)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(context.Context, *exchange) (*Response, error) {
		header := map[string][]string{"Content-Type": {"application/json"}}
		return &Response{StatusCode: 200, Header: header, Body: []byte(`{"access_token":"a","expires_in":86400}`)}, nil
	}
	client, err := generatedOn(base, &pipeline{base, c.contract, time.Second, c.userAgent, c.onViolation, answer})
	if err != nil {
		t.Fatal(err)
	}
	token, err := clientCredentials(client, "id", "secret")(t.Context())
	if err != nil || token.lifetime != 55*time.Minute {
		t.Errorf("got %v, %v, want 55 minutes", token.lifetime, err)
	}
}
