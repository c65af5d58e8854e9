package compare

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
)

// gateShares are those of the cells of a gate in turn.
var gateShares = []float64{0.57, 0.63, 0.59, 0.71, 0.5, 0.97, 1, 0.04, 0}

// gateRun draws a run of a plan. The share of the first cell is lower by a change.
func gateRun(rng *rand.Rand, p Plan, phi, change float64) *results.Run {
	run := &results.Run{Dir: "run"}
	for cell := range p.Cells {
		share := gateShares[cell%len(gateShares)]
		if cell == 0 {
			share -= change
		}
		for round := range p.Rounds {
			c := results.Cell{Point: results.Point{Strategy: "close", Client: "blocking", RTTMs: float64(cell)}, Round: round, Valid: true, Attempts: p.Attempts, Rejected: p.Attempts}
			switch {
			case share == 1:
				c.Delivered = p.Attempts
			case share > 0:
				c.Delivered = analysistest.DrawDispersed(rng, p.Attempts, share, phi)
			}
			run.Cells = append(run.Cells, c)
		}
	}
	return run
}

func TestAPlannedGateDecidesAndFindsItsChange(t *testing.T) {
	for _, c := range []struct {
		effect, phi float64
		cells       int
		attempts    int64
		trials      int
	}{
		{0.05, 1.5, 9, 100, 100},
		{0.05, 1, 9, 60, 80},
		{0.05, 1.5, 45, 300, 40},
		{0.1, 1.5, 9, 60, 100},
		{0.02, 1.5, 3, 1000, 100},
	} {
		t.Run(fmt.Sprintf("effect=%v/phi=%v/cells=%d/attempts=%d", c.effect, c.phi, c.cells, c.attempts), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(11, uint64(c.attempts)))
			p, err := NewPlan(c.effect, make([]results.Point, c.cells), c.attempts, nil)
			if err != nil {
				t.Fatal(err)
			}
			options := Options{Metrics: defaultMetrics(t)[:1], Gate: []string{"delivered_share"}, Alpha: 0.05, Effect: c.effect}
			var decided, rows, hard, hardRows, called, found, atEffect int
			for range c.trials {
				equal, err := Runs(gateRun(rng, p, c.phi, 0), gateRun(rng, p, c.phi, 0), options)
				if err != nil {
					t.Fatal(err)
				}
				for i, r := range equal.Rows {
					rows++
					if r.Verdict != Unmeasurable {
						decided++
					}
					if share := gateShares[i%len(gateShares)]; share > 0.2 && share < 0.8 {
						hardRows++
						if r.Verdict == same {
							hard++
						}
					}
				}
				if counts := equal.counts(true); counts[Worse]+counts[better] > 0 {
					called++
				}
				changed := func(by float64) int {
					other, err := Runs(gateRun(rng, p, c.phi, 0), gateRun(rng, p, c.phi, by), options)
					if err != nil {
						t.Fatal(err)
					}
					if other.Rows[0].Verdict == Worse {
						return 1
					}
					return 0
				}
				found += changed(p.Change)
				atEffect += changed(c.effect)
			}
			of := func(k, n int) float64 { return 100 * float64(k) / float64(n) }
			t.Logf("%d rounds: %.0f%% of rows decided, %.0f%% of those near one half; %.1f%% of equal runs called; a change of %.1f points found in %.0f%%, of the effect in %.0f%%",
				p.Rounds, of(decided, rows), of(hard, hardRows), of(called, c.trials), p.Change*100, of(found, c.trials), of(atEffect, c.trials))
			if of(decided, rows) < 80 || of(hard, hardRows) < 76 || of(called, c.trials) > 5 || of(found, c.trials) < 70 {
				t.Error("the plan does not have its power")
			}
		})
	}
}

func TestAPlanTakesWhatAnEarlierRunShows(t *testing.T) {
	whole := recorded("base", map[string][2]int64{"close": {100, 100}}, 1)
	points := []results.Point{whole.Cells[0].Point, {Strategy: "unknown"}}
	assumed, err := NewPlan(0.05, points, 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPlan(0.05, points, 0, whole)
	if err != nil || p.Rounds >= assumed.Rounds || p.Attempts != 100 || p.Measured {
		t.Errorf("%+v, %v", p, err)
	}
	// With known attempts the run gives its share of them that are rejected.
	for i := range whole.Cells {
		whole.Cells[i].Attempts = 4 * whole.Cells[i].Rejected
	}
	for attempts, want := range map[int64]int64{40: 10, 4000: 1000} {
		if p, err := NewPlan(0.05, points[:1], attempts, whole); err != nil || p.Attempts != want {
			t.Errorf("of %d attempts a quarter is rejected: %+v, %v", attempts, p, err)
		}
	}
	// A point that the run lacks is as hard as without the run.
	if p, err := NewPlan(0.05, points, 100, whole); err != nil || p.Rounds != assumed.Rounds {
		t.Errorf("%+v, %v", p, err)
	}
	spread := recorded("base", map[string][2]int64{"close": {50, 50}}, 1)
	for i := range spread.Cells {
		spread.Cells[i].Delivered = int64(30 + 10*spread.Cells[i].Round)
	}
	p, err = NewPlan(0.05, points, 0, spread)
	if err != nil || !p.Measured || p.Dispersion < 9 || p.Rounds < 5*assumed.Rounds {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := NewPlan(0.001, points, 10, nil); err == nil || !strings.Contains(err.Error(), "more than 1000 rounds") {
		t.Error(err)
	}
	if _, err := NewPlan(0.05, points, 10, &results.Run{Dir: "x"}); err == nil || !strings.Contains(err.Error(), "x has no valid cell") {
		t.Error(err)
	}
	for _, line := range p.Lines() {
		if len("gate: "+line) > 80 {
			t.Errorf("%q is too wide", line)
		}
	}
}
