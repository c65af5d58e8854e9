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
// answer, 0 < p < 1. It needs three valid rounds with histograms, and as many times as
// have a value on each side of the quantile: for the 99th percentile, times that are worth
// 368 independent ones.
func (s *Summary) ResponseInterval(p float64) Interval {
	return s.interval(answerTime, p)
}

// EndInterval is ResponseInterval for the time to the end of the attempts with an
// outcome.
func (s *Summary) EndInterval(o results.Outcome, p float64) Interval {
	return s.interval(o.String(), p)
}

// interval finds the interval of a quantile by Woodruff's method. The times up to the
// quantile are a share p of all, and the rounds say how many independent times they are
// worth, as for any share of the summary. The order statistics that bound the quantile of
// so many times, taken as shares of them, are the quantiles that bound this one. Wilson's
// interval of p instead of order statistics would hold the 99th percentile in 80 of 100
// runs of five independent rounds of 60.
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
	worth := int64(share.EffectiveN)
	low, okLow := stats.QuantileRankLow(worth, p, 0.975)
	high, okHigh := stats.QuantileRank(worth, p, 0.975)
	if !okLow || !okHigh {
		return Interval{}
	}
	of := func(rank int64) step { return d.steps[d.place(float64(rank)/float64(worth))] }
	lowest, _ := of(low).lowest()
	return Interval{float64(lowest) / 1e6, float64(of(high).highest()) / 1e6}
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
