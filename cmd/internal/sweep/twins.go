package sweep

import (
	"iter"
	"math/rand/v2"

	"github.com/rejectbench/rejectbench/results"
)

// visit is one cell of a round: a point, or its twin.
type visit struct {
	results.Point
	round int // from 0
	// twin marks the second cell of an A/A pair. It has its own place in the order and
	// its own seed. The difference between the cells of a pair is noise.
	twin bool
}

// The streams of the seed are separate, so that the number of twins does not
// change the order.
const (
	orderStream = iota
	twinStream
)

// numTwins is how many A/A pairs a round has.
func (o Options) numTwins() int { return min(max(o.Twins, 0), len(o.Points)) }

// twins returns the points that each round visits twice. The seed alone chooses
// them, and they are the same in every round, so that the shares of a pair pool
// like those of any other point. No point is preferred: one whose share is certain
// to be 0 or 1 shows noise in its times alone, and the remedy is more pairs.
func (o Options) twins() []results.Point {
	rng := rand.New(rand.NewPCG(o.Seed, twinStream))
	var points []results.Point
	for _, i := range rng.Perm(len(o.Points))[:o.numTwins()] {
		points = append(points, o.Points[i])
	}
	return points
}

// plan yields the visits of each round: every point once, and the twins. Each
// round is in its own random order, so that a slow minute of the machine does not
// fall on one strategy.
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

// Planned returns how many cells a run has: every point and twin in every round.
// With a precision or a gate it is the most that there can be.
func (o Options) Planned() int { return (len(o.Points) + o.numTwins()) * o.rounds() }
