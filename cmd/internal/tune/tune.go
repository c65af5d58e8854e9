// Package tune looks for the cheapest value of a strategy's setting that reaches a
// goal, by measuring.
//
// Run takes these steps:
//
//  1. It finds how many clients at once this machine carries, if none were given.
//  2. It measures values of a geometric grid in small cells, until it knows the
//     cheapest value that no measurement has ruled out.
//  3. It confirms that value, or the next dearer one, in new cells. The
//     probability of a wrong answer is bounded over all confirmations.
//  4. It measures half of the confirmed value, which has to miss the goal.
//
// Steps 2 to 4 are tune.Search of package analysis/tune, which knows nothing of
// cells. tune.Goal decides what the evidence shows.
package tune

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/analysis/tune"
	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
	"github.com/rejectbench/rejectbench/targets"
)

// Options say what to look for and how it is measured.
type Options struct {
	// Cells say how every cell is run. Points, Rounds, Requests, Twins, Precision,
	// Budget and the setting in question are ignored.
	Cells   sweep.Options
	Point   results.Point // of all cells; Client is ignored, and a Concurrency of 0 is found out
	Setting targets.Setting
	Clients []tune.Client // the mix
	Goal    tune.Goal
	Budget  time.Duration // how long everything may take
}

// Events are called to report progress. A nil function is not called.
type Events struct {
	// Cell is called with each record, invalid tries included; final is false when
	// the cell is going to be run again. An error ends the search.
	Cell func(c results.Cell, final bool) error
	// Looked is called after every look at a value with what is known of it.
	Looked func(c tune.Candidate)
}

// ErrBudget ends a search that is not done within its budget.
var ErrBudget = errors.New("the time budget is used up")

// ErrInvalidCells ends a search in which cell after cell is invalid. An error that
// wraps it has the reason of the last.
var ErrInvalidCells = errors.New("cells stay invalid")

const (
	stepsPerOctave  = 4   // values to a doubling: steps of 19%
	maxBatch        = 500 // most attempts between two looks, and so what an invalid cell wastes
	maxInvalidCells = 6   // in a row, after which a search ends
)

// autoConcurrencies are tried in this order when none is given, until a cell is
// valid: the more clients at once, the sooner there is an answer.
var autoConcurrencies = []int{50, 32, 20, 10}

// Run finds the cheapest value of a setting that reaches the goal; see tune.Search. It
// returns the TCP settings at the path's ends as well, as sweep.Run does. With an
// error, the tuning has what was found until then.
func Run(ctx context.Context, o Options, e Events) (*tune.Tuning, map[string]string, error) {
	began := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, o.Budget, ErrBudget)
	defer cancel()
	t := &tuner{Options: o, events: e, cells: map[valuePhase][]results.Cell{}, rounds: map[int64]int{}}
	found, err := t.run(limited)
	if err != nil && context.Cause(limited) == ErrBudget && ctx.Err() == nil {
		err = fmt.Errorf("%w: %v", ErrBudget, o.Budget)
	}
	tuning, e2 := t.tuning(found)
	tuning.Seconds = time.Since(began).Seconds()
	if err != nil {
		tuning.Unfinished = err.Error()
	}
	return tuning, t.sysctl, errors.Join(err, e2)
}

// valuePhase is a value in a phase.
type valuePhase struct {
	value int64
	phase tune.Phase
}

// tuner measures for a search.
type tuner struct {
	Options
	events Events

	cells  map[valuePhase][]results.Cell
	rounds map[int64]int // cells of each value so far

	cellSeeds uint64 // used so far
	measured  int    // tries of cells
	invalid   int    // of these
	attempts  int64
	sysctl    map[string]string
}

func (t *tuner) run(ctx context.Context) (tune.Found, error) {
	if err := t.findConcurrency(ctx); err != nil {
		return tune.Found{}, err
	}
	search := tune.Search{
		Goal: t.Goal, Values: t.values(), Start: t.start(), First: sweep.DefaultRequests(t.Point.Concurrency), Batch: maxBatch,
		Half: t.half, Measure: t.measure,
	}
	for _, c := range t.Clients {
		search.Weights = append(search.Weights, c.Weight)
	}
	if t.events.Looked != nil {
		search.Looked = func(j tune.Judgement) { t.events.Looked(t.candidate(j)) }
	}
	return search.Run(ctx)
}

// values are the grid, from the cheapest value to the dearest. A limit that admits
// every client rejects nothing, so the range of connections ends below that.
func (t *tuner) values() []int64 {
	low, high := t.Setting.Low, t.Setting.High
	if t.Setting.Unit == targets.Connections {
		high = max(min(high, int64(t.Point.Concurrency)-1), low)
	}
	values := tune.Grid(low, high, stepsPerOctave)
	for i, v := range values {
		values[i] = round3(v)
	}
	values = slices.Compact(values)
	if t.Setting.LargerIsCheaper {
		slices.Reverse(values)
	}
	return values
}

// round3 rounds to three significant digits, for readers.
func round3(v int64) int64 {
	unit := int64(1)
	for v/unit >= 1000 {
		unit *= 10
	}
	return (v + unit/2) / unit * unit
}

// start is the value to begin at: for a time four round trips and at least 20 ms,
// for bytes half the body and at least 4 KiB, for connections half of the clients.
func (t *tuner) start() int64 {
	switch t.Setting.Unit {
	case targets.Nanoseconds:
		return max(int64(4*t.Cells.PathOf(t.Point).RTT()), int64(20*time.Millisecond))
	case targets.Bytes:
		return max(t.Point.BodyBytes/2, 4<<10)
	}
	return int64(max(t.Point.Concurrency/2, 1))
}

// half returns the value that has to miss the goal if v is the cheapest that
// reaches it, and false if that is out of range.
func (t *tuner) half(v int64) (int64, bool) {
	if t.Setting.LargerIsCheaper {
		v *= 2
		return v, v < int64(t.Point.Concurrency)
	}
	return v / 2, v/2 >= 1 && v/2 >= t.Setting.Low
}

// findConcurrency finds how many clients at once this machine carries, if none
// were given.
func (t *tuner) findConcurrency(ctx context.Context) error {
	if t.Point.Concurrency > 0 {
		return nil
	}
	var reason string
	for _, c := range autoConcurrencies {
		t.Point.Concurrency = c
		values := t.values()
		// With 0 the cell makes the default number of attempts.
		tries, err := t.cell(ctx, values[tune.Place(values, t.start())], t.Clients[0].Client, 0)
		if err != nil {
			return err
		}
		last := tries[len(tries)-1]
		if last.Valid {
			return nil
		}
		reason = last.InvalidReason
	}
	return fmt.Errorf("%w: %s", ErrInvalidCells, reason)
}

// measure runs a cell of each client.
func (t *tuner) measure(ctx context.Context, v int64, phase tune.Phase, n int64) (tune.Evidence, error) {
	e := tune.Evidence{}
	parts := make([]stats.WeightedShare, len(t.Clients))
	for i, c := range t.Clients {
		parts[i].Weight = c.Weight
	}
	for i, n := range tune.Allot(parts, n) {
		c, err := t.validCell(ctx, v, phase, t.Clients[i].Client, n)
		if err != nil {
			return e, err
		}
		parts[i].K, parts[i].N = min(c.Delivered, c.Rejected), c.Rejected
		if h, ok := c.Histograms["response/"+results.Admitted.String()]; ok && t.Goal.Objective > 0 {
			response, err := results.DecodeHistogram(h)
			if err != nil {
				return e, err
			}
			e.Add(tune.Evidence{Parts: make([]stats.WeightedShare, len(parts)), Response: response})
		}
	}
	e.Parts = parts
	return e, nil
}

// validCell runs cells until one is valid, and returns that.
func (t *tuner) validCell(ctx context.Context, v int64, phase tune.Phase, client string, n int64) (results.Cell, error) {
	for invalid := 1; ; invalid++ {
		tries, err := t.cell(ctx, v, client, n)
		if err != nil {
			return results.Cell{}, err
		}
		last := tries[len(tries)-1]
		key := valuePhase{v, phase}
		t.cells[key] = append(t.cells[key], tries...)
		if last.Valid {
			return last, nil
		}
		if invalid == maxInvalidCells {
			return last, fmt.Errorf("%w: %s", ErrInvalidCells, last.InvalidReason)
		}
	}
}

// cell runs one cell, again while it is invalid, and returns all tries.
func (t *tuner) cell(ctx context.Context, v int64, client string, n int64) (tries []results.Cell, err error) {
	o := t.cellOptions(v, client, n)
	round := t.rounds[v]
	t.rounds[v]++
	sysctl, err := sweep.Run(ctx, o, sweep.Events{Done: func(c results.Cell, final bool) error {
		c.Round = round
		t.measured++
		t.attempts += c.Attempts
		if !c.Valid {
			t.invalid++
		}
		tries = append(tries, c)
		if t.events.Cell != nil {
			return t.events.Cell(c, final)
		}
		return nil
	}})
	if sysctl != nil {
		t.sysctl = sysctl
	}
	if err == nil && len(tries) == 0 {
		err = errors.New("a cell left no record")
	}
	return tries, err
}

// cellOptions say how the next cell of a value is run, with about n attempts.
func (t *tuner) cellOptions(v int64, client string, n int64) sweep.Options {
	o := t.Cells
	config := targets.Config{Bounds: o.Bounds, Limit: t.Point.Limit}
	t.Setting.Apply(&config, v)
	o.Bounds = config.Bounds
	p := t.Point
	p.Client, p.Limit, p.Settings = client, config.Limit, t.Setting.Name+"="+t.Setting.Unit.Format(v)
	o.Points, o.Rounds, o.Twins, o.Precision, o.Budget = []results.Point{p.Key()}, 1, 0, 0, 0
	// With fewer attempts than clients a limit might reject nothing.
	o.Requests = max(n, sweep.DefaultRequests(p.Concurrency))
	// Every cell has its own seed, or all would lose the same packets. The
	// multiplier is 2^64 over the golden ratio, which spreads consecutive numbers.
	t.cellSeeds++
	o.Seed = t.Cells.Seed + t.cellSeeds*0x9E3779B97F4A7C15
	return o
}

// candidate returns a judgement as a tuning has it.
func (t *tuner) candidate(j tune.Judgement) tune.Candidate {
	confidence := 1 - t.Goal.Alpha
	c := tune.Candidate{
		Value: j.Value, Text: t.Setting.Unit.Pretty(j.Value), Phase: j.Phase, Verdict: j.Verdict, N: j.Evidence.Rejected(),
		Cost: tune.NewCost(t.cells[valuePhase{j.Value, j.Phase}], t.Clients),
	}
	c.Share, c.Low, c.High = stats.Mix(j.Evidence.Parts, stats.NormalQuantile(confidence))
	if r := j.Evidence.Response; r != nil {
		c.Admitted = r.TotalCount()
		c.P99Ms = results.Summarise(r).P99
		low, high, _, _ := j.Evidence.P99(confidence)
		c.P99LowMs, c.P99HighMs = units.Milliseconds(low), units.Milliseconds(high)
	}
	return c
}

// tuning returns what was found.
func (t *tuner) tuning(f tune.Found) (*tune.Tuning, error) {
	p := t.Point
	r := &tune.Tuning{
		Point: p.Without("client"), Setting: t.Setting.Name, Clients: t.Clients,
		Target: t.Goal.Target, Confidence: 1 - t.Goal.Alpha, ObjectiveMs: units.Milliseconds(t.Goal.Objective),
		Candidates: []tune.Candidate{}, Equivalents: []tune.Equivalent{},
		Cells: t.measured, Invalid: t.invalid, Attempts: t.attempts,
	}
	for _, j := range f.Trail {
		r.Candidates = append(r.Candidates, t.candidate(j))
	}
	if f.Chosen == nil {
		for i, c := range r.Candidates {
			if r.Best == nil || c.Share > r.Best.Share {
				r.Best = &r.Candidates[i]
			}
		}
		return r, nil
	}
	chosen := t.candidate(*f.Chosen)
	r.Chosen = &chosen
	if f.Half != nil {
		half := t.candidate(*f.Half)
		r.Neighbor = &half
	}
	r.Equivalents = directives(t.Setting, chosen.Value)
	config := targets.Config{Bounds: t.Cells.Bounds, Limit: t.Point.Limit}
	t.Setting.Apply(&config, chosen.Value)
	hold, err := targets.LongestHold(p.Strategy, config.Bounds)
	r.HoldBoundMs, r.HoldBound, r.HoldUnknown = units.Milliseconds(hold.Longest), hold.Bound, hold.Unknown
	return r, err
}

// directives returns how other servers are configured with a value of a setting.
func directives(s targets.Setting, v int64) (all []tune.Equivalent) {
	for _, d := range targets.DirectivesOf(s.Name) {
		w := tune.Equivalent{Server: d.Server, Directive: d.Write(v), Note: d.Note, Source: d.Source}
		if !d.Settable() && d.Name != "" {
			w.Note = strings.TrimSuffix(d.Name+" "+d.Default+", "+d.Note, ", ")
		}
		all = append(all, w)
	}
	return all
}
