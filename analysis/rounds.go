package analysis

import (
	"fmt"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// counts returns k of n of a cell.
type counts = func(c *results.Cell) (k, n int64)

// deliveredOf returns the delivered rejections of a cell and all of them.
func deliveredOf(c *results.Cell) (k, n int64) { return min(c.Delivered, c.Rejected), c.Rejected }

// countsOf returns the counts of cells, one for each.
func countsOf(cells []*results.Cell, of counts) (k, n []int64) {
	k, n = make([]int64, len(cells)), make([]int64, len(cells))
	for i, c := range cells {
		k[i], n[i] = of(c)
		k[i] = min(k[i], n[i])
	}
	return k, n
}

// ShareOf returns a share of the valid cells: the sum of k over the sum of n. Its
// interval comes from the rounds, see stats.NewShareOfRounds. With fewer than three
// rounds, and for the pool of several points, it has none: the batches of a long cell
// give its record an interval, which says nothing of what changes between cells.
func (s *Summary) ShareOf(of counts) stats.Share {
	k, n := countsOf(s.cells, of)
	if !s.pooled {
		return stats.NewShareOfRounds(k, n, s.runDispersion)
	}
	var sumK, sumN int64
	for i := range n {
		sumK, sumN = sumK+k[i], sumN+n[i]
	}
	return stats.NewShare(sumK, sumN)
}

// shareOf is ShareOf where the sums are known: a summary that was not made of cells
// has a share too, without an interval.
func (s *Summary) shareOf(k, n int64, of counts) stats.Share {
	if share := s.ShareOf(of); share.K == k && share.N == n {
		return share
	}
	return stats.NewShare(k, n)
}

// RunDispersion returns the mean dispersion of the delivered shares of points.
func RunDispersion(points []PointCells) stats.Dispersion {
	var of []stats.Dispersion
	for _, g := range points {
		of = append(of, stats.RoundsDispersion(countsOf(g.Valid(), deliveredOf)))
	}
	return stats.MeanDispersion(of)
}

// MissingIntervals says how many points have a delivered share without an interval, and
// what would give them one. It is empty if there is none.
func MissingIntervals(summaries []*Summary) string {
	shares, missing, one := 0, 0, true
	for _, s := range summaries {
		if !s.HasShare() {
			continue
		}
		shares++
		if !s.Delivered.HasInterval() {
			missing++
			one = one && s.Cells == 1
		}
	}
	switch {
	case missing == 0:
		return ""
	case one && missing == shares:
		return "One round cannot tell what another run would measure, so the shares have no intervals. At least three rounds can: --rounds 5."
	case missing == shares:
		return "Fewer than three valid rounds cannot tell what another run would measure, so the shares have no intervals. More rounds can: --rounds 5."
	}
	return fmt.Sprintf("%d of %d shares have no interval, because fewer than three of their rounds are valid. More rounds would give one: --rounds 5.", missing, shares)
}
