package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/combin"
	"gonum.org/v1/gonum/stat/distuv"
)

// NormalQuantile returns the p-quantile of the standard normal distribution. It is
// infinite for p = 0 and p = 1, and panics for a p outside 0 to 1.
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
