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
	if unix.Fstat(int(n.fd), &ns) != nil {
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

// processesIn returns the processes in a network namespace, without this process
// and without zombies.
func processesIn(ino uint64) (pids []int) {
	links, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		return nil
	}
	for _, link := range links {
		var s unix.Stat_t
		// Fails for a zombie, which has no namespace any more.
		if unix.Stat(link, &s) != nil || s.Ino != ino {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(link))))
		if err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}
