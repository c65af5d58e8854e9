package tune

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// simulated is a search whose cells are drawn from known shares.
func simulated(goal Goal, values []int64, start int, share func(v int64) float64, rng *rand.Rand) (s Search, measured *int64) {
	measured = new(int64)
	s = Search{
		Goal: goal, Values: values, Start: values[start], Weights: []float64{1}, First: 40, Batch: 400,
		Half: func(v int64) (int64, bool) { return v / 2, v/2 >= values[0] },
		Measure: func(_ context.Context, v int64, _ int, _ Phase, n int64) (Evidence, error) {
			*measured += n
			var k int64
			for range n {
				if rng.Float64() < share(v) {
					k++
				}
			}
			return Evidence{Parts: []stats.WeightedShare{{Weight: 1, K: k, N: n}}}, nil
		},
	}
	return s, measured
}

func TestASearchWithoutNoiseFindsTheThresholdWithinAStepOfTheGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := Grid(1000, 60000, 4)
		threshold := rapid.Int64Range(1, 80000).Draw(t, "threshold")
		share := func(v int64) float64 {
			if v >= threshold {
				return 1
			}
			return rapid.Float64Range(0, 0.5).Draw(t, "share below")
		}
		start := rapid.IntRange(0, len(values)-1).Draw(t, "start")
		s, _ := simulated(Goal{Target: 0.99, Alpha: 0.05}, values, start, share, rand.New(rand.NewPCG(1, 1)))
		f, err := s.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		want, _ := slices.BinarySearch(values, threshold)
		switch {
		case want == len(values):
			if f.Chosen != nil {
				t.Fatalf("found %d, and no value reaches the target", f.Chosen.Value)
			}
		case f.Chosen == nil || f.Chosen.Value != values[want]:
			t.Fatalf("found %+v, want %d", f.Chosen, values[want])
		case f.Chosen.Value/2 >= values[0] && (f.Half == nil || f.Half.Verdict != misses):
			t.Fatalf("the half: %+v", f.Half)
		}
	})
}

func TestEverySearchEndsAndWithinABoundedNumberOfAttempts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		target := rapid.Float64Range(0.5, 0.995).Draw(t, "target")
		middle := rapid.Float64Range(0, 14).Draw(t, "log2 of the middle")
		slope := rapid.Float64Range(0.1, 20).Draw(t, "slope")
		most := rapid.Float64Range(0, 1).Draw(t, "largest share")
		values := Grid(1, 10000, 4)
		s, measured := simulated(Goal{Target: target, Alpha: 0.05}, values, rapid.IntRange(0, len(values)-1).Draw(t, "start"),
			func(v int64) float64 { return most / (1 + math.Exp(-slope*(math.Log2(float64(v))-middle))) },
			rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)))
		if _, err := s.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		// Every value at most screened and confirmed three times over, at its longest.
		longest := s.Goal.attempts(s.Weights, maxLosses, s.Batch, max(s.Goal.Alpha*math.Pow(3, -float64(len(values))), leastAlpha))
		if bound := 3 * int64(len(values)) * 2 * (longest + s.Batch); *measured > bound {
			t.Fatalf("%d attempts, more than %d", *measured, bound)
		}
	})
}

// So close to 1 a confirmation takes more batches than an int64 has bits.
func TestATargetCloseToOneIsConfirmed(t *testing.T) {
	values := Grid(1, 100, 1)
	s, _ := simulated(Goal{Target: 0.9999, Alpha: 0.05}, values, 0,
		func(v int64) float64 { return float64(min(v/16, 1)) }, rand.New(rand.NewPCG(1, 1)))
	f, err := s.Run(context.Background())
	if err != nil || f.Chosen == nil || f.Chosen.Value != 16 {
		t.Fatalf("%+v, %v", f.Chosen, err)
	}
}

// The worst case for a search: every value but the dearest is just below the
// target, so most pass the screen, and each is a chance to be wrong.
func TestAValueBelowTheTargetIsConfirmedNoMoreOftenThanAlpha(t *testing.T) {
	const times = 500
	for _, c := range []struct{ target, below, alpha float64 }{
		{0.95, 0.9499, 0.05}, {0.9, 0.899, 0.2}, {0.99, 0.9895, 0.1},
	} {
		wrong, found := 0, 0
		rng := rand.New(rand.NewPCG(7, uint64(1000*c.target)))
		values := Grid(1, 64, 4)
		for i := range times {
			s, _ := simulated(Goal{Target: c.target, Alpha: c.alpha}, values, i%len(values), func(v int64) float64 {
				if v == values[len(values)-1] {
					return 1
				}
				return c.below
			}, rng)
			f, err := s.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if f.Chosen != nil {
				found++
				if f.Chosen.Value != values[len(values)-1] {
					wrong++
				}
			}
		}
		t.Logf("target %g, all but one value at %g: %d of %d searches confirmed a value below it, %d found one", c.target, c.below, wrong, times, found)
		if rate := float64(wrong) / times; rate > c.alpha+3*math.Sqrt(c.alpha*(1-c.alpha)/times) {
			t.Errorf("target %g: wrong in %.4f, alpha %g", c.target, rate, c.alpha)
		}
	}
}

// With a response as steep as a time limit's, the search nearly always finds the
// first value that reaches the target, or one of the next.
func TestANoisySearchFindsAValueWithinTwoStepsOfTheThreshold(t *testing.T) {
	const times = 300
	near := 0
	rng := rand.New(rand.NewPCG(11, 13))
	values := Grid(1000, 60000, 4)
	for i := range times {
		threshold := values[4] + rng.Int64N(values[len(values)-4]-values[4])
		s, _ := simulated(Goal{Target: 0.99, Alpha: 0.05}, values, i%len(values), func(v int64) float64 {
			return 1 / (1 + math.Exp(-60*math.Log2(1.08*float64(v)/float64(threshold))))
		}, rng)
		f, err := s.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if f.Chosen == nil {
			continue
		}
		first, _ := slices.BinarySearch(values, threshold)
		if at := slices.Index(values, f.Chosen.Value); at >= first-1 && at <= first+2 {
			near++
		}
	}
	if near < times*95/100 {
		t.Errorf("near the threshold in %d of %d", near, times)
	}
}

func TestTheLargestLimitIsFoundAndItsDoubleMisses(t *testing.T) {
	values := Grid(1, 48, 4)
	slices.Reverse(values)
	service := func(v int64) time.Duration { return 20*time.Millisecond + time.Duration(v)*2*time.Millisecond }
	s := Search{
		Goal: Goal{Target: 0.99, Alpha: 0.05, Objective: 50 * time.Millisecond}, Values: values, Start: values[3], Weights: []float64{1}, First: 100, Batch: 400,
		Half: func(v int64) (int64, bool) { return 2 * v, 2*v <= values[0] },
		Measure: func(_ context.Context, v int64, _ int, _ Phase, n int64) (Evidence, error) {
			e := Evidence{Parts: []stats.WeightedShare{{Weight: 1, K: n, N: n}}, Response: results.NewHistogram()}
			for range n {
				results.Record(e.Response, int64(service(v)))
			}
			return e, nil
		},
	}
	f, err := s.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if f.Chosen == nil || service(f.Chosen.Value) > 50*time.Millisecond || f.Half == nil || f.Half.Verdict != misses || f.Half.Value != 2*f.Chosen.Value {
		t.Fatalf("found %+v, double %+v", f.Chosen, f.Half)
	}
	if at := slices.Index(values, f.Chosen.Value); at > 0 && service(values[at-1]) <= 50*time.Millisecond {
		t.Errorf("%d was found, and %d would do", f.Chosen.Value, values[at-1])
	}
	if n := f.Chosen.Worst().Evidence.Response.TotalCount(); n < 299 {
		t.Errorf("confirmed by %d admitted attempts, too few for a 99th percentile", n)
	}
}

func TestASearchInWhichNothingIsRejectedSaysSo(t *testing.T) {
	s, _ := simulated(Goal{Target: 0.9, Alpha: 0.05}, Grid(1, 8, 1), 0, nil, nil)
	s.Measure = func(context.Context, int64, int, Phase, int64) (Evidence, error) {
		return Evidence{Parts: []stats.WeightedShare{{Weight: 1}}}, nil
	}
	if _, err := s.Run(context.Background()); !errors.Is(err, ErrNothingRejected) {
		t.Errorf("got %v", err)
	}
}

func TestAConfirmationTakesAsManyAttemptsAsTheExactBoundAsks(t *testing.T) {
	for _, c := range []struct {
		target, alpha float64
		losses        int64
		want          int64
	}{
		{0.999, 0.05, 0, 2995}, // ln 0.05 / ln 0.999; with Wilson's 2703, 6.7% of searches just below the target succeed
		{0.95, 0.05, 0, 59},
		{0.95, 0.05, 1, 93},
		{0.5, 0.05, 0, 5},
	} {
		const batch = 400
		got := (Goal{Target: c.target}).attempts([]float64{1}, c.losses, batch, c.alpha)
		worth := func(n int64) int64 {
			return int64(float64(n) / results.StudentFactor(c.alpha, plannedRounds(n, batch)-1))
		}
		// A loss is rounded up to a whole one, so it weighs more.
		if worth(got) < c.want || c.losses == 0 && worth(got-1) >= c.want {
			t.Errorf("%g with %d lost: %d attempts, worth %d and one less %d, want %d", c.target, c.losses, got, worth(got), worth(got-1), c.want)
		}
	}
}

func TestAGridRisesInStepsOfAtMostTheRatioOrOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Int64Range(1, 1e9).Draw(t, "low")
		high := low + rapid.Int64Range(0, 1e12).Draw(t, "span")
		steps := rapid.IntRange(1, 8).Draw(t, "steps")
		values := Grid(low, high, steps)
		if values[0] != low || values[len(values)-1] != high {
			t.Fatalf("from %d to %d: %v", low, high, values)
		}
		for i := 1; i < len(values); i++ {
			a, b := values[i-1], values[i]
			if b <= a || (b > a+1 && float64(b-1) > float64(a+1)*math.Exp2(1/float64(steps))) {
				t.Fatalf("%d follows %d", b, a)
			}
		}
	})
}

func TestSpendingNeverExceedsAlpha(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alpha := rapid.Float64Range(1e-6, 0.5).Draw(t, "alpha")
		s, sum := newAlphaSpending(alpha), 0.0
		for range rapid.IntRange(1, 60).Draw(t, "looks") {
			sum += s.look()
		}
		if sum > alpha+60*leastAlpha {
			t.Fatalf("%g of %g", sum, alpha)
		}
	})
}

// Each corner has its own threshold. The answer is the largest, with the margin.
func TestASearchOverCornersAnswersForTheWorst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := Grid(1000, 60000, 4)
		thresholds := rapid.SliceOfN(rapid.Int64Range(1, 60000), 1, 6).Draw(t, "thresholds")
		s, _ := simulated(Goal{Target: 0.99, Alpha: 0.05}, values, rapid.IntRange(0, len(values)-1).Draw(t, "start"), nil, nil)
		s.Corners, s.Margin = len(thresholds), func(v int64) int64 { return 2 * v }
		s.Measure = func(_ context.Context, v int64, corner int, _ Phase, n int64) (Evidence, error) {
			k := n
			if v < thresholds[corner] {
				k = n / 2
			}
			return Evidence{Parts: []stats.WeightedShare{{Weight: 1, K: k, N: n}}}, nil
		}
		f, err := s.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		at, _ := slices.BinarySearch(values, slices.Max(thresholds))
		if f.Edge == nil || f.Edge.Value != values[at] || f.Chosen.Value != 2*values[at] || len(f.Chosen.Corners) != len(thresholds) {
			t.Fatalf("found %+v and %+v, want %d and its double in %d corners", f.Edge, f.Chosen, values[at], len(thresholds))
		}
		if f.Half != nil && thresholds[f.Half.Worst().Corner] <= f.Half.Value {
			t.Fatalf("half of it misses in corner %d of %v", f.Half.Worst().Corner, thresholds)
		}
		for _, j := range f.Trail {
			if j.Verdict == misses && j.Corners[len(j.Corners)-1].Verdict != misses {
				t.Fatalf("%d was measured on after it missed", j.Value)
			}
		}
	})
}

func TestAVerificationMeasuresAllCornersInThreeRounds(t *testing.T) {
	s, _ := simulated(Goal{Target: 0.99, Alpha: 0.05}, Grid(1, 8, 1), 0, nil, nil)
	s.Corners = 4
	s.Measure = func(_ context.Context, _ int64, corner int, _ Phase, n int64) (Evidence, error) {
		return Evidence{Parts: []stats.WeightedShare{{Weight: 1, K: n * int64(corner%2), N: n}}}, nil
	}
	j, err := s.Verify(context.Background(), 1)
	if err != nil || j.Verdict != misses || len(j.Corners) != 4 {
		t.Fatalf("%+v, %v", j, err)
	}
	for _, c := range j.Corners {
		if met := c.Corner%2 == 1; met != (c.Verdict == meets) || met && len(c.Evidence.Rounds) < confirmRounds {
			t.Errorf("corner %d: %s in %d rounds", c.Corner, c.Verdict, len(c.Evidence.Rounds))
		}
	}
	if w := j.Worst(); w.Verdict != misses {
		t.Errorf("the worst is %+v", w)
	}
}

// Rounds that differ more than independent attempts would show less.
func TestRoundsThatDifferWidenTheBounds(t *testing.T) {
	of := func(k ...int64) (e Evidence) {
		for _, k := range k {
			e.Add(Evidence{Parts: []stats.WeightedShare{{Weight: 1, K: k, N: 100}}})
		}
		return e
	}
	_, even, _ := of(90, 90, 90).Bounds(0.95)
	_, uneven, _ := of(100, 100, 70).Bounds(0.95)
	if _, low, high := of(90).Bounds(0.95); low != 0 || high != 1 || uneven >= even {
		t.Errorf("one round: %g to %g; even rounds from %g, uneven ones from %g", low, high, even, uneven)
	}
	if goal := (Goal{Target: 0.95, Alpha: 0.05}); goal.missed(of(50, 50), 0.05) || !goal.missed(of(50, 50, 50), 0.05) {
		t.Error("two rounds decide, or three do not")
	}
}

// Bounds of rounds that differ are at least as wide as those of independent attempts, to
// both sides: few losses, divided by a large design effect, are not rounded into a share
// that was never measured.
func TestBoundsHoldThoseOfIndependentAttempts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var e Evidence
		for range rapid.IntRange(results.LeastRounds, 10).Draw(t, "rounds") {
			n := rapid.Int64Range(1, 200).Draw(t, "n")
			k := n - min(rapid.Int64Range(0, 20).Draw(t, "lost"), n)
			e.Add(Evidence{Parts: []stats.WeightedShare{{Weight: 1, K: k, N: n}}})
		}
		const confidence = 0.95
		share, low, high := e.Bounds(confidence)
		one := e.Parts[0]
		z := stats.NormalQuantile(confidence)
		wantLow, wantHigh := stats.Wilson(one.K, one.N, z)
		if low > wantLow+1e-9 || high < wantHigh-1e-9 {
			t.Fatalf("%d of %d (%g): [%g, %g], of independent attempts [%g, %g]", one.K, one.N, share, low, high, wantLow, wantHigh)
		}
	})
}
