package netpath

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ServerCPU returns the CPU time of the programs at the server's end and of the
// children that they have waited for. It is 0 on a loopback path, where both ends
// share a namespace.
func (p *Path) ServerCPU() (sum time.Duration) {
	for _, pid := range p.ServerProcesses() {
		sum += CPUTime(pid)
	}
	return sum
}

// ServerProcesses returns the ids of the programs at the server's end. It returns none
// on a loopback path, where both ends share a namespace.
func (p *Path) ServerProcesses() []int {
	var ns unix.Stat_t
	if p.kind == Loopback || unix.Fstat(int(p.server.fd), &ns) != nil {
		return nil
	}
	return processesIn(ns.Ino)
}

// CPUTime returns the CPU time of a process and of the children that it has waited
// for; 0 if the process has ended.
func CPUTime(pid int) time.Duration {
	// The clock is MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of
	// linux/posix-timers.h. It has nanoseconds, /proc only hundredths of a second.
	var process unix.Timespec
	if unix.ClockGettime(int32(^pid<<3|2), &process) != nil {
		return 0
	}
	total := time.Duration(process.Nano())
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return total
	}
	// The name in brackets may contain any character, so fields are counted from
	// its end. State is the third field, cutime and cstime are the 16th and 17th.
	// Their unit is USER_HZ, which is 100 on all systems.
	_, rest, _ := strings.Cut(string(b[strings.LastIndexByte(string(b), ')')+1:]), " ")
	fields := strings.Fields(rest)
	for i := 16 - 3; i <= 17-3 && i < len(fields); i++ {
		ticks, _ := strconv.ParseInt(fields[i], 10, 64)
		total += time.Duration(ticks) * 10 * time.Millisecond
	}
	return total
}
