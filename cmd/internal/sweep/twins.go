package sweep

import (
	"iter"
	"math/rand/v2"
)

// visit is one cell of a round: a point, or its twin.
type visit struct {
	Point
	round int
	// twin is set in the second visit of a point that its round has twice. To the
	// sweep it is a cell like any other, in a place and with a seed of its own:
	// what it and the first differ by is what equal cells differ by.
	twin bool
}

// The streams of a seed, so that how many twins there are changes nothing in
// what else follows from it.
const (
	orderStream = iota
	twinStream
)

// twins returns the points that each round visits twice: as many as are asked for
// and at most all, chosen by the seed alone. They are the same in every round, so
// that a pair's shares add up as any other point's do. No point is preferred: one
// whose share is sure to be 0 or 1 has no noise in its share, and shows only that
// of the times; more pairs are the remedy.
func (o Options) twins() []Point {
	rng := rand.New(rand.NewPCG(o.Seed, twinStream))
	var points []Point
	for _, i := range rng.Perm(len(o.Points))[:min(max(o.Twins, 0), len(o.Points))] {
		points = append(points, o.Points[i])
	}
	return points
}

// plan yields the visits of each round: every point once, and once more those that
// have a twin. Each round has a random order of its own, so that a machine's slow
// minute does not land on one strategy.
func (o Options) plan() iter.Seq[[]visit] {
	var all []visit
	for _, p := range o.Points {
		all = append(all, visit{Point: p})
	}
	for _, p := range o.twins() {
		all = append(all, visit{Point: p, twin: true})
	}
	return func(yield func([]visit) bool) {
		rng := rand.New(rand.NewPCG(o.Seed, orderStream))
		for round := range o.rounds() {
			visits := make([]visit, 0, len(all))
			for _, i := range rng.Perm(len(all)) {
				v := all[i]
				v.round = round
				visits = append(visits, v)
			}
			if !yield(visits) {
				return
			}
		}
	}
}

func (o Options) rounds() int { return max(o.Rounds, 1) }

// Planned is how many cells a run has: every point and twin in every round. With a
// precision it is the most that there can be.
func (o Options) Planned() int {
	return (len(o.Points) + min(max(o.Twins, 0), len(o.Points))) * o.rounds()
}
