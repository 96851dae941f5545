package transport

import (
	"bufio"
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

// What is wrong with a body whose header says that it is gzip.
var (
	errNotGzip    = errors.New("the body is not gzip, as its header says")
	errBehindGzip = errors.New("the body has bytes behind the gzip")
)

// readBody reads the body of a response, decompressed, up to a limit. It returns a body that is not
// the gzip that its header says as it is, with errNotGzip. It leaves out bytes behind a gzip, and
// returns errBehindGzip.
func readBody(r *http.Response, limit int64) (body []byte, isTooLarge bool, err error) {
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "gzip", "x-gzip": // RFC 9110 8.4.1.3
	default:
		return readAtMost(r.Body, r.ContentLength, limit)
	}
	maxCompressed := limit + gzipOverhead
	var raw bytes.Buffer // net/http loses the bytes if they are not gzip
	source := bufio.NewReader(io.TeeReader(io.LimitReader(r.Body, maxCompressed), &raw))
	body, isTooLarge, err = readAtMost(&gunzip{source: source}, r.ContentLength, limit)
	if isBadGzip(err) {
		if _, err = io.Copy(io.Discard, source); err == nil { // gzip stopped at what it cannot read
			err = errNotGzip
		}
		return raw.Bytes()[:min(int64(raw.Len()), limit)], int64(raw.Len()) > limit, err
	}
	switch {
	case isTooLarge, int64(raw.Len()) >= maxCompressed:
		return body, true, nil
	case err == nil, errors.Is(err, errBehindGzip):
		r.Header.Del("Content-Encoding") // as net/http does when it decompresses
		r.Header.Del("Content-Length")
	}
	return body, false, err
}

// gunzip decompresses a body. A gzip.Reader alone takes bytes behind the gzip for another one that
// is malformed, or cut off.
type gunzip struct {
	source   *bufio.Reader
	reader   *gzip.Reader
	isInside bool // of one of the members of the gzip
}

func (g *gunzip) Read(p []byte) (n int, err error) {
	for {
		if !g.isInside {
			if err := g.open(); err != nil {
				return 0, err
			}
		}
		n, err = g.reader.Read(p)
		if err == io.EOF {
			g.isInside, err = false, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// open begins to read the next member. It returns io.EOF behind the last one.
func (g *gunzip) open() error {
	start, err := g.source.Peek(2)
	switch {
	case len(start) == 0:
		return err
	case strings.HasPrefix("\x1f\x8b", string(start)):
	case g.reader == nil:
		return gzip.ErrHeader
	default:
		return errBehindGzip
	}
	if g.reader == nil {
		g.reader, err = gzip.NewReader(g.source)
	} else {
		err = g.reader.Reset(g.source)
	}
	if err != nil {
		return err
	}
	g.reader.Multistream(false)
	g.isInside = true
	return nil
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
