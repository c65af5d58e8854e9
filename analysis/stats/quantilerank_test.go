package stats

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The distribution function, added up exactly.
func TestBinomialIsTheExactSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 120).Draw(t, "n")
		k := rapid.Int64Range(0, n).Draw(t, "k")
		// A probability of so few digits is the same in both forms.
		parts := rapid.Int64Range(0, 64).Draw(t, "p64")
		p, q := big.NewRat(parts, 64), big.NewRat(64-parts, 64)
		sum := new(big.Rat)
		for i := int64(0); i <= k; i++ {
			term := new(big.Rat).SetInt(new(big.Int).Binomial(n, i))
			for range i {
				term.Mul(term, p)
			}
			for range n - i {
				term.Mul(term, q)
			}
			sum.Add(sum, term)
		}
		want, _ := sum.Float64()
		if got := Binomial(k, n, float64(parts)/64); math.Abs(got-want) > 1e-11 {
			t.Fatalf("at most %d of %d at %d/64: %g, want %g", k, n, parts, got, want)
		}
	})
}

func TestThe99thPercentileNeeds299ValuesAt95Percent(t *testing.T) {
	if _, ok := QuantileRank(298, 0.99, 0.95); ok {
		t.Error("298 are enough")
	}
	if r, ok := QuantileRank(299, 0.99, 0.95); !ok || r != 299 {
		t.Errorf("of 299 it is %d, %v", r, ok)
	}
}

func TestARankIsTheSmallestThatHoldsAndTheLowerOneLiesBelow(t *testing.T) {
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

func TestTheUpperBoundOfAPercentileHoldsAsOftenAsItSays(t *testing.T) {
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

func TestNormalQuantileHasTheTextbookValues(t *testing.T) {
	for p, want := range map[float64]float64{0.5: 0, 0.95: 1.6448536269514722, 0.975: Z95} {
		if got := NormalQuantile(p); math.Abs(got-want) > 1e-12 {
			t.Errorf("%g: %g, want %g", p, got, want)
		}
	}
}
