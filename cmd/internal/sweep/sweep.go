// Package sweep measures the points of a grid, several times and in random order,
// and makes a record of every cell.
//
// Run takes these steps:
//
//  1. It plans a round: every point once, and the points of A/A pairs twice, in an
//     order that follows from the seed.
//  2. It leaves out the points whose delivered share is known well enough, if a
//     precision was asked for.
//  3. It runs the cell of each visit (package cell), and again while the cell is
//     invalid, at most three times.
//  4. It judges whether a cell is valid, makes its record, and hands that to
//     Events.Done.
//
// It repeats them until all rounds are done, no point is left, or the budget is
// used up.
package sweep

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/results"
)

// maxTries is how often a cell is run at most until it is valid.
const maxTries = 3

// ErrBudget is returned by Run when the budget was used up before the plan was
// done. The cells that are finished are good.
var ErrBudget = errors.New("the run's time budget is used up")

// Events are called during a sweep to report its progress. A nil function is not
// called.
type Events struct {
	// Planned is called at the start of each round with the number of cells that
	// the run has, those that are done included. The number is constant without a
	// precision; with one it is a forecast.
	Planned func(cells int)
	// Started is called before each try of a cell. Rounds and tries count from 0.
	Started func(p results.Point, round, try int)
	// Done is called with the record of each try, invalid ones included; final is
	// false when the cell is going to be run again. An error ends the sweep.
	Done func(c results.Cell, final bool) error
	// Drawn is called with the ladder diagram, in SVG, of a typical connection of a
	// valid cell that Options.Ladders picks. An error ends the sweep.
	Drawn func(p results.Point, svg string) error
}

// Run visits every point, and the twin of one that has a twin, in every round that
// needs it. It returns the TCP settings in force at the path's ends, by sysctl
// name; nil before the first cell.
//
// When ctx ends, Run drops the running cell and returns ctx's error. When the
// budget is used up, it finishes the running cell and returns ErrBudget.
func Run(ctx context.Context, o Options, e Events) (sysctl map[string]string, err error) {
	// The kernel kills a child when the thread that started it ends, so that
	// thread must last.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	remove, err := o.makeDriverFolder()
	if err != nil {
		return nil, err
	}
	defer remove()
	r := &runner{Options: o, events: e, started: time.Now(), precision: newStoppingRule(o.Precision, o.Points)}
	err = r.run(ctx)
	return r.sysctl, err
}

// runner is a sweep in progress.
type runner struct {
	Options
	events    Events
	started   time.Time
	precision *stoppingRule
	done      int // cells, valid or not
	sysctl    map[string]string
}

func (r *runner) run(ctx context.Context) error {
	left := r.rounds()
	for visits := range r.plan() {
		visits = slices.DeleteFunc(visits, func(v visit) bool { return !r.precision.needsMore(v.Point) })
		if len(visits) == 0 {
			return nil // every point is known well enough, or given up
		}
		if r.events.Planned != nil {
			r.events.Planned(r.done + r.precision.cellsLeft(visits, left))
		}
		for _, v := range visits {
			if r.done > 0 && r.outOfBudget() {
				return ErrBudget
			}
			if err := r.visit(ctx, v); err != nil {
				return err
			}
		}
		left--
	}
	return nil
}

func (r *runner) outOfBudget() bool { return r.Budget > 0 && time.Since(r.started) >= r.Budget }

// visit runs a cell until it is valid, its tries are used up, or the budget is.
func (r *runner) visit(ctx context.Context, v visit) error {
	for try := range maxTries {
		if r.events.Started != nil {
			r.events.Started(v.Point, v.round, try)
		}
		started := time.Now()
		report, err := cell.Run(ctx, r.spec(v, try))
		if err != nil {
			return err
		}
		if report.Sysctl != nil {
			r.sysctl = report.Sysctl
		}
		c := r.record(v, try, started, report)
		final := c.Valid || try == maxTries-1 || r.outOfBudget()
		if err := r.finish(v, c, final, report.Ladder); err != nil || final {
			return err
		}
	}
	return nil
}

// finish counts a try of a cell and hands out what it has brought. ladder is an
// SVG, or empty.
func (r *runner) finish(v visit, c results.Cell, final bool, ladder string) error {
	if final {
		r.done++
		if !v.twin {
			r.precision.add(v.Point, c)
		}
	}
	if r.events.Done != nil {
		if err := r.events.Done(c, final); err != nil {
			return err
		}
	}
	if c.Valid && ladder != "" && r.events.Drawn != nil {
		return r.events.Drawn(v.Point, ladder)
	}
	return nil
}
