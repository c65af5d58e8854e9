package sweep

import (
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

// The seed once did not depend on the point, and every cell of a round lost the
// same packets.
func TestNoTwoCellsNorTriesShareASeed(t *testing.T) {
	o := Options{Seed: 1, Rounds: 3, Twins: 2, Points: []results.Point{{Strategy: "close"}, {Strategy: "shutdown"}, {Strategy: "close", BodyBytes: 1}}}
	seen := map[uint64]string{}
	for visits := range o.plan() {
		for _, v := range visits {
			for try := range maxTries {
				seed, of := o.seed(v, try), v.String()
				if before, ok := seen[seed]; ok {
					t.Errorf("%s, round %d, twin %v, try %d shares its seed with %s", of, v.round, v.twin, try, before)
				}
				seen[seed] = of
			}
		}
	}
	if len(seen) != 3*5*maxTries {
		t.Errorf("%d seeds, want %d", len(seen), 3*5*maxTries)
	}
}
