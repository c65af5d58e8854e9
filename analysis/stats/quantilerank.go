package stats

import "math"

// QuantileRank returns which value of n, in ascending order and counted from 1,
// is an upper bound of the p-quantile that holds with the given confidence,
// whatever the distribution: the smallest r for which at most r-1 of n values
// lie below the quantile with that probability. It reports false where n is too
// small for any: the largest of n values lies above the quantile with
// probability 1-p^n, so that the 99th percentile needs 299 values at 95%.
//
// Source: H. A. David and H. N. Nagaraja, Order Statistics, 3rd edition (2003),
// section 7.1; G. J. Hahn and W. Q. Meeker, Statistical Intervals (1991), section 5.2.
func QuantileRank(n int64, p, confidence float64) (r int64, ok bool) {
	if n < 1 || Binomial(n-1, n, p) < confidence {
		return 0, false
	}
	low, high := int64(1), n // the distribution function rises: halve
	for low < high {
		if middle := low + (high-low)/2; Binomial(middle-1, n, p) >= confidence {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, true
}

// QuantileRankLow is the lower bound of the same: the largest r whose value lies
// below the quantile with the given confidence.
func QuantileRankLow(n int64, p, confidence float64) (r int64, ok bool) {
	// Turned round, the lower bound of p is the upper bound of 1-p.
	r, ok = QuantileRank(n, 1-p, confidence)
	return n + 1 - r, ok
}

// Binomial returns the probability of at most k successes in n trials that each
// succeed with probability p.
func Binomial(k, n int64, p float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n || p <= 0:
		return 1
	case p >= 1:
		return 0
	}
	// Add up the shorter tail of the two, from its largest term outwards, until
	// what is left cannot be seen.
	if float64(k) > float64(n)*p {
		return 1 - lowerTail(n-k-1, n, 1-p)
	}
	return lowerTail(k, n, p)
}

// lowerTail is the sum of the binomial terms from k down, where they fall.
func lowerTail(k, n int64, p float64) (sum float64) {
	if k < 0 {
		return 0
	}
	term := binomialTerm(k, n, p)
	for odds := (1 - p) / p; ; k-- {
		sum += term
		if k == 0 || term < sum*1e-17 {
			return min(sum, 1)
		}
		term *= float64(k) / float64(n-k+1) * odds
	}
}

func binomialTerm(k, n int64, p float64) float64 {
	all, _ := math.Lgamma(float64(n + 1))
	hits, _ := math.Lgamma(float64(k + 1))
	misses, _ := math.Lgamma(float64(n - k + 1))
	return math.Exp(all - hits - misses + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
}

// NormalQuantile returns how many standard deviations above the mean of a normal
// distribution a share p of it lies below, for p above 0 and below 1.
func NormalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
