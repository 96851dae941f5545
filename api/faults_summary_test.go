package api_test

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sakari-go/sakari-go/api"
)

// runSummary is what the table of TestFaults counts of one run.
type runSummary struct {
	outcome        api.Outcome
	duration       time.Duration
	falseSuccesses int // a success that the API did not send
	notExactlyOne  int // both result and error, or neither
	duplicates     int // times that a contact was processed again
	falseOutcomes  int // outcomes that are not what the server did
}

func (s *runSummary) add(other runSummary) {
	s.duration = max(s.duration, other.duration)
	s.falseSuccesses += other.falseSuccesses
	s.notExactlyOne += other.notExactlyOne
	s.duplicates += other.duplicates
	s.falseOutcomes += other.falseOutcomes
}

// summary collects the runs of each group of faults.
type summary struct {
	mu     sync.Mutex
	groups map[string][]runSummary
}

func newSummary() *summary { return &summary{groups: map[string][]runSummary{}} }

func (s *summary) add(group string, run runSummary) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups[group] = append(s.groups[group], run)
	s.groups["total"] = append(s.groups["total"], run)
}

// String returns a table with one line for each group.
func (s *summary) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%-10s %5s %12s %8s %8s %17s %17s %12s %16s %9s\n",
		"faults", "runs", "not applied", "unknown", "applied",
		"false successes", "not exactly one", "duplicates", "false outcomes", "slowest")
	for _, group := range []string{"responses", "redirects", "retries", "network", "token", "requests", "total"} {
		outcomes := map[api.Outcome]int{}
		var sum runSummary
		for _, run := range s.groups[group] {
			outcomes[run.outcome]++
			sum.add(run)
		}
		fmt.Fprintf(&b, "%-10s %5d %12d %8d %8d %17d %17d %12d %16d %9s\n",
			group, len(s.groups[group]), outcomes[api.NotApplied], outcomes[api.Unknown], outcomes[api.Applied],
			sum.falseSuccesses, sum.notExactlyOne, sum.duplicates, sum.falseOutcomes, sum.duration.Round(time.Millisecond))
	}
	return b.String()
}
