package stats

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Admissions to Berkeley by department, whose statistic and p-value without the
// continuity correction are those that R's mantelhaen.test prints.
func TestStratifiedTestAgreesWithPublishedValues(t *testing.T) {
	test := NewSharesTest([]Stratum{
		{512, 825, 89, 108}, {353, 560, 17, 25}, {120, 325, 202, 593}, {138, 417, 131, 375}, {53, 191, 94, 393}, {22, 373, 24, 341},
	})
	if !near(test.ChiSquare, 1.5246, 5e-4) || !near(test.P, 0.2169, 5e-4) {
		t.Errorf("chi-square %v, p %v", test.ChiSquare, test.P)
	}
}

// Fisher's examples: the lady tasting tea, and the convicted twins.
func TestExactTestAgreesWithPublishedValues(t *testing.T) {
	for _, c := range []struct {
		Stratum
		p float64
	}{{Stratum{1, 4, 3, 4}, 0.485714}, {Stratum{2, 17, 10, 13}, 0.00053672}} {
		test := NewSharesTest([]Stratum{c.Stratum})
		if p, _ := fisher(c.Stratum); !near(p, c.p, 1e-6) {
			t.Errorf("%v: p %v, want %v", c.Stratum, p, c.p)
		}
		if c.BaseN == 4 && test.Method != "Fisher" {
			t.Errorf("a table of 8 was tested by %s", test.Method)
		}
	}
}

func drawStrata(t *rapid.T) []Stratum {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Stratum {
		n1, n2 := rapid.Int64Range(0, 80).Draw(t, "n1"), rapid.Int64Range(0, 80).Draw(t, "n2")
		return Stratum{rapid.Int64Range(0, n1).Draw(t, "k1"), n1, rapid.Int64Range(0, n2).Draw(t, "k2"), n2}
	}), 1, 6).Draw(t, "strata")
}

func TestSharesTestIgnoresTheOrderOfRunsAndRounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		strata := drawStrata(t)
		other := slices.Clone(strata)
		slices.Reverse(other)
		for i, s := range other {
			other[i] = Stratum{s.NewK, s.NewN, s.BaseK, s.BaseN}
		}
		a, b := NewSharesTest(strata), NewSharesTest(other)
		if a.Method != b.Method || !near(a.P, b.P, 1e-9) || !near(a.Smallest, b.Smallest, 1e-9) {
			t.Fatalf("%+v and %+v", a, b)
		}
		if a.P < a.Smallest*(1-1e-6) || a.P < 0 || a.P > 1 {
			t.Fatalf("p %v below the smallest possible, %v", a.P, a.Smallest)
		}
	})
}

// A round that only one run measured says nothing about their difference, whichever
// test is used.
func TestAOneSidedRoundChangesNoSharesTest(t *testing.T) {
	methods := map[string]bool{}
	for _, strata := range [][]Stratum{{{1, 4, 3, 4}}, {{2, 17, 10, 13}}, {{512, 825, 89, 108}, {353, 560, 17, 25}}} {
		want := NewSharesTest(strata)
		methods[want.Method] = true
		for _, alone := range []Stratum{{0, 200, 0, 0}, {200, 200, 0, 0}, {0, 0, 150, 200}} {
			if got := NewSharesTest(append(slices.Clone(strata), alone)); got != want {
				t.Errorf("%v with %v: %+v, want %+v", strata, alone, got, want)
			}
		}
	}
	if len(methods) != 2 {
		t.Errorf("only %v were tried", methods)
	}
}

// The probability of a table with a p-value at or below the level, summed over all tables
// with these margins, is at most the level.
func TestExactTestKeepsItsLevel(t *testing.T) {
	for _, margins := range []struct{ n1, n2, k int64 }{{10, 10, 5}, {40, 60, 3}, {7, 30, 20}, {100, 100, 4}} {
		wrong := 0.0
		for x := max(0, margins.k-margins.n1); x <= min(margins.k, margins.n2); x++ {
			if p, _ := fisher(Stratum{margins.k - x, margins.n1, x, margins.n2}); p <= 0.05 {
				wrong += math.Exp(logChoose(margins.n2, x) + logChoose(margins.n1, margins.k-x) - logChoose(margins.n1+margins.n2, margins.k))
			}
		}
		if wrong > 0.05 {
			t.Errorf("%+v: level %v", margins, wrong)
		}
	}
}

// A record may hold counts that no measurement has. They must not cause a panic.
func TestCountsOutOfRangeCountAsTheNearerEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.Int64Range(-5, 20)
		s := Stratum{count.Draw(t, "k1"), count.Draw(t, "n1"), count.Draw(t, "k2"), count.Draw(t, "n2")}
		got, want := NewSharesTest([]Stratum{s}), NewSharesTest([]Stratum{s.clamped()})
		if got != want || got.P < 0 || got.P > 1 {
			t.Fatalf("%+v, clamped %+v", got, want)
		}
	})
}
