// Cold times New and the first two calls of a process, in nanoseconds.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

type stub struct{}

func (stub) RoundTrip(r *http.Request) (*http.Response, error) {
	const body = `{"success":true,"data":{"amount":1,"below":1}}`
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1,
	}, nil
}

func main() {
	ctx, start := context.Background(), time.Now()
	client, err := api.New("acc",
		api.WithToken("made-for-this-test"), api.WithHTTPClient(&http.Client{Transport: stub{}}))
	fmt.Println(time.Since(start).Nanoseconds())
	for range 2 {
		start = time.Now()
		if err == nil {
			contact := gen.Contact{Email: new("chris@sakari.io")}
			_, err = client.CreateAttribute(ctx, gen.AttributeTypeContacts, contact)
		}
		fmt.Println(time.Since(start).Nanoseconds())
	}
	if err != nil {
		panic(err)
	}
}
