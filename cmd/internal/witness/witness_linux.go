package witness

import (
	"fmt"
	"os"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/targets/netpath"
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
	for _, pid := range below {
		sum += netpath.CPUTime(pid)
	}
	return sum, nil
}

// descendants lists the processes that this one and its descendants have started and
// that were not waited for.
func descendants() (found []int, err error) {
	all, err := procfs.AllProcs()
	if err != nil {
		return nil, err
	}
	children := map[int][]int{} // by parent
	for _, p := range all {
		if stat, err := p.Stat(); err == nil { // otherwise it is gone
			children[stat.PPID] = append(children[stat.PPID], p.PID)
		}
	}
	for next := []int{os.Getpid()}; len(next) > 0; next = next[1:] {
		found = append(found, children[next[0]]...)
		next = append(next, children[next[0]]...)
	}
	return found, nil
}

// Waited is how long the threads of processes could run and waited for a CPU, since
// each of them started (Documentation/scheduler/sched-stats.rst). Threads and processes
// that have ended are left out.
func Waited(pids ...int) (sum time.Duration, err error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	known := false
	for _, pid := range pids {
		threads, _ := fs.AllThreads(pid)
		for _, t := range threads {
			if stat, err := t.Schedstat(); err == nil { // otherwise it has ended
				sum += time.Duration(stat.WaitingNanoseconds)
				known = true
			}
		}
	}
	if !known {
		return 0, fmt.Errorf("%w: no thread has a schedstat file", ErrUnknown)
	}
	return sum, nil
}
