package results

import "math"

// Z95 is the standard normal quantile of a two-sided 95% interval.
const Z95 = 1.959963984540054

// Wilson returns the score interval of the share k/n at the normal quantile z.
// Both bounds are within 0 and 1. The interval keeps its coverage where the
// share is near 0 or 1 and where n is small; the textbook interval does not.
// Counts may be fractions: attempts divided by a dispersion are. With n = 0 the
// interval is 0 to 1. A k outside 0 to n counts as the nearer end.
//
// Sources: E. B. Wilson, "Probable inference, the law of succession, and
// statistical inference", JASA 22 (1927) 209-212; L. D. Brown, T. T. Cai and
// A. DasGupta, "Interval estimation for a binomial proportion", Statistical
// Science 16 (2001) 101-133.
func Wilson(k, n, z float64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	p := min(max(k/n, 0), 1)
	zz := z * z
	centre := (p + zz/(2*n)) / (1 + zz/n)
	half := z / (1 + zz/n) * math.Sqrt(p*(1-p)/n+zz/(4*n*n))
	// The formula brackets the share, and is exact at 0 and 1. Rounding is not.
	return min(max(centre-half, 0), p), max(min(centre+half, 1), p)
}
