package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/results"
)

// runOf runs a small grid over the loopback interface and returns its record.
func runOf(t *testing.T, args ...string) (*program, *results.Run, string) {
	t.Helper()
	p := start(t, append([]string{"run", "--rounds", "1", "--findings", "all", "--path", "loopback", "--rtt", "0", "--body", "0", "--concurrency", "4", "--requests", "20"}, args...)...)
	stdout, code := p.wait()
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, p.stderr)
	}
	run, err := results.Open(p.out)
	if err != nil {
		t.Fatal(err)
	}
	return p, run, stdout
}

func TestEveryRoundHasOneTwinAndTheRunReportsItsNoise(t *testing.T) {
	_, run, stdout := runOf(t, "--strategy", "close,lingering-close,read-request", "--rounds", "3", "--seed", "7")
	type key struct {
		results.Point
		round int
		twin  bool
	}
	tries := map[key]int{}
	var twin []results.Point
	for _, c := range run.Cells {
		k := key{c.Point.Key(), c.Round, c.Twin}
		if tries[k]++; tries[k] == 1 && c.Twin {
			twin = append(twin, k.Point)
		}
	}
	if len(tries) != 12 || len(twin) != 3 || twin[0] != twin[1] || twin[1] != twin[2] {
		t.Errorf("%d cells, twins %v; want 12, and the same twin in each of 3 rounds", len(tries), twin)
	}
	if run.Manifest.Planned != 12 || run.Manifest.Options["aa"] != "1" {
		t.Errorf("planned %d with --aa %s", run.Manifest.Planned, run.Manifest.Options["aa"])
	}
	for _, s := range analysis.NewStudy(&results.Run{Cells: run.Cells}).Summaries {
		if s.Rounds != 3 {
			t.Errorf("%s has %d rounds", s.Point, s.Rounds)
		}
	}
	if _, ok := analysis.Noise(run.Cells).Of("delivered_share"); !ok || !strings.Contains(oneLine(stdout), "One point was measured twice") {
		t.Errorf("noise known: %v; standard output:\n%s", ok, stdout)
	}
}

func TestRunWithoutPairsHasNoTwins(t *testing.T) {
	_, run, stdout := runOf(t, "--strategy", "close", "--rounds", "2", "--aa", "0")
	if slices.ContainsFunc(run.Cells, func(c results.Cell) bool { return c.Twin }) || run.Manifest.Planned != 2 || strings.Contains(oneLine(stdout), "measured twice") {
		t.Errorf("%d planned; standard output:\n%s", run.Manifest.Planned, stdout)
	}
}

func TestPrecisionStopsEachPointAtTheRoundThatReachesIt(t *testing.T) {
	p, run, stdout := runOf(t, "--strategy", "lingering-close,read-request", "--rounds", "30", "--precision", "5%", "--aa", "2")
	seen := map[results.Point]results.Cell{}
	last, rounds := map[results.Point]int{}, map[results.Point]int{}
	for _, c := range run.Cells {
		if c.Twin {
			continue
		}
		point := c.Point.Key()
		if narrow(rounds[point], seen[point]) {
			t.Errorf("%s is visited in round %d with %d of %d", point, c.Round, seen[point].Delivered, seen[point].Rejected)
		}
		if sum := seen[point]; c.Valid {
			sum.Delivered, sum.Rejected = sum.Delivered+c.Delivered, sum.Rejected+c.Rejected
			seen[point] = sum
			rounds[point]++
		}
		last[point] = c.Round
	}
	for point, sum := range seen {
		if !narrow(rounds[point], sum) || last[point] < 1 {
			t.Errorf("%s was left in round %d with %d of %d", point, last[point], sum.Delivered, sum.Rejected)
		}
	}
	for _, c := range run.Cells {
		if c.Twin && c.Round > last[c.Point.Key()] {
			t.Errorf("the twin of %s goes on alone in round %d", c.Point.Key(), c.Round)
		}
	}
	m := run.Manifest
	if m.Planned != 120 || m.Options["rounds"] != "30" || m.Options["precision"] != "5%" || m.Interrupted || m.OutOfBudget {
		t.Errorf("manifest %+v", m)
	}
	if strings.Contains(oneLine(stdout), "not complete") || !strings.Contains(oneLine(stdout), "within ±5%") {
		t.Errorf("standard output:\n%s", stdout)
	}
	first := strings.SplitN(p.stderr.String(), "\n", 2)[0]
	if first != "at most 120 cells over a loopback path, until every share is known to 5%" {
		t.Errorf("progress begins with %q", first)
	}
	// Two rounds of four cells reach the precision, unless a busy machine makes one
	// invalid.
	counts := regexp.MustCompile(`(?m)^(\d+)/(\d+) .*`).FindAllStringSubmatch(p.stderr.String(), -1)
	if len(counts) < 8 || counts[0][2] != "120" || !slices.ContainsFunc(counts, func(c []string) bool { return strings.Contains(c[0], " left") }) {
		t.Fatalf("progress has no count, or no time left:\n%s", p.stderr)
	}
	if end := counts[len(counts)-1]; end[1] != end[2] || end[2] == "120" {
		t.Errorf("the total did not shrink to the cells that were run: %s of %s", end[1], end[2])
	}
}

// narrow reports whether the rounds of a point decide its share to 5%. The rounds of
// the test deliver everything, so their dispersion is 1.
func narrow(rounds int, sum results.Cell) bool {
	k, n := make([]int64, rounds), make([]int64, rounds)
	for i := range rounds {
		k[i], n[i] = sum.Delivered/int64(rounds), sum.Rejected/int64(rounds)
	}
	_, effectiveN, ok := results.Rounds(k, n)
	low, high := results.Wilson(effectiveN, effectiveN, results.Z95)
	return ok && (high-low)/2 <= 0.05
}

func TestRunEndsAtItsBudgetAndReportsIt(t *testing.T) {
	started := time.Now()
	p, run, stdout := runOf(t, "--strategy", "lingering-close", "--rounds", "100000", "--budget", "1ms", "--aa", "0")
	t.Logf("took %v", time.Since(started))
	m := run.Manifest
	if len(run.Cells) != 1 || m.Interrupted || !m.OutOfBudget || m.Finished.IsZero() {
		t.Errorf("%d cells, want the first alone; manifest %+v", len(run.Cells), m)
	}
	if !strings.Contains(p.stderr.String(), "--budget 1ms is used up: 1 of 100000 cells are done\n") || !strings.Contains(oneLine(stdout), "time budget") || strings.Contains(oneLine(stdout), "not complete") {
		t.Errorf("standard error:\n%s\nstandard output:\n%s", p.stderr, stdout)
	}
	page, err := os.ReadFile(filepath.Join(p.out, results.ReportFile))
	if err != nil || !bytes.Contains(page, []byte("time budget")) {
		t.Errorf("the report does not say so: %v", err)
	}
}

func TestDurationSetsMaxCellAndTheManifestRecordsIt(t *testing.T) {
	for args, want := range map[string]time.Duration{
		"": time.Minute, "--duration 5s": 5 * time.Second, "--duration 90s": 90 * time.Second,
		"--max-cell 2m": 2 * time.Minute, "--duration 90s --max-cell 2m": 2 * time.Minute, "--duration 2m --max-cell 2m": 2 * time.Minute,
	} {
		var f runFlags
		cmd := f.command()
		if err := cmd.ParseFlags(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		sources, err := f.open(cmd.Flags())
		if err != nil {
			t.Fatal(err)
		}
		o, err := f.options(cmd.Flags(), sources)
		if err != nil {
			t.Errorf("%q: %v", args, err)
			continue
		}
		m, err := newManifest("run", o, cmd.Flags())
		if o.MaxCell != want || err != nil || m.Options["max-cell"] != want.String() {
			t.Errorf("%q: no cell goes on for longer than %v, by the manifest %s, %v; want %v", args, o.MaxCell, m.Options["max-cell"], err, want)
		}
	}
}

// oneLine undoes the breaks of lines.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
