package main

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// fakeClock is a time that only wait advances.
type fakeClock struct{ time.Time }

func (c *fakeClock) now() time.Time       { return c.Time }
func (c *fakeClock) wait(d time.Duration) { c.Time = c.Add(d) }
func share(k, n int64) (c results.Cell) {
	c = results.Cell{Valid: true, Delivered: k, Rejected: n}
	c.SetShare()
	return c
}
func twinOf(c results.Cell) results.Cell    { c.Twin = true; return c }
func invalid(reason string) results.Cell    { return results.Cell{InvalidReason: reason} }
func pathOf(k netpath.Kind) (c cell.Choice) { c.Kind = k; return c }

func TestProgressLinesMatchTheGoldenFile(t *testing.T) {
	var b bytes.Buffer
	grid := []results.Point{{Strategy: "close", Client: "blocking", Concurrency: 10}, {Strategy: "shutdown", Client: "duplex", RTTMs: 20, Concurrency: 10, BodyBytes: 1024, Loss: 0.01}}
	long := "the median handshake took 61.00 ms on a path of 50.00 ms, off by more than 1.50 ms"

	b.WriteString("# a plain run\n")
	c := &fakeClock{}
	p := newProgress(&b, sweep.Options{Points: grid, Rounds: 2, Twins: 1, Path: pathOf(netpath.DelayLine)}, c.now)
	p.planned(6)
	for _, cell := range []struct {
		point int
		results.Cell
		final bool
	}{
		{0, share(34, 100), true},
		{1, invalid(long), false},
		{1, share(100, 100), true},
		{0, twinOf(share(36, 100)), true},
		{1, invalid("path late"), false},
		{1, invalid("path late"), false},
		{1, invalid("path late"), true},
		{0, results.Cell{Valid: true, Attempts: 100}, true},
		{0, twinOf(share(0, 100)), true},
	} {
		p.started(grid[cell.point], 0, 0)
		c.wait(10 * time.Second)
		cell.Cell.Point = grid[cell.point]
		p.done(cell.Cell, cell.final)
	}
	p.close()

	b.WriteString("# a run to a precision, with a total that falls and rises\n")
	p = newProgress(&b, sweep.Options{Points: grid, Rounds: 30, Precision: 0.005, Path: pathOf(netpath.Netem)}, c.now)
	for _, planned := range []int{60, 4, 6} {
		p.planned(planned)
		for _, point := range grid {
			p.started(point, 0, 0)
			c.wait(1500 * time.Millisecond)
			c := share(99, 100)
			c.Point = point
			p.done(c, true)
		}
	}
	p.close()

	b.WriteString("# a run with little time\n")
	p = newProgress(&b, sweep.Options{Points: grid, Rounds: 100, Budget: time.Minute, Path: pathOf(netpath.Loopback)}, c.now)
	p.started(grid[0], 0, 0)
	last := share(5, 100)
	last.Point = grid[0]
	c.wait(59 * time.Second)
	p.done(last, true)
	c.wait(900 * time.Millisecond)
	p.done(last, true)
	golden(t, filepath.Join("testdata", "progress.golden"), b.String())
}

// A run may need more cells than were planned.
func TestBarContinuesBeyondThePlannedCells(t *testing.T) {
	c := &fakeClock{}
	b := newBar(io.Discard, &pace{now: c.now, begun: c.now(), total: 2}, "netem")
	for range 5 {
		b.started(results.Point{Strategy: "close"}, 0, 0)
		b.done(invalid("path late"), true)
		if got := b.text(); !strings.Contains(got, "close") || !strings.Contains(got, "the last: path late") {
			t.Errorf("the bar says %q", got)
		}
	}
	b.planned(6)
	if n := b.bar.Current(); n != 5 || b.bar.Completed() {
		t.Errorf("the bar is at %d, completed: %v", n, b.bar.Completed())
	}
	b.close()
}
