package api

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Response is a response as the server sent it. Printed, and as JSON, it shows its status alone:
// the rest may contain personal data.
type Response struct {
	StatusCode int
	Header     http.Header `json:"-"`
	Body       []byte      `json:"-"` // after decompression

	// Violations are where the response of a successful call does not conform to the spec, which
	// [ValidationReport] allows. What does not conform is zero in the result.
	Violations []Violation `json:"-"`
}

// Format prints the status for every verb.
func (r Response) Format(f fmt.State, verb rune) { formatText(f, verb, statusText(r.StatusCode)) }

// asHTTP returns the response in the form that the generated client reads. It lowers the media
// type, in which the generated client looks for "json", and which has no case.
func (r *Response) asHTTP(request *http.Request) *http.Response {
	header := r.Header
	if media := header.Get("Content-Type"); media != strings.ToLower(media) {
		header = header.Clone()
		header.Set("Content-Type", strings.ToLower(media))
	}
	return &http.Response{
		Status:        statusText(r.StatusCode),
		StatusCode:    r.StatusCode,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          io.NopCloser(bytes.NewReader(r.Body)),
		ContentLength: int64(len(r.Body)),
		Request:       request,
	}
}
