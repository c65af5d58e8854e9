package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestThe99thPercentileNeeds299ValuesAt95Percent(t *testing.T) {
	if _, ok := QuantileRank(298, 0.99, 0.95); ok {
		t.Error("298 are enough")
	}
	if r, ok := QuantileRank(299, 0.99, 0.95); !ok || r != 299 {
		t.Errorf("of 299 it is %d, %v", r, ok)
	}
}

func TestQuantileRankIsSmallestAndNotBelowTheLowerRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 20000).Draw(t, "n")
		p := rapid.Float64Range(0.01, 0.99).Draw(t, "p")
		confidence := rapid.Float64Range(0.5, 0.999).Draw(t, "confidence")
		r, ok := QuantileRank(n, p, confidence)
		if !ok {
			if math.Pow(p, float64(n)) < (1-confidence)*(1-1e-9) {
				t.Fatal("there is one")
			}
			return
		}
		if r < 1 || r > n || Binomial(r-1, n, p) < confidence || (r > 1 && Binomial(r-2, n, p) >= confidence) {
			t.Fatalf("rank %d of %d", r, n)
		}
		if low, ok := QuantileRankLow(n, p, confidence); ok && (low < 1 || low > r) {
			t.Fatalf("the lower rank %d is not below the upper %d", low, r)
		}
	})
}

func TestQuantileRanksHaveNominalCoverage(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n, times = 600, 3000
	upper, _ := QuantileRank(n, 0.99, 0.95)
	lower, _ := QuantileRankLow(n, 0.99, 0.95)
	above, below := 0, 0
	truth := -math.Log(0.01) // of the exponential distribution
	for range times {
		values := make([]float64, n)
		for i := range values {
			values[i] = rng.ExpFloat64()
		}
		slices.Sort(values)
		if values[upper-1] >= truth {
			above++
		}
		if values[lower-1] <= truth {
			below++
		}
	}
	if float64(above) < 0.94*times || float64(below) < 0.94*times {
		t.Errorf("held in %d and %d of %d", above, below, times)
	}
}
