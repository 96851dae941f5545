// Importer creates a contact for each line of JSON on its standard input. Run it against the fake
// server of the command sakari:
//
//	sakari sandbox -env-file sandbox.env > /dev/null &
//	until [ -e sandbox.env ]; do sleep 1; done; . ./sandbox.env
//	echo '{"email":"ann@example.com","mobile":{"number":"+15550001"}}' | go run ./importer
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/errgroup"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

func main() {
	log.SetFlags(0)
	client, err := api.New(os.Getenv("SAKARI_ACCOUNT_ID"),
		api.WithClientCredentials(os.Getenv("SAKARI_CLIENT_ID"), os.Getenv("SAKARI_CLIENT_SECRET")),
		api.WithBaseURL(cmp.Or(os.Getenv("SAKARI_BASE_URL"), gen.ServerURLProduction)),
		api.WithRateLimit(5, 10), api.WithTimeout(2*time.Minute)) // a 429 may hold all calls for 30 s
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, client, os.Stdin, os.Stdout); err != nil {
		log.Fatal(err) // with exit status 1
	}
}

// run prints number, outcome and error of each line. It returns an error if any is not applied.
func run(ctx context.Context, client *api.Client, in io.Reader, out io.Writer) error {
	var calls errgroup.Group
	calls.SetLimit(8)
	var mu sync.Mutex // of out and failed
	failed, read := 0, 0
	lines := bufio.NewScanner(in)
	for ctx.Err() == nil && lines.Scan() {
		read++
		number, line := read, bytes.Clone(lines.Bytes())
		calls.Go(func() error {
			result := api.NotApplied // a line that is not a contact is not sent
			var contact gen.Contact
			err := json.Unmarshal(line, &contact)
			if err == nil {
				_, err = client.CreateContact(ctx, contact)
				result = api.OutcomeOf(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				_, err := fmt.Fprintln(out, number, result)
				return err
			}
			failed++
			_, err = fmt.Fprintf(out, "%d %v: %v\n", number, result, err)
			return err
		})
	}
	if err := cmp.Or(calls.Wait(), lines.Err(), ctx.Err()); err != nil {
		return fmt.Errorf("stopped after line %d: %w", read, err)
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d lines failed", failed, read)
	}
	return nil
}
