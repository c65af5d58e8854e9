package stats

import (
	"cmp"
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// RatioTest compares the values that two runs measured, one a round.
type RatioTest struct {
	// P is the two-sided p-value of the Mann-Whitney test.
	P float64
	// Smallest is the smallest p-value of so many rounds.
	Smallest float64
	// LogRatio is the Hodges-Lehmann estimate of log(new/base): the median of all
	// pairs' log ratios. Low and High are its interval, from which the test at the
	// same level would not tell it; infinite where the rounds are too few for one.
	// Values of 0 make it infinite too, but 0 against 0, which is a ratio of 1.
	LogRatio, Low, High float64
}

// NewRatioTest compares values that are 0 or more. Nothing is taken for granted of
// how they are spread, but that a difference would shift their logarithms.
//
// Sources: H. B. Mann and D. R. Whitney, "On a test of whether one of two random
// variables is stochastically larger than the other", Annals of Mathematical
// Statistics 18 (1947) 50-60, by golang.org/x/perf/benchmath; J. L. Hodges and
// E. L. Lehmann, "Estimates of location based on rank tests", Annals of
// Mathematical Statistics 34 (1963) 598-611.
func NewRatioTest(base, new []float64, alpha float64) RatioTest {
	t := RatioTest{P: 1, Smallest: smallestRankP(len(base), len(new)), Low: math.Inf(-1), High: math.Inf(1)}
	if len(base) == 0 || len(new) == 0 {
		return t
	}
	thresholds := benchmath.DefaultThresholds
	thresholds.CompareAlpha = alpha
	t.P = benchmath.AssumeNothing.Compare(
		benchmath.NewSample(slices.Clone(base), &thresholds),
		benchmath.NewSample(slices.Clone(new), &thresholds)).P
	pairs := make([]float64, 0, len(base)*len(new))
	for _, b := range base {
		for _, n := range new {
			pairs = append(pairs, logRatio(b, n))
		}
	}
	slices.SortFunc(pairs, cmp.Compare)
	t.LogRatio = middle(pairs)
	if cut := rankCut(len(base), len(new), alpha); cut > 0 {
		t.Low, t.High = pairs[cut-1], pairs[len(pairs)-cut]
	}
	return t
}

// logRatio is log(new/base), with 0/0 as a ratio of 1.
func logRatio(base, new float64) float64 {
	switch {
	case base == new:
		return 0
	case base == 0:
		return math.Inf(1)
	case new == 0:
		return math.Inf(-1)
	}
	return math.Log(new / base)
}

// middle is the median of sorted values.
func middle(sorted []float64) float64 {
	n := len(sorted)
	low, high := sorted[(n-1)/2], sorted[n/2]
	if low == high || math.IsInf(low, 0) {
		return low
	}
	return (low + high) / 2
}

// smallestRankP is the p-value of two samples that do not overlap.
func smallestRankP(n1, n2 int) float64 {
	return min(2*math.Exp(-logChoose(int64(n1+n2), int64(n1))), 1)
}

// rankCut is how many of the sorted pairs lie outside of either end of the
// interval of level 1-alpha, plus one; 0 where even the whole range is no such
// interval. It is the largest c with 2 P(U < c) <= alpha.
func rankCut(n1, n2 int, alpha float64) int {
	counts := rankCounts(n1, n2)
	all := math.Exp(logChoose(int64(n1+n2), int64(n1)))
	below := 0.0
	for c, ways := range counts {
		below += ways
		if 2*below/all > alpha*(1+1e-9) {
			return c
		}
	}
	return 0
}

// rankCounts counts, for each value of the Mann-Whitney statistic, in how many
// orders of two samples without ties it comes about: the coefficients of a
// Gaussian binomial.
func rankCounts(n1, n2 int) []float64 {
	counts := make([]float64, n1*n2+1)
	counts[0] = 1
	for i := 1; i <= n1; i++ {
		for u := len(counts) - 1; u >= n2+i; u-- {
			counts[u] -= counts[u-n2-i]
		}
		for u := i; u < len(counts); u++ {
			counts[u] += counts[u-i]
		}
	}
	return counts
}

// RoundsFor is the number of rounds of each run with which a test of ranks can
// be called at all among so many tests.
func RoundsFor(alpha float64, tests int) int {
	rounds := 1
	for smallestRankP(rounds, rounds) > alpha/float64(max(tests, 1)) {
		rounds++
	}
	return rounds
}
