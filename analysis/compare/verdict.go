package compare

import (
	"fmt"
	"math"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// gatedPart is the part of Options.Alpha for the gated rows where there are others too.
// The gated rows decide, and so get most of it. The sum of both parts bounds the
// probability of any false call (Bonferroni).
const gatedPart = 0.8

// decide adjusts the tests of the gated rows together, and so those of the others, and
// gives each row its verdict. The gated rows are a family of their own, because among
// the tests of all metrics a few rounds could not be significant.
func (c *Comparison) decide() {
	var families [2][]*Row // of other rows, and of gated ones
	for i := range c.Rows {
		if r := &c.Rows[i]; r.Test != "" && r.Metric.Better != analysis.Neither {
			family := &families[0]
			if r.Gated {
				family = &families[1]
			}
			*family = append(*family, r)
		}
	}
	parts := [2]float64{1 - gatedPart, gatedPart}
	if len(families[0]) == 0 || len(families[1]) == 0 {
		parts = [2]float64{1, 1}
	}
	for i, family := range families {
		adjust(family, c.Options.Alpha, parts[i])
	}
	for i := range c.Rows {
		c.Rows[i].decide(c.Options)
	}
}

// adjust adjusts the p-values of a family that may use a part of alpha. An adjusted
// p-value is compared with the whole of alpha.
func adjust(family []*Row, alpha, part float64) {
	tests := make([]stats.Test, len(family))
	for i, r := range family {
		tests[i] = stats.Test{P: r.P, Smallest: r.smallest}
	}
	for i, a := range stats.Adjust(tests, alpha*part) {
		a.P = min(a.P/part, 1)
		family[i].Adjusted, family[i].family, family[i].alpha = a, len(family), alpha*part
	}
}

// single reports whether the row is a share of one round without a dispersion to
// borrow. The spread between rounds is then unknown. The noise floor does not replace
// it: twins are cells of the same round and of few points, and where their share is 0
// or 1 they do not differ. With attempts counted as independent, two runs of one
// program with twins and one round were called different more often than not. So the
// test assumes the worst spread on record, and equal rounds are not the same.
func (r *Row) single() bool {
	return r.Metric.Share != nil && r.Test != "" && r.Dispersion.DF == 0
}

// decide sets the verdict. A row is called worse or better only where the adjusted
// p-value, the size of the difference and the noise floors of both runs allow it.
func (r *Row) decide(o Options) {
	effect := o.effect(r.Metric)
	size := math.Abs(r.Difference.Value)
	floor := max(r.BaseFloor, r.NewFloor)
	significant := r.Adjusted.Possible && r.Adjusted.P <= o.Alpha
	switch {
	case r.Metric.Better == analysis.Neither:
		r.Verdict, r.Reason = notJudged, ""
	case r.Test == "":
		r.Verdict = Unmeasurable
	case significant && size >= effect && size > floor:
		r.Verdict = Worse
		if (r.Difference.Value > 0) == (r.Metric.Better == analysis.Higher) {
			r.Verdict = better
		}
	case -effect <= r.Difference.Low && r.Difference.High <= effect:
		r.Verdict = same
	case significant && size >= effect:
		r.Verdict = Unmeasurable
		r.Reason = fmt.Sprintf("below the noise floor: twin cells of one run differ by up to %s", r.size(floor))
	case r.single():
		r.Verdict = Unmeasurable
		r.Reason = r.openSingle(size, effect)
	case r.Metric.Share != nil:
		r.Verdict = Unmeasurable
		r.Reason = r.openShare(size, effect, o.Alpha)
	default:
		r.Verdict = Unmeasurable
		r.Reason = r.openValue(size, effect)
	}
}

// decisiveWidth returns the half-width with which an interval decides a row: it excludes
// 0 where the difference is at least the effect of interest, and otherwise the effect.
func decisiveWidth(size, effect float64) float64 {
	if size >= effect {
		return size
	}
	return max(effect-size, effect/4)
}

// openSingle states how many rounds would decide a share of one round, if independent
// attempts of them do.
func (r *Row) openSingle(size, effect float64) string {
	n := min(r.Base.Share.N, r.New.Share.N)
	r.Needed = int64(results.LeastRounds) * n
	pooled := r.Base.Share.Plus(r.New.Share).Value
	if independent := stats.WidthSize(pooled, decisiveWidth(size, effect), stats.Z95); independent > r.Needed {
		r.Needed = roundUp(independent)
	}
	rounds := (r.Needed + n - 1) / n
	return fmt.Sprintf("one round: the spread between rounds is unknown; %d rounds of %d could decide", rounds, n)
}

// openShare states how many attempts would decide a share.
func (r *Row) openShare(size, effect, alpha float64) string {
	n := min(r.Base.Share.N, r.New.Share.N)
	what := "interval wider than the effect of interest"
	if size >= effect {
		what, alpha = fmt.Sprintf("not significant among %s", words.Plural(r.Adjusted.Tests, "test")), r.alpha/float64(max(r.Adjusted.Tests, 1))
	}
	more := ""
	if r.Dispersion.Factor() > 1 {
		more = " over more rounds"
	}
	pooled := r.Base.Share.Plus(r.New.Share).Value
	needed := float64(stats.WidthSize(pooled, decisiveWidth(size, effect), r.Dispersion.Quantile(alpha))) * r.Dispersion.Factor()
	// The attempts made were not enough, whatever the formula gives.
	r.Needed = roundUp(max(int64(math.Ceil(needed)), n+n/4+1))
	return fmt.Sprintf("%s: n=%d, about n=%d%s would suffice", what, n, r.Needed, more)
}

// openValue states how many rounds would decide a value. With that many, the family
// would include all its tests.
func (r *Row) openValue(size, effect float64) string {
	tests := r.family
	rounds := min(len(r.Base.Values), len(r.New.Values))
	half := (r.Difference.High - r.Difference.Low) / 2
	least := stats.RoundsFor(r.alpha, tests)
	switch {
	case least > results.RoundGroups && size >= effect:
		return fmt.Sprintf("no number of rounds can be significant among %s", words.Plural(tests, "test"))
	case rounds < least && (size >= effect || math.IsInf(half, 0)):
		r.Needed = int64(least)
		return fmt.Sprintf("%s cannot be significant among %s, %d can", words.Plural(rounds, "round"), words.Plural(tests, "test"), least)
	case size >= effect:
		r.Needed = int64(max(2*rounds, least))
		return fmt.Sprintf("not significant among %s: %s, about %d would suffice", words.Plural(tests, "test"), words.Plural(rounds, "round"), r.Needed)
	case math.IsInf(half, 0) || half <= decisiveWidth(size, effect):
		r.Needed = int64(rounds) * 2
	default:
		ratio := half / decisiveWidth(size, effect)
		r.Needed = int64(math.Ceil(float64(rounds) * ratio * ratio))
	}
	return fmt.Sprintf("interval wider than the effect of interest: %s, about %d would suffice", words.Plural(rounds, "round"), r.Needed)
}

// roundUp rounds up to two significant digits, the accuracy of the estimate.
func roundUp(n int64) int64 {
	unit := int64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	return (n + unit - 1) / unit * unit
}
