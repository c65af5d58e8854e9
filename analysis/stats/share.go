package stats

import "github.com/rejectbench/rejectbench/results"

// Z95 is the standard normal quantile of a two-sided 95% interval.
const Z95 = results.Z95

// Wilson returns the score interval of the share k/n at the normal quantile z. It
// takes the n attempts as independent: see results.Wilson.
func Wilson(k, n int64, z float64) (low, high float64) {
	return results.Wilson(float64(k), float64(n), z)
}

// Share is a share K/N, and where it can be given the 95% interval of what other runs
// of the same point measure in the long run, which is the mean of many. One other run
// varies itself, so it lies outside more often. A share with N = 0 is not known.
//
// A share without an interval has the bounds 0 and 1: nothing is known of other
// runs. So a comparison of a bound with a threshold decides nothing. The bounds of the
// zero value are both 0. Print or draw the bounds only where HasInterval reports true.
type Share struct {
	K, N      int64
	Value     float64 // K/N; 0 when N is 0
	Low, High float64 // bounds of the interval, 0 to 1
	// Dispersion is the variance of the share divided by that of as many independent
	// attempts; 0 where it is unknown.
	Dispersion float64
	// EffectiveN is the number of independent attempts that the N attempts are worth.
	// The interval is Wilson's of so many. It is 0 for a share without an interval.
	EffectiveN float64
}

// NewShare returns the share k/n without an interval: of a single round, or of several
// conditions together. A k above n counts as n.
func NewShare(k, n int64) Share {
	s := Share{K: min(k, n), N: n, High: 1}
	if n > 0 {
		s.Value = float64(s.K) / float64(n)
	}
	return s
}

// NewIndependentShare returns the share k/n of independent trials, with its Wilson
// interval. The attempts of a cell are not independent.
func NewIndependentShare(k, n int64) Share { return NewShare(k, n).with(1, float64(n)) }

// NewShareOfRounds returns the share sum(k)/sum(n) of the rounds of a point, of which
// round i had k[i] successes in n[i] attempts. It has an interval from three rounds
// on: see results.Rounds.
//
// The variance between a point's own few rounds can be small by chance. So the
// attempts are worth at most as many as the dispersion of the whole run allows. The
// zero Dispersion is no limit.
//
// TestIntervalsOfRoundsHoldTheLongRunShare compares the interval with others. In its
// runs half of the points have independent attempts, and half have rounds that
// differ with a variance of 1, 1.5, 3 or 10 times the binomial one. Of runs with 3, 5
// and 10 rounds of 60 and 100 attempts and true shares from 2% to 98%, the interval
// held the mean of 20 other runs in 92% or more. Alternatives at their worst: Wilson
// on all attempts 41%, only the point's own dispersion 79%, only the run's dispersion
// 76%, Student's t of the logits 57%, Clopper and Pearson's interval on the effective
// number 81%. It is 17 points wide on average for five independent rounds of 60 and a
// share of one half, where Wilson's is 11. With two rounds it would be 76 points wide, so
// there is none.
func NewShareOfRounds(k, n []int64, run Dispersion) Share {
	var sumK, sumN int64
	for i := range n {
		sumK, sumN = sumK+min(k[i], n[i]), sumN+n[i]
	}
	dispersion, effectiveN, ok := results.Rounds(k, n)
	if !ok {
		return NewShare(sumK, sumN)
	}
	if run.DF > 0 {
		effectiveN = min(effectiveN, results.EffectiveN(float64(sumN), run.Factor(), run.DF))
	}
	return NewShare(sumK, sumN).with(dispersion, effectiveN)
}

// with gives a share the interval of an effective number of attempts.
func (s Share) with(dispersion, effectiveN float64) Share {
	if s.N > 0 && effectiveN > 0 {
		s.Dispersion, s.EffectiveN = dispersion, effectiveN
		s.Low, s.High = results.Wilson(s.Value*effectiveN, effectiveN, Z95)
	}
	return s
}

// Known reports whether N is above 0.
func (s Share) Known() bool { return s.N > 0 }

// HasInterval reports whether Low and High are the bounds of an interval.
func (s Share) HasInterval() bool { return s.EffectiveN > 0 }

// Drawn returns the ends of the share's error bar: the interval, or the share itself
// where there is none.
func (s Share) Drawn() (low, high float64) {
	if s.HasInterval() {
		return s.Low, s.High
	}
	return s.Value, s.Value
}

// Overlaps reports whether the two intervals have a value in common. Shares whose
// intervals do not overlap differ at the 5% level or better. A share without an
// interval overlaps with every other.
func (s Share) Overlaps(o Share) bool { return s.Low <= o.High && o.Low <= s.High }

// Complement returns the share of the rest, (N-K)/N, with the mirrored interval.
func (s Share) Complement() Share {
	c := s
	c.K, c.Low, c.High = s.N-s.K, 1-s.High, 1-s.Low
	if s.N > 0 {
		c.Value = float64(c.K) / float64(s.N)
	}
	return c
}

// SignTest reports whether measurably more than half of n independent pairs are wins: at
// a share of one half, k of n or more have a probability of at most 2.5%. It is false for
// fewer than six pairs. Pairs that are equal must not be counted.
func SignTest(k, n int64) bool { return n > 0 && Binomial(n-k, n, 0.5) <= 0.025 }

// DifferenceFrom returns Newcombe's 95% interval of s - base. A share with an interval
// counts as its effective number of attempts, which holds at this level alone. The
// attempts of one without, such as that of a single round, count as independent.
func (s Share) DifferenceFrom(base Share) (low, high float64) {
	n1, n2 := base.Independent(), s.Independent()
	return Newcombe(base.Value*n1, n1, s.Value*n2, n2, Z95)
}

// Independent returns as how many independent attempts the share's count in a
// difference: see DifferenceFrom.
func (s Share) Independent() float64 {
	if s.HasInterval() {
		return s.EffectiveN
	}
	return float64(s.N)
}

// Plus returns the share of the pooled counts, without an interval: of different
// conditions it is a mixture that the grid chose.
func (s Share) Plus(o Share) Share { return NewShare(s.K+o.K, s.N+o.N) }
