package main

import (
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/sakari-go/sakari-go/api"
)

// tracedClient returns an HTTP client whose round trips are spans with the name of the operation.
func tracedClient(tracing trace.TracerProvider) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 100 // net/http keeps 2, so that many callers would connect again
	return &http.Client{Transport: otelhttp.NewTransport(withoutURL{transport},
		otelhttp.WithTracerProvider(tracing),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
			operation, _ := api.OperationFromContext(r.Context())
			return operation.ID
		}))}
}

// withoutURL replaces the URL in the attributes of a span by the template of its path. The path has
// the account and ids, and the query of a search has e-mail addresses and mobile numbers.
type withoutURL struct{ next http.RoundTripper }

func (t withoutURL) RoundTrip(r *http.Request) (*http.Response, error) {
	operation, _ := api.OperationFromContext(r.Context())
	trace.SpanFromContext(r.Context()).SetAttributes(
		attribute.String("url.full", r.URL.Scheme+"://"+r.URL.Host+operation.Path),
		attribute.Int("http.request.resend_count", operation.Attempt-1))
	return t.next.RoundTrip(r)
}
