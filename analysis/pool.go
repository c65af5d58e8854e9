package analysis

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// Pool adds the summaries of different points: counts first, then shares of the sums.
// The result holds for this mix of points only, so callers have to name them. Its
// shares have no intervals: they are mixtures that the grid chose, and no samples.
//
// Three kinds of fields stay empty:
//   - Point, because the points differ;
//   - Response, End, Times and ResponseCurve, because the times of different round trips
//     have no common distribution;
//   - Invalid, Disagreements and Warnings, because they name rounds, and every point has
//     its own rounds.
func Pool(parts []*Summary) *Summary {
	all := &Summary{TCP: map[string]int64{}, pooled: true}
	costs := make([]Cost, len(parts))
	handshake, late := make([]results.Percentiles, len(parts)), make([]results.Percentiles, len(parts))
	for i, s := range parts {
		all.Cells += s.Cells
		all.cells = append(all.cells, s.cells...)
		all.Rounds += s.Rounds
		all.Retries += s.Retries
		all.Attempts += s.Attempts
		all.Outcomes.Add(s.Outcomes)
		all.Rejected += s.Rejected
		all.Delivered = all.Delivered.Plus(s.Delivered)
		all.ThenReset = all.ThenReset.Plus(s.ThenReset)
		all.Unread = all.Unread.Plus(s.Unread)
		all.addRecords(s.TCP, s.TLSEnds, s.Ledger, s.Path, s.Wire)
		all.Accepted += s.Accepted
		all.PeakOpen = max(all.PeakOpen, s.PeakOpen)
		costs[i], handshake[i], late[i] = s.Cost, s.HandshakeMs, s.PathLateMs
	}
	all.Cost = addCosts(costs)
	all.HandshakeMs, all.PathLateMs = results.CombinePercentiles(handshake), results.CombinePercentiles(late)
	return all
}

// addRecords adds what kernel, ledgers, path and witness recorded of a cell or a point.
func (s *Summary) addRecords(tcp map[string]int64, tls results.TLSCounts, ledger results.Ledger, path results.Path, wire *results.Wire) {
	for name, delta := range tcp {
		s.TCP[name] += delta
	}
	s.TLSEnds = results.AddTLSCounts(s.TLSEnds, tls)
	s.Ledger.Add(ledger)
	s.Path.Add(path)
	s.Wire = addWire(s.Wire, wire)
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

// OfStrategy returns the summaries of a strategy, in their order.
func OfStrategy(summaries []*Summary, name string) []*Summary {
	return Where(summaries, func(s *Summary) bool { return s.Strategy == name })
}

// OfClient returns the summaries of a client, in their order.
func OfClient(summaries []*Summary, name string) []*Summary {
	return Where(summaries, func(s *Summary) bool { return s.Client == name })
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
// conditions. The conditions of a point are its coordinates except those named in
// coordinates: the one that is compared, and any that depend on it.
func SameConditionsFor(summaries []*Summary, value func(*Summary) string, coordinates ...string) []*Summary {
	values := len(NamesOf(summaries, value))
	measured := map[results.Point]map[string]bool{}
	for _, s := range summaries {
		p := s.Without(coordinates...)
		if measured[p] == nil {
			measured[p] = map[string]bool{}
		}
		measured[p][value(s)] = true
	}
	return Where(summaries, func(s *Summary) bool { return len(measured[s.Without(coordinates...)]) == values })
}

// SameConditions returns the summaries of conditions that were measured with all
// strategies. Where there are none, it leaves out the strategies with the fewest
// points, one by one, until there are.
func SameConditions(summaries []*Summary) []*Summary {
	same := SameConditionsFor(summaries, StrategyOf, "strategy")
	for len(same) == 0 && len(summaries) > 0 {
		points := map[string]int{}
		for _, s := range summaries {
			points[s.Strategy]++
		}
		least := slices.MinFunc(NamesOf(summaries, StrategyOf), func(a, b string) int { return cmp.Compare(points[a], points[b]) })
		summaries = Where(summaries, func(s *Summary) bool { return s.Strategy != least })
		same = SameConditionsFor(summaries, StrategyOf, "strategy")
	}
	return same
}
