package analysis

import (
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// pool adds up summaries of different points, counts before shares. What it
// says holds for the mix of those points and no other, so callers name them.
func pool(parts []*Summary) *Summary {
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
		all.Delivered = all.Delivered.plus(s.Delivered)
		all.ThenReset = all.ThenReset.plus(s.ThenReset)
		all.Unread = all.Unread.plus(s.Unread)
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

// where returns the summaries that meet a condition, in their order.
func where(summaries []*Summary, keep func(*Summary) bool) []*Summary {
	var kept []*Summary
	for _, s := range summaries {
		if keep(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// exist tells whether any of the summaries meets a condition.
func exist(summaries []*Summary, meets func(*Summary) bool) bool {
	return slices.ContainsFunc(summaries, meets)
}

// namesOf returns the names that pick finds, each once, in order of first appearance.
func namesOf(summaries []*Summary, pick func(*Summary) string) []string {
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

func strategyOf(s *Summary) string { return s.Strategy }
func clientOf(s *Summary) string   { return s.Client }

// fair keeps the summaries whose conditions (all coordinates but the one that
// is compared) were measured for every one of that coordinate's values, so that
// values are compared over the same mix of conditions.
func fair(summaries []*Summary, value func(*Summary) string, rest func(results.Point) results.Point) []*Summary {
	values := len(namesOf(summaries, value))
	measured := map[results.Point]map[string]bool{}
	for _, s := range summaries {
		p := rest(s.Point)
		if measured[p] == nil {
			measured[p] = map[string]bool{}
		}
		measured[p][value(s)] = true
	}
	return where(summaries, func(s *Summary) bool { return len(measured[rest(s.Point)]) == values })
}

func withoutStrategy(p results.Point) results.Point { return p.Conditions() }

func withoutClient(p results.Point) results.Point {
	p.Client = ""
	return p
}
