//go:build go1.27

package transport

// resendsProcessed reports that net/http sends a request again over HTTP/2 only if the server says
// that it did not process it.
const resendsProcessed = false
