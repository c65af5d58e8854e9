package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis/tune"
	"github.com/rejectbench/rejectbench/results"
)

func TestInterruptedTuneKeepsItsCellsAndLeavesNoProcesses(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	// The target is out of reach, so the search runs until its budget ends.
	p := start(t, "tune", "--strategy", "delayed-close", "--path", "loopback", "--rtt", "0", "--body", "16MiB",
		"--target", "99.999%", "--concurrency", "4", "--quiet", "--out", out)
	eventually(t, "a cell is on disk", func() bool {
		info, err := os.Stat(filepath.Join(out, results.CellsFile))
		return err == nil && info.Size() > 0
	})
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	stdout, code := p.wait()
	if code != exitInterrupted || stdout != "" || !strings.HasSuffix(p.stderr.String(), "rejectbench: interrupted\n") {
		t.Errorf("exit code %d, standard output %q, standard error:\n%s", code, stdout, p.stderr)
	}
	p.allGone()
	run, err := results.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Cells) == 0 || !run.Manifest.Interrupted {
		t.Errorf("%d cells, interrupted: %v", len(run.Cells), run.Manifest.Interrupted)
	}
	if _, err := os.Stat(filepath.Join(out, tuneFile)); err == nil {
		t.Error("an answer was written")
	}
}

func TestTuneOverBudgetReportsWhatItMeasured(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	// A second is too short for the attempts that 99.999% needs.
	p := start(t, "tune", "--strategy", "delayed-close", "--path", "loopback", "--rtt", "0", "--body", "0",
		"--target", "99.999%", "--concurrency", "4", "--quiet", "--budget", "1s", "--out", out)
	stdout, code := p.wait()
	if code != exitUnanswered || !strings.Contains(p.stderr.String(), "not decided: the time budget is used up: 1s") {
		t.Errorf("exit code %d, standard error:\n%s", code, p.stderr)
	}
	if !strings.Contains(stdout, "No answer: the time budget is used up: 1s") {
		t.Errorf("standard output:\n%s", stdout)
	}
	p.allGone()
}

// With a real delay the machine may be too busy for valid cells, and the test is
// skipped. A result has to agree with the cells on disk.
func TestTuneResultAgreesWithItsCells(t *testing.T) {
	needDelays(t)
	out := filepath.Join(t.TempDir(), "out")
	p := start(t, "tune", "--strategy", "delayed-close", "--rtt", "20ms", "--body", "256KiB", "--target", "90%",
		"--concurrency", "8", "--quiet", "--format", "json", "--out", out)
	stdout, code := p.wait()
	if code == exitUnanswered {
		t.Skipf("exit code %d: %s", code, p.stderr)
	}
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, p.stderr)
	}
	var found tune.Tuning
	if err := json.Unmarshal([]byte(stdout), &found); err != nil {
		t.Fatal(err)
	}
	run, err := results.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if found.Chosen == nil || found.Chosen.Low < 0.9 || found.Chosen.Verdict != "meets" || found.Chosen.Phase != "confirm" {
		t.Fatalf("chosen %+v", found.Chosen)
	}
	if found.Neighbor != nil && (found.Neighbor.High >= 0.9) == (found.Neighbor.Verdict == "misses") {
		t.Errorf("half %+v", found.Neighbor)
	}
	rejected, judged, attempts := map[string]int64{}, map[string]int64{}, int64(0)
	for _, c := range run.Cells {
		attempts += c.Attempts
		if c.Valid {
			rejected[c.Settings] += c.Rejected
		}
	}
	for _, c := range found.Candidates {
		judged["close-delay="+c.Text] += c.N
	}
	for settings, n := range judged {
		if rejected[settings] != n {
			t.Errorf("%s: judged by %d rejections, the cells have %d", settings, n, rejected[settings])
		}
	}
	if len(judged) != len(rejected) || attempts != found.Attempts || len(run.Cells) != found.Cells {
		t.Errorf("values %v and %v, %d and %d attempts, %d and %d cells", judged, rejected, found.Attempts, attempts, found.Cells, len(run.Cells))
	}
}
