package analysis

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// Pool adds the summaries of different points: counts first, then shares of the sums.
// The result holds for this mix of points only, so callers have to name them.
func Pool(parts []*Summary) *Summary {
	all := &Summary{TCP: map[string]int64{}}
	costs := make([]Cost, len(parts))
	for i, s := range parts {
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
		costs[i] = s.Cost
	}
	all.Cost = addCosts(costs)
	return all
}

// Where returns the summaries that satisfy a condition, in their order.
func Where(summaries []*Summary, keep func(*Summary) bool) []*Summary {
	var kept []*Summary
	for _, s := range summaries {
		if keep(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// Any reports whether any of the summaries satisfies a condition.
func Any(summaries []*Summary, meets func(*Summary) bool) bool {
	return slices.ContainsFunc(summaries, meets)
}

// NamesOf returns the names that pick returns, each once, in order of first appearance.
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

// StrategyOf returns the strategy of a summary.
func StrategyOf(s *Summary) string { return s.Strategy }

// ClientOf returns the client of a summary.
func ClientOf(s *Summary) string { return s.Client }

// SameConditionsFor returns the summaries whose conditions were measured with every
// value of a coordinate, so that the values are compared over the same mix of
// conditions. rest returns the conditions of a point: all other coordinates.
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

// WithoutStrategy returns the point without its strategy.
func WithoutStrategy(p results.Point) results.Point { return p.Conditions() }

// WithoutClient returns the point without its client.
func WithoutClient(p results.Point) results.Point {
	p.Client = ""
	return p
}

// SameConditions returns the summaries of conditions that were measured with all
// strategies. Where there are none, it leaves out the strategies with the fewest
// points, one by one, until there are.
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
