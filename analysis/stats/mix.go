package stats

import "math"

// WeightedShare is one share of a weighted mix.
type WeightedShare struct {
	Weight float64 // above 0; only the proportions of the weights count
	K, N   int64
}

// Mix returns the weighted mean of shares, with an interval at the normal
// quantile z. The interval follows the method of variance estimates recovery
// (MOVER) from the Wilson interval of each share: the distance of a bound from
// the mean is the square root of the summed squares of the weighted distances of
// the single bounds from their shares. The mix of one share has its Wilson
// interval. A share with N = 0 counts as 0.5 and makes the interval wide. With no
// shares the mean is 0 and the interval 0 to 1.
//
// Sources: G. Y. Zou and A. Donner, "Construction of confidence intervals about
// a difference: a closed-form approach", Statistics in Medicine 27 (2008)
// 1693-1702; for any linear function of proportions G. Y. Zou, W. Huang and
// X. Zhang, "A note on confidence interval estimation for a linear function of
// binomial proportions", Computational Statistics & Data Analysis 53 (2009)
// 1080-1085.
func Mix(shares []WeightedShare, z float64) (mean, low, high float64) {
	var total float64
	for _, s := range shares {
		total += s.Weight
	}
	if total == 0 {
		return 0, 0, 1
	}
	var below, above float64
	for _, s := range shares {
		w, value := s.Weight/total, 0.5
		l, h := Wilson(s.K, s.N, z)
		if s.N > 0 {
			value = float64(min(s.K, s.N)) / float64(s.N)
		}
		mean += w * value
		below += w * w * (value - l) * (value - l)
		above += w * w * (h - value) * (h - value)
	}
	return mean, max(mean-math.Sqrt(below), 0), min(mean+math.Sqrt(above), 1)
}
