package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
)

const form = `{"email":"ann@example.com","mobile":"+15550001"}`

// service is the service under test, with the fake server that it calls.
type service struct {
	sakari  *apitest.Server
	client  *api.Client
	handler http.Handler
	spans   *tracetest.SpanRecorder
	log     *bytes.Buffer
}

func newService(t *testing.T) service {
	t.Helper()
	s := service{sakari: apitest.NewServer(t), spans: tracetest.NewSpanRecorder(), log: new(bytes.Buffer)}
	tracing := trace.NewTracerProvider(trace.WithSpanProcessor(s.spans))
	logger := slog.New(slog.NewTextHandler(s.log, nil))
	s.client = s.sakari.Client(api.WithHTTPClient(tracedClient(tracing)), api.WithLogger(logger),
		api.WithTimeout(timeout), api.WithRetryBackoff(0, 0))
	s.handler = newHandler(s.client, logger, tracing)
	return s
}

func (s service) post(body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/signup", strings.NewReader(body)))
	return w
}

func TestSignup_StatusIsThatOfTheOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		body       string // form if it is empty
		replies    []apitest.Reply
		wantStatus int
		wantText   string
	}{
		"created":               {wantStatus: 201},
		"no JSON":               {body: "email=ann@example.com", wantStatus: 400, wantText: "want JSON"},
		"too long":              {body: `{"email":"` + strings.Repeat("a", maxBody) + `"}`, wantStatus: 400, wantText: "want JSON"},
		"refused by 400":        {replies: []apitest.Reply{{Status: 400}}, wantStatus: 422, wantText: "not valid"},
		"success: false":        {replies: []apitest.Reply{{Body: `{"success":false}`}}, wantStatus: 422, wantText: "not valid"},
		"no permission":         {replies: []apitest.Reply{{Status: 403}}, wantStatus: 503, wantText: "later"},
		"rate limited":          {replies: []apitest.Reply{{Status: 429}, {Status: 429}, {Status: 429}}, wantStatus: 503, wantText: "later"},
		"server failed":         {replies: []apitest.Reply{{Status: 503}}, wantStatus: 502, wantText: "do not send it again"},
		"response lost":         {replies: []apitest.Reply{{Fault: apitest.Reset}}, wantStatus: 502, wantText: "do not send it again"},
		"gateway's page":        {replies: []apitest.Reply{{Body: "<html>"}}, wantStatus: 502, wantText: "do not send it again"},
		"applied, then invalid": {replies: []apitest.Reply{{Body: `{"success":true}`}}, wantStatus: 201},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			s.sakari.Respond(c.replies...)
			body := c.body
			if body == "" {
				body = form
			}
			w := s.post(body)
			if w.Code != c.wantStatus || !strings.Contains(w.Body.String(), c.wantText) {
				t.Errorf("got %d %q, want %d with %q", w.Code, w.Body, c.wantStatus, c.wantText)
			}
		})
	}
}

func TestSignup_CallIsASpanBelowTheRequest(t *testing.T) {
	s := newService(t)
	s.sakari.Respond(apitest.Reply{Status: 429})
	if w := s.post(form); w.Code != http.StatusCreated {
		t.Fatalf("got status %d", w.Code)
	}
	spans := make(map[string][]trace.ReadOnlySpan)
	for _, span := range s.spans.Ended() {
		spans[span.Name()] = append(spans[span.Name()], span)
	}
	if len(spans["POST /signup"]) != 1 || len(spans["createContact"]) != 2 || len(spans["createToken"]) != 1 {
		t.Fatalf("got spans %v, want one of the request, two of the call and one of the token", spans)
	}
	request := spans["POST /signup"][0].SpanContext()
	for i, span := range spans["createContact"] {
		if span.Parent().SpanID() != request.SpanID() || span.SpanContext().TraceID() != request.TraceID() {
			t.Errorf("round trip %d is not below the request", i)
		}
	}
}

// The spans and the log have no token, secret or personal data, also of a search and of failures.
func TestTelemetry_HasNoSecretsAndNoPersonalData(t *testing.T) {
	s := newService(t)
	s.sakari.Respond(
		apitest.Reply{Status: 400, Body: `{"success":false,"error":{"message":"ann@example.com is in use"}}`},
		apitest.Reply{Fault: apitest.Reset})
	s.post(form)
	s.post(form)
	filter := api.ContactFilter{Email: "ann@example.com", Mobile: "+15550001"}
	if _, err := s.client.FindContact(t.Context(), filter); err != nil && !errors.Is(err, api.ErrNotFound) {
		t.Fatal(err)
	}
	var telemetry strings.Builder
	telemetry.WriteString(s.log.String())
	for _, span := range s.spans.Ended() {
		fmt.Fprintln(&telemetry, span.Name(), span.Attributes(), span.Events(), span.Status())
	}
	if n := len(s.spans.Ended()); n != 6 {
		t.Errorf("%d spans, want two of requests, three of calls and one of the token", n)
	}
	token := strings.TrimPrefix(s.sakari.Requests()[0].Header.Get("Authorization"), "Bearer ")
	for _, secret := range []string{token, s.sakari.ClientSecret, "ann@", "ann%40", "15550001"} {
		if secret == "" || strings.Contains(telemetry.String(), secret) {
			t.Errorf("%q is in the spans or the log:\n%s", secret, &telemetry)
		}
	}
}
