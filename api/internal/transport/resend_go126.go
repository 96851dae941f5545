//go:build !go1.27

package transport

// resendsProcessed reports that net/http sends a request again over HTTP/2 also after a
// PROTOCOL_ERROR, which may follow the processing.
const resendsProcessed = true
