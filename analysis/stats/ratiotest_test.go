package stats

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Critical values of the two-sided Mann-Whitney test at 5%, from the tables of
// textbooks: the interval begins one rank above them.
func TestRankCutAgreesWithTables(t *testing.T) {
	for n, critical := range map[int]int{4: 0, 5: 2, 6: 5, 7: 8, 8: 13, 10: 23, 15: 64, 20: 127} {
		if got := rankCut(n, n, 0.05); got != critical+1 {
			t.Errorf("%d and %d: %d, want %d", n, n, got, critical+1)
		}
	}
	if got := rankCut(3, 3, 0.05); got != 0 {
		t.Errorf("3 and 3 have an interval: %d", got)
	}
}

// distinct draws values whose pairs have distinct ratios, so that there are no ties.
func distinct(t *rapid.T, name string) []float64 {
	var values []float64
	for range rapid.IntRange(1, 9).Draw(t, name) {
		values = append(values, rapid.Float64Range(0.001, 1000).Draw(t, "value"))
	}
	return values
}

func TestRatioIntervalExcludesOneExactlyWhenTheTestRejects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, new := distinct(t, "base"), distinct(t, "new")
		all := append(slices.Clone(base), new...)
		slices.Sort(all)
		if len(slices.Compact(all)) < len(base)+len(new) {
			t.Skip("ties")
		}
		alpha := rapid.Float64Range(0.01, 0.3).Draw(t, "alpha")
		test := NewRatioTest(base, new, alpha)
		if outside := test.Low > 0 || test.High < 0; outside != (test.P <= alpha) {
			t.Fatalf("p %v at %v, interval %v to %v", test.P, alpha, test.Low, test.High)
		}
		if test.P < test.Smallest*(1-1e-9) || test.LogRatio < test.Low || test.LogRatio > test.High {
			t.Fatalf("%+v", test)
		}
		swapped := NewRatioTest(new, base, alpha)
		if !near(swapped.LogRatio, -test.LogRatio, 1e-9) || !near(swapped.P, test.P, 1e-9) {
			t.Fatalf("%+v, changed places %+v", test, swapped)
		}
		for i := range new {
			new[i] *= 3
		}
		if scaled := NewRatioTest(base, new, alpha); !near(scaled.LogRatio, test.LogRatio+math.Log(3), 1e-9) {
			t.Fatalf("%+v, threefold %+v", test, scaled)
		}
	})
}

func TestRatioTo0IsInfiniteAndOf0To0IsOne(t *testing.T) {
	zeros, ones := []float64{0, 0, 0, 0, 0}, []float64{1, 2, 3, 4, 5}
	if test := NewRatioTest(zeros, zeros, 0.05); test.LogRatio != 0 || test.Low != 0 || test.High != 0 || test.P != 1 {
		t.Errorf("0 to 0: %+v", test)
	}
	if test := NewRatioTest(zeros, ones, 0.05); !math.IsInf(test.LogRatio, 1) || !math.IsInf(test.Low, 1) || test.P > 0.05 {
		t.Errorf("0 to more: %+v", test)
	}
	if test := NewRatioTest(ones, zeros, 0.05); !math.IsInf(test.LogRatio, -1) || test.P > 0.05 {
		t.Errorf("more to 0: %+v", test)
	}
}

func TestRoundsForIsTheFirstThatCanBeSignificant(t *testing.T) {
	for _, tests := range []int{1, 4, 48, 400} {
		n := RoundsFor(0.05, tests)
		if smallestRankP(n, n) > 0.05/float64(tests) || smallestRankP(n-1, n-1) <= 0.05/float64(tests) {
			t.Errorf("%d tests: %d", tests, n)
		}
	}
}
