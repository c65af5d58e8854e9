package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// progress shows how far a sweep is.
type progress interface {
	planned(cells int)
	started(p results.Point, round, try int)
	done(c results.Cell, final bool)
	close()
}

// progressWidth is the longest line of progress without a terminal.
const progressWidth = 80

// newProgress returns a bar for a terminal, and a line per cell for anything else.
// The time comes from now.
func newProgress(w io.Writer, o sweep.Options, now func() time.Time) progress {
	p := &pace{now: now, begun: now(), budget: o.Budget, total: o.Planned(), label: labelsOf(o.Points)}
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		return newBar(w, p, func() int {
			if t := terminalOf(w); t.width > 0 {
				return t.width
			}
			return progressWidth
		})
	}
	for _, line := range wrap(heading(o), progressWidth) {
		fmt.Fprintln(w, line)
	}
	return &lines{w: w, pace: p}
}

// heading describes the run.
func heading(o sweep.Options) string {
	text := fmt.Sprintf("%d cells over a %s path", o.Planned(), o.Path.Kind)
	if o.Precision > 0 {
		text = fmt.Sprintf("at most %s, until every share is known to %v%%", text, o.Precision*100)
	}
	if o.Gate.Effect > 0 {
		text = fmt.Sprintf("at most %s, until equal runs would be the same within %s points", text, units.Number(o.Gate.Effect*100))
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
	invalid      int // tries

	label func(results.Point) string // names a cell among those of the run
}

// labelsOf returns what names a point among points: its strategy, and its coordinates
// in which they differ.
func labelsOf(points []results.Point) func(results.Point) string {
	var named []*results.Coordinate
	for i := range results.Coordinates {
		c := &results.Coordinates[i]
		if c.Name == "strategy" || slices.ContainsFunc(points, func(p results.Point) bool { return c.Value(&p) != c.Value(&points[0]) }) {
			named = append(named, c)
		}
	}
	return func(p results.Point) string {
		var words []string
		for _, c := range named {
			text := strings.ReplaceAll(c.TextWithUnit(&p), " ", "")
			if c.Unit == "" {
				if _, name := c.Value(&p).(string); !name {
					text = c.Head + "=" + text
				}
			}
			if text != "" {
				words = append(words, text)
			}
		}
		return strings.Join(words, " ")
	}
}

func (p *pace) done(c results.Cell, final bool) {
	if !c.Valid {
		p.invalid++
	}
	if final {
		p.cells++
		p.last = p.now()
	}
}

// text tells the time that has passed, the time left, and the invalid tries.
func (p *pace) text() string {
	parts := []string{duration(p.now().Sub(p.begun))}
	if left := p.left(); left != "" {
		parts = append(parts, left)
	}
	if p.invalid > 0 {
		parts = append(parts, fmt.Sprintf("%d invalid", p.invalid))
	}
	return strings.Join(parts, ", ")
}

// duration formats a time in whole seconds.
func duration(d time.Duration) string { return d.Round(time.Second).String() }

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
	return duration(left) + " left"
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
	count := fmt.Sprintf("%d/%d %s", l.pace.cells, l.pace.total, l.pace.text())
	label := l.pace.label(c.Point)
	if c.Twin {
		label += " (twin)"
	}
	fmt.Fprintln(l.w, count+"; "+cellLine(label, cellText(c, final), progressWidth-len(count)-2))
}

func (l *lines) close() {}

// leastLabel is the number of columns that a cell's name keeps where what is said of
// it is long.
const leastLabel = 24

// cellLine joins the name of a cell and what is said of it, in at most width columns.
// The name is cut first.
func cellLine(label, text string, width int) string {
	room := max(width-len(": ")-utf8.RuneCountInString(text), leastLabel)
	return cut(cut(label, room)+": "+text, width)
}

// cut shortens a text to at most width columns. The last of them are then dots.
func cut(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	const dots = "..."
	if width <= len(dots) {
		return dots[:max(0, width)]
	}
	return strings.TrimRight(string(runes[:width-len(dots)]), " ") + dots
}

// cellText summarizes a cell in a few words.
func cellText(c results.Cell, final bool) string {
	if !c.Valid {
		if final {
			return "invalid: " + c.InvalidReason
		}
		return "again: " + c.InvalidReason
	}
	if c.DeliveredShare == nil {
		return fmt.Sprintf("nothing rejected in %d attempts", c.Attempts)
	}
	return fmt.Sprintf("%.1f%% of %d delivered", *c.DeliveredShare*100, c.Rejected)
}

// barWidth is the width of the bar alone.
const barWidth = 20

// bar shows progress on a terminal. It draws from its own goroutine.
type bar struct {
	group *mpb.Progress
	bar   *mpb.Bar
	width func() int // columns of the terminal

	mu      sync.Mutex // guards the fields below
	pace    *pace
	running []results.Point // cells that have started and not ended
}

func newBar(w io.Writer, p *pace, width func() int) *bar {
	b := &bar{group: mpb.New(mpb.WithOutput(w), mpb.WithWidth(barWidth)), pace: p, width: width}
	// A bar that is made with a total ends when it reaches it, but a run may need
	// more cells than were planned.
	b.bar = b.group.AddBar(0,
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return b.count() })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return b.text() })),
	)
	b.bar.SetTotal(int64(p.total), false)
	return b
}

// count returns the text to the left of the bar.
func (b *bar) count() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprintf("%d/%d ", b.pace.cells, b.pace.total)
}

// text returns the text to the right of the bar. It is cut where the terminal ends.
func (b *bar) text() string {
	count := b.count()
	b.mu.Lock()
	defer b.mu.Unlock()
	text := " " + b.pace.text()
	if n := len(b.running); n > 0 {
		text += ", " + b.pace.label(b.running[0])
		if n > 1 {
			text = fmt.Sprintf(" %s, %d at once: %s", b.pace.text(), n, b.pace.label(b.running[0]))
		}
	}
	// The bar library adds a space on each side of the bar, and a terminal wraps a
	// line that ends in its last column.
	return cut(text, b.width()-len(count)-barWidth-3)
}

func (b *bar) planned(cells int) {
	b.mu.Lock()
	b.pace.total = cells
	b.mu.Unlock()
	b.bar.SetTotal(int64(cells), false)
}

func (b *bar) started(p results.Point, _, _ int) {
	b.mu.Lock()
	b.running = append(b.running, p.Key())
	b.mu.Unlock()
}

func (b *bar) done(c results.Cell, final bool) {
	b.mu.Lock()
	b.pace.done(c, final)
	if i := slices.Index(b.running, c.Point.Key()); i >= 0 {
		b.running = slices.Delete(b.running, i, i+1)
	}
	b.mu.Unlock()
	if final {
		b.bar.Increment()
	}
}

func (b *bar) close() {
	b.mu.Lock()
	b.running = nil
	b.mu.Unlock()
	b.bar.Abort(false)
	b.group.Wait()
}
