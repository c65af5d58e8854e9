package stats

import (
	"cmp"
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
	"gonum.org/v1/gonum/stat"

	"github.com/rejectbench/rejectbench/results"
)

// RatioTest is the comparison of the values that two runs measured, one per round.
type RatioTest struct {
	// P is the two-sided p-value of the Mann-Whitney test.
	P float64
	// Smallest is the smallest p-value that this number of rounds can have.
	Smallest float64
	// LogRatio is the Hodges-Lehmann estimate of log(new/base): the median of the
	// log ratios of all pairs. Low and High bound the ratios that the test at the
	// same level does not reject. They are infinite where the rounds are too few.
	// A value of 0 makes its log ratios infinite, except for a pair of two zeros,
	// whose ratio is 1.
	LogRatio, Low, High float64
}

// GroupValues returns the means of groups of neighbours among the values that the rounds
// of two runs measured, for the reason of results.Dispersion. The groups of both runs have
// the same size, because means of many values have another distribution than single ones;
// the shorter run has results.RoundGroups of them, or as many as it has values.
func GroupValues(base, new []float64) (baseMeans, newMeans []float64) {
	size := (min(len(base), len(new)) + results.RoundGroups - 1) / results.RoundGroups
	return groupMeans(base, size), groupMeans(new, size)
}

// groupMeans returns the means of groups of about size values.
func groupMeans(values []float64, size int) (means []float64) {
	if size <= 1 {
		return values
	}
	groups := len(values) / size
	for g := range groups {
		means = append(means, stat.Mean(values[g*len(values)/groups:(g+1)*len(values)/groups], nil))
	}
	return means
}

// NewRatioTest compares values that are 0 or above. Its interval is of level
// 1-alpha. It assumes no distribution, only that a difference between the runs
// shifts the logarithms of the values. Without values in both runs P is 1.
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
	t.LogRatio = Median(pairs)
	if cut := rankCut(len(base), len(new), alpha); cut > 0 {
		t.Low, t.High = pairs[cut-1], pairs[len(pairs)-cut]
	}
	return t
}

// logRatio returns log(new/base), with 0/0 as a ratio of 1.
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

// Median returns the median of sorted values, of which there is at least one. For an
// even number of values it is the mean of the middle two.
func Median(sorted []float64) float64 {
	n := len(sorted)
	low, high := sorted[(n-1)/2], sorted[n/2]
	if low == high || math.IsInf(low, 0) {
		return low
	}
	return (low + high) / 2
}

// smallestRankP returns the p-value of two samples that do not overlap.
func smallestRankP(n1, n2 int) float64 {
	return min(2*math.Exp(-logChoose(int64(n1+n2), int64(n1))), 1)
}

// rankCut returns the rank, from 1, of the pair that bounds the interval of level
// 1-alpha at each end of the sorted pairs. It is the largest c with
// 2 P(U < c) <= alpha; 0 where even the whole range does not reach the level.
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

// rankCounts returns, for each value of the Mann-Whitney statistic, the number of
// orders of two samples without ties that have it: the coefficients of a Gaussian
// binomial.
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

// RoundsFor returns the number of rounds that each run needs so that a rank test
// can be significant at level alpha among the given number of tests.
func RoundsFor(alpha float64, tests int) int {
	rounds := 1
	for smallestRankP(rounds, rounds) > alpha/float64(max(tests, 1)) {
		rounds++
	}
	return rounds
}
