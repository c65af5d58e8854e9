package netpath

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ServerCPU is the CPU time of the programs at the server's end and of the
// children that they have waited for. It is 0 on a loopback path, where both
// ends are one.
func (p *Path) ServerCPU() (sum time.Duration) {
	var ns unix.Stat_t
	if p.kind == Loopback || unix.Fstat(int(p.server.fd), &ns) != nil {
		return 0
	}
	for _, pid := range processesIn(ns.Ino) {
		sum += cpuTime(pid)
	}
	return sum
}

// cpuTime is a process's CPU time and that of the children it has waited for;
// 0 when it is gone.
func cpuTime(pid int) time.Duration {
	// MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of linux/posix-timers.h: in
	// nanoseconds, where /proc has hundredths of a second.
	var own unix.Timespec
	if unix.ClockGettime(int32(^pid<<3|2), &own) != nil {
		return 0
	}
	total := time.Duration(own.Nano())
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return total
	}
	// The name in brackets may hold anything; state is the third field, cutime
	// and cstime are the 16th and 17th, in USER_HZ, which is 100 everywhere.
	_, rest, _ := strings.Cut(string(b[strings.LastIndexByte(string(b), ')')+1:]), " ")
	fields := strings.Fields(rest)
	for i := 16 - 3; i <= 17-3 && i < len(fields); i++ {
		ticks, _ := strconv.ParseInt(fields[i], 10, 64)
		total += time.Duration(ticks) * 10 * time.Millisecond
	}
	return total
}
