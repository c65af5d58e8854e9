package results

import "math"

// Z95 is the standard normal quantile of a two-sided 95% interval.
const Z95 = 1.959963984540054

// Wilson returns the score interval of the share k/n at the normal quantile z.
// It keeps its coverage where shares are near 0 and 1 and where n is small,
// which is where the textbook interval fails. No sample says nothing: n = 0
// gives 0 and 1. A k outside 0..n counts as the nearest end.
//
// Sources: E. B. Wilson, "Probable inference, the law of succession, and
// statistical inference", JASA 22 (1927) 209-212; L. D. Brown, T. T. Cai and
// A. DasGupta, "Interval estimation for a binomial proportion", Statistical
// Science 16 (2001) 101-133.
func Wilson(k, n int64, z float64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	k = min(max(k, 0), n)
	size := float64(n)
	p := float64(k) / size
	zz := z * z
	centre := (p + zz/(2*size)) / (1 + zz/size)
	half := z / (1 + zz/size) * math.Sqrt(p*(1-p)/size+zz/(4*size*size))
	// The formula gives exactly 0 at k = 0 and 1 at k = n; floating point does not.
	low, high = max(centre-half, 0), min(centre+half, 1)
	if k == 0 {
		low = 0
	}
	if k == n {
		high = 1
	}
	return low, high
}
