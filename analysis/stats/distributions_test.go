package stats

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// The reference is summed in exact arithmetic.
func TestBinomialIsTheExactSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 120).Draw(t, "n")
		k := rapid.Int64Range(0, n).Draw(t, "k")
		// A multiple of 1/64 is exact in both representations.
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

func TestNormalQuantileHasTheTextbookValues(t *testing.T) {
	for p, want := range map[float64]float64{0.5: 0, 0.95: 1.6448536269514722, 0.975: Z95} {
		if got := NormalQuantile(p); math.Abs(got-want) > 1e-12 {
			t.Errorf("%g: %g, want %g", p, got, want)
		}
	}
}
