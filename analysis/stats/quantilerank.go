package stats

// QuantileRank returns the rank, from 1 in ascending order, of the value among n
// that is an upper bound of the p-quantile with the given confidence, whatever
// the distribution. It is the smallest r with which, at that confidence, at most
// r-1 of the n values lie below the quantile. It reports false where n is too
// small: the largest of n values lies above the quantile with probability 1-p^n,
// so the 99th percentile needs 299 values at a confidence of 95%.
//
// Source: H. A. David and H. N. Nagaraja, Order Statistics, 3rd edition (2003),
// section 7.1; G. J. Hahn and W. Q. Meeker, Statistical Intervals (1991), section 5.2.
func QuantileRank(n int64, p, confidence float64) (r int64, ok bool) {
	if n < 1 || Binomial(n-1, n, p) < confidence {
		return 0, false
	}
	return binomialQuantile(n, p, func(atMost float64) bool { return atMost >= confidence }) + 1, true
}

// QuantileRankLow returns the rank of the lower bound: the largest r whose value
// lies below the p-quantile with the given confidence. It reports false where n
// is too small.
func QuantileRankLow(n int64, p, confidence float64) (r int64, ok bool) {
	// By symmetry the lower bound of p is the upper bound of 1-p.
	r, ok = QuantileRank(n, 1-p, confidence)
	return n + 1 - r, ok
}
