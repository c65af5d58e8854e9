package sweep

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A user's program may start others and go before them, and a process that has
// lost its parent dies with nobody. So a process that has such programs below it
// becomes the parent of what they leave behind, and ends it.

// adopt makes this process the parent of its descendants that lose theirs.
func adopt() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// outlive takes back that cmd is killed with its parent. It has to end by itself
// when its input does; that leaves it the time to end its children.
func outlive(cmd *exec.Cmd) { cmd.SysProcAttr.Pdeathsig = 0 }

// leftoverTimeout bounds how long killed programs may take to go.
const leftoverTimeout = 2 * time.Second

// endChildren kills the children of this process and theirs, which become
// children when their parents go. With elsewhere set it leaves alone those in
// the network namespace of this process, which are not a path's.
func endChildren(elsewhere bool) {
	for over := time.Now().Add(leftoverTimeout); time.Now().Before(over); time.Sleep(time.Millisecond) {
		left := children(elsewhere)
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			_ = unix.Kill(pid, unix.SIGKILL)
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
	}
}

func children(elsewhere bool) (pids []int) {
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return nil
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // gone meanwhile
		}
		// The name in brackets may hold anything; state and parent come after it.
		var state string
		var parent int
		_, err = fmt.Sscan(string(b[strings.LastIndexByte(string(b), ')')+1:]), &state, &parent)
		if err != nil || parent != os.Getpid() {
			continue
		}
		if elsewhere {
			// What has ended has no namespace any more, and so is nobody's.
			net, err := os.Readlink(filepath.Join(filepath.Dir(path), "ns", "net"))
			if err != nil || net == own {
				continue
			}
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
