package sweep

import "testing"

// The seed once left the point out, and every cell of a round lost the same packets.
func TestNoTwoCellsNorTriesShareASeed(t *testing.T) {
	o := Options{Seed: 1}
	seen := map[uint64]string{}
	for _, v := range order([]Point{{Strategy: "close"}, {Strategy: "shutdown"}, {Strategy: "close", BodyBytes: 1}}, 3, 1) {
		for try := range maxTries {
			seed, of := o.seed(v, try), v.String()
			if before, ok := seen[seed]; ok {
				t.Errorf("%s, round %d, try %d shares its seed with %s", of, v.round, try, before)
			}
			seen[seed] = of
		}
	}
}
