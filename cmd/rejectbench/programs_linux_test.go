package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/results"
)

// reference is the command of the reference server as a user's program.
const reference = "rejectbench serve --listen {host}:{port} --strategy "

// script writes a shell script and returns its path.
func script(t *testing.T, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	writeProgram(t, name, []byte("#!/bin/sh\n"+strings.Join(lines, "\n")+"\n"))
	return name
}

// writeProgram writes a program that can be started at once. No other test may fork
// meanwhile: its child would hold the file open for writing until it executes, and
// execve fails with ETXTBSY until then (golang/go#22315).
func writeProgram(t *testing.T, name string, content []byte) {
	t.Helper()
	syscall.ForkLock.RLock()
	err := os.WriteFile(name, content, 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
}

// leaveBehind starts daemons without a parent, and a child that only SIGKILL ends.
const leaveBehind = `setsid sleep 600 >/dev/null 2>&1 &
(setsid sh -c 'sleep 600 & exec sleep 601' >/dev/null 2>&1 &)
(trap '' TERM INT HUP; exec sleep 602 >/dev/null 2>&1) &`

// allGone fails if any process of the program is left at this moment.
func (p *program) allGone() {
	p.t.Helper()
	if left := relatives(p.variable); len(left) > 0 {
		p.t.Errorf("processes are left at its end: %+v", left)
	}
}

func TestExecExitsAsTheProgramDid(t *testing.T) {
	needDelays(t)
	for command, want := range map[string]int{
		"exit 0": 0, "exit 7": 7, "exit 255": 255,
		"kill -TERM $$": 128 + int(syscall.SIGTERM), "kill -KILL $$": 128 + int(syscall.SIGKILL),
	} {
		t.Run(command, func(t *testing.T) {
			p := start(t, "exec", "--", "sh", "-c", "echo out; echo err >&2; "+command)
			stdout, code := p.wait()
			if code != want || stdout != "out\n" || !strings.HasPrefix(p.stderr.String(), "err\n") {
				t.Errorf("exit code %d, want %d; standard output %q, standard error:\n%s", code, want, stdout, p.stderr)
			}
		})
	}
}

func TestExecPassesSignalsOnWithoutATerminal(t *testing.T) {
	needDelays(t)
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		t.Run(s.String(), func(t *testing.T) {
			name := strings.TrimPrefix(unix.SignalName(s), "SIG")
			p := start(t, "exec", "--rtt", "1ms", "--", "sh", "-c", "trap 'echo "+name+"; exit 5' "+name+"; sleep 600 & echo ready; wait")
			p.line()
			if err := p.cmd.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
			if rest, code := p.wait(); code != 5 || rest != name+"\n" {
				t.Errorf("exit code %d, standard output %q, standard error:\n%s", code, rest, p.stderr)
			}
			p.allGone()
		})
	}
}

// A terminal sends Ctrl-C to every process in its foreground. Once it killed the
// process between the command line and the program, and so the program.
func TestCtrlCReachesTheProgramAndExecReturnsItsExitCode(t *testing.T) {
	needDelays(t)
	terminal, far := pseudoTerminal(t, 80, 24)
	defer far.Close()

	p := prepare(t, "exec", "--", "sh", "-c", "trap 'echo got it; exit 5' INT; sleep 600 & echo ready; wait")
	p.cmd.Stdin = far
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.start()
	p.line()
	if _, err := terminal.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	if rest, code := p.wait(); code != 5 || rest != "got it\n" {
		t.Errorf("exit code %d, standard output %q, standard error:\n%s", code, rest, p.stderr)
	}
	p.allGone()
}

func TestExecReplacesURLHostAndPortInArguments(t *testing.T) {
	needDelays(t)
	for _, c := range []struct{ family, host, inURL string }{{"", "198.18.0.2", "198.18.0.2"}, {"--ipv6", "2001:2::2", "[2001:2::2]"}} {
		t.Run(c.family, func(t *testing.T) {
			t.Parallel()
			args := []string{"exec", "--rtt", "1ms"}
			if c.family != "" {
				args = append(args, c.family)
			}
			p := start(t, append(args, "--", "sh", "-c", `echo "$REJECTBENCH_URL" "$@"`, "sh", "{url}", "{host}", "{port}", "http://{host}:{port}/")...)
			stdout, code := p.wait()
			words := strings.Fields(stdout)
			if code != exitDone || len(words) != 5 {
				t.Fatalf("exit code %d, the program was given %q: %s", code, stdout, p.stderr)
			}
			url := "http://" + c.inURL + ":" + words[3] + "/"
			if want := []string{url, url, c.host, words[3], url}; !slices.Equal(words, want) {
				t.Errorf("the program was given %q, want %q", words, want)
			}
		})
	}
}

// Every answer arrived, was lost or was never sent, and the wire counts as many as
// the server's ledger.
func TestExecPrintsWhatCrossedTheWire(t *testing.T) {
	needDelays(t)
	for _, family := range []string{"--ipv6=false", "--ipv6"} {
		for _, server := range []string{"--strategy=lingering-close", "--server=" + reference + "lingering-close"} {
			t.Run(family+" "+server, func(t *testing.T) {
				t.Parallel()
				p := start(t, "exec", "--rtt", "10ms", family, server, "--path", "delayline", "--", "rejectbench", "load", "{url}", "--requests", "10", "--concurrency", "2")
				stdout, code := p.wait()
				if code != exitDone || !strings.Contains(stdout, "delivered 100.00% of 10 rejections") {
					t.Errorf("exit code %d:\n%s%s", code, stdout, p.stderr)
				}
				what := "rejections"
				if strings.HasPrefix(server, "--server") {
					what = "answers"
				}
				want := "wire:   10 connections, 10 " + what + ": 10 arrived whole (0 of them after a reset), 0 lost on the path, 0 never sent whole\n"
				if !strings.Contains(p.stderr.String(), want) {
					t.Errorf("standard error lacks %q:\n%s", want, p.stderr)
				}
				p.allGone()
			})
		}
	}
}

func TestExecOverLoopbackSpeaksIPv6(t *testing.T) {
	stdout, code := start(t, "exec", "--path", "loopback", "--ipv6", "--", "rejectbench", "load", "http://{host}:{port}/", "--requests", "5", "--concurrency", "1").wait()
	if code != exitDone || !strings.Contains(stdout, "of 5 rejections") {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
}

func TestServerProgramThatDoesNotServeIsWrongUsageInOneLine(t *testing.T) {
	needDelays(t)
	for name, c := range map[string]struct{ server, timeout, want string }{
		"is not there":                {"/no/such/program", "1m", "start the server /no/such/program: "},
		"ends before it listens":      {"sh -c exit", "1m", "the server sh ended before it listened on 198.18.0.2:8080: exit status 0"},
		"listens elsewhere":           {"rejectbench serve --listen {host}:1", "300ms", "the server rejectbench did not listen on 198.18.0.2:8080 within 300ms"},
		"never listens, ignores TERM": {script(t, leaveBehind, "trap '' TERM", "sleep 600", "sleep 600"), "300ms", "did not listen on 198.18.0.2:8080 within 300ms"},
	} {
		for _, command := range [][]string{{"exec", "--rtt", "1ms"}, {"run", "--rounds", "1", "--rtt", "1ms", "--quiet"}} {
			t.Run(name+" "+command[0], func(t *testing.T) {
				t.Parallel()
				args := append(command, "--listen-timeout", c.timeout, "--server", c.server)
				if command[0] == "exec" {
					args = append(args, "--", "echo", "the program ran")
				}
				p := start(t, args...)
				stdout, code := p.wait()
				lines := strings.Split(strings.TrimSuffix(p.stderr.String(), "\n"), "\n")
				own := lines[len(lines)-1] // what the server says itself comes before it
				if code != exitUsage || stdout != "" || !strings.HasPrefix(own, "rejectbench: ") || !strings.Contains(own, c.want) {
					t.Errorf("exit code %d, standard output %q, standard error:\n%s", code, stdout, p.stderr)
				}
				p.allGone()
				if _, err := os.Stat(p.out); !os.IsNotExist(err) {
					t.Errorf("the run's folder: %v", err)
				}
			})
		}
	}
}

func TestInterruptEndsTheWaitForAServerProgram(t *testing.T) {
	needDelays(t)
	for _, command := range []string{"exec", "run"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			args := []string{command, "--rtt", "1ms", "--listen-timeout", "10h", "--server", script(t, leaveBehind, "exec sleep 603")}
			if command == "exec" {
				args = append(args, "--", "echo", "the program ran")
			}
			p := start(t, args...)
			eventually(t, "the server program runs", func() bool {
				return slices.ContainsFunc(relatives(p.variable), func(r relative) bool {
					line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", r.pid))
					return string(line) == "sleep\x00603\x00"
				})
			})
			if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if stdout, code := p.wait(); code != exitInterrupted || stdout != "" || p.stderr.String() != "rejectbench: interrupted\n" {
				t.Errorf("exit code %d, standard output %q, standard error:\n%s", code, stdout, p.stderr)
			}
			p.allGone()
		})
	}
}

func TestExecLeavesNoProcesses(t *testing.T) {
	for _, path := range []string{"delayline", "loopback"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			if path == "delayline" {
				needDelays(t)
			}
			server := script(t, leaveBehind, "trap '' TERM INT", "rejectbench serve --listen $1 --strategy close &", "wait", "sleep 600", "sleep 600")
			p := start(t, "exec", "--path", path, "--server", server+" {host}:{port}", "--", "sh", "-c", leaveBehind+"\necho done")
			if stdout, code := p.wait(); code != exitDone || stdout != "done\n" {
				t.Errorf("exit code %d, standard output %q: %s", code, stdout, p.stderr)
			}
			p.allGone()
		})
	}
}

// Whichever process of exec is killed, the processes of its programs end.
func TestKilledExecLeavesNoProcessOfItsPrograms(t *testing.T) {
	needDelays(t)
	for _, role := range []string{"", "exec"} {
		t.Run("role "+role, func(t *testing.T) {
			t.Parallel()
			p := start(t, "exec", "--rtt", "1ms", "--server", script(t, leaveBehind, "exec rejectbench serve --listen $1 --strategy close")+" {host}:{port}",
				"--", "sh", "-c", leaveBehind+"\necho ready; exec sleep 600")
			p.line()
			all := relatives(p.variable)
			i := slices.IndexFunc(all, func(r relative) bool { return r.role == role && (role != "" || r.pid == p.cmd.Process.Pid) })
			if i < 0 || len(all) < 8 {
				t.Fatalf("running: %+v", all)
			}
			if err := syscall.Kill(all[i].pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if role != "" {
				if _, code := p.wait(); code != exitFailed || !strings.HasSuffix(p.stderr.String(), "rejectbench: the path's process died: signal: killed\n") {
					t.Errorf("exit code %d, standard error:\n%s", code, p.stderr)
				}
			}
			eventually(t, "everything is gone", func() bool { return len(relatives(p.variable)) == 0 })
		})
	}
}

// serverRun starts a small run of a user's server program. The program is the
// reference server.
func serverRun(t *testing.T, args ...string) *program {
	return start(t, append([]string{"run", "--rounds", "1", "--server", reference + "lingering-close", "--rtt", "10ms", "--body", "64KiB",
		"--concurrency", "4", "--format", "json", "--quiet"}, args...)...)
}

func TestServerProgramReplacesTheStrategyInRecords(t *testing.T) {
	needDelays(t)
	for _, family := range []string{"--ipv6=false", "--ipv6"} {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			p := serverRun(t, "--requests", "40", "--path", "delayline", family)
			stdout := p.done()
			cells, err := readCells(t, stdout)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range cells {
				if !c.Valid && !busy(c.InvalidReason) {
					t.Errorf("invalid: %s", c.InvalidReason) // but for a machine that is busy
				}
				if c.Strategy != "rejectbench" || c.Rejected != 40 || c.Delivered != 40 || c.IPv6 != (family == "--ipv6") {
					t.Errorf("cell %+v", c)
				}
				if c.Ledger != (results.Ledger{}) || c.Server.Accepted != 0 || c.Server.CPUUsPerRejection <= 0 {
					t.Errorf("ledger %+v, server %+v", c.Ledger, c.Server)
				}
				if w := c.Wire; w == nil || w.Rejections != 40 || w.Fates[results.Read.String()] != 40 || w.Agreement.Disagreed != 0 || w.Agreement.NeverAccepted != 0 {
					t.Errorf("wire %+v", c.Wire)
				}
			}
			p.allGone()
		})
	}
}

// killServers kills the `serve` processes of the program and returns their number.
func (p *program) killServers() (killed int) {
	for _, r := range relatives(p.variable) {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", r.pid))
		if strings.HasPrefix(string(line), "rejectbench\x00serve\x00") && syscall.Kill(r.pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	return killed
}

func TestKilledServerProgramInvalidatesItsCellAndTheRunContinues(t *testing.T) {
	needDelays(t)
	p := serverRun(t, "--duration", "1s", "--rounds", "2")
	p.frozen("fleet")
	killed := p.killServers()
	p.thaw()
	stdout := p.done()
	if killed != 1 {
		t.Fatalf("%d servers killed: %s", killed, p.stderr)
	}
	// The server may have been killed before it listened.
	const reason = `"invalid_reason":"[^"]*signal: killed`
	if n := len(regexp.MustCompile(reason).FindAllString(stdout, -1)); n != 1 || !strings.Contains(stdout, `"round":1`) {
		t.Errorf("%d records say %s:\n%s", n, reason, stdout)
	}
}

func TestKilledCellLeavesNoProcessOfItsServer(t *testing.T) {
	needDelays(t)
	p := start(t, "run", "--rounds", "1", "--server", script(t, leaveBehind, "exec rejectbench serve --listen $1 --strategy close")+" {host}:{port}",
		"--rtt", "10ms", "--body", "0", "--concurrency", "4", "--duration", "1s", "--format", "json", "--quiet")
	cell := p.frozen("cell")
	before := relatives(p.variable)
	if err := syscall.Kill(cell.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what the cell had started is gone", func() bool {
		now := relatives(p.variable)
		return !slices.ContainsFunc(before, func(b relative) bool {
			return b.pid != p.cmd.Process.Pid && slices.ContainsFunc(now, func(n relative) bool { return n.pid == b.pid })
		})
	})
	if stdout := p.done(); strings.Count(stdout, `"invalid_reason":"the cell's process died: signal: killed"`) != 1 {
		t.Errorf("%s%s", stdout, p.stderr)
	}
	p.allGone()
}

func TestRunOverIPv6HasMatchingLedgers(t *testing.T) {
	needDelays(t)
	p := start(t, "run", "--rounds", "1", "--ipv6", "--path", "delayline", "--strategy", "close,lingering-close", "--rtt", "10ms", "--body", "64KiB",
		"--concurrency", "4", "--requests", "40", "--quiet")
	p.done()
	run, err := results.Open(p.out)
	if err != nil {
		t.Fatal(err)
	}
	if m := run.Manifest; m.Options["ipv6"] != "true" || m.TCP["ipv6/conf/all/disable_ipv6"] != "0" {
		t.Errorf("options %v, settings %v", m.Options, m.TCP)
	}
	for _, c := range run.Cells {
		if !c.IPv6 || c.Rejected != 40 || c.Ledger != (results.Ledger{Matched: 40}) || c.Wire == nil || c.Wire.Agreement.Agreed != 40 {
			t.Errorf("%s: ipv6 %v, %d rejected, ledger %+v, wire %+v", c.Strategy, c.IPv6, c.Rejected, c.Ledger, c.Wire)
		}
		// In a cell that a busy machine made invalid, handshakes may take any time.
		if h := c.HandshakeMs; h.Count != 40 || h.P50 < 10 || c.Valid && h.P50 > 10+float64(5*time.Millisecond)/1e6 {
			t.Errorf("%s: handshakes %+v over 10 ms", c.Strategy, h)
		}
	}
}
