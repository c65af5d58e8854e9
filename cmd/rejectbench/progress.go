package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
)

// progress shows how far a sweep is.
type progress interface {
	planned(cells int)
	started(p results.Point, round, try int)
	done(c results.Cell, final bool)
	close()
}

// newProgress returns a bar for a terminal, and a line per cell for anything else.
// The time comes from now.
func newProgress(w io.Writer, o sweep.Options, now func() time.Time) progress {
	p := &pace{now: now, begun: now(), budget: o.Budget, total: o.Planned()}
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		return newBar(w, p, string(o.Path.Kind))
	}
	fmt.Fprintln(w, heading(o))
	return &lines{w: w, pace: p}
}

// heading describes the run in one line.
func heading(o sweep.Options) string {
	text := fmt.Sprintf("%d cells over a %s path", o.Planned(), o.Path.Kind)
	if o.Precision > 0 {
		text = fmt.Sprintf("at most %s, until every share is known to %v%%", text, o.Precision*100)
	}
	if o.Budget > 0 {
		text += fmt.Sprintf(", within %v", o.Budget)
	}
	return text
}

type silent struct{}

func (silent) planned(int)                     {}
func (silent) started(results.Point, int, int) {}
func (silent) done(results.Cell, bool)         {}
func (silent) close()                          {}

// pace counts the cells of a run and estimates the time left.
type pace struct {
	now    func() time.Time
	begun  time.Time
	last   time.Time     // when the last finished cell ended
	budget time.Duration // 0 is none

	cells, total int
	invalid      int    // tries
	reason       string // of the last invalid try
}

func (p *pace) done(c results.Cell, final bool) {
	if !c.Valid {
		p.invalid++
		p.reason = c.InvalidReason
	}
	if final {
		p.cells++
		p.last = p.now()
	}
}

// left estimates the time left from the mean time of the finished cells, up to the
// end of the budget. It is empty before the first cell is done and after the last.
func (p *pace) left() string {
	if p.cells == 0 || p.cells >= p.total {
		return ""
	}
	now := p.now()
	left := p.last.Sub(p.begun)/time.Duration(p.cells)*time.Duration(p.total-p.cells) - now.Sub(p.last)
	if p.budget > 0 {
		left = min(left, p.budget-now.Sub(p.begun))
	}
	if left < time.Second {
		return "under 1s left"
	}
	return left.Round(time.Second).String() + " left"
}

// maxReason is the most characters of a reason that is repeated after later cells.
const maxReason = 60

// trouble counts the invalid tries so far, with the last reason if why is set.
func (p *pace) trouble(why bool) string {
	if p.invalid == 0 {
		return ""
	}
	text := fmt.Sprintf("%d invalid tries", p.invalid)
	if p.invalid == 1 {
		text = "1 invalid try"
	}
	if why {
		reason := []rune(p.reason)
		if len(reason) > maxReason {
			reason = append(reason[:maxReason-3], []rune("...")...)
		}
		text += ", the last: " + string(reason)
	}
	return text
}

// lines shows progress as a line per cell.
type lines struct {
	w    io.Writer
	pace *pace
}

func (l *lines) planned(cells int) { l.pace.total = cells }

func (l *lines) started(results.Point, int, int) {}

func (l *lines) done(c results.Cell, final bool) {
	l.pace.done(c, final)
	name := c.Label()
	if c.Twin {
		name += " (twin)"
	}
	parts := []string{fmt.Sprintf("%d/%d %s: %s", l.pace.cells, l.pace.total, name, cellText(c, final))}
	for _, part := range []string{l.pace.left(), l.pace.trouble(c.Valid)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	fmt.Fprintln(l.w, strings.Join(parts, "; "))
}

func (l *lines) close() {}

// cellText summarizes a cell in a few words.
func cellText(c results.Cell, final bool) string {
	if !c.Valid {
		if final {
			return "invalid: " + c.InvalidReason
		}
		return "invalid, again: " + c.InvalidReason
	}
	if c.DeliveredShare == nil {
		return fmt.Sprintf("nothing rejected in %d attempts", c.Attempts)
	}
	return fmt.Sprintf("%.1f%% of %d delivered", *c.DeliveredShare*100, c.Rejected)
}

// bar shows progress on a terminal. It draws from its own goroutine.
type bar struct {
	group *mpb.Progress
	bar   *mpb.Bar

	mu    sync.Mutex // guards the fields below
	pace  *pace
	point string
}

func newBar(w io.Writer, p *pace, path string) *bar {
	b := &bar{group: mpb.New(mpb.WithOutput(w), mpb.WithWidth(24)), pace: p}
	// A bar that is made with a total ends when it reaches it, but a run may need
	// more cells than were planned.
	b.bar = b.group.AddBar(0,
		mpb.PrependDecorators(decor.CountersNoUnit("%d/%d cells, "+path)),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return b.text() })),
	)
	b.bar.SetTotal(int64(p.total), false)
	return b
}

// text returns the text to the right of the bar.
func (b *bar) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var text strings.Builder
	for _, part := range []string{b.pace.left(), b.point, b.pace.trouble(true)} {
		if part != "" {
			text.WriteString("  " + part)
		}
	}
	return text.String()
}

func (b *bar) planned(cells int) {
	b.mu.Lock()
	b.pace.total = cells
	b.mu.Unlock()
	b.bar.SetTotal(int64(cells), false)
}

func (b *bar) started(p results.Point, _, _ int) {
	b.mu.Lock()
	b.point = p.Label()
	b.mu.Unlock()
}

func (b *bar) done(c results.Cell, final bool) {
	b.mu.Lock()
	b.pace.done(c, final)
	b.mu.Unlock()
	if final {
		b.bar.Increment()
	}
}

func (b *bar) close() {
	b.mu.Lock()
	b.point = ""
	b.mu.Unlock()
	b.bar.Abort(false)
	b.group.Wait()
}
