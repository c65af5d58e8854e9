package sweep

import (
	"math"
	"sort"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// maxEmptyRounds is how many rounds in a row may add nothing to a point's share
// before a run with a precision gives the point up: its cells stay invalid, or
// reject nothing.
const maxEmptyRounds = 3

// stoppingRule decides which points a run still visits. A point is visited until
// half the width of the 95% Wilson interval of its delivered share is at most the
// bound. The share is pooled over the valid cells of the rounds so far. Twins count
// for no point, and go on for as long as their point does. A bound of 0 keeps every
// point.
//
// Stopping on the data means repeated looks, and a 95% interval is nominal only for
// an n fixed in advance. Here the harm is small: the width depends only on how far
// the share is from one half, not on which side of any limit it lies. A run stops
// early where chance brought the share nearer to 0 or 1 than the true one, so
// reported shares are biased outwards. In simulated runs of 100 rejections a round,
// to ±2% and ±5%, of true shares from 2% to 99.5%, the mean share was off by at most
// a sixth of the bound, and the interval covered the true share in 91 to 97 of 100
// runs (TestStoppingByWidthHurtsCoverageAndShareLittle). With n fixed at 100, a
// Wilson interval covers 99.5% in 91 of 100 runs as well.
//
// The interval assumes independent attempts. Where the shares of rounds differ by
// more than that allows, which package analysis/findings reports, the interval is too
// narrow: it holds for the attempts that were made, and another run may well be
// outside.
//
// Source: Y. S. Chow and H. Robbins, "On the asymptotic theory of fixed-width
// sequential confidence intervals for the mean", Annals of Mathematical Statistics
// 36 (1965) 457-462: the coverage is right in the limit of a narrow width.
type stoppingRule struct {
	bound   float64 // half the width of an interval, as a share
	tallies map[results.Point]*tally
}

// tally is what a run knows of a point.
type tally struct {
	delivered, rejected int64
	rounds              int // that are done
	empty               int // rounds since the last that added something
}

func newStoppingRule(bound float64, points []results.Point) *stoppingRule {
	r := &stoppingRule{bound: bound, tallies: map[results.Point]*tally{}}
	for _, p := range points {
		r.tallies[p] = &tally{}
	}
	return r
}

// add counts the last try of a point's cell in a round.
func (r *stoppingRule) add(p results.Point, c results.Cell) {
	t := r.tallies[p]
	t.rounds++
	t.empty++
	if c.Valid && c.Rejected > 0 {
		t.delivered += min(c.Delivered, c.Rejected)
		t.rejected += c.Rejected
		t.empty = 0
	}
}

// needsMore tells whether a point is still to be visited.
func (r *stoppingRule) needsMore(p results.Point) bool {
	t := r.tallies[p]
	return r.bound == 0 || t.empty < maxEmptyRounds && halfWidth(t.delivered, t.rejected) > r.bound
}

// roundsLeft forecasts how many more rounds a point takes, at most left. It
// assumes that they add as much as the rounds so far did on average.
func (r *stoppingRule) roundsLeft(p results.Point, left int) int {
	t := r.tallies[p]
	switch {
	case !r.needsMore(p):
		return 0
	case r.bound == 0 || t.rejected == 0:
		return left
	}
	share, perRound := float64(t.delivered)/float64(t.rejected), float64(t.rejected)/float64(t.rounds)
	return 1 + sort.Search(left-1, func(i int) bool {
		n := float64(t.rejected) + perRound*float64(1+i)
		return halfWidth(int64(math.Round(share*n)), int64(n)) <= r.bound
	})
}

// cellsLeft forecasts how many cells are to come, this round's visits included.
// left is the number of rounds to come, this one included.
func (r *stoppingRule) cellsLeft(visits []visit, left int) (cells int) {
	for _, v := range visits {
		cells += r.roundsLeft(v.Point, left)
	}
	return cells
}

// halfWidth is half the width of the 95% Wilson interval of k in n; 0.5 for n = 0.
func halfWidth(k, n int64) float64 {
	low, high := stats.Wilson(k, n, stats.Z95)
	return (high - low) / 2
}
