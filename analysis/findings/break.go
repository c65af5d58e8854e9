package findings

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results/units"
)

// findBreaks names, for each client, the smallest body with a delivered share
// surely below 99%, its shortest round trip, and the share one size smaller.
func findBreaks(rejecting []*analysis.Summary) []string {
	var found []string
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		of := analysis.OfClient(rejecting, client)
		broken := analysis.Where(of, func(s *analysis.Summary) bool { return s.Delivered.High < enough })
		if len(broken) == 0 {
			continue
		}
		first := slices.MinFunc(broken, func(a, b *analysis.Summary) int {
			return cmp.Or(cmp.Compare(a.BodyBytes, b.BodyBytes), cmp.Compare(a.RTTMs, b.RTTMs))
		})
		here := analysis.Where(broken, func(s *analysis.Summary) bool { return s.BodyBytes == first.BodyBytes && s.RTTMs == first.RTTMs })
		worst := slices.MinFunc(here, func(a, b *analysis.Summary) int { return cmp.Compare(a.Delivered.High, b.Delivered.High) })
		text := fmt.Sprintf("With %s clients the smallest body with delivery below %s is %s, at rtt %s ms: %s delivered %s",
			client, enoughPercent, units.Size(first.BodyBytes), units.Number(first.RTTMs), worst.Strategy, words.Share(worst.Delivered))
		if names := analysis.NamesOf(here, analysis.StrategyOf); len(names) > 1 {
			text += fmt.Sprintf(", the fewest of %d strategies", len(names))
		}
		if before := oneSmaller(of, worst); before != nil {
			text += fmt.Sprintf(". At %s it delivered %s", units.Size(before.BodyBytes), words.Share(before.Delivered))
		}
		found = append(found, text+".")
	}
	return found
}

// oneSmaller returns the same point with the next smaller body; nil if there is none.
func oneSmaller(summaries []*analysis.Summary, s *analysis.Summary) *analysis.Summary {
	var before *analysis.Summary
	for _, o := range summaries {
		if o.Without("body") == s.Without("body") && o.BodyBytes < s.BodyBytes && (before == nil || o.BodyBytes > before.BodyBytes) {
			before = o
		}
	}
	return before
}

// findRTT compares each strategy at the shortest and the longest round trip, over
// the conditions measured at both.
func findRTT(rejecting []*analysis.Summary) []string {
	var found []string
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		of := analysis.OfClient(rejecting, client)
		low, high := of[0].RTTMs, of[0].RTTMs
		for _, s := range of {
			low, high = min(low, s.RTTMs), max(high, s.RTTMs)
		}
		if low == high {
			continue
		}
		changed, same := changesByRTT(of, low, high)
		if len(changed) == 0 {
			continue
		}
		found = append(found, changedPhrase(changed, client, low, high))
		if len(same) > 0 {
			found = append(found, samePhrase(same, client, low, high))
		}
	}
	return found
}

// changesByRTT compares the strategies at two round trips: those whose intervals
// do not overlap, the largest change first, and the others.
func changesByRTT(summaries []*analysis.Summary, low, high float64) (changed, same []change) {
	ends := analysis.Where(summaries, func(s *analysis.Summary) bool { return s.RTTMs == low || s.RTTMs == high })
	for _, strategy := range analysis.NamesOf(ends, analysis.StrategyOf) {
		near, far := bothEnds(analysis.OfStrategy(ends, strategy), low)
		switch {
		case !near.Known() || !far.Known():
		case near.Overlaps(far):
			same = append(same, change{strategy, near, far})
		default:
			changed = append(changed, change{strategy, near, far})
		}
	}
	slices.SortStableFunc(changed, func(a, b change) int { return cmp.Compare(b.size(), a.size()) })
	return changed, same
}

func changedPhrase(changed []change, client string, low, high float64) string {
	var parts []string
	for _, c := range changed[:min(len(changed), words.MaxNamed)] {
		parts = append(parts, fmt.Sprintf("%s from %s to %s", c.strategy, words.Share(c.near), words.Share(c.far)))
	}
	text := fmt.Sprintf("With %s clients the delivered share changes most from rtt %s to %s ms under %s",
		client, units.Number(low), units.Number(high), semicolons(parts))
	if more := len(changed) - words.MaxNamed; more > 0 {
		text += fmt.Sprintf("; and measurably under %s", words.Plural(more, "other strategy"))
	}
	return text + "."
}

func samePhrase(same []change, client string, low, high float64) string {
	var names []string
	smallest := same[0].near.N
	for _, c := range same {
		names = append(names, c.strategy)
		smallest = min(smallest, c.near.N, c.far.N)
	}
	return fmt.Sprintf("With %s clients the shares at rtt %s and %s ms do not differ measurably under %s (their 95%% CIs overlap, n=%d or more each).",
		client, units.Number(low), units.Number(high), words.List(names), smallest)
}

// change is a strategy's delivered share at the shortest and longest round trip.
type change struct {
	strategy  string
	near, far stats.Share
}

func (c change) size() float64 { return math.Abs(c.near.Value - c.far.Value) }

// bothEnds pools one strategy at each of two round trips.
func bothEnds(ends []*analysis.Summary, low float64) (near, far stats.Share) {
	rtt := func(s *analysis.Summary) string { return units.Number(s.RTTMs) }
	for _, s := range analysis.SameConditionsFor(ends, rtt, "rtt") {
		if s.RTTMs == low {
			near = near.Plus(s.Delivered)
		} else {
			far = far.Plus(s.Delivered)
		}
	}
	return near, far
}
