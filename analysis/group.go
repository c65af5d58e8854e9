package analysis

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// PointCells is the cells of one point.
type PointCells struct {
	results.Point         // as returned by Point.Key
	Rounds        []Round // in order of their number
	// Twins are the rounds of the second cells of A/A pairs. They are a second sample
	// of the same point: they show noise, and are in none of its figures.
	Twins []Round
}

// Round is all tries of a point in one round.
type Round struct {
	Number int
	Tries  []*results.Cell // in order of time, at least one
}

// counted returns the try that counts: the last valid one. It is nil where no try was
// valid.
func (r Round) counted() *results.Cell {
	for _, c := range slices.Backward(r.Tries) {
		if c.Valid {
			return c
		}
	}
	return nil
}

// InvalidReason returns the reason why the last try was invalid.
func (r Round) InvalidReason() string {
	return cmp.Or(r.Tries[len(r.Tries)-1].InvalidReason, "no reason on record")
}

// Valid returns the try that counts of each round that has one.
func (p PointCells) Valid() []*results.Cell { return validOf(p.Rounds) }

func validOf(rounds []Round) []*results.Cell {
	var valid []*results.Cell
	for _, r := range rounds {
		if c := r.counted(); c != nil {
			valid = append(valid, c)
		}
	}
	return valid
}

// PairRounds returns the tries that count of the rounds that are valid in both a
// and b.
func PairRounds(a, b []Round) (ofA, ofB []*results.Cell) {
	second := map[int]*results.Cell{}
	for _, c := range validOf(b) {
		second[c.Round] = c
	}
	for _, c := range validOf(a) {
		if paired := second[c.Round]; paired != nil {
			ofA, ofB = append(ofA, c), append(ofB, paired)
		}
	}
	return ofA, ofB
}

// Group groups cells by point and round. Points are sorted by their coordinates,
// names alphabetically. It defines which cells count: the last valid try of each
// round, and never a twin. So of several valid cells of one point and round only the
// last counts; results.Run.Repeated counts the others. The result points into cells.
func Group(cells []results.Cell) []PointCells {
	ordered := make([]*results.Cell, len(cells))
	for i := range cells {
		ordered[i] = &cells[i]
	}
	// A fixed order makes floating-point sums independent of the order of the rounds.
	slices.SortStableFunc(ordered, func(a, b *results.Cell) int {
		return cmp.Or(a.Round-b.Round, a.Try-b.Try, a.Started.Compare(b.Started))
	})
	byPoint := map[results.Point]*PointCells{}
	for _, c := range ordered {
		key := c.Point.Key()
		group := byPoint[key]
		if group == nil {
			group = &PointCells{Point: key}
			byPoint[key] = group
		}
		rounds := &group.Rounds
		if c.Twin {
			rounds = &group.Twins
		}
		if n := len(*rounds); n == 0 || (*rounds)[n-1].Number != c.Round {
			*rounds = append(*rounds, Round{Number: c.Round})
		}
		last := &(*rounds)[len(*rounds)-1]
		last.Tries = append(last.Tries, c)
	}
	// Pointers are sorted: a comparison of values would copy both to the heap.
	sorted := slices.SortedFunc(maps.Values(byPoint), func(a, b *PointCells) int { return results.ComparePoints(&a.Point, &b.Point, nil) })
	groups := make([]PointCells, len(sorted))
	for i, group := range sorted {
		groups[i] = *group
	}
	return groups
}
