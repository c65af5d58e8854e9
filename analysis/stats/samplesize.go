package stats

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// mostSamples bounds the answers of this file: nobody makes more attempts.
const mostSamples = 1_000_000_000

// SampleSize is the number of attempts that each of two runs needs so that a
// two-sided test of level alpha tells a share of base from one of other with
// the given power. All are shares within 0 and 1, and the two differ. It has
// the correction for continuity, with which it holds for Fisher's test too.
//
// Source: J. L. Fleiss, B. Levin and M. C. Paik, "Statistical Methods for Rates
// and Proportions", 3rd ed. (2003), section 4.2.
func SampleSize(base, other, alpha, power float64) int64 {
	return sampleSize(base, other, distuv.UnitNormal.Quantile(1-alpha/2), distuv.UnitNormal.Quantile(power))
}

// SampleSizeOver is SampleSize where the dispersion is phi, and is estimated
// from so many rounds of each run: with few of them the test is Student's, which
// needs more, and an estimate below 1, which counts as 1, does not make up for
// one above. One round cannot be planned for and counts as two.
func SampleSizeOver(base, other, alpha, power, phi float64, rounds int) int64 {
	df := float64(2 * max(rounds-1, 1))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}
	n := float64(sampleSize(base, other, t.Quantile(1-alpha/2), t.Quantile(power)))
	// The mean excess of a chi-square over its degrees of freedom, where it has one.
	excess := 1 / math.Sqrt(math.Pi*df)
	return int64(math.Ceil(min(n*max(phi, 1)*(1+excess), mostSamples)))
}

func sampleSize(p1, p2, level, power float64) int64 {
	d := math.Abs(p2 - p1)
	mean := (p1 + p2) / 2
	n := level*math.Sqrt(2*mean*(1-mean)) + power*math.Sqrt(p1*(1-p1)+p2*(1-p2))
	n *= n / (d * d)
	corrected := n / 4 * math.Pow(1+math.Sqrt(1+4/(n*d)), 2)
	if !(corrected < mostSamples) { // also where the two are the same
		return mostSamples
	}
	return int64(math.Ceil(corrected))
}

// WidthSize is the number of attempts that each of two runs needs so that
// Newcombe's interval of the difference of two shares at share, at a quantile,
// lies within -half and half.
func WidthSize(share, half, quantile float64) int64 {
	if half <= 0 {
		return mostSamples
	}
	return int64(sort.Search(mostSamples, func(n int) bool {
		size := float64(n)
		low, high := Newcombe(share*size, size, share*size, size, quantile)
		return n > 0 && -half <= low && high <= half
	}))
}
