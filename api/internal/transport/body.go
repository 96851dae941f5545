package transport

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
)

// gzipOverhead is how much larger than its content a gzip stream of any sensible server is, in
// bytes.
const gzipOverhead = 64 << 10

var errNotGzip = errors.New("the body is not gzip, as its header says")

// readBody reads the body of a response, decompressed, up to a limit. A body that is not the gzip
// that its header says is returned as it is, with errNotGzip.
func readBody(r *http.Response, limit int64) (body []byte, isTooLarge bool, err error) {
	if !strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		return readAtMost(r.Body, r.ContentLength, limit)
	}
	maxCompressed := limit + gzipOverhead
	zip := &gunzip{source: io.LimitReader(r.Body, maxCompressed)}
	body, isTooLarge, err = readAtMost(zip, r.ContentLength, limit)
	switch {
	case isTooLarge, int64(zip.raw.Len()) >= maxCompressed:
		return body, true, nil
	case isBadGzip(err):
		return zip.raw.Bytes(), false, errNotGzip
	case err == nil:
		r.Header.Del("Content-Encoding") // as net/http does when it decompresses
		r.Header.Del("Content-Length")
	}
	return body, false, err
}

// gunzip decompresses a body. It keeps the raw bytes, which net/http loses if they are not gzip.
type gunzip struct {
	source io.Reader
	raw    bytes.Buffer // what was read of source
	reader *gzip.Reader
}

func (g *gunzip) Read(p []byte) (n int, err error) {
	if g.reader == nil {
		if g.reader, err = gzip.NewReader(io.TeeReader(g.source, &g.raw)); err != nil {
			return 0, err
		}
	}
	return g.reader.Read(p)
}

func isBadGzip(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)
}

// readAtMost reads at most limit bytes and reports whether there are more. The expected length is a
// hint from the server, -1 for none.
func readAtMost(r io.Reader, expected, limit int64) (body []byte, isMore bool, err error) {
	const (
		firstRead     = 512     // bytes
		maxAllocation = 1 << 20 // bytes at once: a header may announce a body that does not come
	)
	if expected < 0 {
		expected = firstRead
	}
	body = make([]byte, 0, min(expected, limit, maxAllocation)+1) // room for the read that finds the end
	for err == nil && int64(len(body)) <= limit {
		if len(body) == cap(body) {
			body = slices.Grow(body, cap(body)) // twice as much
		}
		var n int
		n, err = r.Read(body[len(body):min(int64(cap(body)), limit+1)])
		body = body[:len(body)+n]
	}
	if int64(len(body)) > limit {
		return body[:limit], true, nil
	}
	if err == io.EOF {
		err = nil
	}
	return body, false, err
}

// isHeaderLimit reports whether an error is that of the limit of an http.Transport, which has no
// type.
func isHeaderLimit(err error) bool {
	return strings.Contains(err.Error(), "server response headers exceeded") ||
		strings.Contains(err.Error(), "response header list larger than advertised limit")
}

func headerSize(header http.Header) int {
	n := 0
	for name, values := range header {
		for _, v := range values {
			n += len(name) + len(": ") + len(v) + len("\r\n")
		}
	}
	return n
}
