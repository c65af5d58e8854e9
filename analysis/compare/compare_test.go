package compare

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// recorded returns a run for the golden files: five rounds at two round trips, with the
// shares of each strategy in percent.
func recorded(name string, delivered map[string][2]int64, held float64) *results.Run {
	run := &results.Run{Dir: name, Manifest: results.Manifest{
		Schema: results.Schema, Name: name, Tool: "rejectbench v0", Go: "go1.26", System: "linux/amd64", Kernel: "6.18.0",
		CPU: "Example CPU", Cores: 2, Started: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		TCP: map[string]string{"tcp_congestion_control": "reno"}, PathKind: "delayline",
		Options: map[string]string{"rounds": "5", "seed": "1", "out": name}, Strategies: analysistest.AllStrategies, Clients: analysistest.AllClients,
	}}
	for _, s := range analysistest.AllStrategies {
		shares, ok := delivered[s.Name]
		if !ok {
			continue
		}
		for i, rtt := range []float64{0, 20} {
			for round := range 5 {
				// Rounds vary a little, equally in every run.
				wobble := float64([]int{2, -1, 0, 1, -2}[round])
				c := results.Cell{
					Schema: results.Schema, Point: results.Point{Strategy: s.Name, Client: "blocking", RTTMs: rtt, Concurrency: 50, BodyBytes: 100000},
					Round: round, Valid: true, Attempts: 100, Rejected: 100, Delivered: shares[i],
				}
				if shares[i] != 0 && shares[i] != 100 {
					c.Delivered += int64(wobble)
				}
				c.Outcomes[results.Delivered], c.Outcomes[results.ResetSend] = c.Delivered, 100-c.Delivered
				c.LatencyMs.Response = results.Percentiles{Count: c.Delivered, P50: 2*rtt + 0.5 + wobble/100}
				c.Server = results.Server{Rejected: 100, Accepted: 100, CPUUsPerRejection: 50 + wobble, HoldMs: results.Percentiles{Count: 100, Mean: held*(1+rtt) + wobble/1000}}
				run.Cells = append(run.Cells, c)
			}
		}
	}
	return run
}

// twoRuns returns a base, and a run with points that are better, worse, the same and
// unmeasurable.
func twoRuns() (base, new *results.Run) {
	base = recorded("base", map[string][2]int64{"close": {60, 20}, "shutdown": {100, 90}, "lingering-close": {100, 100}, "wait-acked": {100, 99}}, 1)
	new = recorded("new", map[string][2]int64{"close": {63, 70}, "shutdown": {100, 80}, "lingering-close": {100, 100}, "nethttp": {100, 100}}, 1.5)
	new.Manifest.Kernel, new.Manifest.Options["rounds"], new.Manifest.Options["seed"] = "6.19.0", "6", "2"
	for i := range new.Cells {
		c := &new.Cells[i]
		switch {
		case c.Strategy == "lingering-close" && c.RTTMs == 20 && c.Round == 4:
			c.Delivered, c.Outcomes[results.Delivered], c.Outcomes[results.TimeoutReceive] = 0, 0, 100
		case c.Strategy == "lingering-close" && c.RTTMs == 0:
			c.Valid, c.InvalidReason = false, "path late: p99 3.1 ms"
		case c.Strategy == "shutdown" && c.RTTMs == 0 && c.Round == 2:
			c.Valid, c.InvalidReason = false, "path late: p99 2.9 ms"
		}
	}
	// Twins of one point of the base, which differ by three percentage points.
	for _, c := range slices.Clone(base.Cells) {
		if c.Strategy == "shutdown" && c.RTTMs == 20 {
			c.Twin, c.Delivered = true, c.Delivered-3
			c.Outcomes[results.Delivered], c.Outcomes[results.ResetSend] = c.Delivered, 100-c.Delivered
			base.Cells = append(base.Cells, c)
		}
	}
	return base, new
}

func goldenComparison(t *testing.T) *Comparison {
	t.Helper()
	base, new := twoRuns()
	c, err := Runs(base, new, Options{
		Metrics: defaultMetrics(t), Gate: []string{"delivered_share"}, Alpha: 0.05, Effect: 0.05, EffectRatio: 0.1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryFormatMatchesItsGoldenFile(t *testing.T) {
	c, all := goldenComparison(t), goldenComparison(t)
	all.Options.All = true
	for name, write := range map[string]func(io.Writer) error{
		"compare.golden.txt": c.WriteText, "compare-all.golden.txt": all.WriteText, "compare.golden.md": c.WriteMarkdown, "compare-all.golden.md": all.WriteMarkdown,
		"compare.golden.jsonl": c.WriteJSON, "compare.golden.xml": c.WriteJUnit, "compare.golden.bench": c.WriteBenchmarks,
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			analysistest.Golden(t, name, b.Bytes())
		})
	}
}

func TestEveryVerdictComesWithItsReason(t *testing.T) {
	c := goldenComparison(t)
	got := map[string]string{}
	for _, r := range c.Rows {
		if r.Metric.Name == "delivered_share" {
			got[r.Point.Strategy+" "+units.Number(r.Point.RTTMs)] = strings.TrimSuffix(r.Verdict.String()+": "+r.Reason, ": ")
			if (r.Reason != "") != (r.Verdict == Unmeasurable) {
				t.Errorf("%v is %v for the reason %q", r.Point, r.Verdict, r.Reason)
			}
		}
	}
	for point, want := range map[string]string{
		"close 20": "better", "close 0": "unmeasurable: interval wider", "shutdown 0": "same", "shutdown 20": "worse",
		"lingering-close 0": "unmeasurable: invalid in NEW: path late: p99 3.1 ms", "lingering-close 20": "unmeasurable: ",
		"wait-acked 0": "unmeasurable: only in BASE", "nethttp 0": "unmeasurable: only in NEW",
	} {
		if !strings.HasPrefix(got[point], want) {
			t.Errorf("%s is %q, want %q", point, got[point], want)
		}
	}
	if c.Gate() != Worse {
		t.Errorf("the gate says %v", c.Gate())
	}
}

func TestADifferenceBelowTheNoiseFloorIsNotCalled(t *testing.T) {
	base, new := twoRuns()
	for i := range base.Cells {
		if c := &base.Cells[i]; c.Twin {
			c.Delivered -= 30
			c.Outcomes[results.Delivered], c.Outcomes[results.ResetSend] = c.Delivered, 100-c.Delivered
		}
	}
	c, err := Runs(base, new, Options{Metrics: defaultMetrics(t)[:1], Alpha: 0.05, Effect: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(c.Rows, func(r Row) bool { return r.Point.Strategy == "shutdown" && r.Point.RTTMs == 20 })
	if at < 0 {
		t.Fatal("the point is not compared")
	}
	if r := c.Rows[at]; r.Verdict != Unmeasurable || !strings.HasPrefix(r.Reason, "below the noise floor: twin cells of one run differ by up to 33.00 points") {
		t.Errorf("%v: %s", r.Verdict, r.Reason)
	}
}

// oneRound leaves the first round of a run.
func oneRound(run *results.Run) *results.Run {
	run.Cells = slices.DeleteFunc(run.Cells, func(c results.Cell) bool { return c.Round > 0 })
	return run
}

func TestOneRoundShowsACollapseAndNothingElse(t *testing.T) {
	options := Options{Metrics: defaultMetrics(t)[:1], Gate: []string{"delivered_share"}, Alpha: 0.05, Effect: 0.05}
	for _, c := range []struct {
		base, new int64
		want      Verdict
	}{{100, 0, Worse}, {0, 100, better}, {98, 10, Worse}, {100, 50, Unmeasurable}, {60, 55, Unmeasurable}, {100, 100, Unmeasurable}, {0, 0, Unmeasurable}} {
		base := oneRound(recorded("base", map[string][2]int64{"close": {c.base, c.base}}, 1))
		new := oneRound(recorded("new", map[string][2]int64{"close": {c.new, c.new}}, 1))
		// Twins do not replace rounds: they are cells of the same round.
		twin := base.Cells[0]
		twin.Twin = true
		for _, cells := range [][]results.Cell{base.Cells, append(slices.Clone(base.Cells), twin)} {
			base.Cells = cells
			got, err := Runs(base, new, options)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range got.Rows {
				if r.Verdict != c.want || (c.want == Unmeasurable) != strings.HasPrefix(r.Reason, "one round: ") || (c.want == Unmeasurable) != (r.Needed >= 300) {
					t.Errorf("%d to %d: %v, %q, needed %d", c.base, c.new, r.Verdict, r.Reason, r.Needed)
				}
				if r.Base.Share.HasInterval() || r.New.Share.HasInterval() || !math.IsInf(r.Difference.High, 1) {
					t.Errorf("%d to %d: one round has an interval: %+v", c.base, c.new, r)
				}
			}
			if !slices.Contains(got.Notes, oneRoundNote) {
				t.Errorf("notes %q", got.Notes)
			}
		}
	}
}

// The collapse of one of many cells is found, and so is that of all.
func TestACollapseIsCalledWhateverElseIsCompared(t *testing.T) {
	for rounds := range 5 {
		for _, all := range []bool{false, true} {
			run := func(seed uint64) *results.Run {
				return world{points: 45, rounds: rounds + 1, attempts: 100, phi: 1, spread: 0.1}.run(rand.New(rand.NewPCG(seed, 1)))
			}
			base, new := run(1), run(2)
			for i := range new.Cells {
				if b, n := &base.Cells[i], &new.Cells[i]; all || b.RTTMs == 3 {
					b.Delivered, n.Delivered = 100, 0
				}
			}
			c, err := Runs(base, new, Options{Metrics: defaultMetrics(t), Gate: []string{"delivered_share"}, Alpha: 0.05, Effect: 0.05, EffectRatio: 0.1})
			if err != nil {
				t.Fatal(err)
			}
			want := 1
			if all {
				want = 45
			}
			if got := c.counts(true)[Worse]; got != want || c.Gate() != Worse {
				t.Errorf("%d rounds: %d collapsed cells, %d called worse", rounds+1, want, got)
			}
		}
	}
}

func TestUngatedMetricsWeakenNoGatedTest(t *testing.T) {
	base, new := twoRuns()
	options := Options{Metrics: defaultMetrics(t)[:1], Gate: []string{"delivered_share"}, Alpha: 0.05, Effect: 0.05, EffectRatio: 0.1}
	alone, err := Runs(base, new, options)
	if err != nil {
		t.Fatal(err)
	}
	options.Metrics = analysis.Metrics
	all, err := Runs(base, new, options)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range alone.Rows {
		if beside := all.Rows[i]; beside.Adjusted.Tests > r.Adjusted.Tests || beside.Adjusted.P > r.Adjusted.P/gatedPart*(1+1e-9) || beside.Verdict != r.Verdict {
			t.Errorf("%v: %v %+v alone, %v %+v beside %d metrics", r.Point, r.Verdict, r.Adjusted, beside.Verdict, beside.Adjusted, len(options.Metrics))
		}
	}
}

func TestASingleValueHasNoSpread(t *testing.T) {
	base, new := oneRound(recorded("base", map[string][2]int64{"close": {50, 50}}, 1)), oneRound(recorded("new", map[string][2]int64{"close": {50, 50}}, 1))
	c, err := Runs(base, new, Options{Metrics: defaultMetrics(t), Alpha: 0.05, Effect: 0.05, EffectRatio: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Rows {
		if text := r.figure(r.Base); text == "" || strings.ContainsAny(text, "±[") {
			t.Errorf("%s: %q", r.Metric.Name, text)
		}
	}
}

func TestAPointOfOneRoundBorrowsTheLargestDispersion(t *testing.T) {
	base := recorded("base", map[string][2]int64{"close": {50, 40}}, 1)
	new := recorded("new", map[string][2]int64{"close": {50, 60}}, 1)
	for _, run := range []*results.Run{base, new} {
		run.Cells = slices.DeleteFunc(run.Cells, func(c results.Cell) bool { return c.RTTMs == 20 && c.Round > 0 })
		for i := range run.Cells {
			if c := &run.Cells[i]; c.RTTMs == 0 {
				c.Delivered = int64(10 + 20*c.Round)
				c.Outcomes[results.Delivered], c.Outcomes[results.ResetSend] = c.Delivered, 100-c.Delivered
			}
		}
	}
	c, err := Runs(base, new, Options{Metrics: defaultMetrics(t)[:1], Alpha: 0.05, Effect: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	several, single := c.Rows[0], c.Rows[1]
	if !single.Borrowed || several.Borrowed || single.Dispersion != several.Dispersion || single.Dispersion.Phi < 20 || single.Verdict != Unmeasurable {
		t.Errorf("%+v\n%+v", several, single)
	}
}

func TestSharesOf0And1LendNoDispersion(t *testing.T) {
	base := recorded("base", map[string][2]int64{"close": {100, 40}}, 1)
	new := recorded("new", map[string][2]int64{"close": {100, 95}}, 1)
	for _, run := range []*results.Run{base, new} {
		run.Cells = slices.DeleteFunc(run.Cells, func(c results.Cell) bool { return c.RTTMs == 20 && c.Round > 0 })
	}
	c, err := Runs(base, new, Options{Metrics: defaultMetrics(t)[:1], Alpha: 0.05, Effect: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Rows[1]; r.Borrowed || r.Verdict != Unmeasurable || !strings.HasPrefix(r.Reason, "one round: ") {
		t.Errorf("%+v", r)
	}
}

func TestTwinsAndInvalidTriesStayOutOfEveryFigure(t *testing.T) {
	base, new := twoRuns()
	options := Options{Metrics: defaultMetrics(t), Alpha: 0.05, Effect: 0.05, EffectRatio: 0.1}
	want, err := Runs(base, new, options)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range slices.Clone(new.Cells) {
		if c.Valid {
			c.Valid, c.InvalidReason, c.Delivered, c.Try = false, "path late", 0, -1
			new.Cells = append(new.Cells, c)
		}
	}
	got, err := Runs(base, new, options)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) == 0 || len(got.Rows) != len(want.Rows) {
		t.Fatalf("%d rows, want %d", len(got.Rows), len(want.Rows))
	}
	for i, r := range got.Rows {
		if r.New.Share != want.Rows[i].New.Share || r.Verdict != want.Rows[i].Verdict {
			t.Errorf("%v: %v became %v", r.Point, want.Rows[i].Verdict, r.Verdict)
		}
	}
}

func TestRenamedStrategiesArePairedAndOthersLeftOut(t *testing.T) {
	run := recorded("run", map[string][2]int64{"close": {60, 20}, "lingering-close": {100, 100}}, 1)
	options := Options{Metrics: defaultMetrics(t)[:1], Gate: []string{"delivered_share"}, Alpha: 0.05, Effect: 0.05}
	for _, c := range []struct {
		old, new string
		gate     Verdict
	}{{"close", "lingering-close", same}, {"lingering-close", "close", Worse}} {
		options.Rename = map[string]string{c.old: c.new}
		got, err := Runs(run, run, options)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Rows) != 2 || got.Rows[0].Point.Strategy != c.new || got.Gate() != c.gate || len(got.Notes) != 2 {
			t.Errorf("%s as %s: %v, %+v, notes %q", c.old, c.new, got.Gate(), got.Rows, got.Notes)
		}
	}
	options.Rename = map[string]string{"nosuch": "close"}
	if _, err := Runs(run, run, options); err == nil || err.Error() != "run has no strategy nosuch" {
		t.Error(err)
	}
	options.Rename = map[string]string{"close": "x", "lingering-close": "x"}
	if _, err := Runs(run, run, options); err == nil || err.Error() != "two strategies would be named x" {
		t.Error(err)
	}
	options.Rename = map[string]string{"close": "x", "lingering-close": "y"}
	if _, err := Runs(run, run, options); err == nil || !strings.HasPrefix(err.Error(), "run and run have no point in common: ") {
		t.Error(err)
	}
	far := recorded("far", map[string][2]int64{"close": {60, 20}}, 1)
	for i := range far.Cells {
		far.Cells[i].RTTMs += 5
	}
	options.Rename = nil
	if _, err := Runs(run, far, options); err == nil || !strings.HasPrefix(err.Error(), "run and far have no point in common: rtt is 0 ms and 20 ms in BASE and 25 ms and 5 ms in NEW; ") {
		t.Error(err)
	}
}

// For any two runs, swapping them turns worse into better, and a run is never better or
// worse than itself.
func TestVerdictsMirrorWhenTheRunsAreSwapped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) *results.Run {
			share := rapid.SliceOfN(rapid.Int64Range(3, 97), 4, 4).Draw(t, name)
			run := recorded(name, map[string][2]int64{"close": {share[0], share[1]}, "shutdown": {share[2], share[3]}}, rapid.Float64Range(0.5, 2).Draw(t, "held"))
			for i := range run.Cells {
				run.Cells[i].Valid = rapid.IntRange(0, 9).Draw(t, "valid") > 0
			}
			return run
		}
		a, b := draw("a"), draw("b")
		metrics := []analysis.Metric{analysis.Metrics[0], analysis.Metrics[2], analysis.Metrics[6], analysis.Metrics[8]}
		options := Options{Metrics: metrics, Gate: []string{"delivered_share"}, Alpha: 0.05, Effect: 0.02, EffectRatio: 0.02}
		there, err := Runs(a, b, options)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Runs(b, a, options)
		if err != nil {
			t.Fatal(err)
		}
		if len(there.Rows) == 0 || len(there.Rows) != len(back.Rows) {
			t.Fatalf("%d rows, the other way round %d", len(there.Rows), len(back.Rows))
		}
		mirror := map[Verdict]Verdict{Worse: better, better: Worse, same: same, Unmeasurable: Unmeasurable}
		for i, r := range there.Rows {
			if other := back.Rows[i]; other.Verdict != mirror[r.Verdict] {
				t.Fatalf("%s at %v: %v, the other way round %v", r.Metric.Name, r.Point, r.Verdict, other.Verdict)
			}
		}
		self, err := Runs(a, a, options)
		if err != nil {
			t.Fatal(err)
		}
		if counts := self.counts(false); counts[Worse]+counts[better] > 0 {
			t.Fatalf("a run against itself: %v", counts)
		}
	})
}

func TestJSONHasOneObjectPerRowAndReadsBack(t *testing.T) {
	c := goldenComparison(t)
	var b bytes.Buffer
	if err := c.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != len(c.Rows) {
		t.Fatalf("%d lines of %d rows", len(lines), len(c.Rows))
	}
	for i, line := range lines {
		var row record
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&row); err != nil {
			t.Fatal(err)
		}
		if row.Verdict != c.Rows[i].Verdict.String() || row.Metric != c.Rows[i].Metric.Name {
			t.Errorf("line %d: %+v", i+1, row)
		}
	}
}

func TestMetricsWithoutDirectionWeakenNoTest(t *testing.T) {
	base, new := twoRuns()
	shown, err := analysis.MetricByName("share(delivered-then-reset)")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Runs(base, new, Options{Metrics: []analysis.Metric{shown, analysis.Metrics[0]}, Alpha: 0.05, Effect: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	alone, err := Runs(base, new, Options{Metrics: analysis.Metrics[:1], Alpha: 0.05, Effect: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	half := len(c.Rows) / 2
	if half == 0 || half != len(alone.Rows) {
		t.Fatalf("%d rows, %d alone", len(c.Rows), len(alone.Rows))
	}
	for i, r := range c.Rows[:half] {
		if r.Verdict != notJudged {
			t.Errorf("%v is %v", r.Point, r.Verdict)
		}
		if c.Rows[half+i].Adjusted != alone.Rows[i].Adjusted {
			t.Errorf("%v: %+v beside a shown metric, %+v alone", r.Point, c.Rows[half+i].Adjusted, alone.Rows[i].Adjusted)
		}
	}
}
