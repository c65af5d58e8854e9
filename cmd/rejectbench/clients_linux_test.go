package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

func TestLibraryClientRunsBesideBehavioursAndRecordsItsVersion(t *testing.T) {
	needDelays(t)
	out := filepath.Join(t.TempDir(), "run")
	stdout, stderr, code := rejectbench("run", "--rounds", "1", "--client", "blocking,go-nethttp", "--strategy", "lingering-close", "--rtt", "20ms",
		"--body", "0", "--requests", "20", "--aa", "0", "--quiet", "--format", "json", "--out", out)
	cells := map[string]results.Cell{}
	for line := range strings.Lines(stdout) {
		var c results.Cell
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		cells[c.Client] = c
	}
	if len(cells) != 2 || cells["go-nethttp"].Attempts != 20 || cells["go-nethttp"].Concurrency == cells["blocking"].Concurrency {
		t.Fatalf("exit code %d, %s: %+v", code, stderr, cells)
	}
	b, err := os.ReadFile(filepath.Join(out, results.ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	var m results.Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.ClientVersions) != 1 || !strings.HasPrefix(m.ClientVersions["go-nethttp"], "go1.") {
		t.Errorf("client versions %v", m.ClientVersions)
	}
	if last := m.Clients[len(m.Clients)-1]; last.Name != "go-nethttp" || !strings.Contains(last.Summary, "go1.") {
		t.Errorf("the vocabulary of clients ends with %+v", last)
	}
}

func TestLibraryClientKeepsTheScheduleOfTheRun(t *testing.T) {
	needDelays(t)
	for _, flags := range [][]string{
		{"--arrivals", "spread", "--requests", "20"},
		{"--arrivals", "poisson", "--rate", "100", "--requests", "20"},
		{"--rate", "100", "--duration", "200ms"},
		{"--arrivals", "closed", "--requests", "20"},
	} {
		args := append([]string{"run", "--client", "go-nethttp", "--strategy", "lingering-close", "--rtt", "20ms",
			"--body", "0", "--aa", "0", "--rounds", "1", "--quiet", "--format", "json", "--out", filepath.Join(t.TempDir(), "run")}, flags...)
		stdout, stderr, _ := rejectbench(args...) // a busy machine makes cells invalid
		var c results.Cell
		if err := json.NewDecoder(strings.NewReader(stdout)).Decode(&c); err != nil {
			t.Fatalf("%v: %v: %s", flags, err, stderr)
		}
		if open := c.Arrivals != results.ClosedArrivals; c.Attempts != 20 && c.Valid || (c.LatencyUncorrectedMs != nil) != open || c.Seconds <= 0 || c.Seconds > 60 {
			t.Errorf("%v: %+v", flags, c)
		}
	}
}

func TestKilledRunLeavesNoDriversAndNoDriverFolders(t *testing.T) {
	needDelays(t)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			tmp := t.TempDir()
			t.Setenv("TMPDIR", tmp)
			// No attempt ends before the test acts, because every answer is delayed.
			p := start(t, "run", "--rounds", "1", "--client", "go-nethttp", "--strategy", "delayed-close", "--close-delay", "1m", "--ack-timeout", "1m",
				"--rtt", "20ms", "--body", "8MiB", "--requests", "1000", "--concurrency", "2", "--aa", "0", "--quiet")
			eventually(t, "a driver runs in its folder", func() bool {
				dirs, _ := filepath.Glob(filepath.Join(tmp, "rejectbench-drivers-*", "rejectbench-go-nethttp-*"))
				for _, r := range relatives(p.variable) {
					if r.role == "go-nethttp" && len(dirs) == 1 {
						return true
					}
				}
				return false
			})
			if err := p.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if _, code := p.wait(); signal == syscall.SIGINT && code != exitInterrupted {
				t.Errorf("exit code %d: %s", code, p.stderr)
			}
			if err := noneLeft(p.variable); err != nil {
				t.Error(err)
			}
			eventually(t, "the drivers' folder is gone", func() bool {
				left, _ := filepath.Glob(filepath.Join(tmp, "rejectbench-drivers-*"))
				return len(left) == 0
			})
		})
	}
}
