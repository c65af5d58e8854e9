package stats

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// maxSampleSize bounds the sample sizes of this file: no run makes more attempts.
const maxSampleSize = 1_000_000_000

// SampleSize returns the number of attempts, over all rounds together, that each
// of two runs needs so that a two-sided test of level alpha tells share base from
// share other with the given power. All four are within 0 and 1. phi is the
// dispersion, estimated from the given number of rounds of each run. With few
// rounds the test is Student's, which needs more attempts; an estimate below 1
// counts as 1, and so does not compensate for one above. A single round cannot be
// planned for and counts as two. The size includes the continuity correction, so
// it holds for Fisher's test too. It is at most one billion, also for equal shares.
//
// Source: J. L. Fleiss, B. Levin and M. C. Paik, "Statistical Methods for Rates
// and Proportions", 3rd ed. (2003), section 4.2.
func SampleSize(base, other, alpha, power, phi float64, rounds int) int64 {
	df := degreesOfFreedom(rounds)
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}
	n := float64(independentSize(base, other, t.Quantile(1-alpha/2), t.Quantile(power)))
	// The mean excess of a chi-square over its degrees of freedom, where it exceeds them.
	excess := 1 / math.Sqrt(math.Pi*df)
	return int64(math.Ceil(min(n*max(phi, 1)*(1+excess), maxSampleSize)))
}

// independentSize returns the size of SampleSize for independent attempts, at
// the quantiles of the level and of the power.
func independentSize(p1, p2, level, power float64) int64 {
	d := math.Abs(p2 - p1)
	mean := (p1 + p2) / 2
	n := level*math.Sqrt(2*mean*(1-mean)) + power*math.Sqrt(p1*(1-p1)+p2*(1-p2))
	n *= n / (d * d)
	corrected := n / 4 * math.Pow(1+math.Sqrt(1+4/(n*d)), 2)
	if !(corrected < maxSampleSize) { // also NaN, where the two shares are equal
		return maxSampleSize
	}
	return int64(math.Ceil(corrected))
}

// WidthSize returns the number of attempts that each of two runs needs so that
// Newcombe's interval of the difference of two equal shares, at a quantile, lies
// within -half and half. It is at most one billion.
func WidthSize(share, half, quantile float64) int64 {
	if half <= 0 {
		return maxSampleSize
	}
	return int64(sort.Search(maxSampleSize, func(n int) bool {
		size := float64(n)
		low, high := Newcombe(share*size, size, share*size, size, quantile)
		return n > 0 && -half <= low && high <= half
	}))
}
