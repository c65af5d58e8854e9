package stats

import (
	"math"

	"github.com/rejectbench/rejectbench/results"
)

// Newcombe returns the hybrid score interval of the difference k2/n2 - k1/n1 of
// two independent shares, at a two-sided quantile: of the normal distribution,
// or of Student's t where the counts were divided by an estimated dispersion.
// Such counts may be fractions. The interval stays within -1 and 1, and keeps its
// coverage where shares are near 0 and 1, where the textbook interval has width 0.
// A share with n = 0 may have any value: the interval covers all of them.
//
// Source: R. G. Newcombe, "Interval estimation for the difference between
// independent proportions: comparison of eleven methods", Statistics in
// Medicine 17 (1998) 873-890, method 10.
func Newcombe(k1, n1, k2, n2, quantile float64) (low, high float64) {
	p1, l1, u1 := score(k1, n1, quantile)
	p2, l2, u2 := score(k2, n2, quantile)
	d := p2 - p1
	low = d - math.Hypot(p2-l2, u1-p1)
	high = d + math.Hypot(u2-p2, p1-l1)
	return max(low, -1), min(high, 1)
}

// score returns the share k/n with its Wilson interval. A share with n = 0 is 0.5.
func score(k, n, quantile float64) (p, low, high float64) {
	p = 0.5
	if n > 0 {
		p = min(max(k/n, 0), 1)
	}
	low, high = results.Wilson(k, n, quantile)
	return p, low, high
}
