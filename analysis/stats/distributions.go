package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/combin"
	"gonum.org/v1/gonum/stat/distuv"
)

// NormalQuantile returns the p-quantile of the standard normal distribution. It is
// infinite for p = 0 and p = 1, and panics for a p outside 0 to 1. For a small chance
// alpha, -NormalQuantile(alpha) keeps the digits that NormalQuantile(1-alpha) loses.
func NormalQuantile(p float64) float64 { return distuv.UnitNormal.Quantile(p) }

// Binomial returns the probability of at most k successes in n independent trials
// with success probability p. A p outside 0 to 1 counts as the nearer end.
//
// It sums the terms of the shorter tail. gonum's distribution function is a
// continued fraction, whose last digits decide ties of a bound and a threshold the
// other way.
func Binomial(k, n int64, p float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n || p <= 0:
		return 1
	case p >= 1:
		return 0
	}
	if float64(k) > float64(n)*p {
		return 1 - lowerTail(n-k-1, n, 1-p)
	}
	return lowerTail(k, n, p)
}

// binomialQuantile returns the smallest k for which Binomial(k, n, p) is enough. A
// probability of 1 must be enough, and so must each one above one that is.
func binomialQuantile(n int64, p float64, enough func(atMost float64) bool) int64 {
	low, high := int64(0), n
	for low < high { // the probability increases with the number: bisect
		if middle := low + (high-low)/2; enough(Binomial(middle, n, p)) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// BinomialInterval returns the central interval that holds the number of successes in
// n trials of probability p with the given confidence: the number lies below it with a
// probability of at most (1-confidence)/2, and above it likewise. It is exact, because
// the normal approximation is poor for few successes.
func BinomialInterval(n int64, p, confidence float64) (low, high int64) {
	tail := (1 - confidence) / 2
	low = binomialQuantile(n, p, func(atMost float64) bool { return atMost > tail })
	high = binomialQuantile(n, p, func(atMost float64) bool { return atMost >= 1-tail })
	return low, high
}

// ClopperPearsonHigh returns the exact upper bound of the share k/n: the largest share
// for which at most k of n successes have a probability above alpha. It is 1 for k = n.
// gonum's beta quantile is not used because it differs in the last digits from Binomial,
// which verdicts compare the bound with.
//
// Source: C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits
// illustrated in the case of the binomial", Biometrika 26 (1934) 404-413.
func ClopperPearsonHigh(k, n int64, alpha float64) float64 {
	if k >= n {
		return 1
	}
	low, high := float64(k)/float64(n), 1.0
	for range 60 {
		p := (low + high) / 2
		if Binomial(k, n, p) > alpha {
			low = p
		} else {
			high = p
		}
	}
	return high
}

// ClopperPearsonLow returns the exact lower bound of the share k/n: the smallest share
// for which at least k of n successes have a probability above alpha. It is 0 for k = 0.
func ClopperPearsonLow(k, n int64, alpha float64) float64 {
	return 1 - ClopperPearsonHigh(n-k, n, alpha)
}

// lowerTail returns the sum of the binomial terms from k down, which decrease,
// until they no longer change the sum.
func lowerTail(k, n int64, p float64) (sum float64) {
	if k < 0 {
		return 0
	}
	term := math.Exp(logChoose(n, k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	for odds := (1 - p) / p; ; k-- {
		sum += term
		if k == 0 || term < sum*1e-17 {
			return min(sum, 1)
		}
		term *= float64(k) / float64(n-k+1) * odds
	}
}

// logChoose returns the logarithm of the number of ways to choose k of n, for
// 0 <= k <= n.
func logChoose(n, k int64) float64 { return combin.LogGeneralizedBinomial(float64(n), float64(k)) }
