package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestACollapseIsSignificantInOneRound(t *testing.T) {
	for _, c := range []struct {
		baseK, baseN, newK, newN int64
		low, high                float64
	}{
		{100, 100, 0, 100, 1e-6, 1e-4},
		{0, 100, 100, 100, 1e-6, 1e-4},
		{60, 60, 0, 60, 1e-6, 2e-4},
		{9, 9, 0, 9, 1e-3, 0.01},
		{2, 2, 0, 2, 0.05, 1},
		{100, 100, 30, 100, 0.01, 0.05},
		{100, 100, 50, 100, 0.05, 1},
		{98, 100, 8, 100, 5e-4, 5e-3}, // the extremes of 25 rounds of one cell
		{1e6, 1e6, 0, 1e6, 0, 1e-6},
		{50, 100, 50, 100, 1, 1},
		{0, 0, 50, 100, 1, 1},
	} {
		p, smallest := FewRoundsTest(c.baseK, c.baseN, c.newK, c.newN)
		if p < c.low || p > c.high || smallest > p {
			t.Errorf("%+v: p %v, at least %v", c, p, smallest)
		}
	}
}

func TestNoOtherShareMakesALargeDifferenceMoreProbable(t *testing.T) {
	const n = 50
	at := func(share, d float64) (tail float64) {
		chances := betaBinomial(n, share, RoundCorrelation)
		for i, p := range chances {
			for j, q := range chances {
				if math.Abs(float64(i-j)) >= d*n {
					tail += p * q
				}
			}
		}
		return tail
	}
	for _, d := range []float64{0.6, 0.7, 0.8, 0.9, 1} {
		half := at(0.5, d)
		if p, _ := FewRoundsTest(n, n, int64(math.Round(n*(1-d))), n); math.Abs(p-half) > 1e-9 {
			t.Errorf("%v: p is %v, the sum over all counts %v", d, p, half)
		}
		for share := 0.01; share < 0.5; share += 0.01 {
			if other := at(share, d); other > half*(1+1e-9) {
				t.Errorf("%v at a share of %v: %v, more than %v at one half", d, share, other, half)
			}
		}
	}
}

func TestFewRoundsTailIsADistribution(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 300).Draw(t, "n")
		p := rapid.Float64Range(0.01, 0.99).Draw(t, "p")
		before := 0.0
		for k := range n + 1 {
			tail := FewRoundsTail(k, n, p)
			if tail < before-1e-12 || tail > 1 {
				t.Fatalf("%d of %d at %v: %v after %v", k, n, p, tail, before)
			}
			if mirror := 1 - FewRoundsTail(n-k-1, n, 1-p); math.Abs(tail-mirror) > 1e-9 {
				t.Fatalf("%d of %d at %v: %v, mirrored %v", k, n, p, tail, mirror)
			}
			before = tail
		}
		if math.Abs(before-1) > 1e-9 {
			t.Fatalf("all of %d have %v", n, before)
		}
	})
}

// Rounds that share their fate as much as is assumed, and less, are rarely called.
func TestFewRoundsAreCalledAtMostAsOftenAsAlpha(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, share := range []float64{0.02, 0.1, 0.5, 0.9} {
		for _, correlation := range []float64{0.01, 0.1, 0.21, 0.25} {
			draw := cumulative(betaBinomial(100, share, correlation))
			const trials = 4000
			called := 0
			for range trials {
				if p, _ := FewRoundsTest(draw(rng), 100, draw(rng), 100); p <= 0.05 {
					called++
				}
			}
			if rate := float64(called) / trials; rate > 0.05+3*math.Sqrt(0.05*0.95/trials) {
				t.Errorf("share %v, correlation %v: %v", share, correlation, rate)
			}
		}
	}
}

func cumulative(chances []float64) func(*rand.Rand) int64 {
	return func(rng *rand.Rand) int64 {
		u := rng.Float64()
		for k, p := range chances {
			if u -= p; u < 0 {
				return int64(k)
			}
		}
		return int64(len(chances) - 1)
	}
}
