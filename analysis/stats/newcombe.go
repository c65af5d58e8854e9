package stats

import "math"

// Newcombe returns the hybrid score interval of the difference k2/n2 - k1/n1 of
// two independent shares, at a two-sided quantile: of the normal distribution,
// or of Student's t where the counts were divided by an estimated dispersion,
// which is why they need not be whole. It never leaves -1..1 and keeps its
// coverage where shares are near 0 and 1, where the textbook interval is of
// width 0. A share of nothing can be anything: with n1 or n2 at 0 the interval
// covers what the other one leaves open.
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

// score is the share k/n and Wilson's interval of it, for counts that need not
// be whole.
func score(k, n, quantile float64) (p, low, high float64) {
	if n <= 0 {
		return 0.5, 0, 1
	}
	p = min(max(k/n, 0), 1)
	zz := quantile * quantile
	centre := (p + zz/(2*n)) / (1 + zz/n)
	half := quantile / (1 + zz/n) * math.Sqrt(p*(1-p)/n+zz/(4*n*n))
	// Neither bound is ever on the wrong side of the share; rounding may put it there.
	return p, min(max(centre-half, 0), p), max(min(centre+half, 1), p)
}
