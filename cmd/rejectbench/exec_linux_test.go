package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestExecPassesTheURLInAndTheExitCodeOut(t *testing.T) {
	needDelays(t)
	p := start(t, "exec", "--rtt", "10ms", "--", "sh", "-c", `echo "$REJECTBENCH_URL" "$@"; exit 7`, "sh", "{url}", "{host}:{port}")
	stdout, code := p.wait()
	if code != 7 {
		t.Errorf("exit code %d, want the program's 7: %s", code, p.stderr)
	}
	words := strings.Fields(stdout)
	if len(words) != 3 || words[0] != words[1] || words[0] != "http://"+words[2]+"/" {
		t.Errorf("the program was given %q", stdout)
	}
	if !strings.Contains(p.stderr.String(), "strategy lingering-close, ") || !strings.Contains(p.stderr.String(), "rtt 10ms") {
		t.Errorf("standard error:\n%s", p.stderr)
	}
}

func TestExecRunsLoadAgainstItsServer(t *testing.T) {
	needDelays(t)
	p := start(t, "exec", "--rtt", "10ms", "--strategy", "lingering-close", "--", "rejectbench", "load", "{url}", "--requests", "10", "--concurrency", "2")
	stdout, code := p.wait()
	if code != exitDone || !strings.Contains(stdout, "delivered 100.00% of 10 rejections") {
		t.Errorf("exit code %d:\n%s%s", code, stdout, p.stderr)
	}
	if !strings.Contains(p.stderr.String(), "accepted 10, admitted 0, rejected 10;") {
		t.Errorf("the server's counts are missing:\n%s", p.stderr)
	}
}

func TestExecOfAMissingProgramIsWrongUsage(t *testing.T) {
	needDelays(t)
	stdout, code := start(t, "exec", "--", "/no/such/program").wait()
	if code != exitUsage || stdout != "" {
		t.Errorf("exit code %d, standard output %q", code, stdout)
	}
}

// Background processes of the program end as well.
func TestExecPassesSignalsToTheProgram(t *testing.T) {
	needDelays(t)
	p := start(t, "exec", "--", "sh", "-c", `trap 'echo got it; exit 5' TERM; sleep 600 & echo ready; wait`)
	p.line()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if rest, code := p.wait(); code != 5 || rest != "got it\n" {
		t.Errorf("exit code %d, standard output %q, standard error:\n%s", code, rest, p.stderr)
	}
}

func TestKilledExecLeavesNoProcessesAndNoNamespaces(t *testing.T) {
	needDelays(t)
	p := start(t, "exec", "--rtt", "10ms", "--", "sh", "-c", "echo ready; exec sleep 600")
	p.line()
	nets := namespacesOf(relatives(p.variable))
	if err := p.cmd.Process.Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the program, the server and the path are gone", func() bool { return len(relatives(p.variable)) == 0 })
	eventually(t, "their namespaces are empty", func() bool { return len(inhabited(nets)) == 0 })
}
