// Service is an HTTP service that creates a contact for each sign-up. It traces its requests and
// calls with OpenTelemetry, and logs with slog. Run it against the fake server of the command
// sakari:
//
//	sakari sandbox -env-file sandbox.env > /dev/null &
//	until [ -e sandbox.env ]; do sleep 1; done; . ./sandbox.env
//	go run ./service &
//	curl -i localhost:8080/signup -d '{"email":"ann@example.com","mobile":"+15550001"}'
package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

func main() {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(logger); err != nil {
		logger.Error("stopped", "error", err)
		os.Exit(1)
	}
}

func run(logger *slog.Logger) error {
	exporter, err := stdouttrace.New() // an example: use the exporter of your collector
	if err != nil {
		return err
	}
	tracing := trace.NewTracerProvider(trace.WithBatcher(exporter))
	client, err := api.New(os.Getenv("SAKARI_ACCOUNT_ID"),
		api.WithClientCredentials(os.Getenv("SAKARI_CLIENT_ID"), os.Getenv("SAKARI_CLIENT_SECRET")),
		api.WithBaseURL(cmp.Or(os.Getenv("SAKARI_BASE_URL"), gen.ServerURLProduction)),
		api.WithHTTPClient(tracedClient(tracing)), api.WithLogger(logger), api.WithTimeout(timeout))
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:              cmp.Or(os.Getenv("ADDRESS"), "localhost:8080"),
		Handler:           newHandler(client, logger, tracing),
		ReadHeaderTimeout: 5 * time.Second,
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	stopped := make(chan error, 1)
	go func() { stopped <- server.ListenAndServe() }()
	logger.Info("started", "address", server.Addr)
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
	}
	// The calls that are under way end within their time-out.
	grace, cancel := context.WithTimeout(context.Background(), timeout+5*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(grace), tracing.Shutdown(grace))
}
