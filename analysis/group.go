package analysis

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// PointCells are the cells of one point.
type PointCells struct {
	results.Point         // as Point.Key returns it
	Rounds        []Round // by number
	// Twins are the rounds of the second cells of A/A pairs. They are a second
	// sample of the same point: they tell noise, and are in none of its figures.
	Twins []Round
}

// Round is every try of a point in one round.
type Round struct {
	Number int
	Tries  []*results.Cell // in the order they ran, at least one
}

// Valid is the try that counts: the last valid one. It is nil where no try was valid.
func (r Round) Valid() *results.Cell {
	for _, c := range slices.Backward(r.Tries) {
		if c.Valid {
			return c
		}
	}
	return nil
}

// InvalidReason is why the last try was not valid.
func (r Round) InvalidReason() string {
	return cmp.Or(r.Tries[len(r.Tries)-1].InvalidReason, "no reason on record")
}

// Valid returns the cell that counts of each round that has one.
func (p PointCells) Valid() []*results.Cell { return validOf(p.Rounds) }

func validOf(rounds []Round) []*results.Cell {
	var valid []*results.Cell
	for _, r := range rounds {
		if c := r.Valid(); c != nil {
			valid = append(valid, c)
		}
	}
	return valid
}

// PairRounds returns the cells that count of the rounds that are valid in both.
func PairRounds(a, b []Round) (ofA, ofB []*results.Cell) {
	second := map[int]*results.Cell{}
	for _, c := range validOf(b) {
		second[c.Round] = c
	}
	for _, c := range validOf(a) {
		if other := second[c.Round]; other != nil {
			ofA, ofB = append(ofA, c), append(ofB, other)
		}
	}
	return ofA, ofB
}

// Group sorts cells by point and round, points by their coordinates with names
// by alphabet. This is the one rule for what counts: of each round of a point
// its last valid try, and never a twin. The result points into cells.
func Group(cells []results.Cell) []PointCells {
	ordered := make([]*results.Cell, len(cells))
	for i := range cells {
		ordered[i] = &cells[i]
	}
	// One order for sums of floating-point numbers, whatever order the rounds ran in.
	slices.SortStableFunc(ordered, func(a, b *results.Cell) int {
		return cmp.Or(a.Round-b.Round, a.Try-b.Try, a.Started.Compare(b.Started))
	})
	place := map[results.Point]int{}
	var groups []PointCells
	for _, c := range ordered {
		key := c.Point.Key()
		at, seen := place[key]
		if !seen {
			at = len(groups)
			place[key] = at
			groups = append(groups, PointCells{Point: key})
		}
		rounds := &groups[at].Rounds
		if c.Twin {
			rounds = &groups[at].Twins
		}
		if n := len(*rounds); n == 0 || (*rounds)[n-1].Number != c.Round {
			*rounds = append(*rounds, Round{Number: c.Round})
		}
		last := &(*rounds)[len(*rounds)-1]
		last.Tries = append(last.Tries, c)
	}
	slices.SortFunc(groups, func(a, b PointCells) int { return results.ComparePoints(&a.Point, &b.Point, nil) })
	return groups
}
