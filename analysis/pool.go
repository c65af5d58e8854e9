package analysis

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// Pool adds up summaries of different points, counts before shares. What it
// says holds for the mix of those points and no other, so callers name them.
func Pool(parts []*Summary) *Summary {
	all := &Summary{TCP: map[string]int64{}, Ends: map[string]int64{}}
	var cpu float64
	hold := make([]results.Percentiles, 0, len(parts))
	for _, s := range parts {
		all.Cells += s.Cells
		all.Rounds += s.Rounds
		all.Retries += s.Retries
		all.Attempts += s.Attempts
		all.Outcomes.Add(s.Outcomes)
		all.Rejected += s.Rejected
		all.Delivered = all.Delivered.Plus(s.Delivered)
		all.ThenReset = all.ThenReset.Plus(s.ThenReset)
		all.Unread = all.Unread.Plus(s.Unread)
		for name, n := range s.TCP {
			all.TCP[name] += n
		}
		all.Wire = addWire(all.Wire, s.Wire)
		all.TLSEnds = addTLSEnds(all.TLSEnds, s.TLSEnds)
		cpu += s.CPUUs * float64(s.Rejected)
		hold = append(hold, s.HoldMs)
	}
	if all.Rejected > 0 {
		all.CPUUs = cpu / float64(all.Rejected)
	}
	all.HoldMs = results.CombinePercentiles(hold)
	return all
}

// Where returns the summaries that meet a condition, in their order.
func Where(summaries []*Summary, keep func(*Summary) bool) []*Summary {
	var kept []*Summary
	for _, s := range summaries {
		if keep(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// Any tells whether any of the summaries meets a condition.
func Any(summaries []*Summary, meets func(*Summary) bool) bool {
	return slices.ContainsFunc(summaries, meets)
}

// NamesOf returns the names that pick finds, each once, in order of first appearance.
func NamesOf(summaries []*Summary, pick func(*Summary) string) []string {
	seen := map[string]bool{}
	var names []string
	for _, s := range summaries {
		if name := pick(s); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

func StrategyOf(s *Summary) string { return s.Strategy }

func ClientOf(s *Summary) string { return s.Client }

// SameConditionsFor keeps the summaries whose conditions (all coordinates but the one that
// is compared) were measured for every one of that coordinate's values, so that
// values are compared over the same mix of conditions.
func SameConditionsFor(summaries []*Summary, value func(*Summary) string, rest func(results.Point) results.Point) []*Summary {
	values := len(NamesOf(summaries, value))
	measured := map[results.Point]map[string]bool{}
	for _, s := range summaries {
		p := rest(s.Point)
		if measured[p] == nil {
			measured[p] = map[string]bool{}
		}
		measured[p][value(s)] = true
	}
	return Where(summaries, func(s *Summary) bool { return len(measured[rest(s.Point)]) == values })
}

func WithoutStrategy(p results.Point) results.Point { return p.Conditions() }

func WithoutClient(p results.Point) results.Point {
	p.Client = ""
	return p
}

// SameConditions keeps the points under conditions measured for all strategies,
// leaving out those with the fewest points until there are such conditions.
func SameConditions(summaries []*Summary) []*Summary {
	same := SameConditionsFor(summaries, StrategyOf, WithoutStrategy)
	for len(same) == 0 && len(summaries) > 0 {
		points := map[string]int{}
		for _, s := range summaries {
			points[s.Strategy]++
		}
		least := slices.MinFunc(NamesOf(summaries, StrategyOf), func(a, b string) int { return cmp.Compare(points[a], points[b]) })
		summaries = Where(summaries, func(s *Summary) bool { return s.Strategy != least })
		same = SameConditionsFor(summaries, StrategyOf, WithoutStrategy)
	}
	return same
}
