package netpath

import (
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// reapTimeout bounds how long killed programs may take to go.
const reapTimeout = 2 * time.Second

// reap kills every process in the namespace but this one, whoever its parent
// is by now: what a program started there and left behind is in there too.
func (n *namespace) reap() {
	var own unix.Stat_t
	if unix.Fstat(int(n.fd), &own) != nil {
		return
	}
	for over := time.Now().Add(reapTimeout); time.Now().Before(over); {
		left := processesIn(own.Ino)
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			_ = unix.Kill(pid, unix.SIGKILL)
			// Collect it if it is ours; it may be another's child.
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
		time.Sleep(time.Millisecond)
	}
}

// inNamespace lists the processes in a network namespace, without this one and
// without those that have ended and only wait to be collected.
func processesIn(ino uint64) (pids []int) {
	links, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		return nil
	}
	for _, link := range links {
		var s unix.Stat_t
		// A process that has ended has no namespace any more, so this fails.
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
