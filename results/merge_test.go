package results

import (
	"errors"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// mergeable generates runs of few points, so that cells share points. Every field has a
// figure that is small enough to add.
func mergeable() *rapid.Generator[*Run] {
	small := rapid.Int64Range(0, 1<<40).AsAny()
	config := rapid.MakeConfig{
		Types: map[reflect.Type]*rapid.Generator[any]{
			reflect.TypeFor[time.Time](): moments().AsAny(),
			reflect.TypeFor[Counts](): rapid.Custom(func(t *rapid.T) Counts {
				var c Counts
				for i := range c {
					c[i] = rapid.Int64Range(0, 1000).Draw(t, Outcomes[i].Name)
				}
				return c
			}).AsAny(),
		},
		Kinds: map[reflect.Kind]*rapid.Generator[any]{
			reflect.Int64:   small,
			reflect.Float64: rapid.Float64Range(0, 1e6).AsAny(),
		},
	}
	filled, manifests := rapid.MakeCustom[Cell](config), rapid.MakeCustom[Manifest](config)
	return rapid.Custom(func(t *rapid.T) *Run {
		run := &Run{Dir: "run", Manifest: manifests.Draw(t, "manifest")}
		run.Manifest.Sources = nil
		for range rapid.IntRange(0, 4).Draw(t, "cells") {
			c := filled.Draw(t, "cell")
			c.Point = Point{Strategy: "close", Concurrency: 1}
			c.Round, c.Twin = rapid.IntRange(0, 1).Draw(t, "round"), rapid.Bool().Draw(t, "twin")
			c.Valid = rapid.IntRange(0, 3).Draw(t, "valid") > 0
			c.Attempts, c.Delivered = c.Outcomes.Total(), c.Outcomes.Delivered()
			c.Rejected += c.Delivered
			c.Try = rapid.IntRange(0, 3).Draw(t, "try")
			if c.CPU != nil {
				c.CPU.OthersShare, c.CPU.StealShare = rapid.Float64Range(0, 1).Draw(t, "others"), 0
			}
			if err := c.fillLatency(t); err != nil {
				t.Fatal(err)
			}
			run.Cells = append(run.Cells, c)
		}
		return run
	})
}

// fillLatency sets the histograms and their percentiles, or leaves the cell without
// histograms.
func (c *Cell) fillLatency(t *rapid.T) error {
	c.Histograms = nil
	keys := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"connect/delivered", "end/closed", "uncorrected/end/closed"}), 0, 3, rapid.ID).Draw(t, "keys")
	if len(keys) == 0 && c.Attempts > 0 {
		return nil
	}
	histograms := map[string]*hdrhistogram.Histogram{}
	c.Histograms, c.LatencyUncorrectedMs = map[string]string{}, nil
	for _, key := range keys {
		histograms[key] = newHistogram(durations().Draw(t, key))
		s, err := EncodeHistogram(histograms[key])
		if err != nil {
			return err
		}
		c.Histograms[key] = s
	}
	c.LatencyMs = latencyOf(histograms, "")
	if slices.Contains(keys, "uncorrected/end/closed") {
		l := latencyOf(histograms, uncorrectedPrefix)
		c.LatencyUncorrectedMs = &l
	}
	return nil
}

// merged merges runs into one, which may be merged again.
func merged(t *rapid.T, runs ...*Run) *Run {
	m, cells, err := Merge(runs)
	if err != nil {
		t.Fatal(err)
	}
	return &Run{Dir: "merged", Manifest: m, Cells: cells}
}

// distinctRuns draws runs that start at different times.
func distinctRuns(t *rapid.T, n int) []*Run {
	return rapid.SliceOfNDistinct(mergeable(), n, n, func(r *Run) time.Time { return r.Manifest.Started }).Draw(t, "runs")
}

func TestMergingDoesNotDependOnTheOrderOfTheRuns(t *testing.T) {
	added := false
	rapid.Check(t, func(t *rapid.T) {
		runs := distinctRuns(t, 3)
		want := merged(t, runs...)
		added = added || len(want.Cells) < len(runs[0].Cells)+len(runs[1].Cells)+len(runs[2].Cells)
		got := merged(t, rapid.Permutation(runs).Draw(t, "order")...)
		if diff := cmp.Diff(want, got, same); diff != "" {
			t.Fatalf("another order, another run:\n%s", diff)
		}
	})
	if !added {
		t.Error("no draw had two cells of one point")
	}
}

// Sums of floating-point numbers depend on the order of additions in their last bits.
var nearly = cmp.Options{cmpopts.EquateEmpty(), cmpopts.EquateApprox(1e-9, 1e-12), cmpopts.IgnoreUnexported(Run{})}

func TestMergingInStepsEqualsMergingAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runs := distinctRuns(t, 3)
		at := merged(t, runs...)
		left := merged(t, merged(t, runs[0], runs[1]), runs[2])
		right := merged(t, runs[0], merged(t, runs[1], runs[2]))
		for _, step := range []*Run{left, right} {
			// Vocabularies and scenarios keep the order of the first run. Percentiles combined
			// without histograms depend on the order of the steps.
			if diff := cmp.Diff(at, step, nearly, cmpopts.IgnoreFields(Manifest{}, "Strategies", "Clients", "Scenarios"),
				cmpopts.IgnoreFields(Percentiles{}, "P50", "P90", "P99", "P999")); diff != "" {
				t.Fatalf("in steps it is another run (-at once +in steps):\n%s", diff)
			}
		}
	})
}

func TestMergingOneRunChangesNoCell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run := distinctRuns(t, 1)[0]
		seen := map[mergeKey]bool{}
		run.Cells = slices.DeleteFunc(run.Cells, func(c Cell) bool {
			again := c.Valid && seen[keyOf(&c)]
			seen[keyOf(&c)] = seen[keyOf(&c)] || c.Valid
			return again
		})
		got := merged(t, run)
		want := slices.Clone(run.Cells)
		slices.SortStableFunc(want, func(a, b Cell) int { return compareCells(&a, &b) })
		if diff := cmp.Diff(want, got.Cells, same); diff != "" {
			t.Fatalf("a cell changed (-before +after):\n%s", diff)
		}
	})
}

// tally is what merging must not lose.
type tally struct {
	outcomes Counts
	invalid  int
	ends     int64 // values in histograms of the time to the end
	whole    bool  // whether every cell has histograms
}

func tallyOf(t *rapid.T, runs ...*Run) tally {
	sum := tally{whole: true}
	for _, r := range runs {
		for _, c := range r.Cells {
			sum.outcomes.Add(c.Outcomes)
			sum.ends += endValues(t, c)
			sum.whole = sum.whole && len(c.Histograms) > 0
			if !c.Valid {
				sum.invalid++
			}
		}
	}
	return sum
}

// endValues counts the values in a cell's histograms of the time to the end.
func endValues(t *rapid.T, c Cell) (n int64) {
	for key, s := range c.Histograms {
		h, err := DecodeHistogram(s)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(key, "end/") {
			n += h.TotalCount()
		}
	}
	return n
}

func TestMergingLosesNoAttemptAndStaysReadable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runs := distinctRuns(t, 2)
		got := merged(t, runs...)
		want, have := tallyOf(t, runs...), tallyOf(t, got)
		for _, c := range got.Cells {
			line, err := EncodeCell(c)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := decodeCell(line); err != nil {
				t.Fatalf("the merged cell cannot be read back: %v", err)
			}
		}
		if have.outcomes != want.outcomes || have.invalid != want.invalid {
			t.Fatalf("%v and %d invalid cells became %v and %d", want.outcomes, want.invalid, have.outcomes, have.invalid)
		}
		if want.whole && have.ends != want.ends {
			t.Fatalf("%d values in histograms became %d", want.ends, have.ends)
		}
	})
}

// goldenRun returns the run of schema 1, under a name and moved by a time.
func goldenRun(t *testing.T, name string, day time.Duration) *Run {
	t.Helper()
	run, err := Open(filepath.Join("testdata", "schema-1"))
	if err != nil {
		t.Fatal(err)
	}
	run.Manifest.Name = name
	run.Manifest.Started = run.Manifest.Started.Add(day)
	return run
}

func TestTheRunOfSchema1MergesWithAnother(t *testing.T) {
	a, b := goldenRun(t, "a", 0), goldenRun(t, "b", 24*time.Hour)
	b.Manifest.Kernel, b.Manifest.Seed, b.Manifest.Options["rtt"] = "6.19.0", 2, "50ms,10ms"
	b.Manifest.OutOfBudget = true
	b.Cells[1].Server.CPUUsPerRejection = 2 * a.Cells[1].Server.CPUUsPerRejection
	m, cells, err := Merge([]*Run{a, b})
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "a+b" || m.Kernel != "6.18.0; 6.19.0" || m.Seed != 0 || m.Planned != 4 || m.Options["rtt"] != "10ms; 50ms,10ms" || !m.OutOfBudget || m.Interrupted ||
		len(m.Sources) != 2 || m.Sources[0].Name != "a" || m.Sources[1].Kernel != "6.19.0" {
		t.Errorf("the manifest reads %+v", m)
	}
	if len(cells) != 2 {
		t.Fatalf("%d cells, want the 2 points", len(cells))
	}
	c, one := cells[1], a.Cells[1]
	if c.Strategy != "lingering-close" || c.Attempts != 40 || c.Outcomes[Delivered] != 40 || c.Rejected != 40 || *c.DeliveredShare != 1 ||
		c.DeliveredLow != nil || c.DeliveredHigh != nil || c.Arrivals != ClosedArrivals || c.Server.BytesDrained != 2*one.Server.BytesDrained || c.Ledger.Matched != 40 ||
		c.TimeWait.Server != 40 || c.Server.Ends["eof"] != 40 || c.Path.Packets != 2*one.Path.Packets || c.Path.Kind != "delayline" {
		t.Errorf("the merged cell reads %+v", c)
	}
	if want := 1.5 * one.Server.CPUUsPerRejection; math.Abs(c.Server.CPUUsPerRejection-want) > 1e-9 {
		t.Errorf("%v us a rejection, want the mean of equal parts %v", c.Server.CPUUsPerRejection, want)
	}
	// The same values twice have the same distribution.
	if e := c.LatencyMs.End; e.Count != 40 || e.P50 != one.LatencyMs.End.P50 || e.P99 != one.LatencyMs.End.P99 || e.Max != one.LatencyMs.End.Max {
		t.Errorf("end reads %+v, of one run %+v", e, one.LatencyMs.End)
	}
}

func TestSumWithACellWithoutHistogramsHasNone(t *testing.T) {
	a, b := goldenRun(t, "a", 0), goldenRun(t, "b", time.Hour)
	b.Cells[0].Histograms = nil
	b.Cells[0].LatencyMs.End.P99 *= 3
	_, cells, err := Merge([]*Run{a, b})
	if err != nil {
		t.Fatal(err)
	}
	if c := cells[0]; len(c.Histograms) != 0 || c.LatencyMs.End.P99 != b.Cells[0].LatencyMs.End.P99 || c.LatencyMs.End.Count != 40 {
		t.Errorf("the sum has %d histograms and end %+v", len(c.Histograms), c.LatencyMs.End)
	}
	if len(cells[1].Histograms) == 0 {
		t.Error("the other cell lost its histograms")
	}
}

func TestMergeRefusesARunThatIsGivenTwice(t *testing.T) {
	a, b := goldenRun(t, "a", 0), goldenRun(t, "b", time.Hour)
	m, cells, err := Merge([]*Run{a, b})
	if err != nil {
		t.Fatal(err)
	}
	for _, runs := range [][]*Run{{a, a}, {{Manifest: m, Cells: cells}, b}} {
		if _, _, err := Merge(runs); err == nil || !strings.Contains(err.Error(), "is given twice") {
			t.Errorf("merged: %v", err)
		}
	}
}

func TestMergeNamesTheRecordThatItCannotAdd(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*Cell)
		want  string
	}{
		{"a histogram", func(c *Cell) { c.Histograms["end/reset-send"] = "HISTF" }, "histogram end/reset-send cannot be read"},
		{"counts", func(c *Cell) { c.Rejected = mostCount }, "too large to add"},
	} {
		a, b := goldenRun(t, "a", 0), goldenRun(t, "b", time.Hour)
		b.Dir = "b"
		b.Cells[0].Started = b.Cells[0].Started.Add(time.Hour)
		c.spoil(&b.Cells[0])
		_, _, err := Merge([]*Run{a, b})
		var line *LineError
		if !errors.As(err, &line) || line.Line != 1 || line.File != filepath.Join("b", CellsFile) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestDifferencesAreConditionsThatDecideAMeasurement(t *testing.T) {
	a, b := goldenRun(t, "a", 0), goldenRun(t, "b", 0)
	b.Manifest.Kernel, b.Manifest.Options["rtt"], b.Manifest.Options["out"] = "6.19.0", "1ms", "elsewhere"
	delete(a.Manifest.Options, "limit") // as if its version did not know it
	want := []Difference{{"kernel", []string{"6.18.0", "6.19.0"}}, {"--rtt", []string{"10ms", "1ms"}}}
	if diff := cmp.Diff(want, Differences([]*Run{a, b})); diff != "" {
		t.Error(diff)
	}
}

// An incomplete record loses its own figures, never those of another cell.
func TestAddWireDropsAnIncompleteRecord(t *testing.T) {
	whole := &Wire{Packets: 7, Rejections: 2, Fates: map[string]int64{"read": 2}}
	for _, w := range []*Wire{nil, {Missed: 3, Packets: 100}} {
		for _, got := range []*Wire{AddWire(whole, w), AddWire(w, whole)} {
			if diff := cmp.Diff(whole, got); diff != "" {
				t.Errorf("with %+v:\n%s", w, diff)
			}
		}
	}
	if got := AddWire(&Wire{Missed: 3}, &Wire{Missed: 4}); got.Missed != 7 {
		t.Errorf("got %+v", got)
	}
}

func TestKindsOfPathJoinInOneWay(t *testing.T) {
	for _, order := range [][]string{{"netem+delayline", "", ""}, {"", "netem+delayline", ""}, {"", "netem", "delayline"}} {
		var all Path
		for _, kind := range order {
			all.Add(Path{Kind: kind})
		}
		if want := "delayline+netem"; all.Kind != want {
			t.Errorf("kinds %q joined are %q, not %q", order, all.Kind, want)
		}
	}
}
