package api_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// allocated is what a call takes in all, with a server that takes nothing: more than it ever holds.
func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What is over a limit takes little memory. Not parallel: it counts all allocations.
func TestMemoryIsBounded(t *testing.T) {
	const chunkSize = 64 << 10
	zeros := make([]byte, chunkSize)
	bomb := []byte(zip(string(make([]byte, 16<<20))))
	flood := func(header string, chunk []byte, times int) http.HandlerFunc {
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
	brackets := []byte(strings.Repeat("[", chunkSize))
	names := []byte(strings.Repeat(`"k":1,`, chunkSize/6))
	for name, handle := range map[string]http.HandlerFunc{
		"a body of a GiB":     flood(ok200+"Content-Length: 1073741824\r\n\r\n", zeros, 1<<14),
		"a body without end":  flood(ok200+"\r\n", zeros, 1<<14),
		"a gzip bomb":         flood(ok200+"Content-Encoding: gzip\r\n\r\n", bomb, 1000),
		"gzip of nothing":     flood(ok200+"Content-Encoding: gzip\r\n\r\n", []byte(strings.Repeat(zip(""), 2000)), 1<<14),
		"a header of a GiB":   flood(ok200+"X-Much: ", []byte(strings.Repeat("x", chunkSize)), 1<<14),
		"headers of a GiB":    flood(ok200, []byte(strings.Repeat("X-Much: x\r\n", chunkSize/11)), 1<<14),
		"continue for a GiB":  flood("", []byte(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", chunkSize/25)), 1<<14),
		"a MiB of brackets":   flood(ok200+"Content-Length: 1048576\r\n\r\n", brackets, 16),
		"a MiB of duplicates": flood(ok200+"Content-Length: 1048570\r\n\r\n{", names, 17),
		"an error of a GiB":   flood("HTTP/1.1 500 X\r\nContent-Type: text/html\r\n\r\n", zeros, 1<<14),
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, serve(t, handle))
			var err error
			took := allocated(func() { _, err = create(t, client) })
			if err == nil {
				t.Error("no error")
			}
			if took > 24<<20 {
				t.Errorf("%d MiB were allocated: %v", took>>20, err)
			}
			t.Logf("%d KiB allocated: %.100v", took>>10, err)
		})
	}
}
