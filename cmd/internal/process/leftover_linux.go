package process

import (
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A user's program may start others and exit before they do. The kernel gives
// such orphans to the nearest subreaper among their ancestors (prctl(2),
// PR_SET_CHILD_SUBREAPER), so a process with user programs below it becomes
// one, and can then find and end them.

// BecomeSubreaper makes this process the parent of its descendants that lose
// theirs.
func BecomeSubreaper() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// SurviveParent keeps the kernel from killing cmd when its parent ends. cmd then
// has to end by itself when its input does, and has the time to end its
// children first. cmd's SysProcAttr must be set.
func SurviveParent(cmd *exec.Cmd) { cmd.SysProcAttr.Pdeathsig = 0 }

// endTimeout bounds how long killed processes may take to go.
const endTimeout = 2 * time.Second

// EndChildren kills the children of this process, and theirs, which become
// children of this one when their parents go.
func EndChildren() { endAll(func(int) bool { return true }) }

// EndOrphans kills the children of this process that are in another network
// namespace, and theirs, except those that keep returns true for. A child in the
// namespace of this process does not belong to a path. A nil keep keeps none.
func EndOrphans(keep func(pid int) bool) {
	network, err := networkOf("self")
	if err != nil {
		return
	}
	endAll(func(pid int) bool {
		if keep != nil && keep(pid) {
			return false
		}
		// A process that has ended has no namespace any more.
		other, err := networkOf(strconv.Itoa(pid))
		return err == nil && other != network
	})
}

// networkOf returns the name of the network namespace of a process of /proc.
func networkOf(process string) (string, error) {
	return os.Readlink(filepath.Join("/proc", process, "ns", "net"))
}

// endAll kills the children of this process that are picked, until there are none.
func endAll(picked func(pid int) bool) {
	empty := 0 // lists without a child, in a row
	for deadline := time.Now().Add(endTimeout); hasChild() && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		pids := children(picked)
		if len(pids) > 0 {
			empty = 0
		} else if empty++; empty == 2 {
			// One list is not enough: it lacks what a process on it has started, if that
			// process ended before it was looked at.
			return
		}
		for _, pid := range pids {
			_ = unix.Kill(pid, unix.SIGKILL)
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
	}
}

// hasChild reports whether this process has a child that it has not waited for. It
// saves a look at all processes of the machine, which costs milliseconds.
func hasChild() bool {
	return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) != unix.ECHILD
}

// children lists the children of this process that are picked.
func children(picked func(pid int) bool) (pids []int) {
	for pid := range processes() {
		parent, err := parentIn(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err == nil && parent == os.Getpid() && picked(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// processes yields the ids of all processes of the machine.
func processes() iter.Seq[int] {
	return func(yield func(int) bool) {
		proc, err := os.Open("/proc")
		if err != nil {
			return
		}
		names, _ := proc.Readdirnames(-1)
		proc.Close()
		for _, name := range names {
			if pid, err := strconv.Atoi(name); err == nil && !yield(pid) {
				return
			}
		}
	}
}

// parentIn reads the parent's process id from a process's stat file (proc(5)).
func parentIn(stat string) (ppid int, err error) {
	b, err := os.ReadFile(stat)
	if err != nil {
		return 0, err
	}
	// The name is in brackets and may hold brackets itself, so the fields are
	// counted from the last one: state, parent.
	var state string
	_, err = fmt.Sscan(string(b[strings.LastIndexByte(string(b), ')')+1:]), &state, &ppid)
	return ppid, err
}
