package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func drawShares(t *rapid.T) []WeightedShare {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) WeightedShare {
		n := rapid.Int64Range(1, 5000).Draw(t, "n")
		return WeightedShare{rapid.Float64Range(0.01, 100).Draw(t, "weight"), rapid.Int64Range(0, n).Draw(t, "k"), n}
	}), 1, 5).Draw(t, "parts")
}

func TestMixOfOneShareIsItsWilsonInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawShares(t)[0]
		share, low, high := Mix([]WeightedShare{p}, Z95)
		wantLow, wantHigh := Wilson(p.K, p.N, Z95)
		if math.Abs(share-float64(p.K)/float64(p.N)) > 1e-12 || math.Abs(low-wantLow) > 1e-12 || math.Abs(high-wantHigh) > 1e-12 {
			t.Fatalf("%v: %g [%g, %g], want [%g, %g]", p, share, low, high, wantLow, wantHigh)
		}
	})
}

func TestMixLiesWithinItsSharesAndItsInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := drawShares(t)
		share, low, high := Mix(parts, Z95)
		least, most := 1.0, 0.0
		for _, p := range parts {
			least, most = min(least, float64(p.K)/float64(p.N)), max(most, float64(p.K)/float64(p.N))
		}
		if share < least-1e-9 || share > most+1e-9 || low > share+1e-12 || high < share-1e-12 || low < 0 || high > 1 {
			t.Fatalf("%v: %g [%g, %g]", parts, share, low, high)
		}
		for i := range parts {
			parts[i].Weight *= 7
		}
		if s, l, h := Mix(parts, Z95); math.Abs(s-share)+math.Abs(l-low)+math.Abs(h-high) > 1e-9 {
			t.Fatalf("seven times the weights change it: %g [%g, %g]", s, l, h)
		}
	})
}

// The nominal coverage of the interval is 95%.
func TestMixIntervalHasNominalCoverage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int64, p float64) (k int64) {
		for range n {
			if rng.Float64() < p {
				k++
			}
		}
		return k
	}
	const times = 4000
	for _, truth := range [][2]float64{{0.5, 0.9}, {0.99, 0.95}, {0.2, 0.999}} {
		held := 0
		for range times {
			_, low, high := Mix([]WeightedShare{{70, draw(200, truth[0]), 200}, {30, draw(90, truth[1]), 90}}, Z95)
			if mix := 0.7*truth[0] + 0.3*truth[1]; low <= mix && mix <= high {
				held++
			}
		}
		if coverage := float64(held) / times; coverage < 0.93 {
			t.Errorf("%v: held in %.3f", truth, coverage)
		}
	}
}
