package analysis

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
)

func TestNoiseFloorIsOfPooledSharesAndOfMedians(t *testing.T) {
	f := Noise([]results.Cell{
		analysistest.Half(false, 0, 10, 100, 10), analysistest.Half(true, 0, 30, 100, 10),
		analysistest.Half(false, 1, 30, 300, 20), analysistest.Half(true, 1, 60, 300, 40),
		analysistest.Half(false, 2, 90, 100, 30), analysistest.Half(true, 2, 90, 100, 30),
	})
	// 130 and 180 of 500; medians 20 and 30.
	for metric, want := range map[string]float64{
		"delivered_share": 0.1, "share(reset-send)": 0.1, "end_p50_ms": math.Log(1.5), "hold_ms": 0, "drained_bytes": 0,
	} {
		if got, ok := f.Of(metric); !ok || math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %v, %v, want %v", metric, got, ok, want)
		}
	}
	for _, unknown := range []string{"no such metric", "cpu_us", "response_p50_ms"} {
		if got, ok := f.Of(unknown); ok {
			t.Errorf("%s: %v, of nothing", unknown, got)
		}
	}
}

func TestNoiseFloorIsThatOfTheMostDifferentPair(t *testing.T) {
	cells := []results.Cell{analysistest.Half(false, 0, 10, 100, 10), analysistest.Half(true, 0, 15, 100, 10)}
	other := []results.Cell{analysistest.Half(false, 0, 90, 100, 10), analysistest.Half(true, 0, 70, 100, 11)}
	for i := range other {
		other[i].Strategy = "shutdown"
	}
	if got, ok := Noise(append(cells, other...)).Of("delivered_share"); !ok || math.Abs(got-0.2) > 1e-12 {
		t.Errorf("%v, %v", got, ok)
	}
}

func TestNoNoiseFloorWithoutBothHalves(t *testing.T) {
	invalid := analysistest.Half(true, 0, 50, 100, 10)
	invalid.Valid = false
	for name, cells := range map[string][]results.Cell{
		"no cells":            nil,
		"no twin":             {analysistest.Half(false, 0, 10, 100, 10)},
		"only a twin":         {analysistest.Half(true, 0, 10, 100, 10)},
		"an invalid twin":     {analysistest.Half(false, 0, 10, 100, 10), invalid},
		"in different rounds": {analysistest.Half(false, 0, 10, 100, 10), analysistest.Half(true, 1, 10, 100, 10)},
		"nothing rejected":    {analysistest.Half(false, 0, 0, 0, 10), analysistest.Half(true, 0, 0, 0, 10)},
	} {
		if got, ok := Noise(cells).Of("delivered_share"); ok || got != 0 {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
	}
}

// drawPairs draws cells of several points, twins included.
func drawPairs(t *rapid.T) []results.Cell {
	var cells []results.Cell
	for round := range rapid.IntRange(1, 4).Draw(t, "rounds") {
		for _, strategy := range []string{"close", "shutdown", "lingering-close"} {
			for _, twin := range []bool{false, true} {
				if twin && strategy == "lingering-close" {
					continue
				}
				n := rapid.Int64Range(0, 50).Draw(t, "n")
				c := analysistest.Half(twin, round, rapid.Int64Range(0, n).Draw(t, "k"), n, rapid.Float64Range(0, 100).Draw(t, "end"))
				c.Strategy, c.Valid = strategy, rapid.Bool().Draw(t, "valid")
				cells = append(cells, c)
			}
		}
	}
	return cells
}

func TestNoiseFloorIgnoresOrderAndWhichHalfIsTheTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cells := drawPairs(t)
		shuffled := slices.Clone(cells)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for i := range shuffled {
			if shuffled[i].Strategy != "lingering-close" { // which is in no pair
				shuffled[i].Twin = !shuffled[i].Twin
			}
		}
		f, g := Noise(cells), Noise(shuffled)
		for _, m := range Metrics {
			a, okA := f.Of(m.Name)
			b, okB := g.Of(m.Name)
			if okA != okB || math.Abs(a-b) > 1e-12 {
				t.Fatalf("%s: %v, %v and %v, %v", m.Name, a, okA, b, okB)
			}
			if a < 0 || m.Share != nil && a > 1 || math.IsInf(a, 0) || math.IsNaN(a) {
				t.Fatalf("%s: a floor of %v", m.Name, a)
			}
		}
	})
}

func TestTwinsAreInNoFigureOfAPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cells := drawPairs(t)
		without := slices.DeleteFunc(slices.Clone(cells), func(c results.Cell) bool { return c.Twin })
		if diff := cmp.Diff(summarizeCells(without, nil), summarizeCells(cells, nil), cmp.AllowUnexported(Cost{}, Distribution{}, step{}), cmpopts.IgnoreUnexported(Summary{})); diff != "" {
			t.Fatal(diff)
		}
	})
}
