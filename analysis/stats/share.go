package stats

import "github.com/rejectbench/rejectbench/results"

// Z95 is the standard normal quantile of a two-sided 95% interval.
const Z95 = results.Z95

// Wilson returns the score interval of the share k/n at the normal quantile z.
// It is the interval that records carry: see results.Wilson.
func Wilson(k, n int64, z float64) (low, high float64) {
	return results.Wilson(float64(k), float64(n), z)
}

// Share is a share K/N with its 95% Wilson interval, all within 0 and 1. A share
// with N = 0 is not known. NewShare gives it the interval 0 to 1; in the zero
// value both bounds are 0.
type Share struct {
	K, N      int64
	Value     float64 // K/N; 0 when N is 0
	Low, High float64
}

// NewShare returns the share k/n. A k above n counts as n.
func NewShare(k, n int64) Share {
	s := Share{K: min(k, n), N: n}
	s.Low, s.High = Wilson(k, n, Z95)
	if n > 0 {
		s.Value = float64(s.K) / float64(n)
	}
	return s
}

// Known reports whether N is above 0.
func (s Share) Known() bool { return s.N > 0 }

// Overlaps reports whether the two intervals have a value in common. Shares whose
// intervals do not overlap differ at the 5% level or better.
func (s Share) Overlaps(o Share) bool { return s.Low <= o.High && o.Low <= s.High }

// SignTest reports whether measurably more than half of n independent pairs are wins:
// whether the 95% Wilson interval of k/n lies above one half. It is false for fewer
// than four pairs. Pairs that are equal must not be counted.
func SignTest(k, n int64) bool { return NewShare(k, n).Low > 0.5 }

// Plus returns the share of the pooled counts.
func (s Share) Plus(o Share) Share { return NewShare(s.K+o.K, s.N+o.N) }
