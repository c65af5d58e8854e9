// Package verdict draws the headline of a run from its points: what is lost, to whom,
// what to set, whether the machine was busy, and what is undecided. It is data; it
// renders nothing.
//
// Every point is judged alone, by the 95% interval of its delivered share (see State).
// So of many conditions whose share is exactly the target a few seem to lose by chance;
// rules of analysis/rules allow for that, and a headline does not. Shares of different
// points are counted, never added up: a share over several conditions is a mixture that
// the grid chose. So a statement of one run contradicts one of another run only where an
// interval is wrong.
//
// A renderer prints, in this order:
//
//  1. Machine, if Busy reports true, because the figures then describe the load.
//  2. Strategies, which are sorted by Tier and have the worst first: the name, the
//     tier, Worst with its figure, Counts, and the axes that have both Lost and Spared
//     values.
//  3. Advice: the strategy and its reasons, or why there is none.
//  4. NoInterval or the undecided conditions, with what would decide them.
//
// Figures are to be written with Share's K and N, and the interval where it has one.
package verdict

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Target is the delivered share from which on a condition counts as delivering, unless
// Options name another. 300 attempts in five rounds show it if none to about four are
// lost; no feasible default run can show 99%.
const Target = 0.95

// State is the judgement on one condition.
type State int

// The states of a condition.
const (
	// Undecided is a condition whose interval holds the target, or that has no interval.
	Undecided State = iota
	// Delivers is a condition whose interval's lower bound is at least the target.
	Delivers
	// Loses is a condition whose interval's upper bound is below the target.
	Loses
)

// StateOf judges a delivered share. A share without an interval is undecided.
func StateOf(share stats.Share, target float64) State {
	switch {
	case !share.Known() || !share.HasInterval():
		return Undecided
	case share.Low >= target:
		return Delivers
	case share.High < target:
		return Loses
	}
	return Undecided
}

// Tier is the judgement on a strategy over all its conditions.
type Tier int

// The tiers, the worst first.
const (
	// NearlyAllLost is a strategy with a condition whose upper bound is below
	// 1 - target: there all or nearly all answers are lost.
	NearlyAllLost Tier = iota
	// SomeLost is a strategy that loses at one condition or more.
	SomeLost
	// Open is a strategy that is not shown to lose anywhere, and is undecided somewhere.
	Open
	// NoneLost is a strategy that delivers at every condition.
	NoneLost
)

// Predicate says something of one strategy or of several, whose names it follows: the
// verb for several, the verb for one, and the rest.
type Predicate struct{ Many, One, Rest string }

// Of returns the words that follow the names of n strategies.
func (p Predicate) Of(n int) string {
	if n == 1 {
		return p.One + " " + p.Rest
	}
	return p.Many + " " + p.Rest
}

var tierWords = map[Tier]Predicate{
	NearlyAllLost: {Many: "lose", One: "loses", Rest: "all or nearly all answers at some conditions"},
	SomeLost:      {Many: "lose", One: "loses", Rest: "answers at some conditions"},
	Open:          {Many: "are", One: "is", Rest: "undecided"},
	NoneLost:      {Many: "deliver", One: "delivers", Rest: "at every condition measured"},
}

// Says returns the tier in words that follow the names of n strategies.
func (t Tier) Says(n int) string { return tierWords[t].Of(n) }

// OfTier returns the strategies of a tier, in their order.
func (v *Verdict) OfTier(t Tier) []Strategy {
	return slices.DeleteFunc(slices.Clone(v.Strategies), func(s Strategy) bool { return s.Tier != t })
}

// Counts is a number of conditions by state.
type Counts struct {
	Delivers, Loses, Undecided int
	// Lossy is the number of conditions at which answers were seen to be lost, whatever
	// their intervals.
	Lossy int
}

// Total returns the number of conditions.
func (c Counts) Total() int { return c.Delivers + c.Loses + c.Undecided }

// add counts a condition.
func (c *Counts) add(s *analysis.Summary, state State) {
	switch state {
	case Delivers:
		c.Delivers++
	case Loses:
		c.Loses++
	default:
		c.Undecided++
	}
	if s.Delivered.K < s.Delivered.N {
		c.Lossy++
	}
}

// Verdict is the headline of a run.
type Verdict struct {
	Target float64 // delivered share from which on a condition delivers, 0 to 1
	// Counts is the number of points by state: conditions of all strategies.
	Counts Counts
	// Strategies has every strategy, or server, with a delivered share, outside
	// scenarios. The worst tier comes first, within a tier the lowest worst share.
	Strategies []Strategy
	// Axes is where the strategies that lose do so, taken together: a value is spared if
	// all of them deliver there.
	Axes []Axis
	// Missing names the strategies without a valid cell.
	Missing []string
	// Advice is the one recommendation of the run.
	Advice  Advice
	Machine Machine
	// NoInterval says that shares have no intervals, and what would give them one.
	// Empty where all have one.
	NoInterval string
}

// Strategy is a strategy over the conditions at which it was measured.
type Strategy struct {
	Name   string
	Tier   Tier
	Counts Counts // its conditions
	// Worst is the condition with the lowest delivered share. Others may not differ
	// from it measurably, so "as low as" is the word for its share.
	Worst *analysis.Summary
	// Axes has the coordinates, except the strategy, of which the run has several
	// values, in the order of results.Coordinates.
	Axes []Axis
	// HoldMs is the mean time that a rejection holds a connection, over all rejections,
	// in milliseconds; CPUUs its CPU time in microseconds. 0 where not measured.
	HoldMs, CPUUs float64
	// Hostile is for how long a hostile client can hold a rejected connection. It is
	// derived from the settings and not measured.
	Hostile Hold

	points []*analysis.Summary
}

// Axis is where along a coordinate a strategy loses. Each value of the coordinate is
// in exactly one list, in the order of the values.
type Axis struct {
	Coordinate *results.Coordinate
	Lost       []string // values with a condition that loses
	Spared     []string // values at which every condition delivers
	Undecided  []string // the other values
}

// Hold is for how long a hostile client, which sends a byte now and then, can hold a
// rejected connection.
type Hold struct {
	Known     bool
	LongestMs float64 // in milliseconds; 0 for a strategy that waits for nothing
	Bound     string  // the setting that ends it, such as linger-total; empty if nothing waits
}

// ReasonKind is a reason for the advice. The reasons are always checked in this order.
type ReasonKind int

// The reasons, in their order.
const (
	ByDelivery ReasonKind = iota // delivers at every condition measured
	ByHostile                    // a hostile client can hold a connection for the shortest time
	ByHold                       // measurably shorter mean hold of a connection
	ByCPU                        // measurably less CPU time
)

// Reason is one step of the advice: which strategies it left, and which it ruled out.
type Reason struct {
	Kind     ReasonKind
	Left     []string // that are still recommended after it
	RuledOut []string // that were until then
}

// Advice is what to set. The zero value recommends nothing.
type Advice struct {
	// Strategy is recommended; empty where no strategy delivers at every condition, or
	// where there is nothing to choose from. The numbers in Counts then tell why.
	Strategy string
	// Tied names strategies that no reason tells from it.
	Tied []string
	// Reasons are those that ruled something out, in the fixed order. ByDelivery is
	// always the first.
	Reasons []Reason
	// Unless names strategies that may be better: they are not shown to lose anywhere and
	// would win by a later reason, but are undecided at some conditions.
	Unless []string
}

// Machine is what the run says about the machine and its own validity.
type Machine struct {
	Rounds  int // rounds of points on record
	Invalid int // those without a valid try, which are in no figure
	Retries int // invalid tries that a valid one replaced
	// Dispersion is how much more rounds differ than independent attempts would: the
	// mean of all points. Far above 1, the attempts of a cell share their fate.
	Dispersion stats.Dispersion
	// Recorded reports whether a cell records the CPU time of others. Taken is the share
	// of the CPU time, 0 to 1, that others took from the cells, the mean over their time,
	// invalid ones included.
	Recorded bool
	Taken    float64
}

// Busy reports whether the machine was busy: others took more than half of what makes a
// single cell invalid. On a quiet machine of two CPUs the mean was below 1%.
func (m Machine) Busy() bool { return m.Taken > results.TakenBound/2 }

// Options are what a verdict needs beside the run. The zero value is usable.
type Options struct {
	// Target replaces the constant; 0 is the constant.
	Target float64
	// Hold returns for how long a hostile client can hold a connection of a strategy:
	// targets.LongestHold with the options of the run. Nil knows of none.
	Hold func(strategy string) Hold
}

// New returns the verdict on a run, over its points outside scenarios.
func New(study *analysis.Study, o Options) Verdict {
	v := Verdict{Target: cmp.Or(o.Target, Target)}
	grid := study.Grid()
	v.Machine = machineOf(study)
	v.NoInterval = analysis.MissingIntervals(grid)
	shares := analysis.Where(grid, (*analysis.Summary).HasShare)
	for _, name := range analysis.NamesOf(grid, analysis.StrategyOf) {
		points := analysis.OfStrategy(shares, name)
		if len(points) == 0 {
			v.Missing = append(v.Missing, name)
			continue
		}
		s := v.strategyOf(name, points, shares)
		if o.Hold != nil {
			s.Hostile = o.Hold(name)
		}
		v.Strategies = append(v.Strategies, s)
	}
	slices.SortStableFunc(v.Strategies, func(a, b Strategy) int {
		return cmp.Or(cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.Worst.Delivered.Value, b.Worst.Delivered.Value))
	})
	var losing []*analysis.Summary
	for _, s := range v.Strategies {
		if s.Counts.Loses > 0 {
			losing = append(losing, s.points...)
		}
	}
	v.Axes = v.axesOf(losing, shares)
	v.Advice = v.advise(shares)
	return v
}

// strategyOf judges a strategy by its points. all are those of the run.
func (v *Verdict) strategyOf(name string, points, all []*analysis.Summary) Strategy {
	pool := analysis.Pool(points)
	s := Strategy{Name: name, Worst: points[0], HoldMs: pool.HoldMs.Mean, CPUUs: pool.CPUUs, points: points}
	s.Tier = NoneLost
	for _, p := range points {
		state := StateOf(p.Delivered, v.Target)
		s.Counts.add(p, state)
		v.Counts.add(p, state)
		if p.Delivered.Value < s.Worst.Delivered.Value {
			s.Worst = p
		}
		switch {
		case state == Loses && p.Delivered.High < 1-v.Target:
			s.Tier = NearlyAllLost
		case state == Loses:
			s.Tier = min(s.Tier, SomeLost)
		case state == Undecided:
			s.Tier = min(s.Tier, Open)
		}
	}
	s.Axes = v.axesOf(points, all)
	return s
}

// axesOf returns where along the coordinates of which all points have several values
// some of them lose.
func (v *Verdict) axesOf(points, all []*analysis.Summary) []Axis {
	var axes []Axis
	for i := range results.Coordinates {
		if c := &results.Coordinates[i]; c.Name != "strategy" && len(points) > 0 && analysis.Varies(c, all) {
			axes = append(axes, axisOf(c, points, v.Target))
		}
	}
	return axes
}

// axisOf returns where along a coordinate points lose.
func axisOf(c *results.Coordinate, points []*analysis.Summary, target float64) Axis {
	a := Axis{Coordinate: c}
	valueOf := func(s *analysis.Summary) string { return c.TextWithUnit(&s.Point) }
	sorted := slices.Clone(points)
	// A name has no order but that of the points.
	if _, name := c.Value(&points[0].Point).(string); !name {
		slices.SortStableFunc(sorted, func(x, y *analysis.Summary) int { return compareValues(c, &x.Point, &y.Point) })
	}
	for _, value := range analysis.NamesOf(sorted, valueOf) {
		at := analysis.Where(points, func(s *analysis.Summary) bool { return valueOf(s) == value })
		var counts Counts
		for _, s := range at {
			counts.add(s, StateOf(s.Delivered, target))
		}
		switch {
		case counts.Loses > 0:
			a.Lost = append(a.Lost, value)
		case counts.Undecided > 0:
			a.Undecided = append(a.Undecided, value)
		default:
			a.Spared = append(a.Spared, value)
		}
	}
	return a
}

// compareValues compares the numbers of a coordinate; other values are equal.
func compareValues(c *results.Coordinate, a, b *results.Point) int {
	switch x := c.Value(a).(type) {
	case int64:
		return cmp.Compare(x, c.Value(b).(int64))
	case float64:
		return cmp.Compare(x, c.Value(b).(float64))
	}
	return 0
}

func machineOf(study *analysis.Study) Machine {
	var m Machine
	m.Rounds, m.Invalid, m.Retries = analysis.CountRounds(study.WithTwins())
	var dispersions []stats.Dispersion
	for _, s := range study.Summaries {
		dispersions = append(dispersions, s.Dispersion)
	}
	m.Dispersion = stats.MeanDispersion(dispersions)
	var taken, seconds float64
	for i := range study.Run.Cells {
		if c := &study.Run.Cells[i]; c.CPU != nil && c.Seconds > 0 {
			taken += c.CPU.TakenShare(c.Seconds) * c.Seconds
			seconds += c.Seconds
		}
	}
	if seconds > 0 {
		m.Recorded, m.Taken = true, taken/seconds
	}
	return m
}
