// Package sweep measures the points of a grid, several times and in random order,
// and makes a record of every cell.
//
// Run takes these steps:
//
//  1. It plans a round: every point once, and the points of A/A pairs twice, in an
//     order that follows from the seed.
//  2. It leaves out the points whose delivered share is known well enough, if a
//     precision was asked for.
//  3. It runs the cell of each visit (package cell), side by side with others as far
//     as their load allows it, and again while the cell is invalid, at most three times.
//  4. It judges whether a cell is valid, makes its record, and hands that to
//     Events.Done.
//
// It repeats them until all rounds are done, no point is left, or the budget is
// used up.
package sweep

import (
	"context"
	"errors"
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
	// precision and a gate; with one it is a forecast.
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
// name; nil before the first cell. Events are called one at a time.
//
// When ctx ends, Run drops the running cells and returns ctx's error. When the
// budget is used up, it finishes the running cells and returns ErrBudget.
func Run(ctx context.Context, o Options, e Events) (sysctl map[string]string, err error) {
	remove, err := o.makeDriverFolder()
	if err != nil {
		return nil, err
	}
	defer remove()
	r := &runner{
		Options: o, events: e, started: time.Now(), stopping: newStoppingRule(o.Precision, o.Gate, o.Points),
		changes: make(chan change),
	}
	err = r.run(ctx)
	return r.sysctl, err
}

// runner is a sweep in progress. Its goroutine alone uses it; the goroutines of cells
// have the channel.
type runner struct {
	Options
	events   Events
	started  time.Time
	stopping *stoppingRule
	done     int // cells, valid or not
	sysctl   map[string]string

	group   cell.Group
	queue   []attempt
	running []*running
	changes chan change
}

func (r *runner) run(ctx context.Context) error {
	// After an error no cell is wanted any more, and none may be left.
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		r.dropAll()
	}()
	left := r.rounds()
	for visits := range r.plan() {
		visits = r.stopping.due(visits)
		if len(visits) == 0 {
			break // every point is known well enough, or given up
		}
		if r.events.Planned != nil {
			r.events.Planned(r.done + len(r.running) + r.stopping.cellsLeft(visits, left))
		}
		r.enqueue(visits)
		// Which points a precision or a gate still needs is known after the round.
		if err := r.work(ctx, r.stopping.stops()); err != nil {
			return err
		}
		left--
	}
	return r.work(ctx, true)
}

func (r *runner) outOfBudget() bool { return r.Budget > 0 && time.Since(r.started) >= r.Budget }

// finish counts a try of a cell and hands out what it has brought. ladder is an
// SVG, or empty.
func (r *runner) finish(v visit, c results.Cell, final bool, ladder string) error {
	if final {
		r.done++
		if !v.twin {
			r.stopping.add(v.Point, c)
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
