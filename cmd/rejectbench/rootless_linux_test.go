package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// nobody is the id of an ordinary user.
const nobody = 65534

// asOrdinaryUser prepares a command line that an ordinary user runs: nobody if the
// tests run as root, else their user.
func asOrdinaryUser(t *testing.T, args ...string) *program {
	t.Helper()
	needDelays(t)
	p := prepare(t, args...)
	dir := openTo(t, nobody)
	p.out = filepath.Join(dir, "out")
	if args[0] == "run" {
		p.cmd.Args = append(args[:0:0], append([]string{"rejectbench"}, append(args, "--out", p.out)...)...)
	}
	// Only this user can enter the folder of the program.
	copyProgram(t, filepath.Join(dir, "rejectbench"))
	p.cmd.Path = filepath.Join(dir, "rejectbench")
	p.cmd.Env = append(p.cmd.Env, "PATH="+dir+":"+os.Getenv("PATH"))
	p.cmd.Dir = dir
	if os.Geteuid() == 0 {
		p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return p
}

// openTo makes a folder that a user owns and everybody can enter.
func openTo(t *testing.T, uid int) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "rejectbench-test") // TMPDIR may be private
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, uid, uid); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func copyProgram(t *testing.T, to string) {
	t.Helper()
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	writeProgram(t, to, program)
}

func TestOrdinaryUserRunsEverythingThatRootRuns(t *testing.T) {
	for _, family := range []string{"--ipv6=false", "--ipv6"} {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			p := asOrdinaryUser(t, "run", "--rounds", "1", "--path", "delayline", family, "--strategy", "close,lingering-close", "--rtt", "10ms", "--jitter", "1ms",
				"--loss", "1%", "--rate-up", "50Mbit", "--body", "64KiB", "--concurrency", "4", "--requests", "40", "--pcap", "1", "--quiet")
			p.start()
			p.done()
			run, err := results.Open(p.out)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range run.Cells {
				if c.Attempts != 40 || c.Wire == nil || c.Wire.Agreement.Disagreed != 0 || c.Path.RingDrops+c.Path.SendErrors != 0 || len(c.TCP) == 0 {
					t.Errorf("%s: %d attempts, path %+v, wire %+v", c.Strategy, c.Attempts, c.Path, c.Wire)
				}
				if c.Strategy == "lingering-close" && c.Path.Dropped == 0 {
					t.Error("nothing was lost on the path")
				}
			}
			if captures, _ := filepath.Glob(filepath.Join(p.out, capturesDir, "*.pcapng")); len(captures) == 0 {
				t.Error("no captures")
			}
			p.allGone()
		})
	}
}

func TestOrdinaryUserRunsProgramsAtBothEnds(t *testing.T) {
	for _, family := range []string{"--ipv6=false", "--ipv6"} {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			p := asOrdinaryUser(t, "exec", "--path", "delayline", "--rtt", "10ms", family, "--server", reference+"lingering-close", "--",
				"sh", "-c", leaveBehind+"\nrejectbench load $REJECTBENCH_URL --requests 5 --concurrency 1; exit 7")
			p.start()
			stdout, code := p.wait()
			if code != 7 || !strings.Contains(stdout, "delivered 100.00% of 5 rejections") || !strings.Contains(p.stderr.String(), "wire:   5 connections, 5 answers: 5 arrived whole") {
				t.Errorf("exit code %d:\n%s%s", code, stdout, p.stderr)
			}
			p.allGone()
		})
	}
}

// forbidNamespaces runs p in a user namespace that allows no further ones. Its first
// process is an ordinary user whose only capability is to set that limit.
func forbidNamespaces(p *program) {
	p.cmd.Args = append([]string{"sh", "-c", `echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" "$@"`}, p.cmd.Args...)
	p.cmd.Path = "/bin/sh"
	p.cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Getegid(), Size: 1}},
		AmbientCaps: []uintptr{unix.CAP_SYS_RESOURCE},
	}
}

func TestDefaultRunWithoutNamespacesMeasuresLoopbackOnly(t *testing.T) {
	p := prepare(t, "run", "--rounds", "1", "--strategy", "close", "--body", "0", "--concurrency", "2", "--requests", "4")
	forbidNamespaces(p)
	needDelays(t)
	p.start()
	_, code := p.wait()
	if said := p.stderr.String(); code != exitDone || !strings.Contains(said, "a round-trip time of 0 alone") {
		t.Fatalf("exit code %d, standard error:\n%s", code, said)
	}
	run, err := results.Open(p.out)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range run.Cells {
		if c.RTTMs != 0 || c.Path.Kind != string(netpath.Loopback) {
			t.Errorf("a cell of %v ms over a %s path", c.RTTMs, c.Path.Kind)
		}
	}
	p.allGone()
}

// A user who may not make namespaces gets an error that says so, and can still use the
// loopback.
func TestForbiddenUserNamespacesAreReportedInOneLine(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"exec with a delay", []string{"exec", "--rtt", "10ms", "--", "true"}, exitUnanswered},
		{"run with a delay", []string{"run", "--rounds", "1", "--rtt", "10ms"}, exitUnanswered},
		{"the path by name", []string{"exec", "--path", "delayline", "--", "true"}, exitUnanswered},
		{"without a delay", []string{"exec", "--", "true"}, exitDone},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := prepare(t, c.args...)
			forbidNamespaces(p)
			needDelays(t)
			p.start()
			stdout, code := p.wait()
			said := p.stderr.String()
			if code != c.code || stdout != "" {
				t.Fatalf("exit code %d, want %d; standard output %q, standard error:\n%s", code, c.code, stdout, said)
			}
			if code == exitUnanswered && (!strings.HasPrefix(said, "rejectbench: --path ") || strings.Count(said, "\n") != 1 || !strings.Contains(said, "user.max_user_namespaces")) {
				t.Errorf("standard error:\n%s", said)
			}
			if _, err := os.Stat(p.out); !os.IsNotExist(err) {
				t.Errorf("the run's folder: %v", err)
			}
			p.allGone()
		})
	}
}
