package analysis

import (
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Interval is the 95% interval of a percentile of times, in milliseconds: what another
// run on this machine would measure. The zero value is none.
type Interval struct {
	Low, High float64
}

// Known reports whether there is an interval.
func (i Interval) Known() bool { return i.High > 0 }

// ResponseInterval returns the interval of the p-quantile of the time to a delivered
// answer, 0 < p < 1. It needs three valid rounds with histograms.
func (s *Summary) ResponseInterval(p float64) Interval {
	return s.interval(answerTime, p)
}

// EndInterval is ResponseInterval for the time to the end of the attempts with an
// outcome.
func (s *Summary) EndInterval(o results.Outcome, p float64) Interval {
	return s.interval(o.String(), p)
}

// interval finds the interval of a quantile by Woodruff's method. The times up to the
// quantile are a share p of all. The interval of that share comes from the rounds, as
// that of any share of the summary. Its bounds are turned back into quantiles.
//
// Source: R. S. Woodruff, "Confidence intervals for medians and other position
// measures", Journal of the American Statistical Association 47 (1952) 635-646.
func (s *Summary) interval(times string, p float64) Interval {
	d := s.Times[times]
	if s.pooled || d == nil || d.total == 0 || len(d.rounds) == 0 {
		return Interval{}
	}
	at := d.place(p)
	k, n := make([]int64, len(d.rounds)), make([]int64, len(d.rounds))
	for i, round := range d.rounds {
		for _, step := range round {
			n[i] += step.count
			if step.index <= d.steps[at].index {
				k[i] += step.count
			}
		}
	}
	share := stats.NewShareOfRounds(k, n, s.runDispersion)
	if !share.HasInterval() {
		return Interval{}
	}
	low, high := results.Wilson(p*share.EffectiveN, share.EffectiveN, stats.Z95)
	lowest, _ := d.steps[d.place(low)].lowest()
	return Interval{float64(lowest) / 1e6, float64(d.steps[d.place(high)].highest()) / 1e6}
}

// place returns the index of the step that holds the p-quantile.
func (d *Distribution) place(p float64) int {
	rank, seen := d.rank(p), int64(0)
	for i, s := range d.steps {
		if seen += s.count; seen >= rank {
			return i
		}
	}
	return len(d.steps) - 1
}
