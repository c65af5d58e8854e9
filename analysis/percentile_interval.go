package analysis

import (
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Interval is the 95% interval of a percentile of times, in milliseconds: where that of
// many other runs on this machine lies. The zero value is none.
type Interval struct {
	Low, High float64
}

// Known reports whether there is an interval.
func (i Interval) Known() bool { return i.High > 0 }

// Intervals are those of the median and of the 99th percentile. They need three valid
// rounds with histograms, and as many times as have a value on each side of the quantile:
// for the 99th percentile, times that are worth 368 independent ones.
type Intervals struct {
	P50, P99 Interval
}

// P50Interval picks the interval of the median, as P50 picks the median.
func P50Interval(i Intervals) Interval { return i.P50 }

// P99Interval picks the interval of the 99th percentile, as P99 picks the percentile.
func P99Interval(i Intervals) Interval { return i.P99 }

// ResponseIntervals returns the intervals of the time to a delivered answer.
func (s *Summary) ResponseIntervals() Intervals { return s.Times[answerTime].bounds() }

// EndIntervals is ResponseIntervals for the time to the end of the attempts with an
// outcome.
func (s *Summary) EndIntervals(o results.Outcome) Intervals { return s.Times[o.String()].bounds() }

// bounds returns the intervals. A nil distribution has none.
func (d *Distribution) bounds() Intervals {
	if d == nil {
		return Intervals{}
	}
	return d.intervals
}

// bound sets the intervals of a settled distribution, of a run with a mean dispersion.
// rounds are the steps of each round, in any order.
func (d *Distribution) bound(rounds [][]step, run stats.Dispersion) {
	d.intervals = Intervals{d.interval(rounds, 0.5, run), d.interval(rounds, 0.99, run)}
}

// interval finds the interval of a quantile by Woodruff's method. The times up to the
// quantile are a share p of all, and the rounds say how many independent times they are
// worth, as for any share of a summary. The order statistics that bound the quantile of
// so many times, taken as shares of them, are the quantiles that bound this one. Wilson's
// interval of p instead of order statistics would hold the 99th percentile in 80 of 100
// runs of five independent rounds of 60.
//
// Source: R. S. Woodruff, "Confidence intervals for medians and other position
// measures", Journal of the American Statistical Association 47 (1952) 635-646.
func (d *Distribution) interval(rounds [][]step, p float64, run stats.Dispersion) Interval {
	if len(rounds) < results.LeastRounds {
		return Interval{}
	}
	at := d.place(p)
	k, n := make([]int64, len(rounds)), make([]int64, len(rounds))
	for i, round := range rounds {
		for _, s := range round {
			n[i] += s.count
			if s.index <= at.index {
				k[i] += s.count
			}
		}
	}
	worth := int64(stats.NewShareOfRounds(k, n, run).EffectiveN)
	low, okLow := stats.QuantileRankLow(worth, p, 0.975)
	high, okHigh := stats.QuantileRank(worth, p, 0.975)
	if !okLow || !okHigh {
		return Interval{}
	}
	lowest, _ := d.place(float64(low) / float64(worth)).lowest()
	return Interval{float64(lowest) / 1e6, float64(d.place(float64(high)/float64(worth)).highest()) / 1e6}
}

// place returns the step that holds the p-quantile.
func (d *Distribution) place(p float64) step {
	rank, seen := d.rank(p), int64(0)
	for _, s := range d.steps {
		if seen += s.count; seen >= rank {
			return s
		}
	}
	return d.steps[len(d.steps)-1]
}
