package analysis

import (
	"cmp"
	"math"
	"slices"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// NoiseFloor is how far the figures of a run differ between cells of equal
// conditions. Each A/A pair is one point measured twice in the same rounds. A
// difference between two cells that is not above the floor may be noise. The zero
// value is the floor of a run without pairs.
//
// A floor of few pairs is a small sample of the noise and not its bound. A difference
// above it is not thereby proved; a difference below it is not worth reporting.
//
// Source: R. Kohavi, R. Longbotham, D. Sommerfield and R. M. Henne, "Controlled
// experiments on the web: survey and practical guide", Data Mining and Knowledge
// Discovery 18 (2009) 140-181, on A/A tests.
type NoiseFloor struct{ Pairs []NoisePair }

// NoisePair is the two halves of an A/A pair, in the rounds that are valid in both.
type NoisePair struct {
	results.Point
	First, Second []*results.Cell // cells of the same rounds, in the same order
}

// Noise returns the noise floor of the A/A pairs among cells, which may have any
// order. A round counts where both halves of the pair are valid.
func Noise(cells []results.Cell) NoiseFloor {
	var f NoiseFloor
	for _, g := range Group(cells) {
		if first, second := PairRounds(g.Rounds, g.Twins); len(first) > 0 {
			f.Pairs = append(f.Pairs, NoisePair{g.Point, first, second})
		}
	}
	return f
}

// Of returns the floor of a metric: the largest difference between the halves of any
// pair. For a share it is the absolute difference of the two shares, 0 to 1, each
// pooled over the rounds. For a value it is the absolute natural logarithm of the
// ratio of the two medians over the rounds: 0.1 is about 10% more or less. It reports
// false without pairs, for an unknown metric, and for a metric of which no pair has a
// figure in both halves.
func (f NoiseFloor) Of(metric string) (floor float64, ok bool) {
	m, err := MetricByName(metric)
	if err != nil {
		return 0, false
	}
	for _, p := range f.Pairs {
		if d, known := p.Difference(m); known {
			floor, ok = max(floor, d), true
		}
	}
	return floor, ok
}

// Difference returns how far the halves of a pair differ in a metric.
func (p NoisePair) Difference(m Metric) (d float64, ok bool) {
	if m.Share != nil {
		a, b := PooledShare(m, p.First, stats.Dispersion{}), PooledShare(m, p.Second, stats.Dispersion{})
		return math.Abs(a.Value - b.Value), a.Known() && b.Known()
	}
	a, okA := medianValue(m, p.First)
	b, okB := medianValue(m, p.Second)
	switch {
	case !okA || !okB:
		return 0, false
	case a == b:
		return 0, true
	case a <= 0 || b <= 0:
		return 0, false // a ratio to 0 does not exist
	}
	return math.Abs(math.Log(a) - math.Log(b)), true // log(a/b) would lose digits of the smallest figures
}

// PooledShare returns the share of a metric's counts, added over the rounds of a point,
// with an interval by those rounds and by the mean dispersion of the run: see
// RunDispersion. The zero Dispersion is that of rounds alone.
func PooledShare(m Metric, cells []*results.Cell, run stats.Dispersion) stats.Share {
	k, n := countsOf(cells, m.Share)
	return stats.NewShareOfRounds(k, n, run)
}

// medianValue returns the median of a metric over the cells that have it.
func medianValue(m Metric, cells []*results.Cell) (median float64, ok bool) {
	var values []float64
	for _, c := range cells {
		if v, has := m.Value(c); has && !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return 0, false
	}
	slices.SortFunc(values, cmp.Compare[float64])
	return stats.Median(values), true
}
