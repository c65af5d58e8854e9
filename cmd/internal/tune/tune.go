// Package tune looks for the cheapest value of a strategy's setting that reaches a
// goal, by measuring.
//
// Run takes these steps:
//
//  1. It finds how many clients at once this machine carries, if none was given.
//  2. It measures values of a geometric grid in small cells, to bracket and refine
//     the cheapest value with nothing against it.
//  3. It confirms that value, or the next dearer one, in fresh cells, with the
//     probability of a wrong answer bounded over all confirmations.
//  4. It measures half of the confirmed value, which has to miss the goal.
//
// Steps 2 to 4 are Search, which knows nothing of cells; Goal decides what the
// evidence shows.
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
	"github.com/rejectbench/rejectbench/targets"
)

// Options say what to look for and how it is measured.
type Options struct {
	// Cells say how every cell is run. Points, Rounds and Requests are the
	// search's own, and so is the setting that it looks for.
	Cells   sweep.Options
	Point   sweep.Point // what all cells have in common; the client is the mix's, a concurrency of 0 is found out
	Setting targets.Setting
	Clients []tune.Client
	Goal    Goal
	Budget  time.Duration // how long all of it may take
}

// Events are told of the progress. A nil function is not called.
type Events struct {
	// Cell is told each record, invalid tries among them. Its error ends the search.
	Cell func(c results.Cell, final bool) error
	// Judged is told after every look at a candidate what is known of it.
	Judged func(c tune.Candidate)
}

// ErrBudget ends a search that is not done when its time is over.
var ErrBudget = errors.New("the time budget is used up")

// ErrUnfit ends a search in which cells are invalid again and again. What it
// wraps is a cell's reason.
var ErrUnfit = errors.New("cells stay invalid")

// Of a search.
const (
	gridSteps = 4   // values to a doubling: steps of 19%
	tuneBatch = 500 // most attempts between two looks: what an invalid cell wastes
	maxUnfit  = 5   // cells in a row that may stay invalid
)

// fits are the concurrencies that are tried when none is given, until a cell is
// valid: the more at once, the sooner there is an answer.
var fits = []int{50, 32, 20, 10}

// Run finds the cheapest value of a setting that reaches the goal; see Search.
// With an error the tuning says what was found until then.
func Run(ctx context.Context, o Options, e Events) (*tune.Tuning, map[string]string, error) {
	began := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, o.Budget, ErrBudget)
	defer cancel()
	t := &tuner{Options: o, events: e, cells: map[candidate][]results.Cell{}, rounds: map[int64]int{}}
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

// candidate is a value in a phase.
type candidate struct {
	value int64
	phase Phase
}

// tuner measures for a search.
type tuner struct {
	Options
	events Events

	cells    map[candidate][]results.Cell
	rounds   map[int64]int // cells so far of each value, of each client
	seed     uint64
	measured int
	invalid  int
	attempts int64
	sysctl   map[string]string
}

func (t *tuner) run(ctx context.Context) (Found, error) {
	if err := t.fit(ctx); err != nil {
		return Found{}, err
	}
	search := Search{
		Goal: t.Goal, Values: t.values(), First: sweep.DefaultRequests(t.Point.Concurrency), Batch: tuneBatch,
		Half: t.half, Measure: t.measure,
	}
	for _, c := range t.Clients {
		search.Weights = append(search.Weights, c.Weight)
	}
	search.Start, _ = slices.BinarySearchFunc(search.Values, t.start(), search.compare)
	search.Start = min(search.Start, len(search.Values)-1)
	if t.events.Judged != nil {
		search.Judged = func(j Judged) { t.events.Judged(t.candidate(j)) }
	}
	return search.Run(ctx)
}

// values are the grid, from the cheapest value to the dearest. A limit that
// admits every client rejects nothing, so there the range ends below it.
func (t *tuner) values() []int64 {
	low, high := t.Setting.Low, t.Setting.High
	if t.Setting.Unit == targets.Connections {
		high = max(min(high, int64(t.Point.Concurrency)-1), low)
	}
	values := Grid(low, high, gridSteps)
	for i, v := range values {
		values[i] = round3(v)
	}
	values = slices.Compact(values)
	if t.Setting.LargerIsCheaper {
		slices.Reverse(values)
	}
	return values
}

// round3 rounds to three significant digits, so that a value can be read.
func round3(v int64) int64 {
	unit := int64(1)
	for v/unit >= 1000 {
		unit *= 10
	}
	return (v + unit/2) / unit * unit
}

// start is where to begin: for a time what two round trips take, for bytes half
// the body, for connections half of them.
func (t *tuner) start() int64 {
	switch t.Setting.Unit {
	case targets.Nanoseconds:
		return max(int64(4*t.Cells.PathOf(t.Point).RTT()), int64(20*time.Millisecond))
	case targets.Bytes:
		return max(t.Point.BodyBytes/2, 4<<10)
	}
	return int64(max(t.Point.Concurrency/2, 1))
}

// half is the value that is to miss the goal.
func (t *tuner) half(v int64) (int64, bool) {
	if t.Setting.LargerIsCheaper {
		v *= 2
		return v, v < int64(t.Point.Concurrency)
	}
	return v / 2, v/2 >= 1 && v/2 >= t.Setting.Low
}

// fit finds out how many clients at once this machine carries, if that was left to it.
func (t *tuner) fit(ctx context.Context) error {
	if t.Point.Concurrency > 0 {
		return nil
	}
	var reason string
	for _, c := range fits {
		t.Point.Concurrency = c
		values := t.values()
		at, _ := slices.BinarySearchFunc(values, t.start(), Search{Values: values}.compare)
		cells, err := t.cell(ctx, values[min(at, len(values)-1)], "fit", t.Clients[0].Client, int64(2*c))
		if err != nil {
			return err
		}
		last := cells[len(cells)-1]
		if last.Valid {
			return nil
		}
		reason = last.InvalidReason
	}
	return fmt.Errorf("%w: %s", ErrUnfit, reason)
}

// measure runs a cell of each client.
func (t *tuner) measure(ctx context.Context, v int64, phase Phase, n int64) (Evidence, error) {
	e := Evidence{}
	parts := make([]stats.Part, len(t.Clients))
	for i, c := range t.Clients {
		parts[i].Weight = c.Weight
	}
	for i, n := range allot(parts, n) {
		last, err := t.valid(ctx, v, phase, t.Clients[i].Client, n)
		if err != nil {
			return e, err
		}
		parts[i].K, parts[i].N = min(last.Delivered, last.Rejected), last.Rejected
		if h, ok := last.Histograms["response/"+results.Admitted.String()]; ok && t.Goal.Objective > 0 {
			decoded, err := results.DecodeHistogram(h)
			if err != nil {
				return e, err
			}
			one := Evidence{Parts: make([]stats.Part, len(parts)), Response: decoded}
			e.add(one)
		}
	}
	e.Parts = parts
	return e, nil
}

// valid runs cells until one is valid, and returns that.
func (t *tuner) valid(ctx context.Context, v int64, phase Phase, client string, n int64) (results.Cell, error) {
	for unfit := 0; ; unfit++ {
		cells, err := t.cell(ctx, v, phase, client, n)
		if err != nil {
			return results.Cell{}, err
		}
		last := cells[len(cells)-1]
		t.cells[candidate{v, phase}] = append(t.cells[candidate{v, phase}], cells...)
		if last.Valid {
			return last, nil
		}
		if unfit == maxUnfit {
			return last, fmt.Errorf("%w: %s", ErrUnfit, last.InvalidReason)
		}
	}
}

// cell runs one cell, again while it is invalid, and returns all tries.
func (t *tuner) cell(ctx context.Context, v int64, phase Phase, client string, n int64) (tries []results.Cell, err error) {
	o := t.Cells
	p := t.Point
	p.Client = client
	// A cell of fewer attempts than clients is no load: a limit might reject nothing.
	n = max(n, sweep.DefaultRequests(p.Concurrency))
	o.Points, o.Rounds, o.Requests, o.Twins, o.Precision, o.Budget = []sweep.Point{p}, 1, n, 0, 0, 0
	t.seed++
	o.Seed = t.Cells.Seed + t.seed*0x9E3779B97F4A7C15 // no two cells meet the same chance
	config := targets.Config{Bounds: o.Bounds, Limit: o.Limit}
	t.Setting.Apply(&config, v)
	o.Bounds, o.Limit = config.Bounds, config.Limit
	round := t.rounds[v]
	t.rounds[v]++
	sysctl, err := sweep.Run(ctx, o, sweep.Events{Done: func(c results.Cell, final bool) error {
		c.Round, c.Settings = round, t.settings(v)
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

// settings names a value in a record.
func (t *tuner) settings(v int64) string { return t.Setting.Name + "=" + t.Setting.Unit.Format(v) }

// candidate is a judgement as the record of a tuning has it.
func (t *tuner) candidate(j Judged) tune.Candidate {
	confidence := 1 - t.Goal.Alpha
	c := tune.Candidate{
		Value: j.Value, Text: t.Setting.Unit.Pretty(j.Value), Phase: string(j.Phase), Verdict: string(j.Verdict), N: j.Evidence.rejected(),
		Cost: tune.NewCost(t.cells[candidate{j.Value, j.Phase}], t.Clients),
	}
	c.Share, c.Low, c.High = stats.Mix(j.Evidence.Parts, stats.NormalQuantile(confidence))
	if r := j.Evidence.Response; r != nil {
		c.Admitted = r.TotalCount()
		c.P99Ms = results.Summarise(r).P99
		low, high, _, _ := j.Evidence.P99(confidence)
		c.P99LowMs, c.P99HighMs = ms(low), ms(high)
	}
	return c
}

// tuning writes up what was found.
func (t *tuner) tuning(f Found) (*tune.Tuning, error) {
	p := t.Point
	r := &tune.Tuning{
		Strategy: p.Strategy, Setting: t.Setting.Name, Clients: t.Clients,
		RTTMs: ms(t.Cells.PathOf(p).RTT()), Concurrency: p.Concurrency, BodyBytes: p.BodyBytes, Loss: p.Loss, Impairments: t.Cells.Impairments.String(), TLS: p.TLS,
		Target: t.Goal.Target, Confidence: 1 - t.Goal.Alpha, ObjectiveMs: ms(t.Goal.Objective),
		Candidates: []tune.Candidate{}, Words: []tune.Word{},
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
		r.Other = &half
	}
	for _, d := range targets.DirectivesOf(t.Setting.Name) {
		w := tune.Word{Server: d.Server, Directive: d.Write(chosen.Value), Note: d.Note, Source: d.Source}
		if !d.Settable() && d.Name != "" {
			w.Note = strings.TrimSuffix(d.Name+" "+d.Default+", "+d.Note, ", ")
		}
		r.Words = append(r.Words, w)
	}
	config := targets.Config{Bounds: t.Cells.Bounds, Limit: t.Cells.Limit}
	t.Setting.Apply(&config, chosen.Value)
	hold, bound, err := targets.LongestHold(p.Strategy, config.Bounds)
	r.HoldBoundMs, r.HoldBound = ms(hold), bound
	return r, err
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }
