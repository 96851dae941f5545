package api_test

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sakari-go/sakari-go/api"
)

// result is what the summary counts of a fault.
type result struct {
	outcome                       api.Outcome
	took                          time.Duration
	wrong, neither, extra, untrue int
}

type tally struct {
	mu     sync.Mutex
	groups map[string][]result
}

func newTally() *tally { return &tally{groups: map[string][]result{}} }

func (t *tally) add(group string, r result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.groups[group] = append(t.groups[group], r)
	t.groups["total"] = append(t.groups["total"], r)
}

func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%-10s %6s %12s %8s %8s %6s %8s %6s %7s %8s\n", "faults", "played", "not applied", "unknown", "applied",
		"wrong", "neither", "extra", "untrue", "slowest")
	for _, group := range []string{"answers", "redirects", "retries", "network", "token", "requests", "total"} {
		outcomes := map[api.Outcome]int{}
		var sum result
		for _, r := range t.groups[group] {
			outcomes[r.outcome]++
			sum = result{0, max(sum.took, r.took), sum.wrong + r.wrong, sum.neither + r.neither, sum.extra + r.extra, sum.untrue + r.untrue}
		}
		fmt.Fprintf(&b, "%-10s %6d %12d %8d %8d %6d %8d %6d %7d %8s\n", group, len(t.groups[group]), outcomes[api.NotApplied], outcomes[api.Unknown],
			outcomes[api.Applied], sum.wrong, sum.neither, sum.extra, sum.untrue, sum.took.Round(time.Millisecond))
	}
	return b.String()
}
