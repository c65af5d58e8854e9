package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// update writes the golden files and README.md instead of comparing them.
var update = flag.Bool("update", false, "write the golden files and README.md again")

// TestMain makes the test binary the program under test. While the tests run, PATH
// has it under the name rejectbench, and the processes of a cell are this binary too.
func TestMain(m *testing.M) {
	if code, ran := process.Run(roles()); ran {
		os.Exit(code)
	}
	testscript.Main(m, map[string]func(){
		"rejectbench": func() { os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// delays returns why this machine has no path with a delay, or nil if it has one.
var delays = sync.OnceValue(func() error {
	_, err := cell.Choose(context.Background(), netpath.Spec{
		Kind: netpath.Auto, Impairments: impair.Set{}.WithRTT(time.Millisecond), Congestion: netpath.DefaultCongestion,
	})
	return err
})

// needDelays skips a test if no path has a delay. On CI that is a failure, because a
// test that never runs there protects nothing.
func needDelays(t *testing.T) {
	t.Helper()
	switch err := delays(); {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("no path with a delay on CI: %v", err)
	default:
		t.Skipf("no path with a delay: %v", err)
	}
}

func TestCommandLinesDoAsTheirScriptsSay(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		WorkdirRoot:   t.TempDir(), // testscript's own folder stays if -run leaves a script out
		UpdateScripts: *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"ends":  ends,
		},
		Condition: func(name string) (bool, error) {
			if name == "delays" {
				return delays() == nil || os.Getenv("CI") == "true", nil
			}
			return false, fmt.Errorf("unknown condition %s", name)
		},
		Setup: func(env *testscript.Env) error {
			repo, err := filepath.Abs(filepath.Join("..", ".."))
			env.Setenv("REPO", repo) // for the recorded runs
			env.Defer(func() {
				if err := noneLeft("WORK=" + env.WorkDir); err != nil {
					env.T().Fatal(err)
				}
			})
			return err
		},
	})
}

// exits runs rejectbench and checks its exit code: exits CODE ARG... A command that
// fails has to print one line on standard error and nothing on standard output.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE ARG...")
	}
	if runWanting(ts, args) == 0 {
		return
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("a failure wrote to standard output: %q", out)
	}
	if line := ts.ReadFile("stderr"); !strings.HasPrefix(line, "rejectbench: ") || strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
		ts.Fatalf("an error has to be one line, got %q", line)
	}
}

// runWanting runs rejectbench with the arguments after the first. The first is the
// exit code that it has to have, which is returned.
func runWanting(ts *testscript.TestScript, args []string) (code int) {
	code, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec("rejectbench", args[1:]...)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != code {
		ts.Fatalf("rejectbench %s: exit code %d, want %d", strings.Join(args[1:], " "), got, code)
	}
	return code
}

// rejectbench runs one command line, in this process.
func rejectbench(args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = execute(args, &out, &errs)
	return out.String(), errs.String(), code
}

// readCells reads the cells that --format json prints, as strictly as those of a run's
// folder.
func readCells(t testing.TB, stdout string) ([]results.Cell, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{results.ManifestFile: fmt.Sprintf(`{"schema":%d}`, results.Schema), results.CellsFile: stdout} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run, err := results.Open(dir)
	if run == nil {
		return nil, err
	}
	return run.Cells, err
}
