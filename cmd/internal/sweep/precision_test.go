package sweep

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

var onePoint = results.Point{Strategy: "close"}

// cellOf is the record of a cell with k of n delivered.
func cellOf(k, n int64) results.Cell { return results.Cell{Valid: true, Delivered: k, Rejected: n} }

func TestAPointIsVisitedUntilItsIntervalIsNarrowEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.Float64Range(0.005, 0.4).Draw(t, "bound")
		p := newStoppingRule(bound, Gate{}, []results.Point{onePoint})
		var k, n []int64
		for range rapid.IntRange(1, 40).Draw(t, "rounds") {
			dn := rapid.Int64Range(1, 300).Draw(t, "n")
			c := cellOf(rapid.Int64Range(0, dn).Draw(t, "k"), dn)
			p.add(onePoint, c)
			k, n = append(k, c.Delivered), append(n, c.Rejected)
			s := stats.NewShareOfRounds(k, n, stats.RoundsDispersion(k, n))
			if want := !s.HasInterval() || (s.High-s.Low)/2 > bound; p.needsMore(onePoint) != want {
				t.Fatalf("%d of %d, ±%v: needs more: %v, want %v", k, n, bound, !want, want)
			}
		}
	})
}

func TestAPointThatAddsNothingIsGivenUpAfter3RoundsInARow(t *testing.T) {
	invalid := results.Cell{Delivered: 50, Rejected: 100, InvalidReason: "path late"}
	none := results.Cell{Valid: true, Attempts: 100}
	for name, rounds := range map[string][]results.Cell{
		"invalid":            {invalid, invalid, invalid},
		"nothing rejected":   {none, none, none},
		"both":               {none, invalid, none},
		"after a good start": {cellOf(5, 10), invalid, none, invalid},
	} {
		p := newStoppingRule(0.01, Gate{}, []results.Point{onePoint})
		for i, c := range rounds {
			if !p.needsMore(onePoint) {
				t.Errorf("%s: given up after %d rounds", name, i)
			}
			p.add(onePoint, c)
		}
		if p.needsMore(onePoint) {
			t.Errorf("%s: not given up after %d rounds", name, len(rounds))
		}
	}
	p := newStoppingRule(0.01, Gate{}, []results.Point{onePoint})
	for _, c := range []results.Cell{invalid, none, cellOf(5, 10), invalid, none} {
		p.add(onePoint, c)
	}
	if !p.needsMore(onePoint) {
		t.Error("given up, though it added something in between")
	}
}

func TestWithoutAPrecisionEveryPointIsVisitedInEveryRound(t *testing.T) {
	p := newStoppingRule(0, Gate{}, []results.Point{onePoint})
	for left := 5; left > 0; left-- {
		if !p.needsMore(onePoint) || p.roundsLeft(onePoint, left) != left {
			t.Fatalf("%d rounds before the end: needs more: %v, %d more", left, p.needsMore(onePoint), p.roundsLeft(onePoint, left))
		}
		p.add(onePoint, results.Cell{})
	}
}

func TestTheForecastIsExactForASteadyShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(10, 200).Draw(t, "n")
		k := rapid.Int64Range(0, n).Draw(t, "k")
		p := newStoppingRule(rapid.Float64Range(0.01, 0.3).Draw(t, "bound"), Gate{}, []results.Point{onePoint})
		p.add(onePoint, cellOf(k, n))
		const most = 50
		forecast, took := p.roundsLeft(onePoint, most), 0
		for p.needsMore(onePoint) && took < most {
			p.add(onePoint, cellOf(k, n))
			took++
		}
		if forecast != took {
			t.Fatalf("forecast of %d more rounds, took %d", forecast, took)
		}
	})
}

func TestTheForecastIsFromOneToAllOfTheRoundsLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newStoppingRule(rapid.Float64Range(0.0001, 0.4).Draw(t, "bound"), Gate{}, []results.Point{onePoint})
		for range rapid.IntRange(0, 5).Draw(t, "rounds") {
			n := rapid.Int64Range(0, 200).Draw(t, "n")
			c := cellOf(rapid.Int64Range(0, n).Draw(t, "k"), n)
			c.Valid = rapid.Bool().Draw(t, "valid")
			p.add(onePoint, c)
		}
		left := rapid.IntRange(1, 1_000_000).Draw(t, "left")
		switch more := p.roundsLeft(onePoint, left); {
		case p.needsMore(onePoint) && (more < 1 || more > left), !p.needsMore(onePoint) && more != 0:
			t.Fatalf("needs more: %v, %d more of %d", p.needsMore(onePoint), more, left)
		}
	})
}

// stopped simulates a run of several points of a true share until none needs more rounds,
// and returns their shares. The variance between rounds is phi times the binomial one.
func stopped(rng *rand.Rand, share, phi, bound float64, points []results.Point) []stats.Share {
	const perRound = 100
	p := newStoppingRule(bound, Gate{}, points)
	k, n := make([][]int64, len(points)), make([][]int64, len(points))
	for open := true; open; {
		open = false
		for i, point := range points {
			if !p.needsMore(point) {
				continue
			}
			open = true
			of := share
			if phi > 1 {
				correlation := (phi - 1) / (perRound - 1)
				of = distuv.Beta{Alpha: share * (1/correlation - 1), Beta: (1 - share) * (1/correlation - 1), Src: rng}.Rand()
			}
			d := int64(distuv.Binomial{N: perRound, P: of, Src: rng}.Rand())
			p.add(point, cellOf(d, perRound))
			k[i], n[i] = append(k[i], d), append(n[i], perRound)
		}
	}
	var dispersions []stats.Dispersion
	for i := range points {
		dispersions = append(dispersions, stats.RoundsDispersion(k[i], n[i]))
	}
	run := stats.MeanDispersion(dispersions)
	var shares []stats.Share
	for i := range points {
		shares = append(shares, stats.NewShareOfRounds(k[i], n[i], run))
	}
	return shares
}

// The bias and coverage in the doc comment of stoppingRule come from here.
func TestStoppingByWidthHurtsCoverageAndShareLittle(t *testing.T) {
	points := make([]results.Point, 5)
	for i := range points {
		points[i] = results.Point{Strategy: "close", RTTMs: float64(i)}
	}
	const runs = 60
	for _, bound := range []float64{0.02, 0.05} {
		for _, phi := range []float64{1, 1.5, 3} {
			for _, share := range []float64{0.02, 0.1, 0.5, 0.9, 0.98, 0.995} {
				rng := rand.New(rand.NewPCG(1, 2))
				held, sum := 0, 0.0
				for range runs {
					for _, s := range stopped(rng, share, phi, bound, points) {
						if s.Low <= share && share <= s.High {
							held++
						}
						sum += s.Value
					}
				}
				all := float64(runs * len(points))
				coverage, bias := float64(held)/all, sum/all-share
				text := fmt.Sprintf("to ±%g%%, true share %g%%, dispersion %g: the interval holds it in %.1f of 100 cases, the mean share is off by %+.2f points",
					bound*100, share*100, phi, coverage*100, bias*100)
				t.Log(text)
				if coverage < 0.9 || math.Abs(bias) > bound/5 {
					t.Error(text)
				}
			}
		}
	}
}
