package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/results"
)

// roundsModel is a beta-binomial distribution that draws the successes of a round of n attempts whose variance is phi times
// the binomial one: phi = 1 + (n-1) * rho, where rho is the correlation of two attempts.
type roundsModel struct{ atMost []float64 }

func newRoundsModel(n int, share, phi float64) roundsModel {
	beta := func(a, b float64) float64 {
		x, _ := math.Lgamma(a)
		y, _ := math.Lgamma(b)
		z, _ := math.Lgamma(a + b)
		return x + y - z
	}
	d := roundsModel{make([]float64, n+1)}
	sum := 0.0
	for k := range d.atMost {
		log := logChoose(int64(n), int64(k))
		if phi == 1 {
			log += float64(k)*math.Log(share) + float64(n-k)*math.Log1p(-share)
		} else {
			rho := (phi - 1) / float64(n-1)
			a, b := share*(1-rho)/rho, (1-share)*(1-rho)/rho
			log += beta(float64(k)+a, float64(n-k)+b) - beta(a, b)
		}
		sum += math.Exp(log)
		d.atMost[k] = sum
	}
	return d
}

func (d roundsModel) draw(rng *rand.Rand) int64 {
	k, _ := slices.BinarySearch(d.atMost, rng.Float64())
	return int64(min(k, len(d.atMost)-1))
}

func (d roundsModel) rounds(rng *rand.Rand, rounds int) []int64 {
	k := make([]int64, rounds)
	for i := range k {
		k[i] = d.draw(rng)
	}
	return k
}

// sumOf adds up counts.
func sumOf(counts []int64) (sum int64) {
	for _, c := range counts {
		sum += c
	}
	return sum
}

// intervalMethods are the intervals that the simulation compares; run is the mean
// dispersion of the run.
var intervalMethods = []struct {
	name string
	of   func(k, n []int64, run Dispersion) (low, high float64)
}{
	{"chosen", func(k, n []int64, run Dispersion) (low, high float64) {
		s := NewShareOfRounds(k, n, run)
		return s.Low, s.High
	}},
	{"Wilson on n", func(k, n []int64, _ Dispersion) (low, high float64) { return Wilson(sumOf(k), sumOf(n), Z95) }},
	{"own rounds", func(k, n []int64, _ Dispersion) (low, high float64) {
		s := NewShareOfRounds(k, n, Dispersion{})
		return s.Low, s.High
	}},
	{"run's rounds", func(k, n []int64, run Dispersion) (low, high float64) {
		t := run.Quantile(0.05)
		e := min(run.Effective(sumOf(n))*(Z95/t)*(Z95/t), float64(sumOf(n)))
		return results.Wilson(float64(sumOf(k))/float64(sumOf(n))*e, e, Z95)
	}},
	{"t of logits", func(k, n []int64, _ Dispersion) (low, high float64) {
		logits := make([]float64, len(k))
		var mean, squares float64
		for i := range k {
			logits[i] = math.Log((float64(k[i]) + 0.5) / (float64(n[i]-k[i]) + 0.5))
			mean += logits[i] / float64(len(k))
		}
		for _, l := range logits {
			squares += (l - mean) * (l - mean)
		}
		df := float64(len(k) - 1)
		half := Dispersion{DF: len(k) - 1}.Quantile(0.05) * math.Sqrt(squares/df/float64(len(k)))
		share := func(logit float64) float64 { return 1 / (1 + math.Exp(-logit)) }
		return share(mean - half), share(mean + half)
	}},
	{"Clopper-Pearson", func(k, n []int64, _ Dispersion) (low, high float64) {
		s := NewShareOfRounds(k, n, Dispersion{})
		x, e := s.Value*s.EffectiveN, s.EffectiveN
		low, high = 0, 1
		if s.K > 0 {
			low = distuv.Beta{Alpha: x, Beta: e - x + 1}.Quantile(0.025)
		}
		if s.K < s.N {
			high = distuv.Beta{Alpha: x + 1, Beta: e - x}.Quantile(0.975)
		}
		return low, high
	}},
}

// The figures in the doc comment of NewShareOfRounds come from here: run it with -v.
func TestIntervalsOfRoundsHoldTheLongRunShare(t *testing.T) {
	const (
		runs   = 500
		others = 20 // runs whose mean the interval has to hold
	)
	shares := []float64{0.02, 0.1, 0.5, 0.9, 0.98}
	worst := make([]float64, len(intervalMethods))
	for i := range worst {
		worst[i] = 1
	}
	head := fmt.Sprintf("%4s %6s %4s %5s  of 100 intervals: hold the mean of %d other runs, mean width in points\n%23s", "phi", "rounds", "n", "share", others, "")
	for _, m := range intervalMethods {
		head += fmt.Sprintf("%16s", m.name)
	}
	t.Log(head)
	for _, phi := range []float64{1, 1.5, 3, 10} {
		for _, rounds := range []int{3, 5, 10} {
			for _, size := range []int{60, 100} {
				rng := rand.New(rand.NewPCG(uint64(10*phi), uint64(1000*rounds+size)))
				n := make([]int64, rounds)
				for i := range n {
					n[i] = int64(size)
				}
				var with, independent []roundsModel
				for _, share := range shares {
					with = append(with, newRoundsModel(size, share, phi))
					independent = append(independent, newRoundsModel(size, share, 1))
				}
				held, width := make([][]int, len(shares)), make([][]float64, len(shares))
				for i := range shares {
					held[i], width[i] = make([]int, len(intervalMethods)), make([]float64, len(intervalMethods))
				}
				for range runs {
					var points [][]int64
					var dispersions []Dispersion
					for _, d := range slices.Concat(with, independent) {
						points = append(points, d.rounds(rng, rounds))
						dispersions = append(dispersions, RoundsDispersion(points[len(points)-1], n))
					}
					run := MeanDispersion(dispersions)
					for i, d := range with {
						mean := float64(sumOf(d.rounds(rng, others*rounds))) / float64(others*rounds*size)
						for j, m := range intervalMethods {
							low, high := m.of(points[i], n, run)
							width[i][j] += (high - low) * 100 / runs
							if low <= mean && mean <= high {
								held[i][j]++
							}
						}
					}
				}
				for i, share := range shares {
					line := fmt.Sprintf("%4g %6d %4d %5g  ", phi, rounds, size, share)
					for j := range intervalMethods {
						coverage := float64(held[i][j]) / runs
						worst[j] = min(worst[j], coverage)
						line += fmt.Sprintf("%9.1f %5.1f ", coverage*100, width[i][j])
					}
					t.Log(line)
					if coverage := float64(held[i][0]) / runs; coverage < 0.9 {
						t.Errorf("holds the mean of the others in %.1f of 100: %s", coverage*100, line)
					}
				}
			}
		}
	}
	line := fmt.Sprintf("%-23s", "worst")
	for _, w := range worst {
		line += fmt.Sprintf("%9.1f       ", w*100)
	}
	t.Log(line)
}

func TestSharesWithTooFewRoundsHaveNoInterval(t *testing.T) {
	for _, n := range [][]int64{nil, {100}, {100, 100}, {100, 0, 100}} {
		if s := NewShareOfRounds(make([]int64, len(n)), n, Dispersion{}); s.HasInterval() || s.Low != 0 || s.High != 1 {
			t.Errorf("%v: %+v", n, s)
		}
	}
	// Of two rounds the attempts are worth so few that the interval says nothing.
	if e := results.EffectiveN(120, 1, 1); e > 3 {
		t.Errorf("120 rejections of two rounds are worth %v", e)
	}
}

func TestIntervalsOfRoundsAreNeverNarrowerThanWilsons(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SliceOfN(rapid.Int64Range(0, 1000), 3, 12).Draw(t, "n")
		k := make([]int64, len(n))
		for i := range n {
			k[i] = rapid.Int64Range(0, n[i]).Draw(t, "k")
		}
		run := Dispersion{Phi: rapid.Float64Range(0, 30).Draw(t, "phi"), DF: rapid.IntRange(0, 50).Draw(t, "df")}
		s := NewShareOfRounds(k, n, run)
		if s.K != sumOf(k) || s.N != sumOf(n) {
			t.Fatalf("%+v of %v in %v", s, k, n)
		}
		if !s.HasInterval() {
			return
		}
		low, high := Wilson(s.K, s.N, Z95)
		const rounding = 1e-12
		if s.Low > low+rounding || s.High < high-rounding || s.Low > s.Value || s.High < s.Value || s.EffectiveN > float64(s.N) {
			t.Fatalf("%+v, Wilson %v to %v", s, low, high)
		}
	})
}

// The share of a machine that changes slowly is nearly the same in rounds in a row.
func TestManyRoundsInARowAreJoined(t *testing.T) {
	const (
		runs, rounds, attempts = 400, 80, 40
		share, spread, keeps   = 0.7, 0.05, 0.8 // of the share, its standard deviation, and what is left of a change in the next round
	)
	rng := rand.New(rand.NewPCG(1, 2))
	joined, apart := 0, 0
	for range runs {
		k, n := make([]int64, rounds), make([]int64, rounds)
		change := spread * rng.NormFloat64()
		for i := range rounds {
			n[i], k[i] = attempts, int64(distuv.Binomial{N: attempts, P: min(max(share+change, 0), 1), Src: rng}.Rand())
			change = keeps*change + math.Sqrt(1-keeps*keeps)*spread*rng.NormFloat64()
		}
		if s := NewShareOfRounds(k, n, Dispersion{}); s.Low <= share && share <= s.High {
			joined++
		}
		var sum float64
		for _, v := range k {
			sum += float64(v)
		}
		e := results.EffectiveN(rounds*attempts, results.DesignEffect(k, n), rounds-1)
		if low, high := results.Wilson(sum/(rounds*attempts)*e, e, Z95); low <= share && share <= high {
			apart++
		}
	}
	t.Logf("of %d intervals %d hold the share where neighbours are joined, %d where each round counts", runs, joined, apart)
	if joined < runs*85/100 || joined < apart {
		t.Error("joined rounds do not allow for slow changes")
	}
}
