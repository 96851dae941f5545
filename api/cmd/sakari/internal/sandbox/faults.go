package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sakari-go/sakari-go/api/apitest"
)

// settings are what can be changed while the server runs.
type settings struct {
	faults  []fault
	latency time.Duration
}

// fault is what happens to a part of the requests.
type fault struct {
	text        string // as the user wrote it
	reply       apitest.Reply
	probability float64
}

var kinds = map[string]apitest.Fault{
	"reset": apitest.Reset, "truncate": apitest.Truncate, "hang": apitest.Hang, "drip": apitest.Drip,
}

// newSettings returns errors that begin with the name of the value that is wrong.
func newSettings(faults []string, latency time.Duration) (settings, error) {
	set := settings{latency: latency}
	if latency < 0 {
		return settings{}, fmt.Errorf("latency: %v is negative", latency)
	}
	sum := 0.0
	for _, text := range faults {
		f, err := parseFault(text)
		if err != nil {
			return settings{}, fmt.Errorf("fault: %q: %w", text, err)
		}
		sum += f.probability
		set.faults = append(set.faults, f)
	}
	const rounding = 1e-9 // 0.1 cannot be added up exactly
	if sum > 1+rounding {
		return settings{}, fmt.Errorf("fault: the probabilities add up to %.6g, want at most 1", sum)
	}
	return set, nil
}

func parseFault(text string) (fault, error) {
	kind, after, _ := strings.Cut(text, ":")
	probability, err := strconv.ParseFloat(after, 64)
	if err != nil || !(probability > 0 && probability <= 1) { // NaN is in no range
		return fault{}, fmt.Errorf("want KIND:PROBABILITY with a probability above 0 and at most 1, such as 429:0.1")
	}
	f := fault{text: text, probability: probability}
	if way, ok := kinds[kind]; ok {
		f.reply.Fault = way
		return f, nil
	}
	// A 2xx would be no fault: it is, or looks like, the response of a request that was applied.
	status, err := strconv.Atoi(kind)
	if err != nil || strconv.Itoa(status) != kind || status < 300 || status > 599 {
		return fault{}, fmt.Errorf("want a status from 300 to 599, or reset, truncate, hang or drip")
	}
	f.reply.Status = status
	if status == http.StatusTooManyRequests {
		f.reply.Header = http.Header{"Retry-After": {"1"}}
	}
	return f, nil
}

func (s *Server) current() settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// choose returns the fault of a request, or nil. A status is a response to a request that is not
// applied; another fault applies the request, and then the response fails.
func (s *Server) choose(apitest.Request) *apitest.Reply {
	left := s.random()
	for _, f := range s.current().faults {
		if left -= f.probability; left < 0 {
			return &f.reply
		}
	}
	return nil
}
