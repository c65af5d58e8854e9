package stats

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// R. G. Newcombe, "Two-sided confidence intervals for the single proportion",
// Statistics in Medicine 17 (1998) 857-872, table I, score method.
func TestWilsonAgreesWithPublishedValues(t *testing.T) {
	for _, c := range []struct {
		k, n      int64
		low, high float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718},
	} {
		low, high := Wilson(c.k, c.n, Z95)
		if math.Abs(low-c.low) > 5e-5 || math.Abs(high-c.high) > 5e-5 {
			t.Errorf("Wilson(%d, %d) = %.5f, %.5f, want %.4f, %.4f", c.k, c.n, low, high, c.low, c.high)
		}
	}
}

// The values are of the same formula in decimal arithmetic with 40 digits.
func TestWilsonKeepsItsPrecisionNearTheEnds(t *testing.T) {
	for _, c := range []struct {
		k, n      int64
		low, high float64
	}{
		{1, 10, 0.017876213095073, 0.404150026795238},
		{10, 10, 0.722467200137111, 1},
		{99, 100, 0.945513803821295, 0.998232567935859},
		{999, 1000, 0.994357441402042, 0.999823453629374},
	} {
		low, high := Wilson(c.k, c.n, Z95)
		if math.Abs(low-c.low) > 1e-14 || math.Abs(high-c.high) > 1e-14 {
			t.Errorf("Wilson(%d, %d) = %.15f, %.15f, want %.15f, %.15f", c.k, c.n, low, high, c.low, c.high)
		}
	}
}

func TestWilsonOfNoAttemptsIs0To1(t *testing.T) {
	if low, high := Wilson(0, 0, Z95); low != 0 || high != 1 {
		t.Errorf("got %v, %v", low, high)
	}
	if NewShare(0, 0).Known() {
		t.Error("a share of nothing is known")
	}
}

func TestWilsonBracketsTheShareAndIsExactAtTheEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 1e9).Draw(t, "n")
		k := rapid.Int64Range(0, n).Draw(t, "k")
		z := rapid.Float64Range(0.1, 5).Draw(t, "z")
		low, high := Wilson(k, n, z)
		p := float64(k) / float64(n)
		switch {
		case !(0 <= low && low <= p && p <= high && high <= 1):
			t.Fatalf("%v <= %v <= %v does not hold", low, p, high)
		case (low == 0) != (k == 0) || (high == 1) != (k == n):
			t.Fatalf("bounds %v, %v at %d of %d", low, high, k, n)
		}
	})
}

func TestWilsonIsSymmetricAndNarrowsWithN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 1e6).Draw(t, "n")
		k := rapid.Int64Range(0, n).Draw(t, "k")
		low, high := Wilson(k, n, Z95)
		otherLow, otherHigh := Wilson(n-k, n, Z95)
		if math.Abs(low-(1-otherHigh)) > 1e-12 || math.Abs(high-(1-otherLow)) > 1e-12 {
			t.Fatalf("not symmetric: [%v, %v] and [%v, %v]", low, high, otherLow, otherHigh)
		}
		if l, h := Wilson(10*k, 10*n, Z95); h-l >= high-low {
			t.Fatalf("ten times the sample widens %v to %v", high-low, h-l)
		}
	})
}

func TestADifferenceIsAsWideAsTheEffectiveAttemptsAllow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(10, 2000).Draw(t, "n")
		a, b := NewShare(rapid.Int64Range(0, n).Draw(t, "a"), n), NewShare(rapid.Int64Range(0, n).Draw(t, "b"), n)
		low, high := b.DifferenceFrom(a)
		if wantLow, wantHigh := Newcombe(float64(a.K), float64(n), float64(b.K), float64(n), Z95); math.Abs(low-wantLow) > 1e-9 || math.Abs(high-wantHigh) > 1e-9 {
			t.Fatalf("shares of a single round: [%v, %v], want [%v, %v]", low, high, wantLow, wantHigh)
		}
		worth := float64(n) / rapid.Float64Range(1.5, 10).Draw(t, "dispersion")
		l, h := b.with(1, worth).DifferenceFrom(a.with(1, worth))
		if l > low || h < high || (h-l) <= (high-low) && high-low < 2 {
			t.Fatalf("%v attempts worth %v: [%v, %v], of all [%v, %v]", n, worth, l, h, low, high)
		}
		if back, forth := a.with(1, worth).DifferenceFrom(b.with(1, worth)); math.Abs(back+h) > 1e-9 || math.Abs(forth+l) > 1e-9 {
			t.Fatalf("the other way round [%v, %v], not [%v, %v]", back, forth, -h, -l)
		}
	})
}
