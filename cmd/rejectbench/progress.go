package main

import (
	"fmt"
	"io"
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
)

// progress is told how a sweep goes on.
type progress interface {
	started(p sweep.Point, round, try int)
	done(c results.Cell, final bool)
	close()
}

// newProgress shows a bar with the time left on a terminal, and a line a cell
// elsewhere.
func newProgress(w io.Writer, total int, path string) progress {
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		return newBar(w, total, path)
	}
	fmt.Fprintf(w, "%d cells over a %s path\n", total, path)
	return &lines{w: w, total: total}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

type silent struct{}

func (silent) started(sweep.Point, int, int) {}
func (silent) done(results.Cell, bool)       {}
func (silent) close()                        {}

// lines is the progress of a run whose output is not a terminal.
type lines struct {
	w        io.Writer
	n, total int
	point    sweep.Point
}

func (l *lines) started(p sweep.Point, _, _ int) { l.point = p }

func (l *lines) done(c results.Cell, final bool) {
	if final {
		l.n++
	}
	fmt.Fprintf(l.w, "%d/%d %s: %s\n", l.n, l.total, l.point, verdict(c, final))
}

func (l *lines) close() {}

// verdict sums a cell up in a few words.
func verdict(c results.Cell, final bool) string {
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

// bar is the progress of a run on a terminal.
type bar struct {
	group   *mpb.Progress
	bar     *mpb.Bar
	point   string
	invalid int
}

func newBar(w io.Writer, total int, path string) *bar {
	b := &bar{group: mpb.New(mpb.WithOutput(w), mpb.WithWidth(24))}
	b.bar = b.group.AddBar(int64(total),
		mpb.PrependDecorators(decor.CountersNoUnit("%d/%d cells, "+path)),
		mpb.AppendDecorators(
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO), "done"),
			decor.Any(func(decor.Statistics) string {
				if b.invalid > 0 {
					return fmt.Sprintf("  %d invalid  %s", b.invalid, b.point)
				}
				return "  " + b.point
			}),
		))
	return b
}

func (b *bar) started(p sweep.Point, _, _ int) { b.point = p.String() }

func (b *bar) done(c results.Cell, final bool) {
	if !c.Valid {
		b.invalid++
	}
	if final {
		b.bar.Increment()
	}
}

func (b *bar) close() {
	b.bar.Abort(false)
	b.group.Wait()
}
