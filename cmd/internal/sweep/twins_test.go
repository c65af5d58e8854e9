package sweep

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/results"
)

// drawOptions draws a plan.
func drawOptions(t *rapid.T) Options {
	o := Options{Rounds: rapid.IntRange(1, 4).Draw(t, "rounds"), Seed: rapid.Uint64().Draw(t, "seed"), Twins: rapid.IntRange(0, 8).Draw(t, "twins")}
	for i := range rapid.IntRange(1, 6).Draw(t, "points") {
		o.Points = append(o.Points, results.Point{Strategy: "close", RTTMs: float64(i)})
	}
	return o
}

// planned are the visits of every round.
func planned(o Options) (rounds [][]visit) {
	for visits := range o.plan() {
		rounds = append(rounds, visits)
	}
	return rounds
}

func TestEveryRoundHasEveryPointOnceAndTheSameTwins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOptions(t)
		twins := o.twins()
		if len(twins) != min(o.Twins, len(o.Points)) {
			t.Fatalf("%d twins of %d points, want %d", len(twins), len(o.Points), o.Twins)
		}
		rounds := planned(o)
		cells := 0
		for round, visits := range rounds {
			want := map[visit]int{}
			for _, p := range o.Points {
				want[visit{p, round, false}] = 1
			}
			for _, p := range twins {
				want[visit{p, round, true}]++ // and is then once in it, or else this is 2
			}
			got := map[visit]int{}
			for _, v := range visits {
				got[v]++
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(visit{})); diff != "" {
				t.Fatal(diff)
			}
			cells += len(visits)
		}
		if len(rounds) != o.Rounds || cells != o.Planned() {
			t.Fatalf("%d rounds and %d cells, want %d and %d", len(rounds), cells, o.Rounds, o.Planned())
		}
	})
}

func TestTheOrderFollowsFromTheSeedAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOptions(t)
		if diff := cmp.Diff(planned(o), planned(o), cmp.AllowUnexported(visit{})); diff != "" {
			t.Fatal(diff)
		}
		more := o
		more.Rounds++
		if diff := cmp.Diff(planned(o), planned(more)[:o.Rounds], cmp.AllowUnexported(visit{})); diff != "" {
			t.Fatalf("a further round changes those before it: %s", diff)
		}
	})
}

// The twin is neither always before the first of its pair nor at a fixed distance
// from it, and every point is chosen by some seed. Otherwise the effect of a place
// in the round, or of one point, would look like noise.
func TestSeedsPlaceTwinsAnywhereAndChooseEveryPoint(t *testing.T) {
	o := Options{Rounds: 1, Twins: 1}
	for i := range 3 {
		o.Points = append(o.Points, results.Point{Strategy: "close", RTTMs: float64(i)})
	}
	chosen, distances := map[results.Point]int{}, map[int]int{}
	const seeds = 1200
	for seed := range uint64(seeds) {
		o.Seed = seed
		visits := planned(o)[0]
		second := slices.IndexFunc(visits, func(v visit) bool { return v.twin })
		first := slices.IndexFunc(visits, func(v visit) bool { return !v.twin && v.Point == visits[second].Point })
		chosen[visits[second].Point]++
		distances[second-first]++
	}
	// Of 4 places the two are 1, 2 or 3 apart in 3, 2 and 1 of 6 cases, either way.
	for _, p := range o.Points {
		if n := chosen[p]; n < seeds/3*8/10 || n > seeds/3*12/10 {
			t.Errorf("%v is the twin for %d of %d seeds", p, n, seeds)
		}
	}
	for d := 1; d <= 3; d++ {
		for _, d := range []int{d, -d} {
			if want := seeds * (4 - max(d, -d)) / 12; distances[d] < want*7/10 || distances[d] > want*13/10 {
				t.Errorf("the twin is %d places behind its first for %d of %d seeds, want about %d", d, distances[d], seeds, want)
			}
		}
	}
}
