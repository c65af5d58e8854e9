// Package frontier places strategies by the share of rejections they deliver and by
// what a rejection costs the server. It compares strategies over the conditions
// measured for all of them, and only as far as the samples distinguish them.
//
//  1. Rejecting selects the points with rejections, Mixes the kinds of client.
//  2. Of pools each strategy, and finds which are on the frontier, beaten, or not
//     distinguishable (Place), for one of the Costs.
package frontier

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Cost is a cost of a rejection for the server, of which less is better.
type Cost struct {
	Name string // name of the metric
	Unit string // ms, us or B
	Noun string // name in a sentence
	// of returns the mean cost per rejection at a point, and the number of rejections
	// that the mean is over. It reports false where the point has no such figure.
	of func(*analysis.Summary) (perRejection float64, n int64, ok bool)
}

// Costs is the table of the costs.
var Costs = []Cost{
	{"hold_ms", "ms", "hold time", func(s *analysis.Summary) (float64, int64, bool) {
		return s.HoldMs.Mean, s.HoldMs.Count, s.HoldMs.Count > 0
	}},
	{"cpu_us", "us", "CPU time", func(s *analysis.Summary) (float64, int64, bool) { return s.CPUUs, s.Rejections, s.CPUUs > 0 }},
	{"drained_bytes", "B", "bytes drained", func(s *analysis.Summary) (float64, int64, bool) {
		bytes, ok := s.DrainedPerRejection()
		return bytes, s.Rejections, ok
	}},
}

// Place is the place of a strategy relative to the frontier. The zero value is
// OnFrontier.
type Place int

// The places.
const (
	OnFrontier Place = iota // no other strategy delivers as much for less, or more for no more
	NotApart                // the samples do not show whether another strategy is better
	Beaten                  // another strategy is measurably better: see Of
)

// Places is the table of the names of places.
var Places = [...]struct {
	Place
	Name, Summary string
}{
	{OnFrontier, "on", "no other strategy delivers as much for less, or more for no more"},
	{NotApart, "unclear", "by the figures another strategy may be better or as good; the samples do not distinguish them"},
	{Beaten, "beaten", "another strategy is measurably cheaper and its share is not measurably lower, or its share is measurably higher for no higher cost"},
}

// String returns the name on the page and in its downloads.
func (p Place) String() string { return Places[p].Name }

// Position is a strategy over a mix of conditions.
type Position struct {
	Strategy  string
	Delivered stats.Share // pooled over the conditions, so without an interval
	Cost      float64     // mean per rejection over all conditions, in the unit of the cost
	N         int64       // number of rejections behind Cost
	Place     Place
	BeatenBy  string                    // the first strategy that dominates it; empty unless Beaten
	byPoint   map[results.Point]float64 // mean cost under each condition
	shares    map[results.Point]stats.Share
}

// Of places the strategies of points by share and cost, the cheapest first. It compares
// them over the conditions that were measured for all of them, as analysis.Rank does,
// and returns the number of those conditions. With fewer than two strategies there is
// no position.
//
// A strategy's share is measurably higher than another's when it is so under at least
// one condition, where their 95% intervals do not overlap, and when it is measurably
// lower under none. A cost is measurably lower than another when its mean is lower and when it
// wins a sign test: the Wilson interval of the share of conditions in which it is the
// lower one lies above one half. The samples of this test are conditions, so with
// fewer than four of them no cost is measurably lower.
//
// A dominates B when A's share is not measurably lower, A's cost is not higher, and one
// of the two is measurably better. Along a chain of dominations the cost never rises,
// and where it stays the share rises. So there are no cycles, and at least one strategy
// is not dominated. A strategy that is not dominated is still NotApart when another has
// no measurably lower share, no measurably higher cost, and either a measurably higher
// share or no worse figure in either.
func Of(points []*analysis.Summary, cost Cost) (found []Position, conditions int) {
	same := analysis.SameConditions(analysis.Where(points, func(s *analysis.Summary) bool {
		_, _, ok := cost.of(s)
		return ok && s.HasShare()
	}))
	strategies := analysis.NamesOf(same, analysis.StrategyOf)
	if len(strategies) < 2 {
		return nil, 0
	}
	for _, strategy := range strategies {
		f := Position{Strategy: strategy, byPoint: map[results.Point]float64{}, shares: map[results.Point]stats.Share{}}
		var sum float64
		for _, s := range analysis.OfStrategy(same, strategy) {
			f.Delivered = f.Delivered.Plus(s.Delivered)
			f.shares[s.Conditions()] = s.Delivered
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

// place sets the place of f among all positions.
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

// dominates reports whether f dominates o, see Of.
func (f *Position) dominates(o *Position) bool {
	return !f.below(o) && f.Cost <= o.Cost && (o.below(f) && f.Delivered.Value > o.Delivered.Value || f.cheaper(o))
}

// mayBeat reports whether f could dominate o with more samples.
func (f *Position) mayBeat(o *Position) bool {
	if f.below(o) || o.cheaper(f) {
		return false
	}
	noWorse := f.Delivered.Value >= o.Delivered.Value && f.Cost <= o.Cost
	return o.below(f) && !f.below(o) || noWorse
}

// below reports whether f's share is measurably lower than o's under some condition.
func (f *Position) below(o *Position) bool {
	for at, share := range f.shares {
		if other, ok := o.shares[at]; ok && share.High < other.Low {
			return true
		}
	}
	return false
}

// cheaper reports whether f's cost is measurably lower than o's.
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
	return stats.SignTest(wins, decided)
}

// Mixes returns the sets of points to compute a frontier for, with their names: one per
// client, and all clients together where there are several.
func Mixes(points []*analysis.Summary) (names []string, parts [][]*analysis.Summary) {
	for _, client := range analysis.NamesOf(points, analysis.ClientOf) {
		names = append(names, client+" client")
		parts = append(parts, analysis.OfClient(points, client))
	}
	if len(names) > 1 {
		names, parts = append(names, "all clients"), append(parts, points)
	}
	return names, parts
}

// Rejecting returns the points with a valid cell and with rejections.
func Rejecting(summaries []*analysis.Summary) []*analysis.Summary {
	return analysis.Where(summaries, (*analysis.Summary).HasShare)
}
