package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
)

// Runs of the planned size find the planned difference with the planned power.
func TestIndependentSizeHasItsPower(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, c := range []struct{ base, other, power float64 }{{1, 0.98, 0.9}, {0.5, 0.4, 0.8}, {0.95, 0.9, 0.9}} {
		n := independentSize(c.base, c.other, NormalQuantile(1-0.05/2), NormalQuantile(c.power))
		const trials = 2000
		found := 0
		for range trials {
			k1, k2 := analysistest.DrawBinomial(rng, n, c.base), analysistest.DrawBinomial(rng, n, c.other)
			if NewSharesTest([]Stratum{{k1, n, k2, n}}).P <= 0.05 {
				found++
			}
		}
		power := float64(found) / trials
		// The continuity correction makes the size generous where a share is near 0 or 1.
		if sigma := math.Sqrt(c.power * (1 - c.power) / trials); power < c.power-3*sigma || power > c.power+0.09 {
			t.Errorf("%+v: n=%d has power %.3f", c, n, power)
		}
	}
}

// The same over few rounds, with correlated attempts.
func TestSampleSizeHasItsPowerOverDispersedRounds(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, c := range []struct {
		phi    float64
		rounds int
	}{{1, 4}, {3, 4}, {3, 10}} {
		n := SampleSize(0.5, 0.4, 0.05, 0.8, c.phi, c.rounds) / int64(c.rounds)
		const trials = 2000
		found := 0
		for range trials {
			strata := make([]Stratum, c.rounds)
			for i := range strata {
				strata[i] = Stratum{analysistest.DrawDispersed(rng, n, 0.5, c.phi), n, analysistest.DrawDispersed(rng, n, 0.4, c.phi), n}
			}
			test, d := NewSharesTest(strata), NewDispersion(strata)
			if max(test.P, d.PValue(test.ChiSquare)) <= 0.05 {
				found++
			}
		}
		if power := float64(found) / trials; power < 0.78 || power > 0.95 {
			t.Errorf("%+v: n=%d has power %.3f", c, n, power)
		}
	}
}

func TestWidthSizeIsTheFirstThatIsNarrowEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.Float64Range(0, 1).Draw(t, "share")
		half := rapid.Float64Range(0.005, 0.5).Draw(t, "half")
		fits := func(n int64) bool {
			size := float64(n)
			low, high := Newcombe(share*size, size, share*size, size, Z95)
			return -half <= low && high <= half
		}
		if n := WidthSize(share, half, Z95); !fits(n) || n > 1 && fits(n-1) {
			t.Fatalf("%d", n)
		}
	})
}

// A run of the default size can show that two shares near 0 or 1 are the same.
func TestAHundredAttemptsReachTheDefaultEffect(t *testing.T) {
	for _, share := range []float64{0, 0.01, 0.99, 1} {
		if n := WidthSize(share, 0.05, Z95); n > 100 {
			t.Errorf("a share of %v needs %d", share, n)
		}
	}
}
