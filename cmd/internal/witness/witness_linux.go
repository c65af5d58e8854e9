package witness

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// Take takes a sample. It looks at every process of the machine.
func Take() (Sample, error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return Sample{}, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	stat, err := fs.Stat()
	if err != nil {
		return Sample{}, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	s := Sample{at: time.Now(), cpus: len(stat.CPU)}
	t := stat.CPUTotal
	s.unused, s.stolen, s.internal = seconds(t.Idle+t.Iowait), seconds(t.Steal), seconds(t.IRQ+t.SoftIRQ)
	if s.own, err = ownTime(); err != nil {
		return Sample{}, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return s, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// ownTime is the CPU time of this process and all of its descendants, ended ones
// included.
func ownTime() (sum time.Duration, err error) {
	below, err := descendants()
	if err != nil {
		return 0, err
	}
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if err := unix.Getrusage(who, &u); err != nil {
			return 0, err
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	for _, p := range below {
		sum += p.time()
	}
	return sum, nil
}

// process is a process of /proc.
type process struct {
	pid, parent int
	waitedFor   time.Duration // CPU time of the children that it has waited for
}

// time is the CPU time of a process and of the children that it has waited for.
func (p process) time() time.Duration {
	// The clock is MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of
	// linux/posix-timers.h. It has nanoseconds, /proc only hundredths of a second.
	var own unix.Timespec
	if unix.ClockGettime(int32(^p.pid<<3|2), &own) != nil {
		return 0 // it is gone
	}
	return time.Duration(own.Nano()) + p.waitedFor
}

// descendants lists the processes that this one and its descendants have started and
// that were not waited for.
func descendants() (found []process, err error) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	names, err := proc.Readdirnames(-1)
	proc.Close()
	if err != nil {
		return nil, err
	}
	below := map[int][]process{} // by parent
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if p, ok := readProcess(pid); ok {
				below[p.parent] = append(below[p.parent], p)
			}
		}
	}
	for next := []int{os.Getpid()}; len(next) > 0; {
		children := below[next[0]]
		next = next[1:]
		found = append(found, children...)
		for _, c := range children {
			next = append(next, c.pid)
		}
	}
	return found, nil
}

// readProcess reads a process's stat file (proc_pid_stat(5)).
func readProcess(pid int) (p process, ok bool) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return p, false
	}
	// The name in brackets may contain any character, so fields are counted from its
	// end. The field behind it is the third, state.
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	const state, parent, cutime, cstime = 3, 4, 16, 17
	if len(fields) <= cstime-state {
		return p, false
	}
	p.pid = pid
	p.parent, err = strconv.Atoi(fields[parent-state])
	for _, field := range []int{cutime, cstime} {
		// Their unit is USER_HZ, which is 100 on all systems.
		ticks, _ := strconv.ParseInt(fields[field-state], 10, 64)
		p.waitedFor += time.Duration(ticks) * 10 * time.Millisecond
	}
	return p, err == nil
}

// Waited is how long the threads of processes could run and waited for a CPU, since
// each of them started (Documentation/scheduler/sched-stats.rst). Threads and processes
// that have ended are left out.
func Waited(pids ...int) (sum time.Duration, err error) {
	known := false
	for _, pid := range pids {
		files, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "schedstat"))
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				continue // it has ended
			}
			var ran, waited int64
			if _, err := fmt.Sscan(string(b), &ran, &waited); err != nil {
				return 0, fmt.Errorf("%w: %s: %w", ErrUnknown, file, err)
			}
			sum += time.Duration(waited)
			known = true
		}
	}
	if !known {
		return 0, fmt.Errorf("%w: no thread has a schedstat file", ErrUnknown)
	}
	return sum, nil
}
