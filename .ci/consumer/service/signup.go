package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/trace"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

const (
	timeout = 20 * time.Second // of a call, with its retries
	maxBody = 4 << 10          // bytes of a sign-up
)

// newHandler returns the handler of the service. All requests share the client, its connections and
// its token.
func newHandler(client *api.Client, logger *slog.Logger, tracing trace.TracerProvider) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /signup", func(w http.ResponseWriter, r *http.Request) {
		var form struct {
			Email  *string `json:"email"`
			Mobile *string `json:"mobile"`
		}
		if err := json.UnmarshalRead(http.MaxBytesReader(w, r.Body, maxBody), &form); err != nil {
			http.Error(w, "want JSON with email and mobile", http.StatusBadRequest)
			return
		}
		// If the browser leaves, the call goes on: otherwise its outcome would be unknown.
		ctx := context.WithoutCancel(r.Context())
		_, err := client.CreateContact(ctx, gen.Contact{
			Email: form.Email, Mobile: &gen.ContactMobile{Number: form.Mobile},
		})
		if err != nil {
			logger.WarnContext(ctx, "sign-up", "error", err)
		}
		respond(w, err)
	})
	return otelhttp.NewHandler(mux, "service", otelhttp.WithTracerProvider(tracing),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Pattern }))
}

// respond tells the caller what is known of the call, by its outcome.
func respond(w http.ResponseWriter, err error) {
	var refused *api.Error
	switch outcome := api.OutcomeOf(err); {
	case outcome == api.Applied: // perhaps with an invalid response, which is in the log
		w.WriteHeader(http.StatusCreated)
	case outcome == api.Unknown:
		http.Error(w, "the contact may have been created: do not send it again, look for it",
			http.StatusBadGateway)
	case errors.Is(err, api.ErrInvalidRequest),
		errors.As(err, &refused) && isFaultOfInput(refused.StatusCode):
		http.Error(w, "the contact is not valid", http.StatusUnprocessableEntity)
	default: // no token, no connection, a limit: not the caller's fault
		w.Header().Set("Retry-After", "30")
		http.Error(w, "the contact was not created: send it again later",
			http.StatusServiceUnavailable)
	}
}

// isFaultOfInput reports whether a status is about the contact. A 401, 403 or 404 is about the
// account of the service, and a 429 about its rate.
func isFaultOfInput(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusOK:
		return true
	}
	return false
}
