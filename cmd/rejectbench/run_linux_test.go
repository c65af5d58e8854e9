package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rejectbench/rejectbench/results"
)

// program is a command line in its own process, as a user starts it.
type program struct {
	t        *testing.T
	cmd      *exec.Cmd
	stdout   *bufio.Reader
	stderr   *bytes.Buffer
	out      string // folder of the run
	variable string // in the environment of its processes
}

// start starts a command line. The test fails if a process of it is left at its end.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	p := prepare(t, args...)
	p.start()
	return p
}

// prepare returns a command line that is not started yet.
func prepare(t *testing.T, args ...string) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{
		t: t, cmd: exec.Command("rejectbench", args...), stderr: &bytes.Buffer{},
		out: filepath.Join(dir, "out"), variable: "REJECTBENCH_TEST_RUN=" + dir,
	}
	if args[0] == "run" {
		p.cmd.Args = append(p.cmd.Args, "--out", p.out)
	}
	p.cmd.Env = append(os.Environ(), p.variable)
	p.cmd.Stderr = p.stderr
	return p
}

func (p *program) start() {
	t := p.t
	t.Helper()
	pipe, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewReader(pipe)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		if err := noneLeft(p.variable); err != nil {
			t.Error(err)
		}
	})
}

// line reads a line of standard output.
func (p *program) line() string {
	p.t.Helper()
	line, err := p.stdout.ReadString('\n')
	if err != nil {
		_ = p.cmd.Wait()
		p.t.Fatalf("%v: %v; standard error:\n%s", p.cmd.Args, err, p.stderr)
	}
	return line
}

// wait reads the rest of standard output and returns it with the exit code.
func (p *program) wait() (string, int) {
	p.t.Helper()
	rest, err := io.ReadAll(p.stdout)
	if err != nil {
		p.t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return string(rest), p.cmd.ProcessState.ExitCode()
}

// done reads the rest of a run's standard output and fails unless the run finished. On
// a busy machine a run may have no valid cell, which has its own exit code, but the
// figures of its cells have to be right.
func (p *program) done() string {
	p.t.Helper()
	stdout, code := p.wait()
	if code != exitDone && (code != exitUnanswered || !strings.HasSuffix(p.stderr.String(), "rejectbench: no cell is valid; the report has the reasons: "+makeRoom+"\n")) {
		p.t.Fatalf("exit code %d: %s", code, p.stderr)
	}
	return stdout
}

// frozen waits for a cell with a process of this role, and stops the cell's fleet, so
// that the cell cannot end before the test acts. It returns the process.
func (p *program) frozen(role string) relative {
	p.t.Helper()
	var found relative
	eventually(p.t, "a cell is under way", func() bool {
		all := relatives(p.variable)
		i := slices.IndexFunc(all, func(r relative) bool { return r.role == "fleet" })
		j := slices.IndexFunc(all, func(r relative) bool { return r.role == role })
		if i < 0 || j < 0 || syscall.Kill(all[i].pid, syscall.SIGSTOP) != nil {
			return false
		}
		found = all[j]
		// A fleet that was already reporting is stopped too late.
		return slices.ContainsFunc(relatives(p.variable), func(r relative) bool { return r.pid == all[i].pid && (r.state == "T" || r.state == "t") })
	})
	return found
}

// thaw continues every stopped process.
func (p *program) thaw() {
	for _, r := range relatives(p.variable) {
		_ = syscall.Kill(r.pid, syscall.SIGCONT)
	}
}

// longRun starts a run with cells of a second, more of them than a test waits for.
func longRun(t *testing.T, rounds int) *program {
	t.Helper()
	needDelays(t)
	return start(t, "run", "--rounds", "1", "--format", "json", "--quiet", "--strategy", "close", "--rtt", "10ms", "--body", "0",
		"--concurrency", "4", "--duration", "1s", "--aa", "0", "--rounds", fmt.Sprint(rounds))
}

func TestRunWritesEachCellToStandardOutputAndItsFolder(t *testing.T) {
	needDelays(t)
	p := start(t, "run", "--rounds", "1", "--strategy", "close,lingering-close", "--rtt", "40ms", "--body", "0,64KiB",
		"--concurrency", "10", "--requests", "20", "--format", "json", "--name", "small")
	stdout := p.done()
	file, err := os.ReadFile(filepath.Join(p.out, results.CellsFile))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(file), stdout); diff != "" {
		t.Errorf("standard output is not the cells alone (-cells.jsonl +stdout):\n%s", diff)
	}
	run, err := results.Open(p.out)
	if err != nil {
		t.Fatal(err)
	}
	points, twins := map[string]bool{}, 0
	for _, c := range run.Cells {
		if c.Twin && c.Try == 0 {
			twins++
		}
		// A busy machine may make a cell invalid, but its figures have to add up.
		points[fmt.Sprint(c.Strategy, " ", c.BodyBytes)] = true
		if !c.Valid {
			t.Logf("%s: invalid: %s", c.Strategy, c.InvalidReason)
		}
		checkFigures(t, c)
	}
	if len(points) != 4 || twins != 1 {
		t.Errorf("cells of %v and %d twins, want 4 points and one twin", points, twins)
	}
	m := run.Manifest
	if m.Name != "small" || m.Planned != 5 || m.Interrupted || m.Finished.Before(m.Started) || m.Started.IsZero() ||
		m.Options["rtt"] != "40ms" || m.Options["requests"] != "20" || m.PathKind == "" || m.TCP["tcp_congestion_control"] != "reno" ||
		m.Kernel == "" || m.Go == "" || m.Cores == 0 || m.Seed != 1 || len(m.Strategies) == 0 || len(m.Clients) == 0 {
		t.Errorf("the manifest is incomplete: %+v", m)
	}
	for _, name := range []string{results.LatencyFile, results.ReportFile} {
		if info, err := os.Stat(filepath.Join(p.out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, kind := range []string{"*.svg", "*.png"} {
		if plots, _ := filepath.Glob(filepath.Join(p.out, results.PlotsDir, kind)); len(plots) == 0 {
			t.Errorf("no plots %s", kind)
		}
	}
}

// checkFigures checks the figures of a cell of 20 attempts at 40 ms.
func checkFigures(t *testing.T, c results.Cell) {
	t.Helper()
	if c.Attempts != 20 || c.Outcomes.Total() != c.Attempts || c.Rejected != 20 {
		t.Errorf("%s: %d attempts, outcomes %v, %d rejected", c.Strategy, c.Attempts, c.Outcomes, c.Rejected)
	}
	if c.Ledger != (results.Ledger{Matched: 20}) {
		t.Errorf("%s: the ledgers do not match: %+v", c.Strategy, c.Ledger)
	}
	if c.Strategy == "lingering-close" && (c.Delivered != 20 || c.DeliveredShare == nil || *c.DeliveredShare != 1) {
		t.Errorf("lingering-close lost answers: %v", c.Outcomes)
	}
	if c.LatencyMs.Connect.P50 < 40 || c.HandshakeMs.Count != 20 {
		t.Errorf("%s: no round trip of 40 ms: %+v", c.Strategy, c.LatencyMs.Connect)
	}
	if len(c.TCP) != len(results.Counters) {
		t.Errorf("%s: counters %v", c.Strategy, c.TCP)
	}
}

func TestRunOverLoopbackNeedsNoDelay(t *testing.T) {
	p := start(t, "run", "--rounds", "1", "--path", "loopback", "--rtt", "0ms", "--strategy", "lingering-close", "--body", "64KiB",
		"--concurrency", "5", "--requests", "20", "--quiet")
	if _, code := p.wait(); code != exitDone {
		t.Fatalf("exit code %d: %s", code, p.stderr)
	}
	run, err := results.Open(p.out)
	if err != nil {
		t.Fatal(err)
	}
	if c := run.Cells[len(run.Cells)-1]; c.Attempts != 20 || c.Path.Kind != "loopback" || c.Delivered != 20 {
		t.Errorf("cell %+v", c)
	}
}

// checkInterrupted checks the folder of an interrupted run.
func checkInterrupted(t *testing.T, p *program, cells int) {
	t.Helper()
	run, err := results.Open(p.out)
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Cells) < cells {
		t.Errorf("%d cells were finished, %d are on disk", cells, len(run.Cells))
	}
	if !run.Manifest.Interrupted || run.Manifest.Finished.IsZero() {
		t.Errorf("the manifest does not say that the run was interrupted: %+v", run.Manifest)
	}
}

func TestInterruptedRunEndsWithin2SecondsAndKeepsItsCells(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(s.String(), func(t *testing.T) {
			p := longRun(t, 1000)
			p.line() // one cell is finished
			p.frozen("server")
			nets := namespacesOf(relatives(p.variable))
			if len(nets) < 3 {
				t.Errorf("a cell has %d network namespaces, want one in the middle and one at each end", len(nets))
			}
			started := time.Now()
			if err := p.cmd.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
			rest, code := p.wait()
			if took := time.Since(started); took > 2*time.Second {
				t.Errorf("the run ended %v after %v", took, s)
			}
			if code != exitInterrupted {
				t.Errorf("exit code %d, want %d", code, exitInterrupted)
			}
			if !strings.HasSuffix(p.stderr.String(), "rejectbench: interrupted\n") {
				t.Errorf("standard error does not mention the interruption:\n%s", p.stderr)
			}
			checkInterrupted(t, p, 1+strings.Count(rest, "\n"))
			eventually(t, "the cell's namespaces are empty", func() bool { return len(inhabited(nets)) == 0 })
		})
	}
}

func TestInterruptBeforeTheFirstCellLeavesNoRun(t *testing.T) {
	p := longRun(t, 1)
	eventually(t, "the run is looking for a path", func() bool { return len(relatives(p.variable)) > 1 })
	// The probe may be over by now, but no cell is.
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if stdout, code := p.wait(); code != exitInterrupted || stdout != "" {
		t.Errorf("exit code %d, standard output %q, standard error:\n%s", code, stdout, p.stderr)
	}
}

// A killed run cannot clean up, so its processes have to end because it ended.
func TestKilledRunLeavesNoProcessesAndNoNamespaces(t *testing.T) {
	p := longRun(t, 1000)
	p.line()
	p.frozen("server")
	family := relatives(p.variable)
	nets := namespacesOf(family)
	var roles []string
	for _, r := range family {
		roles = append(roles, r.role)
	}
	slices.Sort(roles)
	roles = slices.Compact(roles) // cells run side by side
	if want := []string{"", "cell", "fleet", "server"}; !slices.Equal(roles, want) {
		t.Errorf("the run's processes are %q, want %q", roles, want)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cell, server and fleet processes are gone", func() bool { return len(relatives(p.variable)) == 0 })
	eventually(t, "the cell's namespaces are empty", func() bool { return len(inhabited(nets)) == 0 })
	run, err := results.Open(p.out)
	if err != nil && !strings.Contains(err.Error(), "the last line is cut off") {
		t.Fatal(err)
	}
	if len(run.Cells) == 0 || !run.Manifest.Finished.IsZero() {
		t.Errorf("%d cells, and the manifest says finished at %v", len(run.Cells), run.Manifest.Finished)
	}
}

func TestKilledProcessInvalidatesItsCellAndTheRunContinues(t *testing.T) {
	for role, reason := range map[string]string{
		"server": "the server died: signal: killed",
		"fleet":  "the fleet died: signal: killed",
		"cell":   "the cell's process died: signal: killed",
	} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			p := longRun(t, 2)
			victim := p.frozen(role)
			if err := syscall.Kill(victim.pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			p.thaw()
			stdout := p.done()
			cells, err := readCells(t, stdout)
			if err != nil {
				t.Fatal(err)
			}
			deaths, rounds := 0, map[int]bool{}
			for _, c := range cells {
				rounds[c.Round] = true
				if c.InvalidReason == reason && !c.Valid {
					deaths++
				}
			}
			if deaths != 1 || len(rounds) != 2 || len(cells) < 3 {
				t.Errorf("%d of %d records say %q, and %d rounds were run; want one, run again, and 2 rounds:\n%s", deaths, len(cells), reason, len(rounds), stdout)
			}
		})
	}
}
