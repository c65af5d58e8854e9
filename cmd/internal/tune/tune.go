// Package tune looks for the cheapest value of a setting that reaches a goal in all
// corners of a range of conditions, by measuring.
//
// Run takes these steps:
//
//  1. It finds how many clients at once this machine carries, if none were given.
//  2. Of another server it measures the default. If that reaches the goal, it is the
//     answer.
//  3. It measures values of a geometric grid in small cells, until it knows the
//     cheapest value that no measurement has ruled out.
//  4. It adds the margin and confirms the result, or the next dearer one, in new
//     cells. The probability of a wrong answer is bounded over all confirmations.
//  5. It measures half of the cheapest value, which has to miss the goal.
//  6. It measures the installed servers that have a directive for the setting, with
//     their defaults and with the directive.
//
// Steps 3 to 5 are tune.Search of package analysis/tune, which knows nothing of
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
	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
	"github.com/rejectbench/rejectbench/targets"
)

// Options say what to look for and how it is measured.
type Options struct {
	// Cells say how every cell is run. Points, Rounds, Requests, Twins, Precision,
	// Budget, Programs and the setting in question are ignored.
	Cells sweep.Options
	// Corners are the conditions in which the goal has to be reached, the hardest first
	// as far as known. A Concurrency of 0 in all of them is found out.
	Corners []Corner
	Setting targets.Setting // zero for a server without a directive to search for
	Clients []tune.Client   // the mix, or all clients with a weight of 1 if each has its corners
	Goal    tune.Goal
	Margin  float64       // factor between the cheapest value and the one to set, at least 1
	Budget  time.Duration // how long everything may take
	// Server is the server to tune; nil is the reference server.
	Server *Server
	// Others are the servers that are measured with what is found for the reference
	// server.
	Others []Server
	// Program returns the program of a word such as nginx:lingering_time=2s.
	Program func(word string) (cell.Program, error)
}

// Corner is one of the conditions. Client is ignored in Point.
type Corner struct {
	Point   results.Point
	Clients []tune.Client // a mix whose weights add up to 1
}

// Server is a server of the catalogue.
type Server struct {
	Name      string            // NAME or NAME:VARIANT, its configuration as it is
	Version   string            // empty where it is not installed
	Missing   string            // why it cannot be measured here; empty if it can
	Directive targets.Directive // zero if it has none for the setting
	Explicit  bool              // search for a value of Directive even if the default reaches the goal
	Variants  []string          // others, measured where nothing helps
	Otherwise string            // what else may help
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

// DefaultMargin is the margin of a setting in a unit. The time and the bytes that a
// server has to discard grow about in proportion to the round trip and to the body, so
// that twice the value holds for about twice of either. A limit has no such edge:
// its answer is bounded by the objective.
func DefaultMargin(u targets.Unit) float64 {
	if u == targets.Connections {
		return 1
	}
	return 2
}

const (
	stepsPerOctave  = 4   // values to a doubling: steps of 19%
	maxBatch        = 500 // most attempts between two looks, and so what an invalid cell wastes
	maxInvalidCells = 6   // in a row, after which a search ends
)

// autoConcurrencies are tried in this order when none is given, until autoCells cells in
// a row are valid: the more clients at once, the sooner there is an answer.
var autoConcurrencies = []int{50, 32, 20, 10, 5, 2}

const autoCells = 2

// Run finds the cheapest value of a setting that reaches the goal in all corners. It
// returns the TCP settings at the path's ends as well, as sweep.Run does. With an
// error, the tuning has what was found until then.
func Run(ctx context.Context, o Options, e Events) (*tune.Tuning, map[string]string, error) {
	began := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, o.Budget, ErrBudget)
	defer cancel()
	t := &tuner{Options: o, events: e, cells: map[cellsKey][]results.Cell{}, rounds: map[string]int{}}
	t.result = tune.Tuning{
		Clients: o.Clients, Target: o.Goal.Target, Confidence: 1 - o.Goal.Alpha, ObjectiveMs: units.Milliseconds(o.Goal.Objective), Margin: o.Margin,
		Candidates: []tune.Candidate{}, Equivalents: []tune.Equivalent{}, Servers: []tune.Verification{}, Advice: tune.Undecided,
	}
	if o.Setting.Name != "" {
		t.result.Setting, t.result.Unit = o.Setting.Name, o.Setting.Unit.String()
	}
	err := t.run(limited)
	if err != nil && context.Cause(limited) == ErrBudget && ctx.Err() == nil {
		err = fmt.Errorf("%w: %v", ErrBudget, o.Budget)
	}
	t.complete(err)
	t.result.Seconds = time.Since(began).Seconds()
	return &t.result, t.sysctl, err
}

// cellsKey names the cells of a value, or of a program, in a corner and a phase.
type cellsKey struct {
	subject subject
	corner  int
	phase   tune.Phase
}

// subject is what is measured: the reference server with a value of the setting, or
// the program of a word.
type subject struct {
	word  string
	value int64
}

// tuner measures for a search.
type tuner struct {
	Options
	events Events

	cells  map[cellsKey][]results.Cell
	rounds map[string]int // cells of each point and settings so far
	result tune.Tuning

	cellSeeds uint64 // used so far
	sysctl    map[string]string
}

func (t *tuner) run(ctx context.Context) error {
	if err := t.findConcurrency(ctx); err != nil {
		return err
	}
	if t.Server != nil {
		return t.tuneServer(ctx)
	}
	if err := t.search(ctx, func(v int64) subject { return subject{value: v} }); err != nil || t.result.Chosen == nil {
		return err
	}
	return t.verifyOthers(ctx)
}

// search looks for a value of the setting.
func (t *tuner) search(ctx context.Context, of func(v int64) subject) error {
	search := t.searchOf(of)
	search.Values, search.Start, search.Half, search.Margin = t.values(), t.start(), t.half, t.withMargin
	found, err := search.Run(ctx)
	candidate := func(j *tune.Judgement) *tune.Candidate {
		if j == nil {
			return nil
		}
		c := t.candidate(*j, of)
		return &c
	}
	for i := range found.Trail {
		t.result.Candidates = append(t.result.Candidates, *candidate(&found.Trail[i]))
	}
	t.result.Edge, t.result.Chosen, t.result.Neighbor = candidate(found.Edge), candidate(found.Chosen), candidate(found.Half)
	switch {
	case found.Chosen != nil:
		t.result.Advice = tune.SetIt
		return err
	case err == nil:
		t.result.Advice = tune.NothingHelps
	}
	for i, c := range t.result.Candidates {
		if t.result.Best == nil || c.Share > t.result.Best.Share {
			t.result.Best = &t.result.Candidates[i]
		}
	}
	return err
}

// searchOf returns a search over the corners, of values whose subjects are given.
func (t *tuner) searchOf(of func(v int64) subject) tune.Search {
	s := tune.Search{
		Goal: t.Goal, Corners: len(t.Corners), First: sweep.DefaultRequests(t.Corners[0].Point.Concurrency), Batch: maxBatch,
		Measure: func(ctx context.Context, v int64, corner int, phase tune.Phase, n int64) (tune.Evidence, error) {
			return t.measure(ctx, of(v), corner, phase, n)
		},
	}
	for _, c := range t.Corners[0].Clients {
		s.Weights = append(s.Weights, c.Weight)
	}
	if t.events.Looked != nil {
		s.Looked = func(j tune.Judgement) { t.events.Looked(t.candidate(j, of)) }
	}
	return s
}

// values are the grid, from the cheapest value to the dearest. A limit that admits
// every client rejects nothing, so the range of connections ends below that. Of a
// directive they are those that the server keeps.
func (t *tuner) values() []int64 {
	low, high := t.Setting.Low, t.Setting.High
	if t.Setting.Unit == targets.Connections {
		high = max(min(high, t.leastConcurrency()-1), low)
	}
	var values []int64
	for _, v := range tune.Grid(low, high, stepsPerOctave) {
		if v, ok := t.kept(round3(v)); ok {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	values = slices.Compact(values)
	if t.Setting.LargerIsCheaper {
		slices.Reverse(values)
	}
	return values
}

// leastConcurrency is the smallest number of clients at once in any corner.
func (t *tuner) leastConcurrency() int64 {
	least := t.Corners[0].Point.Concurrency
	for _, c := range t.Corners {
		least = min(least, c.Point.Concurrency)
	}
	return int64(least)
}

// kept returns the value that is measured for v: of a directive one that the server
// keeps. The spare of a directive is left out, because the server itself is measured.
func (t *tuner) kept(v int64) (int64, bool) {
	if t.Server == nil {
		return v, true
	}
	steps := t.Server.Directive.Steps()
	steps.Spare = 0
	return steps.Keep(v, t.Setting.LargerIsCheaper)
}

// withMargin returns the value to set where v is the cheapest that passes.
func (t *tuner) withMargin(v int64) int64 {
	if t.Margin <= 1 {
		return v
	}
	wide := round3(int64(float64(v) * t.Margin))
	if t.Setting.LargerIsCheaper {
		wide = max(int64(float64(v)/t.Margin), t.Setting.Low)
	}
	if kept, ok := t.kept(wide); ok {
		return kept
	}
	return v
}

// round3 rounds to three significant digits, for readers.
func round3(v int64) int64 {
	unit := int64(1)
	for v/unit >= 1000 {
		unit *= 10
	}
	return (v + unit/2) / unit * unit
}

// start is the value to begin at. Of a server whose default misses the goal it is the
// dearest: if that misses as well, no other is measured. Otherwise it is, for a time four round trips and at least 20 ms,
// for bytes half the body and at least 4 KiB, for connections half of the clients.
func (t *tuner) start() int64 {
	if t.Server != nil && t.result.Servers[0].Advice() != tune.LeaveDefault {
		return t.Setting.High
	}
	p := t.Corners[0].Point
	switch t.Setting.Unit {
	case targets.Nanoseconds:
		return max(int64(4*t.Cells.PathOf(p).RTT()), int64(20*time.Millisecond))
	case targets.Bytes:
		return max(p.BodyBytes/2, 4<<10)
	}
	return int64(max(p.Concurrency/2, 1))
}

// half returns the value that has to miss the goal if v is the cheapest that
// reaches it, and false if that is out of range.
func (t *tuner) half(v int64) (int64, bool) {
	if t.Setting.LargerIsCheaper {
		v *= 2
		return v, v < t.leastConcurrency()
	}
	if t.Server == nil {
		return v / 2, v/2 >= 1 && v/2 >= t.Setting.Low
	}
	half, ok := t.kept(v / 2)
	return half, ok && half < v
}

// findConcurrency finds how many clients at once this machine carries in each corner, if
// none were given. A limit is a number of clients, so it is tuned for as many in each.
func (t *tuner) findConcurrency(ctx context.Context) error {
	if t.Corners[0].Point.Concurrency > 0 {
		return nil
	}
	for i := range t.Corners {
		t.Corners[i].Point.Concurrency = autoConcurrencies[0]
	}
	for i := range t.Corners {
		if err := t.findConcurrencyOf(ctx, i); err != nil {
			return err
		}
	}
	if t.Setting.Unit == targets.Connections {
		least := int(t.leastConcurrency())
		for i := range t.Corners {
			t.Corners[i].Point.Concurrency = least
		}
	}
	return nil
}

func (t *tuner) findConcurrencyOf(ctx context.Context, corner int) error {
	var reason string
	for _, n := range autoConcurrencies {
		t.Corners[corner].Point.Concurrency = n
		of := subject{}
		if t.Server != nil {
			of.word = t.Server.Name
		} else {
			values := t.values()
			of.value = values[tune.Place(values, t.start())]
		}
		carried := true
		for cells := 0; carried && cells < autoCells; cells++ {
			// With 0 the cell makes the default number of attempts.
			tries, err := t.cell(ctx, of, corner, t.Corners[corner].Clients[0].Client, 0)
			if err != nil {
				return err
			}
			carried, reason = tries[0].Valid, tries[0].InvalidReason
		}
		if carried {
			return nil
		}
	}
	return fmt.Errorf("%w: %s", ErrInvalidCells, reason)
}

// measure runs a cell of each client of a corner.
func (t *tuner) measure(ctx context.Context, of subject, corner int, phase tune.Phase, n int64) (e tune.Evidence, err error) {
	clients := t.Corners[corner].Clients
	parts := make([]stats.WeightedShare, len(clients))
	for i, c := range clients {
		parts[i].Weight = c.Weight
	}
	for i, n := range tune.Allot(parts, n) {
		c, err := t.validCell(ctx, of, corner, phase, clients[i].Client, n)
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
func (t *tuner) validCell(ctx context.Context, of subject, corner int, phase tune.Phase, client string, n int64) (results.Cell, error) {
	for invalid := 1; ; invalid++ {
		tries, err := t.cell(ctx, of, corner, client, n)
		if err != nil {
			return results.Cell{}, err
		}
		last := tries[len(tries)-1]
		key := cellsKey{of, corner, phase}
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
func (t *tuner) cell(ctx context.Context, of subject, corner int, client string, n int64) (tries []results.Cell, err error) {
	o, err := t.cellOptions(of, corner, client, n)
	if err != nil {
		return nil, err
	}
	label := o.Points[0].String()
	round := t.rounds[label]
	t.rounds[label]++
	sysctl, err := sweep.Run(ctx, o, sweep.Events{Done: func(c results.Cell, final bool) error {
		c.Round = round
		t.result.Cells++
		t.result.Attempts += c.Attempts
		if !c.Valid {
			t.result.Invalid++
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

// cellOptions say how the next cell of a subject is run, with about n attempts.
func (t *tuner) cellOptions(of subject, corner int, client string, n int64) (sweep.Options, error) {
	o := t.Cells
	p := t.Corners[corner].Point
	p.Client = client
	o.Programs = nil
	if of.word == "" {
		config := targets.Config{Bounds: o.Bounds, Limit: p.Limit}
		t.Setting.Apply(&config, of.value)
		o.Bounds = config.Bounds
		p.Limit, p.Settings = config.Limit, t.Setting.Name+"="+t.Setting.Unit.Format(of.value)
	} else {
		program, err := t.Program(of.word)
		if err != nil {
			return o, err
		}
		p.Strategy, p.Limit = of.word, 0
		o.Programs = map[string]cell.Program{of.word: program}
	}
	o.Frames = slices.ContainsFunc(t.Corners, func(c Corner) bool { return t.Cells.PathOf(c.Point).NeedsFrames() })
	o.Points, o.Rounds, o.Twins, o.Precision, o.Budget = []results.Point{p.Key()}, 1, 0, 0, 0
	// With fewer attempts than clients a limit might reject nothing.
	o.Requests = max(n, sweep.DefaultRequests(p.Concurrency))
	// Every cell has its own seed, or all would lose the same packets. The
	// multiplier is 2^64 over the golden ratio, which spreads consecutive numbers.
	t.cellSeeds++
	o.Seed = t.Cells.Seed + t.cellSeeds*0x9E3779B97F4A7C15
	return o, nil
}

// candidate returns a judgement as a tuning has it.
func (t *tuner) candidate(j tune.Judgement, of func(v int64) subject) tune.Candidate {
	c := tune.NewCandidate(&j, 1-t.Goal.Alpha)
	what := of(j.Value)
	if c.Text = what.word; j.Phase != tune.Verifying {
		c.Text = t.Setting.Unit.Pretty(j.Value)
	}
	for _, corner := range j.Corners {
		c.Cost = c.Cost.Max(tune.NewCost(t.cells[cellsKey{what, corner.Corner, j.Phase}], t.Corners[corner.Corner].Clients))
	}
	return c
}

// complete adds to the result what follows from what was found.
func (t *tuner) complete(err error) {
	r := &t.result
	if err != nil {
		r.Unfinished = err.Error()
	}
	for _, c := range t.Corners {
		p := c.Point
		p.Client = ""
		if len(c.Clients) == 1 {
			p.Client = c.Clients[0].Client
		}
		r.Corners = append(r.Corners, p)
	}
	r.Point = t.Corners[0].Point.Without("client")
	if r.Chosen == nil || t.Server != nil {
		return
	}
	r.Equivalents = directives(t.Setting, r.Chosen.Value)
	config := targets.Config{Bounds: t.Cells.Bounds, Limit: r.Point.Limit}
	t.Setting.Apply(&config, r.Chosen.Value)
	hold, err := targets.LongestHold(r.Point.Strategy, config.Bounds)
	if err != nil {
		hold.Unknown = true
	}
	r.HoldBoundMs, r.HoldBound, r.HoldUnknown = units.Milliseconds(hold.Longest), hold.Bound, hold.Unknown
}

// directives returns how other servers are configured with a value of a setting.
func directives(s targets.Setting, v int64) (all []tune.Equivalent) {
	for _, d := range targets.DirectivesOf(s.Name) {
		w := tune.Equivalent{Server: d.Server, Directive: d.Write(v), Note: d.Note, Source: d.Source}
		if !d.Settable() && d.Name != "" {
			w.Note = strings.TrimSuffix(d.Name+" "+d.Default+", "+d.Note, ", ")
		}
		if steps := d.Steps(); d.Settable() {
			w.Steps, w.StepsSource = d.StepsText(), steps.Source
			if w.Directive == "" {
				w.Steps = strings.TrimSuffix("it keeps no such value, "+w.Steps, ", ")
			}
		}
		all = append(all, w)
	}
	return all
}
