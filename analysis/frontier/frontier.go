package frontier

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Cost is what a strategy pays with for the share it delivers: a figure a
// rejection of which less is better.
type Cost struct {
	Name string // as the metric's
	Unit string
	Noun string // in a sentence: by ...
	// of returns a point's cost a rejection and how many rejections that is the
	// mean of; false where the point has none on record.
	of func(*analysis.Summary) (perRejection float64, n int64, ok bool)
}

// Costs are the costs that a frontier is drawn for.
var Costs = []Cost{
	{"hold_ms", "ms", "hold time", func(s *analysis.Summary) (float64, int64, bool) {
		return s.HoldMs.Mean, s.HoldMs.Count, s.HoldMs.Count > 0
	}},
	{"cpu_us", "us", "CPU time", func(s *analysis.Summary) (float64, int64, bool) { return s.CPUUs, s.Rejected, s.CPUUs > 0 }},
	{"drained_bytes", "B", "bytes drained", func(s *analysis.Summary) (float64, int64, bool) {
		return float64(s.BytesDrained) / float64(max(s.Rejected, 1)), s.Rejected, s.HoldMs.Count > 0
	}},
}

// Place is where a strategy stands to a frontier. The zero value is OnFrontier.
type Place int

// The places.
const (
	OnFrontier Place = iota // nothing delivers as much for less, or more for as much
	NotApart                // not measurably beaten, nor measurably on it
	Beaten                  // measurably dominated
)

// Places is the one table that the names of places come from.
var Places = [...]struct {
	Place
	Name, Summary string
}{
	{OnFrontier, "on", "no other strategy delivers as much for less, or more for no more"},
	{NotApart, "unclear", "by its figures another one may be better, or as good; the samples do not tell them apart"},
	{Beaten, "beaten", "another one delivers no measurably lower share and is measurably cheaper, or a measurably higher share for no more"},
}

// String is the place's name in the page and in its downloads.
func (p Place) String() string { return Places[p].Name }

// Position is a strategy over a mix of conditions.
type Position struct {
	Strategy  string
	Delivered stats.Share // pooled over the conditions
	Cost      float64     // mean a rejection, over the conditions together
	N         int64       // rejections the cost is the mean of
	Place     Place
	BeatenBy  string                    // the first strategy that dominates it; empty unless Beaten
	byPoint   map[results.Point]float64 // cost under each condition
}

// Of places the strategies of some points by share and cost. Strategies
// are compared over the conditions that were measured for every one of them, as
// rank does; the number of those is returned too. The points come cheapest first.
//
// Of two shares one is measurably higher when their 95% Wilson intervals do not
// overlap. Of two costs one is measurably lower when its mean is, and when it is
// the lower one under so many of the conditions that the Wilson interval of
// that number lies above a half: a sign test, for which conditions are the
// samples, so that with fewer than four of them no cost is.
//
// A dominates B when A's share is not measurably lower and A's cost not higher,
// and when one of the two is measurably better. Along domination the cost never
// rises, and falls or stays while the share rises: so it has no circles, and
// there is always something that nothing dominates. What is not dominated is
// still NotApart when another has no measurably lower share, no measurably higher
// cost, and either a measurably higher share or no worse figure in either.
func Of(points []*analysis.Summary, cost Cost) (found []Position, conditions int) {
	same := analysis.SameConditions(analysis.Where(points, func(s *analysis.Summary) bool {
		_, _, ok := cost.of(s)
		return ok && s.Valid() && s.Delivered.Known()
	}))
	strategies := analysis.NamesOf(same, analysis.StrategyOf)
	if len(strategies) < 2 {
		return nil, 0
	}
	for _, strategy := range strategies {
		f := Position{Strategy: strategy, byPoint: map[results.Point]float64{}}
		var sum float64
		for _, s := range analysis.Where(same, func(s *analysis.Summary) bool { return s.Strategy == strategy }) {
			f.Delivered = f.Delivered.Plus(s.Delivered)
			each, n, _ := cost.of(s)
			f.byPoint[s.Conditions()] = each
			sum += each * float64(n)
			f.N += n
		}
		if f.N > 0 {
			f.Cost = sum / float64(f.N)
		}
		found = append(found, f)
	}
	slices.SortStableFunc(found, func(a, b Position) int {
		return cmp.Or(cmp.Compare(a.Cost, b.Cost), cmp.Compare(b.Delivered.Value, a.Delivered.Value), cmp.Compare(a.Strategy, b.Strategy))
	})
	for i := range found {
		found[i].place(found)
	}
	return found, len(found[0].byPoint)
}

func (f *Position) place(all []Position) {
	for i := range all {
		o := &all[i]
		if o.Strategy == f.Strategy {
			continue
		}
		if o.dominates(f) {
			f.Place, f.BeatenBy = Beaten, o.Strategy
			return
		}
		if o.mayBeat(f) {
			f.Place = NotApart
		}
	}
}

func (f *Position) dominates(o *Position) bool {
	return f.Delivered.High >= o.Delivered.Low && f.Cost <= o.Cost && (f.Delivered.Low > o.Delivered.High || f.cheaper(o))
}

func (f *Position) mayBeat(o *Position) bool {
	if f.Delivered.High < o.Delivered.Low || o.cheaper(f) {
		return false
	}
	noWorse := f.Delivered.Value >= o.Delivered.Value && f.Cost <= o.Cost
	return f.Delivered.Low > o.Delivered.High || noWorse
}

// cheaper tells whether f's cost is measurably lower than o's.
func (f *Position) cheaper(o *Position) bool {
	if f.Cost >= o.Cost {
		return false
	}
	var wins, decided int64
	for at, cost := range f.byPoint {
		other, ok := o.byPoint[at]
		if !ok || cost == other {
			continue
		}
		decided++
		if cost < other {
			wins++
		}
	}
	return stats.NewShare(wins, decided).Known() && stats.NewShare(wins, decided).Low > 0.5
}

// DrainUntilAcked is the strategy whose place every reader of a frontier asks for.
const DrainUntilAcked = "drain-until-acked"

// Mixes are the points a frontier is computed for: each kind of client, and all
// of them together where there are several.
func Mixes(points []*analysis.Summary) (names []string, parts [][]*analysis.Summary) {
	for _, client := range analysis.NamesOf(points, analysis.ClientOf) {
		names = append(names, client+" client")
		parts = append(parts, analysis.Where(points, func(s *analysis.Summary) bool { return s.Client == client }))
	}
	if len(names) > 1 {
		names, parts = append(names, "all clients"), append(parts, points)
	}
	return names, parts
}

// Rejecting are the points that frontiers and findings on shares speak of.
func Rejecting(summaries []*analysis.Summary) []*analysis.Summary {
	return analysis.Where(summaries, func(s *analysis.Summary) bool { return s.Valid() && s.Delivered.Known() })
}
