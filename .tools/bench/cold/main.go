// Command cold times New and the first two calls of a process, in nanoseconds.
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
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(`{"success":true,"data":{"amount":1,"below":1}}`)), ContentLength: -1,
	}, nil
}

func main() {
	start := time.Now()
	client, err := api.New("acc", api.WithToken("made-for-this-test"), api.WithHTTPClient(&http.Client{Transport: stub{}}))
	fmt.Println(time.Since(start).Nanoseconds())
	for range 2 {
		start = time.Now()
		if err == nil {
			_, err = client.CreateAttribute(context.Background(), gen.AttributeTypeContacts, gen.Contact{Email: new("chris@sakari.io")})
		}
		fmt.Println(time.Since(start).Nanoseconds())
	}
	if err != nil {
		panic(err)
	}
}
