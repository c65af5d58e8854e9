package stats

import "math"

// Part is one share of a weighted mix.
type Part struct {
	Weight float64 // above 0; only the proportions of the weights count
	K, N   int64
}

// Mix returns the weighted mean of the parts' shares with an interval at the
// normal quantile z, by the method of variance estimates recovery (MOVER) from
// each part's Wilson interval: the mix's bound lies as far from its share as the
// square root of the summed squares of the weighted distances of the parts'
// bounds from theirs. Of one part it is that part's Wilson interval. Parts of
// which nothing is known make the interval wide, and their share counts as 0.5.
//
// Sources: G. Y. Zou and A. Donner, "Construction of confidence intervals about
// a difference: a closed-form approach", Statistics in Medicine 27 (2008)
// 1693-1702; for any linear function of proportions G. Y. Zou, W. Huang and
// X. Zhang, "A note on confidence interval estimation for a linear function of
// binomial proportions", Computational Statistics & Data Analysis 53 (2009)
// 1080-1085.
func Mix(parts []Part, z float64) (share, low, high float64) {
	var total float64
	for _, p := range parts {
		total += p.Weight
	}
	if total == 0 {
		return 0, 0, 1
	}
	var below, above float64
	for _, p := range parts {
		w, value := p.Weight/total, 0.5
		l, h := Wilson(p.K, p.N, z)
		if p.N > 0 {
			value = float64(min(p.K, p.N)) / float64(p.N)
		}
		share += w * value
		below += w * w * (value - l) * (value - l)
		above += w * w * (h - value) * (h - value)
	}
	return share, max(share-math.Sqrt(below), 0), min(share+math.Sqrt(above), 1)
}
