package sweep

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/witness"
)

// attempt is a try of a visit.
type attempt struct {
	visit
	try  int     // from 0
	load float64 // in CPUs
}

// running is an attempt whose cell runs.
type running struct {
	attempt
	started time.Time
	phase   cell.Phase
}

// change is what the goroutine of a cell reports: that the cell enters a phase or,
// with ended, its report.
type change struct {
	cell   *running
	phase  cell.Phase
	ended  bool
	report cell.Report
	use    *witness.Use // of the machine's CPUs while it was measured; nil if that is not known
	err    error
}

// enqueue adds the visits of a round.
func (r *runner) enqueue(visits []visit) {
	for _, v := range visits {
		r.queue = append(r.queue, attempt{visit: v, load: r.load(v.Point)})
	}
}

// work runs cells until the queue is empty, and with idle until they have ended.
func (r *runner) work(ctx context.Context, idle bool) error {
	for len(r.queue) > 0 || idle && len(r.running) > 0 {
		late := r.outOfBudget() && (r.done > 0 || len(r.running) > 0)
		if late && len(r.running) == 0 {
			return ErrBudget
		}
		if i := r.next(); i >= 0 && !late {
			a := r.queue[i]
			r.queue = slices.Delete(r.queue, i, i+1)
			r.start(ctx, a)
			continue
		}
		if err := r.handle(<-r.changes); err != nil {
			return err
		}
	}
	return nil
}

// next returns the place in the queue of the attempt to start now: the first that fits
// beside the running cells. It returns -1 if there is none. So cells that have to run
// alone may change places with others, but the cells of one kind keep their order.
//
// One cell starts up at a time, because that takes most of a CPU for some 50 ms. A cell
// that is ending is in nobody's way.
func (r *runner) next() int {
	var loads []float64
	for _, c := range r.running {
		switch c.phase {
		case cell.Starting:
			return -1
		case cell.Measuring:
			loads = append(loads, c.load)
		}
	}
	return slices.IndexFunc(r.queue, func(a attempt) bool { return r.fits(a.load, loads) })
}

// start runs a cell in a goroutine.
func (r *runner) start(ctx context.Context, a attempt) {
	if r.events.Started != nil {
		r.events.Started(a.Point, a.round, a.try)
	}
	c := &running{attempt: a, started: time.Now()}
	r.running = append(r.running, c)
	spec := r.spec(a.visit, a.try)
	spec.Background = len(r.running) > 1 && !math.IsInf(a.load, 1)
	go func() {
		var w cellWitness
		report, err := r.group.Run(ctx, spec, func(p cell.Phase) {
			w.entered(p)
			r.changes <- change{cell: c, phase: p}
		})
		r.changes <- change{cell: c, ended: true, report: report, use: w.use, err: err}
	}()
}

// cellWitness takes samples of the machine's CPUs when a cell's measuring begins and
// ends.
type cellWitness struct {
	before *witness.Sample
	use    *witness.Use
}

func (w *cellWitness) entered(p cell.Phase) {
	now, err := witness.Take()
	switch {
	case err != nil:
	case p == cell.Measuring:
		w.before = &now
	case p == cell.Ending && w.before != nil:
		use := now.Since(*w.before)
		w.use = &use
	}
}

// handle takes note of a change. It enqueues a cell again that is invalid and has tries
// left. That one then runs alone, because another cell may have been the reason.
func (r *runner) handle(ch change) error {
	c := ch.cell
	if !ch.ended {
		c.phase = ch.phase
		return nil
	}
	r.drop(c)
	if ch.err != nil {
		return ch.err
	}
	if ch.report.Sysctl != nil {
		r.sysctl = ch.report.Sysctl
	}
	record := r.record(c.visit, c.try, c.started, ch.report, ch.use)
	final := record.Valid || c.try == maxTries-1 || r.outOfBudget()
	if !final {
		r.queue = slices.Insert(r.queue, 0, attempt{visit: c.visit, try: c.try + 1, load: math.Inf(1)})
	}
	return r.finish(c.visit, record, final, ch.report.Ladder)
}

// drop removes a cell that has ended.
func (r *runner) drop(c *running) {
	r.running = slices.DeleteFunc(r.running, func(other *running) bool { return other == c })
}

// dropAll waits for cells that are not wanted any more.
func (r *runner) dropAll() {
	for len(r.running) > 0 {
		if ch := <-r.changes; ch.ended {
			r.drop(ch.cell)
		}
	}
}
