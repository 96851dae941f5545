// Command cold times the first calls of a process, for the benchmark.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

type stub struct{}

func (stub) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(`{"success":true,"data":{"amount":1,"below":1}}`)), ContentLength: -1,
	}, nil
}

func main() {
	email := "chris@sakari.io"
	start := time.Now()
	client, err := api.New("acc", api.WithToken("made-for-this-test"), api.WithHTTPClient(&http.Client{Transport: stub{}}))
	made := time.Now()
	call := func() time.Time {
		if err == nil {
			_, err = client.CreateAttribute(context.Background(), gen.AttributeTypeContacts, gen.Contact{Email: &email})
		}
		return time.Now()
	}
	first := call()
	second := call()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%d %d %d\n", made.Sub(start).Nanoseconds(), first.Sub(made).Nanoseconds(), second.Sub(first).Nanoseconds())
}
