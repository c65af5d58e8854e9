package main

import (
	"bytes"
	"fmt"
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
func twinOf(c results.Cell) results.Cell { c.Twin = true; return c }
func at(p results.Point, c results.Cell) results.Cell {
	c.Point = p
	return c
}
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
		cell.Point = grid[cell.point]
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
			p.done(at(point, share(99, 100)), true)
		}
	}
	p.close()

	b.WriteString("# a run with little time\n")
	p = newProgress(&b, sweep.Options{Points: grid, Rounds: 100, Budget: time.Minute, Path: pathOf(netpath.Loopback)}, c.now)
	p.started(grid[0], 0, 0)
	c.wait(59 * time.Second)
	p.done(at(grid[0], share(5, 100)), true)
	c.wait(900 * time.Millisecond)
	p.done(at(grid[0], share(5, 100)), true)
	golden(t, filepath.Join("testdata", "progress.golden"), b.String())
}

func TestALineOfProgressFitsTheTerminal(t *testing.T) {
	var b bytes.Buffer
	c := &fakeClock{}
	long := results.Point{Strategy: "haproxy:buffer-request", Client: "python-requests", RTTMs: 250, Concurrency: 1000, BodyBytes: 1 << 30, Loss: 0.015}
	p := newProgress(&b, sweep.Options{Points: []results.Point{long, {}}, Rounds: 100000, Precision: 0.005, Budget: 30 * time.Hour, Path: pathOf(netpath.DelayLine)}, c.now)
	for range 2 {
		p.started(long, 0, 0)
		c.wait(time.Hour)
		p.done(at(long, invalid("the median handshake took 61.00 ms on a path of 50.00 ms, off by more than 1.50 ms")), false)
		p.done(at(long, twinOf(share(99, 100))), true)
	}
	for line := range strings.Lines(b.String()) {
		if n := len(strings.TrimSuffix(line, "\n")); n > progressWidth {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if !strings.Contains(b.String(), "haproxy:buffer") || !strings.Contains(b.String(), "99.0% of") || !strings.Contains(b.String(), "2 invalid") {
		t.Error(b.String())
	}
}

// A run may need more cells than were planned.
func TestBarContinuesBeyondThePlannedCells(t *testing.T) {
	c := &fakeClock{}
	b := newBar(io.Discard, &pace{now: c.now, begun: c.now(), total: 2, label: labelsOf(nil)}, func() int { return 80 })
	one := results.Point{Strategy: "close", Client: "blocking"}
	for i := range 5 {
		b.started(one, 0, 0)
		if got := b.text(); !strings.Contains(got, "close") {
			t.Errorf("the bar says %q", got)
		}
		b.done(at(one, invalid("path late")), true)
		if got := b.text(); !strings.Contains(got, fmt.Sprintf("%d invalid", i+1)) || strings.Contains(got, "close") {
			t.Errorf("the bar says %q", got)
		}
	}
	b.planned(6)
	if n := b.bar.Current(); n != 5 || b.bar.Completed() {
		t.Errorf("the bar is at %d, completed: %v", n, b.bar.Completed())
	}
	b.close()
}

func TestBarCountsTheCellsThatRunAtOnce(t *testing.T) {
	c := &fakeClock{}
	for _, width := range []int{40, 80, 120} {
		b := newBar(io.Discard, &pace{now: c.now, begun: c.now(), total: 200, label: labelsOf(nil)}, func() int { return width })
		points := []results.Point{{Strategy: "drain-until-acked", Client: "python-requests", RTTMs: 200}, {Strategy: "close"}, {Strategy: "shutdown"}}
		for _, p := range points {
			b.started(p, 0, 0)
		}
		c.wait(time.Minute)
		if got := b.text(); width > 40 && !strings.Contains(got, "3 at once: drain") || len(b.count())+barWidth+2+len(got) >= width {
			t.Errorf("%d columns: %q", width, got)
		}
		b.done(at(points[0], share(1, 2)), true)
		b.done(at(points[2], share(1, 2)), true)
		if got := b.text(); width > 40 && !strings.Contains(got, "left, close") {
			t.Errorf("%d columns: %q", width, got)
		}
		b.close()
	}
}
