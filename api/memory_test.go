package api_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// allocated returns the bytes that a call allocates in all. It holds fewer at any time.
func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A response over a limit takes little memory. Not parallel: it counts all allocations.
func TestMemory_IsBounded(t *testing.T) {
	const (
		maxAllocated = 24 << 20 // bytes
		chunkSize    = 64 << 10 // bytes
		chunksOfGiB  = 1 << 14  // number of chunks in 1 GiB
	)
	// fill returns as many copies of a text as fit into a chunk.
	fill := func(text string) string { return strings.Repeat(text, chunkSize/len(text)) }
	zeros := strings.Repeat("\x00", chunkSize)
	error500 := "HTTP/1.1 500 X\r\nContent-Type: text/html\r\n\r\n"
	for _, row := range []struct {
		name   string
		header string
		chunk  string
		times  int // the server sends the chunk
	}{
		{
			name: "a body of 1 GiB", header: ok200 + "Content-Length: 1073741824\r\n\r\n",
			chunk: zeros, times: chunksOfGiB,
		},
		{name: "a body without a length", header: ok200 + "\r\n", chunk: zeros, times: chunksOfGiB},
		{
			name: "a gzip bomb", header: ok200 + "Content-Encoding: gzip\r\n\r\n",
			chunk: zip(strings.Repeat("\x00", 16<<20)), times: 1000,
		},
		{
			name: "empty gzips", header: ok200 + "Content-Encoding: gzip\r\n\r\n",
			chunk: strings.Repeat(zip(""), 2000), times: chunksOfGiB,
		},
		{name: "a header line of 1 GiB", header: ok200 + "X-Much: ", chunk: fill("x"), times: chunksOfGiB},
		{name: "header lines of 1 GiB", header: ok200, chunk: fill("X-Much: x\r\n"), times: chunksOfGiB},
		{name: "status 100 for 1 GiB", chunk: fill("HTTP/1.1 100 Continue\r\n\r\n"), times: chunksOfGiB},
		{name: "1 MiB of brackets", header: ok200 + "Content-Length: 1048576\r\n\r\n", chunk: fill("["), times: 16},
		{
			name: "1 MiB of duplicate names", header: ok200 + "Content-Length: 1048570\r\n\r\n{",
			chunk: fill(`"k":1,`), times: 17,
		},
		{name: "an error of 1 GiB", header: error500, chunk: zeros, times: chunksOfGiB},
	} {
		t.Run(row.name, func(t *testing.T) {
			client := newClient(t, serve(t, sendRepeatedly(row.header, []byte(row.chunk), row.times)))
			var err error
			bytes := allocated(func() { _, err = create(t, client) })
			if err == nil {
				t.Error("no error")
			}
			if bytes > maxAllocated {
				t.Errorf("%d MiB were allocated: %v", bytes>>20, err)
			}
			t.Logf("%d KiB allocated: %.100v", bytes>>10, err)
		})
	}
}

// sendRepeatedly writes a header and then a chunk several times. It allocates next to nothing.
func sendRepeatedly(header string, chunk []byte, times int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer connection.Close()
		_, err = fmt.Fprint(connection, header)
		for i := 0; i < times && err == nil; i++ {
			_, err = connection.Write(chunk)
		}
	}
}
