package stats

import "github.com/rejectbench/rejectbench/results"

// Z95 is the standard normal quantile of a two-sided 95% interval.
const Z95 = results.Z95

// Wilson returns the score interval of the share k/n at the normal quantile z.
// See results.Wilson, by which records have theirs.
func Wilson(k, n int64, z float64) (low, high float64) {
	return results.Wilson(k, n, z)
}

// Share is k of n with its 95% Wilson interval. The zero value, and any share
// of nothing, is not known: Low is 0 and High is 1 for the latter.
type Share struct {
	K, N      int64
	Value     float64 // K/N, 0 when N is 0
	Low, High float64
}

// NewShare returns the share k of n. A k above n counts as n.
func NewShare(k, n int64) Share {
	s := Share{K: min(k, n), N: n}
	s.Low, s.High = Wilson(k, n, Z95)
	if n > 0 {
		s.Value = float64(s.K) / float64(n)
	}
	return s
}

// Known tells whether anything was counted at all.
func (s Share) Known() bool { return s.N > 0 }

// Overlaps tells whether the two intervals share a value: then the two shares
// are not told apart. Intervals that do not overlap differ at the 5% level at least.
func (s Share) Overlaps(o Share) bool { return s.Low <= o.High && o.Low <= s.High }

// Plus pools the counts of two shares.
func (s Share) Plus(o Share) Share { return NewShare(s.K+o.K, s.N+o.N) }
