package findings

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/verdict"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// findBreaks names, for each client, the smallest body with a delivered share
// surely below the target, its shortest round trip, and the share one size smaller.
func findBreaks(rejecting []*analysis.Summary) []string {
	var found []string
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		of := analysis.OfClient(rejecting, client)
		broken := analysis.Where(of, func(s *analysis.Summary) bool { return verdict.StateOf(s.Delivered, verdict.Target) == verdict.Loses })
		if len(broken) == 0 {
			continue
		}
		first := slices.MinFunc(broken, func(a, b *analysis.Summary) int {
			return cmp.Or(cmp.Compare(a.BodyBytes, b.BodyBytes), cmp.Compare(a.RTTMs, b.RTTMs))
		})
		here := analysis.Where(broken, func(s *analysis.Summary) bool { return s.BodyBytes == first.BodyBytes && s.RTTMs == first.RTTMs })
		worst := slices.MinFunc(here, func(a, b *analysis.Summary) int { return cmp.Compare(a.Delivered.High, b.Delivered.High) })
		text := fmt.Sprintf("With %s clients the smallest body with delivery below %s is %s, at rtt %s ms: %s delivered %s",
			client, targetPercent(), units.Size(first.BodyBytes), units.Number(first.RTTMs), worst.Strategy, words.Share(worst.Delivered))
		if names := analysis.NamesOf(here, analysis.StrategyOf); len(names) > 1 {
			text += fmt.Sprintf(", one of %d strategies that fall short there", len(names))
		}
		if before := oneSmaller(of, worst); before != nil {
			text += fmt.Sprintf(". At %s it delivered %s", units.Size(before.BodyBytes), words.Share(before.Delivered))
		}
		found = append(found, text+".")
	}
	return found
}

// targetPercent is the delivered share below which delivery counts as broken.
func targetPercent() string { return units.Number(verdict.Target*100) + "%" }

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

// findRTT compares each strategy at the shortest and the longest round trip, condition
// by condition.
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
		near := map[results.Point]*analysis.Summary{}
		for _, s := range of {
			if s.RTTMs == low {
				near[s.Without("rtt")] = s
			}
		}
		far := analysis.Where(of, func(s *analysis.Summary) bool { return s.RTTMs == high && near[s.Without("rtt")] != nil })
		fewer, more, same := compared(far, func(s *analysis.Summary) *analysis.Summary { return near[s.Without("rtt")] })
		if len(fewer)+len(more) == 0 {
			continue
		}
		text := fmt.Sprintf("With %s clients, rtt %s ms against %s ms and all else equal: ", client, units.Number(high), units.Number(low))
		var parts []string
		if len(fewer) > 0 {
			parts = append(parts, "fewer 503s arrive under "+words.List(fewer))
		}
		if len(more) > 0 {
			parts = append(parts, "more arrive under "+words.List(more))
		}
		if len(same) > 0 {
			parts = append(parts, "no measurable difference under "+words.List(same))
		}
		found = append(found, text+semicolons(parts)+".")
	}
	return found
}

// compared compares points with others, strategy by strategy: those with measurably
// fewer delivered, with the number of conditions, those with more, and the names of
// those without a measurable difference. A strategy may be in both of the first.
func compared(points []*analysis.Summary, other func(*analysis.Summary) *analysis.Summary) (fewer, more, same []string) {
	for _, strategy := range analysis.NamesOf(points, analysis.StrategyOf) {
		of := analysis.OfStrategy(points, strategy)
		var below, above int
		for _, s := range of {
			switch o := other(s).Delivered; {
			case s.Delivered.High < o.Low:
				below++
			case o.High < s.Delivered.Low:
				above++
			}
		}
		phrase := func(n int) string {
			if len(of) == 1 {
				o := other(of[0])
				return fmt.Sprintf("%s (%s instead of %s)", strategy, words.Share(of[0].Delivered), words.Share(o.Delivered))
			}
			return fmt.Sprintf("%s at %d of %d conditions", strategy, n, len(of))
		}
		if below > 0 {
			fewer = append(fewer, phrase(below))
		}
		if above > 0 {
			more = append(more, phrase(above))
		}
		if below+above == 0 {
			same = append(same, strategy)
		}
	}
	return fewer, more, same
}
