package findings

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// findNoise says how much figures differ between repetitions: between rounds, and
// between the two cells of A/A pairs.
func findNoise(run *results.Run) []string { return append(findScatter(run.Cells), findPairs(run)...) }

// findPairs describes the A/A pair whose delivered shares differ most.
func findPairs(run *results.Run) []string {
	f := analysis.Noise(run.Cells)
	delivered, err := analysis.MetricByName("delivered_share")
	if err != nil || len(f.Pairs) == 0 {
		return nil
	}
	worst, apart, known := f.Pairs[0], 0.0, false
	for _, p := range f.Pairs {
		if d, ok := p.Difference(delivered); ok && (d > apart || !known) {
			worst, apart, known = p, d, true
		}
	}
	var said []string
	if known {
		spread := analysis.RunDispersion(analysis.Group(run.Cells))
		a, b := analysis.PooledShare(delivered, worst.First, spread), analysis.PooledShare(delivered, worst.Second, spread)
		said = append(said, fmt.Sprintf("it delivered %s and %s, a difference of %s points", words.Share(a), words.Share(b), units.Number(apart*100)))
		if apartBeyondChance(a, b, len(f.Pairs)) {
			said[0] += ", more than the differences between rounds explain: something changed between the two"
		}
	}
	if floor, ok := f.Of("end_p50_ms"); ok {
		said = append(said, fmt.Sprintf("the median times to an attempt's end differ by a factor of %s", units.Number(math.Exp(floor))))
	}
	if len(said) == 0 {
		return nil
	}
	text := fmt.Sprintf("One point was measured twice in each round, to see how far equal cells differ (%s, %s): ", worst.Point, words.Plural(len(worst.First), "round"))
	if more := len(f.Pairs); more > 1 {
		text = fmt.Sprintf("%d points were measured twice in each round. The pair that differs most (%s, %s): ", more, worst.Point, words.Plural(len(worst.First), "round"))
		if len(said) == 2 {
			said[1] += " or less over all pairs"
		}
	}
	return []string{text + strings.Join(said, "; ") + "."}
}

// apartBeyondChance reports whether the intervals of two shares by their rounds do not
// overlap. The pair
// is that with the largest difference of several, so each interval's error is divided by
// the number of pairs (Bonferroni).
func apartBeyondChance(a, b stats.Share, pairs int) bool {
	z := stats.NormalQuantile(1 - 0.05/float64(2*max(pairs, 1)))
	if !a.HasInterval() || !b.HasInterval() {
		return false
	}
	lowA, highA := results.Wilson(a.Value*a.EffectiveN, a.EffectiveN, z)
	lowB, highB := results.Wilson(b.Value*b.EffectiveN, b.EffectiveN, z)
	return highA < lowB || highB < lowA
}

// Limits for saying that rounds differ by more than chance.
const (
	// scatterLevel is the largest chance of saying so wrongly.
	scatterLevel = 0.001
	// leastExpected is the expected number of delivered and of lost answers that a
	// round needs for Pearson's statistic to follow its distribution. Source:
	// W. G. Cochran, "Some methods for strengthening the common chi-squared tests",
	// Biometrics 10 (1954) 417-451.
	leastExpected = 5
)

// findScatter says whether the rounds of a point differ more than independent attempts
// would, because the attempts of one cell share the machine's state at that time.
func findScatter(cells []results.Cell) []string {
	chi, df, counted := 0.0, 0, 0
	for _, g := range analysis.Group(cells) {
		var k, n []int64
		var delivered, rejected int64
		least := int64(math.MaxInt64)
		for _, c := range g.Valid() {
			if c.Rejected > 0 {
				k, n = append(k, min(c.Delivered, c.Rejected)), append(n, c.Rejected)
				delivered, rejected, least = delivered+k[len(k)-1], rejected+c.Rejected, min(least, c.Rejected)
			}
		}
		if p := float64(delivered) / float64(rejected); len(n) < 2 || float64(least)*min(p, 1-p) < leastExpected {
			continue
		}
		x, d := stats.Heterogeneity(k, n)
		chi, df, counted = chi+x, df+d, counted+1
	}
	if df == 0 || (distuv.ChiSquared{K: float64(df)}).Survival(chi) > scatterLevel {
		return nil
	}
	phi := chi / float64(df)
	return []string{fmt.Sprintf("The rounds of a point differ more than independent attempts would. The variance of their delivered shares is %s times as large, over %s with several rounds (%s of freedom). "+
		"The intervals allow for it.",
		units.Number(phi), words.Plural(counted, "point"), words.Plural(df, "degree"))}
}

// endedAsPlanned tells whether a run with fewer rounds than planned ended by its time
// budget, its precision or its gate.
func endedAsPlanned(m results.Manifest) bool {
	return !m.Interrupted && !m.Finished.IsZero() && (m.OutOfBudget || m.Options["precision"] != "" || m.Options["gate"] != "")
}

// findPlan says whether the run reached its precision or its gate, and kept to its time
// budget.
func findPlan(study *analysis.Study) []string {
	run, summaries := study.Run, study.Summaries
	m := run.Manifest
	var found []string
	word := m.Options["precision"]
	if percent, err := strconv.ParseFloat(strings.TrimSuffix(word, "%"), 64); err == nil && percent > 0 {
		found = append(found, findPrecision(word, percent/100, m.Options["rounds"], summaries))
	}
	effect, _, _ := strings.Cut(m.Options["gate"], ",")
	if most, err := strconv.Atoi(m.Options["rounds"]); err == nil && effect != "" {
		found = append(found, findGate(effect, most, summaries)...)
	}
	if m.OutOfBudget {
		rounds := 0
		for _, s := range study.WithTwins() {
			rounds += s.Rounds
		}
		found = append(found, fmt.Sprintf("The run ended at its time budget of %s with %d of %s.",
			cmp.Or(m.Options["budget"], "unknown length"), rounds, words.Plural(m.Planned, "planned round")))
	}
	return found
}

// findGate names the points that a run with a gate gave up, after the most rounds that it
// makes.
func findGate(effect string, most int, summaries []*analysis.Summary) []string {
	open := analysis.Where(summaries, func(s *analysis.Summary) bool { return s.Rounds >= most })
	if len(open) == 0 {
		return nil
	}
	var names []string
	for _, s := range open[:min(len(open), words.MaxNamed)] {
		names = append(names, s.Point.String())
	}
	if more := len(open) - words.MaxNamed; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return []string{fmt.Sprintf("After all %s of the gate the rounds of %d of %s still differ too much for equal runs to be called the same within %s points: %s.",
		words.Plural(most, "round"), len(open), words.Plural(len(summaries), "point"), strings.TrimSuffix(effect, "%"), strings.Join(names, "; "))}
}

// findPrecision names the points whose intervals are wider than requested.
func findPrecision(word string, bound float64, limit string, summaries []*analysis.Summary) string {
	half := func(s *analysis.Summary) float64 { return (s.Delivered.High - s.Delivered.Low) / 2 }
	reached := analysis.Where(summaries, func(s *analysis.Summary) bool { return s.Delivered.Known() && half(s) <= bound })
	missed := analysis.Where(summaries, func(s *analysis.Summary) bool { return s.Delivered.Known() && half(s) > bound })
	unknown := len(summaries) - len(reached) - len(missed)
	if len(reached) == len(summaries) {
		least, most := summaries[0].Rounds, 0
		for _, s := range summaries {
			least, most = min(least, s.Rounds), max(most, s.Rounds)
		}
		span := words.Plural(most, "round")
		if least < most {
			span = fmt.Sprintf("%d to %s", least, span)
		}
		return fmt.Sprintf("The 95%% interval of every point's delivered share is within ±%s after %s of at most %s.", word, span, limit)
	}
	slices.SortStableFunc(missed, func(a, b *analysis.Summary) int { return cmp.Compare(half(b), half(a)) })
	var parts []string
	for _, s := range missed[:min(len(missed), words.MaxNamed)] {
		parts = append(parts, fmt.Sprintf("%s: %s in %s", s.Point, words.Share(s.Delivered), words.Plural(s.Rounds, "round")))
	}
	if more := len(missed) - words.MaxNamed; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	if unknown > 0 {
		parts = append(parts, fmt.Sprintf("%s without a share, because nothing was rejected or no try was valid", words.Plural(unknown, "point")))
	}
	return fmt.Sprintf("The 95%% interval of the delivered share is not within ±%s at %d of %s after at most %s rounds: %s.",
		word, len(summaries)-len(reached), words.Plural(len(summaries), "point"), limit, strings.Join(parts, "; "))
}
