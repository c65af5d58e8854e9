package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
)

func near(a, b, slack float64) bool { return math.Abs(a-b) <= slack }

// The examples of Newcombe's table II, method 10.
func TestNewcombeGivesTheIntervalsOfThePaper(t *testing.T) {
	for _, c := range []struct{ k1, n1, k2, n2, low, high float64 }{
		{48, 80, 56, 70, 0.0524, 0.3339},
		{3, 10, 9, 10, 0.1705, 0.8090},
		{2, 7, 6, 7, 0.0582, 0.8062},
		{0, 29, 5, 56, -0.0381, 0.1926},
		{0, 20, 0, 10, -0.1611, 0.2775},
		{0, 10, 0, 10, -0.2775, 0.2775},
		{0, 20, 10, 10, 0.6791, 1},
		{0, 10, 10, 10, 0.6075, 1},
	} {
		if low, high := Newcombe(c.k1, c.n1, c.k2, c.n2, Z95); !near(low, c.low, 6e-5) || !near(high, c.high, 6e-5) {
			t.Errorf("%v/%v - %v/%v: %.4f to %.4f, the paper has %.4f to %.4f", c.k2, c.n2, c.k1, c.n1, low, high, c.low, c.high)
		}
	}
}

func TestNewcombeHoldsTheDifferenceAndMirrorsWhenTheRunsChangePlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n1, n2 := rapid.Float64Range(0.5, 1e6).Draw(t, "n1"), rapid.Float64Range(0.5, 1e6).Draw(t, "n2")
		k1, k2 := n1*rapid.Float64Range(0, 1).Draw(t, "p1"), n2*rapid.Float64Range(0, 1).Draw(t, "p2")
		q := rapid.Float64Range(0.5, 13).Draw(t, "quantile")
		low, high := Newcombe(k1, n1, k2, n2, q)
		back, forth := Newcombe(k2, n2, k1, n1, q)
		d := k2/n2 - k1/n1
		if low < -1 || high > 1 || low > d+1e-12 || high < d-1e-12 || !near(low, -forth, 1e-12) || !near(high, -back, 1e-12) {
			t.Fatalf("%v: %v to %v, mirrored %v to %v", d, low, high, back, forth)
		}
	})
}

// Admissions to Berkeley by department, whose statistic and p-value without the
// continuity correction are those that R's mantelhaen.test prints.
func TestStratifiedTestOfAKnownTable(t *testing.T) {
	test := NewSharesTest([]Stratum{
		{512, 825, 89, 108}, {353, 560, 17, 25}, {120, 325, 202, 593}, {138, 417, 131, 375}, {53, 191, 94, 393}, {22, 373, 24, 341},
	})
	if !near(test.ChiSquare, 1.5246, 5e-4) || !near(test.P, 0.2169, 5e-4) {
		t.Errorf("chi-square %v, p %v", test.ChiSquare, test.P)
	}
}

// Fisher's lady tasting tea, and his convicted twins.
func TestExactTestOfKnownTables(t *testing.T) {
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

func TestSharesTestDoesNotDependOnWhichRunIsTheBaseOrOnTheRoundsOrder(t *testing.T) {
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

// An exact test with these margins never finds a table at or below a level more
// often than the level: summed over all tables, by their probability.
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

func TestDispersionIsThatOfTheRoundsWithinEachRun(t *testing.T) {
	// 10 and 30 of 100 around 20: (10^2 + 10^2) / (100 * 0.2 * 0.8) = 12.5.
	apart := []Stratum{{BaseK: 10, BaseN: 100}, {BaseK: 30, BaseN: 100}}
	if d := NewDispersion(apart); d.DF != 1 || !near(d.Phi, 12.5, 1e-9) {
		t.Errorf("%+v", d)
	}
	// The runs may differ as they like.
	if d := NewDispersion([]Stratum{{10, 100, 90, 100}, {10, 100, 90, 100}}); d.DF != 2 || d.Phi != 0 || d.Factor() != 1 {
		t.Errorf("%+v", d)
	}
	// One round says nothing, and all or nothing says no more than independent attempts.
	if d := NewDispersion(apart[:1]); d.DF != 0 || d.Factor() != 1 {
		t.Errorf("%+v", d)
	}
	if d := NewDispersion([]Stratum{{0, 100, 100, 100}, {0, 100, 100, 100}}); d.DF != 2 || d.Phi != 1 {
		t.Errorf("%+v", d)
	}
}

func TestAdjustedByHolm(t *testing.T) {
	got := Adjust([]Test{{P: 0.01}, {P: 0.04}, {P: 0.03}, {P: 0.005}}, 0.05)
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		if !near(got[i].P, want, 1e-12) || !got[i].Possible {
			t.Errorf("p-value %d: %+v, want %v", i, got[i], want)
		}
	}
}

func TestTestsThatCannotBeCalledWeakenNoOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tests []Test
		for range rapid.IntRange(1, 20).Draw(t, "tests") {
			smallest := rapid.Float64Range(0, 0.2).Draw(t, "smallest")
			tests = append(tests, Test{P: max(smallest, rapid.Float64Range(0, 0.2).Draw(t, "p")), Smallest: smallest})
		}
		const alpha = 0.05
		before := Adjust(tests, alpha)
		more := slices.Clone(tests)
		for range rapid.IntRange(1, 30).Draw(t, "hopeless") {
			more = append(more, Test{P: 0.1, Smallest: 0.1})
		}
		after := Adjust(more, alpha)
		if !slices.Equal(before, after[:len(tests)]) {
			t.Fatalf("%v and with hopeless ones %v", before, after)
		}
		for i, a := range before {
			if a.P < tests[i].P || a.P > 1 || !a.Possible && a.P <= alpha {
				t.Fatalf("%v became %+v", tests[i], a)
			}
		}
		// Nothing that Holm's procedure calls is lost.
		plain := slices.Clone(tests)
		for i := range plain {
			plain[i].Smallest = 0
		}
		for i, a := range Adjust(plain, alpha) {
			if a.P <= alpha && before[i].P > alpha {
				t.Fatalf("%v is called by Holm's procedure, %v, and not here, %v", tests[i], a, before[i])
			}
		}
	})
}

// Critical values of the two-sided Mann-Whitney test at 5%, from the tables of
// the textbooks: the interval begins behind them.
func TestRankCutIsTheTabulatedOne(t *testing.T) {
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

func TestRatioIntervalLeavesOutOneExactlyWhenTheTestCallsADifference(t *testing.T) {
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

func TestRatioToNothingIsInfiniteAndOfNothingToNothingIsOne(t *testing.T) {
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

func TestRoundsForIsTheFirstNumberThatCanBeCalled(t *testing.T) {
	for _, tests := range []int{1, 4, 48, 400} {
		n := RoundsFor(0.05, tests)
		if smallestRankP(n, n) > 0.05/float64(tests) || smallestRankP(n-1, n-1) <= 0.05/float64(tests) {
			t.Errorf("%d tests: %d", tests, n)
		}
	}
}

// Runs of the planned size find what they were planned to find.
func TestSampleSizeHasThePowerItPromises(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, c := range []struct{ base, other, power float64 }{{1, 0.98, 0.9}, {0.5, 0.4, 0.8}, {0.95, 0.9, 0.9}} {
		n := SampleSize(c.base, c.other, 0.05, c.power)
		const trials = 2000
		found := 0
		for range trials {
			k1, k2 := analysistest.DrawBinomial(rng, n, c.base), analysistest.DrawBinomial(rng, n, c.other)
			if NewSharesTest([]Stratum{{k1, n, k2, n}}).P <= 0.05 {
				found++
			}
		}
		power := float64(found) / trials
		// The correction for continuity makes it generous where a share is near an end.
		if sigma := math.Sqrt(c.power * (1 - c.power) / trials); power < c.power-3*sigma || power > c.power+0.09 {
			t.Errorf("%+v: n=%d has power %.3f", c, n, power)
		}
	}
}

// The same over few rounds, with attempts that go together.
func TestSampleSizeOverRoundsHasThePowerItPromises(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, c := range []struct {
		phi    float64
		rounds int
	}{{1, 4}, {3, 4}, {3, 10}} {
		n := SampleSizeOver(0.5, 0.4, 0.05, 0.8, c.phi, c.rounds) / int64(c.rounds)
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

// A run of the default size can say that two shares near an end are the same.
func TestTheDefaultEffectIsInReachOfAHundredAttempts(t *testing.T) {
	for _, share := range []float64{0, 0.01, 0.99, 1} {
		if n := WidthSize(share, 0.05, Z95); n > 100 {
			t.Errorf("a share of %v needs %d", share, n)
		}
	}
}
