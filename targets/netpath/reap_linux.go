package netpath

import (
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// reapTimeout bounds the wait for killed programs to end.
const reapTimeout = 2 * time.Second

// reap kills every process in the namespace except this one. That includes
// processes that a program has left behind, whose parent has changed.
func (n *namespace) reap() {
	var ns unix.Stat_t
	if !hasChild() || unix.Fstat(int(n.fd), &ns) != nil {
		return
	}
	for deadline := time.Now().Add(reapTimeout); time.Now().Before(deadline); {
		left := processesIn(ns.Ino)
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			_ = unix.Kill(pid, unix.SIGKILL)
			// Succeeds only for a child of this process.
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
		time.Sleep(time.Millisecond)
	}
}

// adoptOrphans makes this process the parent of its descendants that lose theirs
// (PR_SET_CHILD_SUBREAPER of prctl(2)).
func adoptOrphans() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// hasChild reports whether this process has a child that it has not waited for. A
// process that adopts orphans and has none left no program at the ends of a path. To
// look at every process of the machine costs milliseconds.
func hasChild() bool {
	return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) != unix.ECHILD
}

// processesIn returns the processes in a network namespace, without this process
// and without zombies.
func processesIn(ino uint64) (pids []int) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == os.Getpid() {
			continue
		}
		var s unix.Stat_t
		// Fails for a zombie, which has no namespace any more.
		if unix.Stat(filepath.Join("/proc", name, "ns", "net"), &s) == nil && s.Ino == ino {
			pids = append(pids, pid)
		}
	}
	return pids
}
