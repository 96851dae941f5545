package importer

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

const progressInterval = 5 * time.Second

// progress tells how far an import is: with a bar on a terminal, else with a line every five
// seconds.
type progress struct {
	bar   *progressbar.ProgressBar // nil if the output is no terminal
	out   io.Writer
	total int
	begin time.Time
	done  chan struct{}
	wait  sync.WaitGroup

	mu     sync.Mutex
	counts [applied + 1]int
}

func newProgress(out io.Writer, isTerminal bool, total int) *progress {
	p := &progress{out: out, total: total, begin: time.Now(), done: make(chan struct{})}
	if isTerminal {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(out),
			progressbar.OptionSetDescription("importing"),
			progressbar.OptionShowCount(),
			progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("records"),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish())
		return p
	}
	p.wait.Go(func() {
		ticker := time.NewTicker(progressInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				_, _ = fmt.Fprintln(out, p.line())
			case <-p.done:
				return
			}
		}
	})
	return p
}

func (p *progress) add(o outcome) {
	p.mu.Lock()
	p.counts[o]++
	p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Add(1)
	}
}

func (p *progress) end() {
	close(p.done)
	p.wait.Wait()
	if p.bar != nil {
		_ = p.bar.Exit()
	}
}

func (p *progress) line() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	done := p.counts[applied] + p.counts[notApplied] + p.counts[unknown]
	elapsed := time.Since(p.begin)
	left := "?"
	if done > 0 {
		left = (elapsed / time.Duration(done) * time.Duration(p.total-done)).Round(time.Second).String()
	}
	return fmt.Sprintf("sakari: %d of %d sent, %.1f a second, %s left (%d not applied, %d unknown)",
		done, p.total, float64(done)/elapsed.Seconds(), left, p.counts[notApplied], p.counts[unknown])
}
