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

func TestTheExactBoundIsWhereTheTailIsTheChance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 100_000).Draw(t, "n")
		k := rapid.Int64Range(0, n-1).Draw(t, "k")
		chance := rapid.Float64Range(1e-6, 0.5).Draw(t, "chance")
		bound := ClopperPearsonHigh(k, n, chance)
		if bound <= float64(k)/float64(n)*(1+1e-9) {
			return // the share itself has less than this chance
		}
		// The tail falls with the share; a share next to 1 has few digits left.
		slack, digits := 1e-6*chance+1e-12, 1e-15
		above, below := Binomial(k, n, bound), Binomial(k, n, bound-digits)
		if above > chance+slack || below < chance-slack {
			t.Fatalf("the tail of %d of %d is %v at the bound and %v before it, want %v between", k, n, above, below, chance)
		}
	})
}

// The tails are summed from the other end here, by a recurrence in place of gamma
// functions.
func TestBinomialIntervalIsTheSmallestWithBothTailsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 400).Draw(t, "n")
		p := rapid.Float64Range(0.001, 0.999).Draw(t, "p")
		low, high := BinomialInterval(n, p, 0.99)
		probability := make([]float64, n+1)
		term := math.Exp(float64(n) * math.Log(p)) // n of n
		for k := n; k >= 0; k-- {
			probability[k] = term
			term *= float64(k) / float64(n-k+1) * (1 - p) / p
		}
		const smallestNormal = 0x1p-1022
		if probability[n] < smallestNormal {
			return // a subnormal term has too few digits to start the recurrence from
		}
		below, above := 0.0, 0.0
		for k, q := range probability {
			if int64(k) < low {
				below += q
			}
			if int64(k) > high {
				above += q
			}
		}
		const rounding = 1e-9
		if below > 0.005+rounding || above > 0.005+rounding {
			t.Fatalf("%d to %d leaves %g below and %g above", low, high, below, above)
		}
		if below+probability[low] < 0.005-rounding || above+probability[high] < 0.005-rounding {
			t.Fatalf("%d to %d could be smaller", low, high)
		}
	})
}
