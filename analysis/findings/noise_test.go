package findings

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
)

// planRun is a run that ended in order.
func planRun(planned int, options map[string]string, cells ...results.Cell) *results.Run {
	return &results.Run{Cells: cells, Manifest: results.Manifest{Planned: planned, Options: options, Finished: time.Unix(1, 0)}}
}

// timed is a cell whose attempts all ended in another way.
func timed(c results.Cell) results.Cell {
	c.Attempts, c.LatencyMs.End.Count = 100, 100
	c.Outcomes[results.TimeoutReceive] = 100
	return c
}

// other moves a cell to another strategy.
func other(c results.Cell, strategy string) results.Cell {
	c.Strategy = strategy
	return c
}

func TestFindingsOnNoiseAndPlanAreAsRecorded(t *testing.T) {
	near := []results.Cell{analysistest.Half(false, 0, 34, 100, 10), analysistest.Half(true, 0, 36, 100, 10.5), analysistest.Half(false, 1, 30, 100, 10), analysistest.Half(true, 1, 33, 100, 10.5)}
	far := append(near[:2:2], other(analysistest.Half(false, 0, 100, 1000, 10), "shutdown"), other(analysistest.Half(true, 0, 300, 1000, 14), "shutdown"))
	blank := other(analysistest.Half(false, 0, 0, 0, 10), "backlog")
	broken := other(analysistest.Half(true, 1, 0, 100, 10), "shutdown")
	broken.Valid, broken.InvalidReason = false, "path late"
	precise := map[string]string{"precision": "5%", "rounds": "30"}
	interrupted := planRun(240, precise, near...)
	interrupted.Manifest.Interrupted = true
	late := planRun(90, map[string]string{"budget": "10m0s"}, near...)
	late.Manifest.OutOfBudget = true
	both := planRun(240, map[string]string{"precision": "1%", "rounds": "30", "budget": "10m0s"},
		append(near, blank, other(analysistest.Half(false, 0, 3, 10, 1), "read-request"), other(analysistest.Half(false, 0, 3, 20, 1), "wait-acked"), other(analysistest.Half(false, 0, 3, 30, 1), "read-header"))...)
	both.Manifest.OutOfBudget = true
	var b strings.Builder
	for _, c := range []struct {
		name string
		run  *results.Run
	}{
		{"a pair", planRun(4, nil, near...)},
		{"two pairs, one of them apart by more than chance", planRun(4, nil, far...)},
		{"a pair of which nothing was rejected", planRun(2, nil, timed(analysistest.Half(false, 0, 0, 0, 10)), timed(analysistest.Half(true, 0, 0, 0, 11)))},
		{"an invalid twin", planRun(6, nil, append(near, other(analysistest.Half(false, 1, 0, 100, 10), "shutdown"), broken)...)},
		{"a precision that was reached", planRun(240, precise, analysistest.Half(false, 0, 500, 500, 10), analysistest.Half(false, 1, 500, 500, 10), other(analysistest.Half(false, 0, 500, 500, 10), "shutdown"))},
		{"a precision that was not reached", planRun(240, precise, near...)},
		{"a precision, interrupted", interrupted},
		{"a budget", late},
		{"a precision and a budget", both},
	} {
		fmt.Fprintf(&b, "# %s\n", c.name)
		s := analysis.NewStudy(c.run)
		for _, sentence := range append(append(findNoise(c.run), findPlan(s)...), findValidity(c.run, s.WithTwins())...) {
			fmt.Fprintln(&b, sentence)
		}
	}
	analysistest.Golden(t, "findings-noise.golden", []byte(b.String()))
}

// What is said of a run without pairs, precision and budget is what was said before
// there were any.
func TestARunWithoutPairsIsNotSpokenOfAsIfItHadThem(t *testing.T) {
	run := analysistest.Synthetic(t, analysistest.TinyGrid())
	run.Manifest.Options["aa"] = "0"
	if found := append(findNoise(run), findPlan(analysis.NewStudy(run))...); len(found) != 0 {
		t.Errorf("%q", found)
	}
}

// draws makes up rounds of n attempts of each of some points, whose true shares
// differ between rounds by spread either way.
func draws(rng *rand.Rand, points, rounds, n int, spread float64) []results.Cell {
	var cells []results.Cell
	for point := range points {
		for round := range rounds {
			share, k := 0.3+0.05*float64(point)+spread*(2*rng.Float64()-1), int64(0)
			for range n {
				if rng.Float64() < share {
					k++
				}
			}
			c := analysistest.Half(false, round, k, int64(n), 10)
			c.RTTMs = float64(point)
			cells = append(cells, c)
		}
	}
	return cells
}

func TestScatterIsFoundWhereThereIsSomeAndHardlyEverElse(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const runs = 2000
	said := 0
	for range runs {
		said += len(findScatter(draws(rng, 4, 3, 100, 0)))
	}
	// A thousandth of 2000 is 2; 10 or more have a chance of 1 in 20000.
	if said >= 10 {
		t.Errorf("said of %d of %d runs whose rounds differ by chance alone", said, runs)
	}
	if found := findScatter(draws(rng, 4, 6, 400, 0.25)); len(found) != 1 {
		t.Errorf("not found where shares differ by up to 25 points: %q", found)
	}
	if found := findScatter(draws(rng, 4, 1, 400, 0.25)); len(found) != 0 {
		t.Errorf("said of one round: %q", found)
	}
	// A single loss in one of two rounds is no sign of anything, however unlikely
	// its statistic looks.
	rare := []results.Cell{analysistest.Half(false, 0, 100000, 100000, 1), analysistest.Half(false, 1, 100000-30, 100000-26, 1)}
	if found := findScatter(rare); len(found) != 0 {
		t.Errorf("said of 4 losses: %q", found)
	}
}
