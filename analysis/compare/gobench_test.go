package compare

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchproc"
	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
)

// benchstat itself reads the file, with one column per strategy and one row per round
// trip.
func TestBenchstatReadsTheBenchmarks(t *testing.T) {
	stat := exec.Command("go", "run", "golang.org/x/perf/cmd/benchstat", "-col", "/strategy", "-row", "/rtt", filepath.Join("testdata", "compare.golden.bench"))
	var out, errs bytes.Buffer
	stat.Stdout, stat.Stderr = &out, &errs
	if err := stat.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &errs)
	}
	if errs.Len() > 0 {
		t.Errorf("benchstat warns: %s", &errs)
	}
	analysistest.Golden(t, "compare.golden.benchstat", out.Bytes())
}

// checkBenchmark checks the figures and coordinates of a line.
func checkBenchmark(t *rapid.T, line *benchfmt.Result, keys map[string]*benchproc.Projection) {
	if _, ok := line.Value("delivered-%"); !ok || string(line.Name.Base()) != "Reject" {
		t.Fatalf("%s has %v", line.Name, line.Values)
	}
	for key, want := range map[string]string{"/conc": "50", "/body": "100000", "/client": "blocking"} {
		if got := keys[key].Project(line).Get(keys[key].Fields()[0]); got != want {
			t.Fatalf("%s of %s is %q", key, line.Name, got)
		}
	}
}

// For any name of a server and any impairments, a cell is one line that is read back
// with its coordinates and figures.
func TestEveryCellIsOneBenchmarkThatReadsBack(t *testing.T) {
	parser := new(benchproc.ProjectionParser)
	keys := map[string]*benchproc.Projection{}
	for _, key := range []string{"/rtt", "/conc", "/body", "/client", "run"} {
		p, err := parser.Parse(key, nil)
		if err != nil {
			t.Fatal(err)
		}
		keys[key] = p
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z0-9 ./:=_%é\t-]{1,12}`).Draw(t, "strategy")
		run := recorded("run", map[string][2]int64{"close": {rapid.Int64Range(1, 99).Draw(t, "k"), 50}}, 1)
		for i := range run.Cells {
			run.Cells[i].Strategy = name
			run.Cells[i].Impairments = rapid.SampledFrom([]string{"", "jitter 5ms, rate-up 2Mbit", "loss 1%-2"}).Draw(t, "path")
		}
		c, err := Runs(run, run, Options{Metrics: analysis.Metrics, Alpha: 0.05, Effect: 0.05, EffectRatio: 0.1})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := c.WriteBenchmarks(&b); err != nil {
			t.Fatal(err)
		}
		reader := benchfmt.NewReader(strings.NewReader(b.String()), "written")
		n := 0
		for reader.Scan() {
			switch line := reader.Result().(type) {
			case *benchfmt.SyntaxError:
				t.Fatalf("%v in\n%s", line, &b)
			case *benchfmt.Result:
				n++
				checkBenchmark(t, line, keys)
			}
		}
		if err := reader.Err(); err != nil || n != 2*len(run.Cells) {
			t.Fatalf("%d results of %d cells: %v", n, 2*len(run.Cells), err)
		}
	})
}

func TestUnitsOfBenchmarksKeepTheFigures(t *testing.T) {
	for name, want := range map[string]struct {
		unit   string
		factor float64
	}{
		"delivered_share": {"delivered-%", 100}, "share(reset-send)": {"reset-send-%", 100}, "response_p50_ms": {"response-p50-ns", 1e6},
		"cpu_us": {"cpu-ns", 1e3}, "drained_bytes": {"drained-B", 1}, "peak_open": {"peak-open", 1},
	} {
		m, err := analysis.MetricByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if unit, factor := benchUnit(m); unit != want.unit || factor != want.factor {
			t.Errorf("%s: %s times %v, want %v", name, unit, factor, want)
		}
	}
	seen := map[string]string{}
	for _, m := range analysis.Metrics {
		unit, _ := benchUnit(m)
		if other, twice := seen[unit]; twice {
			t.Errorf("%s and %s are both %s", m.Name, other, unit)
		}
		seen[unit] = m.Name
	}
}
