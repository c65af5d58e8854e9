package stats

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func near(a, b, slack float64) bool { return math.Abs(a-b) <= slack }

// The examples of Newcombe's table II, method 10.
func TestNewcombeAgreesWithPublishedValues(t *testing.T) {
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

func TestNewcombeBracketsTheDifferenceAndMirrors(t *testing.T) {
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
