package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for something that has to happen.
const patience = 20 * time.Second

// relative is a process of a run, found by an environment variable that its children
// inherit.
type relative struct {
	pid   int
	role  string // empty for the command line itself
	state string // the letter of /proc/PID/stat
	nets  []string
}

// relatives finds the processes that have an environment variable, given as
// NAME=value, with the network namespace of each of their threads.
func relatives(variable string) []relative {
	var found []relative
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environs {
		b, err := os.ReadFile(path)
		if err != nil || !strings.Contains("\x00"+string(b), "\x00"+variable+"\x00") {
			continue // it ended, is of another user, or is a zombie, which has no environment
		}
		dir := filepath.Dir(path)
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if pid == os.Getpid() {
			continue
		}
		r := relative{pid: pid, nets: namespaces(dir)}
		for v := range strings.SplitSeq(string(b), "\x00") {
			if name, value, _ := strings.Cut(v, "="); name == "REJECTBENCH_ROLE" {
				r.role = value
			}
		}
		if stat, err := os.ReadFile(filepath.Join(dir, "stat")); err == nil {
			// The name before the state may hold spaces and brackets.
			if i := strings.LastIndex(string(stat), ") "); i >= 0 && i+3 <= len(stat) {
				r.state = string(stat[i+2 : i+3])
			}
		}
		found = append(found, r)
	}
	return found
}

// namespaces returns the network namespaces of a process's threads, by inode.
func namespaces(dir string) []string {
	var nets []string
	links, _ := filepath.Glob(filepath.Join(dir, "task", "*", "ns", "net"))
	for _, link := range links {
		if net, err := os.Readlink(link); err == nil {
			nets = append(nets, net)
		}
	}
	return nets
}

// inhabited returns those of the namespaces that any thread of any process is in.
func inhabited(nets map[string]bool) []string {
	var left []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		for _, net := range namespaces(dir) {
			if nets[net] {
				left = append(left, net+" of "+dir)
			}
		}
	}
	return left
}

// namespacesOf returns the namespaces of processes, except that of this test.
func namespacesOf(all []relative) map[string]bool {
	nets := map[string]bool{}
	for _, r := range all {
		for _, net := range r.nets {
			nets[net] = true
		}
	}
	for _, net := range namespaces("/proc/self") {
		delete(nets, net)
	}
	return nets
}

// eventually waits until f returns true.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// noneLeft waits until no process has the variable, and returns an error if some
// still do. Killed processes take a moment to end.
func noneLeft(variable string) error {
	var left []relative
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if left = relatives(variable); len(left) == 0 {
			return nil
		}
	}
	return fmt.Errorf("processes are left: %+v", left)
}
