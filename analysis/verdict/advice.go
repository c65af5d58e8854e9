package verdict

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// advise returns the one recommendation: of the strategies that deliver at every
// condition of the run, those that a hostile client can hold for the shortest time, of
// these those that hold a connection for measurably less time, and then those that take
// measurably less CPU time.
func (v *Verdict) advise(points []*analysis.Summary) Advice {
	if len(v.Strategies) < 2 {
		return Advice{}
	}
	conditions := len(analysis.NamesOf(points, func(s *analysis.Summary) string { return s.Conditions().String() }))
	var left, open []*Strategy
	var out []string
	for i := range v.Strategies {
		s := &v.Strategies[i]
		switch {
		case s.Counts.Delivers == conditions:
			left = append(left, s)
			continue
		case s.Counts.Loses == 0:
			open = append(open, s)
		}
		out = append(out, s.Name)
	}
	if len(left) == 0 {
		return Advice{}
	}
	slices.SortStableFunc(left, func(a, b *Strategy) int { return cmp.Compare(a.HoldMs, b.HoldMs) })
	a := Advice{Reasons: []Reason{{ByDelivery, namesOf(left), out}}}
	for _, step := range []struct {
		kind   ReasonKind
		better func(s, than *Strategy) bool
	}{
		{ByHostile, shorterHostile},
		{ByHold, measurably(func(s *analysis.Summary) float64 { return s.HoldMs.Mean })},
		{ByCPU, measurably(func(s *analysis.Summary) float64 { return s.CPUUs })},
	} {
		best := slices.DeleteFunc(slices.Clone(left), func(s *Strategy) bool {
			return slices.ContainsFunc(left, func(o *Strategy) bool { return step.better(o, s) })
		})
		if len(best) == 0 || len(best) == len(left) {
			continue
		}
		ruledOut := slices.DeleteFunc(namesOf(left), func(name string) bool { return slices.Contains(namesOf(best), name) })
		left = best
		a.Reasons = append(a.Reasons, Reason{step.kind, namesOf(left), ruledOut})
	}
	a.Strategy, a.Tied = left[0].Name, namesOf(left[1:])
	for _, s := range open {
		// Where the holds are equal, the cost of one that does not deliver says nothing.
		if !shorterHostile(left[0], s) {
			a.Unless = append(a.Unless, s.Name)
		}
	}
	return a
}

func namesOf(strategies []*Strategy) []string {
	names := make([]string, len(strategies))
	for i, s := range strategies {
		names[i] = s.Name
	}
	return names
}

// shorterHostile reports whether a hostile client can hold a connection of s for less
// time. A time that is not known is longer than one that is.
func shorterHostile(s, than *Strategy) bool {
	if !s.Hostile.Known || !than.Hostile.Known {
		return s.Hostile.Known && !than.Hostile.Known
	}
	return s.Hostile.LongestMs < than.Hostile.LongestMs
}

// leastSaved is the smallest saving that counts as one, as a share of the cost.
const leastSaved = 0.1

// measurably returns whether a strategy has measurably lower costs than another: lower
// by a tenth in the mean of the conditions they have in common, and by a sign test over
// these.
func measurably(cost func(*analysis.Summary) float64) func(s, than *Strategy) bool {
	return func(s, than *Strategy) bool {
		other := map[results.Point]float64{}
		for _, p := range than.points {
			other[p.Conditions()] = cost(p)
		}
		var sum, otherSum float64
		var wins, decided int64
		for _, p := range s.points {
			mine, theirs := cost(p), other[p.Conditions()]
			if mine <= 0 || theirs <= 0 {
				continue
			}
			sum, otherSum = sum+mine, otherSum+theirs
			if mine == theirs {
				continue
			}
			decided++
			if mine < theirs {
				wins++
			}
		}
		return sum < (1-leastSaved)*otherSum && stats.SignTest(wins, decided)
	}
}
