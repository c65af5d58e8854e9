package sweep

import (
	"math"
	"slices"
	"sort"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// maxEmptyRounds is how many rounds in a row may add nothing to a point's share
// before a run with a precision or a gate gives the point up: its cells stay invalid, or
// reject nothing.
const maxEmptyRounds = 3

// stoppingRule decides which points a run still visits. A point is visited until
// half the width of the 95% interval of its delivered share is at most the bound. The
// interval comes from the valid cells of the rounds so far, see
// stats.NewShareOfRounds, so a point is visited at least three times. Twins count for
// no point, and go on for as long as their point does. With a gate, a point is visited
// until its rounds suffice for that, see Gate. Without either every point is kept.
//
// Stopping on the data means repeated looks, and a 95% interval is nominal only for an n
// fixed in advance. A run stops early where chance brought the share nearer to 0 or 1
// than the true one, or its rounds nearer to each other than they are. In simulated runs
// of five points and 100 rejections a round, to ±2% and ±5%, of true shares from 2% to
// 99.5%, whose rounds differed with 1, 1.5 and 3 times the binomial variance, the mean
// share was off by at most 0.38 points, and the interval covered the true share in 92 of
// 100 cases or more (TestStoppingByWidthHurtsCoverageAndShareLittle).
//
// The interval uses the dispersion of the point's own rounds and the mean dispersion of
// the run so far. The report uses that of the whole run, so its interval may be a
// little wider or narrower.
//
// Source: Y. S. Chow and H. Robbins, "On the asymptotic theory of fixed-width
// sequential confidence intervals for the mean", Annals of Mathematical Statistics
// 36 (1965) 457-462: the coverage is right in the limit of a narrow width.
type stoppingRule struct {
	bound   float64 // half the width of an interval, as a share; 0 is none
	gate    Gate    // the zero value is none
	points  []results.Point
	tallies map[results.Point]*tally
	run     *stats.Dispersion // mean of the points so far; nil if it has to be computed
}

// tally is what a run knows of a point.
type tally struct {
	delivered, rejected []int64 // of each round that added something
	rounds              int     // that are done
	empty               int     // rounds since the last that added something
}

// share is the delivered share of a point so far.
func (r *stoppingRule) share(t *tally) stats.Share {
	if r.run == nil {
		var of []stats.Dispersion
		for _, p := range r.points { // in order, because the sum has to be the same each time
			t := r.tallies[p]
			of = append(of, stats.RoundsDispersion(t.delivered, t.rejected))
		}
		run := stats.MeanDispersion(of)
		r.run = &run
	}
	return stats.NewShareOfRounds(t.delivered, t.rejected, *r.run)
}

func newStoppingRule(bound float64, gate Gate, points []results.Point) *stoppingRule {
	r := &stoppingRule{bound: bound, gate: gate, points: points, tallies: map[results.Point]*tally{}}
	for _, p := range points {
		r.tallies[p] = &tally{}
	}
	return r
}

// add counts the last try of a point's cell in a round.
func (r *stoppingRule) add(p results.Point, c results.Cell) {
	t := r.tallies[p]
	r.run = nil
	t.rounds++
	t.empty++
	if c.Valid && c.Rejected > 0 {
		t.delivered = append(t.delivered, min(c.Delivered, c.Rejected))
		t.rejected = append(t.rejected, c.Rejected)
		t.empty = 0
	}
}

// needsMore tells whether a point is still to be visited.
func (r *stoppingRule) needsMore(p results.Point) bool {
	t := r.tallies[p]
	switch {
	case !r.stops():
		return true
	case r.givenUp(p):
		return false
	case r.gate.Effect > 0:
		return len(t.rejected) < r.gate.rounds(t)
	}
	return halfWidth(r.share(t)) > r.bound
}

// due returns those of a round's visits that are made; none where no point needs more. A
// gate compares whole runs, so in every tenth round the points that have enough are
// visited too. In one of four runs the first eight rounds cost nearly twice the CPU time
// of the later ones. A point that had stopped after ten had seen little else.
func (r *stoppingRule) due(visits []visit) []visit {
	needed := slices.DeleteFunc(slices.Clone(visits), func(v visit) bool { return !r.needsMore(v.Point) })
	if len(needed) == 0 || r.gate.Effect == 0 || (visits[0].round+1)%seenAgain != 0 {
		return needed
	}
	return slices.DeleteFunc(visits, func(v visit) bool { return r.givenUp(v.Point) })
}

// seenAgain is the number of rounds after which a gate visits every point again.
const seenAgain = 10

// givenUp tells whether a point is not visited any more because its visits add nothing.
func (r *stoppingRule) givenUp(p results.Point) bool { return r.tallies[p].empty >= maxEmptyRounds }

// stops tells whether points are left out of later rounds.
func (r *stoppingRule) stops() bool { return r.bound > 0 || r.gate.Effect > 0 }

// roundsLeft forecasts how many more rounds a point takes, at most left. It
// assumes that they add as much as the rounds so far did on average, and differ as
// much.
func (r *stoppingRule) roundsLeft(p results.Point, left int) int {
	t := r.tallies[p]
	switch {
	case !r.needsMore(p):
		return 0
	case r.gate.Effect > 0:
		return min(max(r.gate.rounds(t)-len(t.rejected), 1), left)
	case r.bound == 0 || len(t.rejected) == 0:
		return left
	}
	share := r.share(t)
	perRound, added := float64(share.N)/float64(t.rounds), float64(len(t.rejected))/float64(t.rounds)
	return 1 + sort.Search(left-1, func(i int) bool {
		n, rounds := float64(share.N)+perRound*float64(1+i), float64(len(t.rejected))+added*float64(1+i)
		e := results.EffectiveN(n, share.Dispersion, min(int(math.Round(rounds)), results.RoundGroups)-1)
		if r.run.DF > 0 {
			e = min(e, results.EffectiveN(n, r.run.Factor(), r.run.DF))
		}
		low, high := results.Wilson(share.Value*e, e, stats.Z95)
		return rounds >= results.LeastRounds && (high-low)/2 <= r.bound
	})
}

// cellsLeft forecasts how many cells are to come, this round's visits included.
// left is the number of rounds to come, this one included.
func (r *stoppingRule) cellsLeft(visits []visit, left int) (cells int) {
	longest := 0
	for _, v := range visits {
		n := max(r.roundsLeft(v.Point, left), 1)
		cells, longest = cells+n, max(longest, n)
	}
	if r.gate.Effect > 0 { // points that have enough are seen again
		for _, p := range r.points {
			if !r.needsMore(p) && !r.givenUp(p) {
				cells += longest / seenAgain
			}
		}
	}
	return cells
}

// halfWidth is half the width of the 95% interval of a share; 0.5 where it has none.
func halfWidth(s stats.Share) float64 { return (s.High - s.Low) / 2 }
