package analysis

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/analysis/stats"
)

// drawTimes draws rounds of exponential times with a mean of 10 ms, each round slower by a
// factor of its own.
func drawTimes(r *rand.Rand, rounds, n int, spread float64) *Summary {
	d := &Distribution{}
	var parts [][]step
	for range rounds {
		factor := math.Exp(spread * r.NormFloat64())
		var of []step
		for range n {
			of = append(of, step{indexOf(int64(factor * r.ExpFloat64() * float64(10*time.Millisecond))), 1})
		}
		parts = append(parts, of)
		d.steps = append(d.steps, of...)
	}
	d.settle()
	d.bound(parts, stats.Dispersion{})
	return &Summary{Times: map[string]*Distribution{answerTime: d}}
}

func TestIntervalsOfPercentilesHoldTheLongRunOnes(t *testing.T) {
	const trials, rounds = 1000, 5
	for _, spread := range []float64{0, 0.2} {
		r := rand.New(rand.NewPCG(1, 2))
		long := drawTimes(r, 20000, 60, spread).Times[answerTime]
		for p, n := range map[float64]int{0.5: 60, 0.99: 400} {
			pick := map[float64]func(Intervals) Interval{
				0.5:  func(i Intervals) Interval { return i.P50 },
				0.99: func(i Intervals) Interval { return i.P99 },
			}[p]
			truth := long.quantiles([]float64{p})[0]
			held, intervals := 0, 0
			for range trials {
				i := pick(drawTimes(r, rounds, n, spread).ResponseIntervals())
				if !i.Known() {
					continue
				}
				intervals++
				if i.Low <= truth && truth <= i.High {
					held++
				}
			}
			t.Logf("rounds differ by %.0f%%, quantile %v: held in %d of %d", spread*100, p, held, intervals)
			if intervals < trials/5 || held < intervals*9/10 {
				t.Errorf("rounds differ by %.0f%%: the interval of the quantile %v holds %.3f ms in %d of %d", spread*100, p, truth, held, intervals)
			}
		}
	}
}

func TestFewTimesOrRoundsGiveAPercentileNoInterval(t *testing.T) {
	few := drawTimes(rand.New(rand.NewPCG(1, 2)), 5, 60, 0)
	if i := few.ResponseIntervals().P99; i.Known() {
		t.Errorf("300 times have the interval %v of the 99th percentile", i)
	}
	s := drawTimes(rand.New(rand.NewPCG(1, 2)), 2, 60, 0)
	if i := s.ResponseIntervals().P50; i.Known() {
		t.Errorf("two rounds have the interval %v", i)
	}
	if i := new(Summary).ResponseIntervals().P50; i.Known() {
		t.Errorf("a summary without times has the interval %v", i)
	}
}
