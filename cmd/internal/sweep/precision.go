package sweep

import (
	"errors"
	"math"
	"sort"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// ErrBudget is what Run returns when its budget was used up before its plan was
// done. What was finished is good.
var ErrBudget = errors.New("the run's time budget is used up")

// maxBlank is how many rounds in a row may add nothing to a point's share before a
// run that is out for a precision gives the point up: its cells are invalid even
// when they are run again, or nothing is rejected in them.
const maxBlank = 3

// precision decides which points a run still visits. A point is visited until half
// the width of the 95% Wilson interval of its delivered share, pooled over the
// valid cells of the rounds so far, is at most the bound; twins, whose cells count
// for no point, go on as long as their point. A bound of 0 keeps every point.
//
// To stop by the data is to look at it more than once, and an interval has its 95%
// only where n was fixed beforehand. Here the harm is small, because the width does
// not hang on which side of a limit the share lies, but only on how far it is from
// one half: a run stops early where chance showed it a share nearer to 0 or 1 than
// the true one. So the share that is reported leans outwards. In simulated runs of
// 100 rejections a round, to ±2% and ±5% of true shares from 2% to 99.5%, the mean
// share was off by a sixth of the bound at most, and the interval held the true one
// in 91 to 97 of 100 runs (TestStoppingByWidthHurtsCoverageAndShareLittle); with n
// fixed at 100 a Wilson interval holds 99.5% in 91 of 100 as well.
//
// The interval takes attempts for independent. Where the shares of rounds differ
// more than that, which analysis.Findings says, it is narrow too early: it holds for
// the attempts that were made, and another run may well be outside.
//
// Source: Y. S. Chow and H. Robbins, "On the asymptotic theory of fixed-width
// sequential confidence intervals for the mean", Annals of Mathematical Statistics
// 36 (1965) 457-462: the coverage is right in the limit of a narrow width.
type precision struct {
	bound float64 // half the width of an interval, as a share
	known map[Point]*sofar
}

// sofar is what a run knows of a point.
type sofar struct {
	delivered, rejected int64
	rounds              int // that were done
	blank               int // rounds since the last that added something
}

func newPrecision(bound float64, points []Point) *precision {
	p := &precision{bound: bound, known: map[Point]*sofar{}}
	for _, point := range points {
		p.known[point] = &sofar{}
	}
	return p
}

// add counts the last try of a point's cell in a round.
func (p *precision) add(point Point, c results.Cell) {
	s := p.known[point]
	s.rounds++
	s.blank++
	if c.Valid && c.Rejected > 0 {
		s.delivered, s.rejected, s.blank = s.delivered+min(c.Delivered, c.Rejected), s.rejected+c.Rejected, 0
	}
}

// open tells whether a point is still to be visited.
func (p *precision) open(point Point) bool {
	s := p.known[point]
	return p.bound == 0 || s.blank < maxBlank && halfWidth(s.delivered, s.rejected) > p.bound
}

// more foresees how many rounds a point still takes: those that bring its interval
// to the bound if they add what the ones before did on average, and at most what is
// left of the plan.
func (p *precision) more(point Point, left int) int {
	s := p.known[point]
	switch {
	case !p.open(point):
		return 0
	case p.bound == 0 || s.rejected == 0:
		return left
	}
	share, perRound := float64(s.delivered)/float64(s.rejected), float64(s.rejected)/float64(s.rounds)
	return 1 + sort.Search(left-1, func(i int) bool {
		n := float64(s.rejected) + perRound*float64(1+i)
		return halfWidth(int64(math.Round(share*n)), int64(n)) <= p.bound
	})
}

// foreseen is how many cells are to come, those of this round among them.
func (p *precision) foreseen(visits []visit, left int) (cells int) {
	for _, v := range visits {
		cells += p.more(v.Point, left)
	}
	return cells
}

// halfWidth is half the width of the 95% Wilson interval of k in n; 0.5 of nothing.
func halfWidth(k, n int64) float64 {
	low, high := stats.Wilson(k, n, stats.Z95)
	return (high - low) / 2
}
