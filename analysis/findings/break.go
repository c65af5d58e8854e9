package findings

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// findBreaks says, for each kind of client, at which body size delivery first
// falls short, at which round trip, and what one size smaller gave.
func findBreaks(rejecting []*analysis.Summary) []string {
	var found []string
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		of := analysis.Where(rejecting, func(s *analysis.Summary) bool { return s.Client == client })
		broken := analysis.Where(of, func(s *analysis.Summary) bool { return s.Delivered.High < enough })
		if len(broken) == 0 {
			continue
		}
		first := slices.MinFunc(broken, func(a, b *analysis.Summary) int {
			return cmp.Or(cmp.Compare(a.BodyBytes, b.BodyBytes), cmp.Compare(a.RTTMs, b.RTTMs))
		})
		here := analysis.Where(broken, func(s *analysis.Summary) bool { return s.BodyBytes == first.BodyBytes && s.RTTMs == first.RTTMs })
		worst := slices.MinFunc(here, func(a, b *analysis.Summary) int { return cmp.Compare(a.Delivered.High, b.Delivered.High) })
		text := fmt.Sprintf("With %s clients the smallest body at which delivery is below %s is %s, there first at rtt %s ms: %s %s",
			client, enoughPercent, units.Size(first.BodyBytes), units.Number(first.RTTMs), worst.Strategy, words.Share(worst.Delivered))
		if names := analysis.NamesOf(here, analysis.StrategyOf); len(names) > 1 {
			text += fmt.Sprintf(", the lowest of %d strategies below it", len(names))
		}
		if before := oneSmaller(of, worst); before != nil {
			text += fmt.Sprintf("; at %s it delivered %s", units.Size(before.BodyBytes), words.Share(before.Delivered))
		}
		found = append(found, text+".")
	}
	return found
}

// oneSmaller returns the same point at the next smaller body; nil without one.
func oneSmaller(summaries []*analysis.Summary, s *analysis.Summary) *analysis.Summary {
	var before *analysis.Summary
	for _, o := range summaries {
		p := o.Point
		p.BodyBytes = s.BodyBytes
		if p == s.Point && o.BodyBytes < s.BodyBytes && (before == nil || o.BodyBytes > before.BodyBytes) {
			before = o
		}
	}
	return before
}

// findRTT compares each strategy at the shortest and the longest round trip,
// over the conditions measured at both.
func findRTT(rejecting []*analysis.Summary) []string {
	var found []string
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		of := analysis.Where(rejecting, func(s *analysis.Summary) bool { return s.Client == client })
		if len(of) == 0 {
			continue
		}
		low, high := of[0].RTTMs, of[0].RTTMs
		for _, s := range of {
			low, high = min(low, s.RTTMs), max(high, s.RTTMs)
		}
		if low == high {
			continue
		}
		ends := analysis.Where(of, func(s *analysis.Summary) bool { return s.RTTMs == low || s.RTTMs == high })
		var changed []change
		var same []string
		var smallest stats.Share
		for _, strategy := range analysis.NamesOf(ends, analysis.StrategyOf) {
			near, far := bothEnds(analysis.Where(ends, func(s *analysis.Summary) bool { return s.Strategy == strategy }), low)
			if !near.Known() || !far.Known() {
				continue
			}
			if near.Overlaps(far) {
				same = append(same, strategy)
				for _, s := range []stats.Share{near, far} {
					if smallest.N == 0 || s.N < smallest.N {
						smallest = s
					}
				}
				continue
			}
			changed = append(changed, change{strategy, near, far})
		}
		if len(changed) > 0 {
			slices.SortStableFunc(changed, func(a, b change) int { return cmp.Compare(b.size(), a.size()) })
			var parts []string
			for _, c := range changed[:min(len(changed), words.MaxNamed)] {
				parts = append(parts, fmt.Sprintf("%s from %s to %s", c.strategy, words.Share(c.near), words.Share(c.far)))
			}
			text := fmt.Sprintf("With %s clients the delivered share changes from rtt %s to %s ms most under %s",
				client, units.Number(low), units.Number(high), semicolons(parts))
			if more := len(changed) - words.MaxNamed; more > 0 {
				text += fmt.Sprintf("; measurably under %s too", words.Plural(more, "other strategy"))
			}
			found = append(found, text+".")
		}
		if len(same) > 0 && len(changed) > 0 {
			found = append(found, fmt.Sprintf("With %s clients the shares at rtt %s and %s ms cannot be told apart under %s (their 95%% CIs overlap, n=%d or more each).",
				client, units.Number(low), units.Number(high), words.List(same), smallest.N))
		}
	}
	return found
}

// change is a strategy's delivered share at two round trips.
type change struct {
	strategy  string
	near, far stats.Share
}

func (c change) size() float64 { return math.Abs(c.near.Value - c.far.Value) }

// bothEnds pools one strategy at the low round trip and at the other.
func bothEnds(ends []*analysis.Summary, low float64) (near, far stats.Share) {
	rtt := func(s *analysis.Summary) string { return units.Number(s.RTTMs) }
	for _, s := range analysis.SameConditionsFor(ends, rtt, func(p results.Point) results.Point { p.RTTMs = 0; return p }) {
		if s.RTTMs == low {
			near = near.Plus(s.Delivered)
		} else {
			far = far.Plus(s.Delivered)
		}
	}
	return near, far
}
