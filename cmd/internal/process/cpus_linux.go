package process

import (
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// CPUs returns the numbers of the CPUs that the calling thread may use, in increasing
// order (sched_getaffinity(2)). It returns none where the system does not say.
func CPUs() []int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	var cpus []int
	for cpu := range len(set) * strconv.IntSize {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

// Bind lets all threads of this process, and all processes that it starts from then on,
// run on these CPUs only. It reports whether it could. The process keeps its GOMAXPROCS:
// the Go runtime would otherwise stop all goroutines to change it, within a second.
func Bind(cpus []int) bool {
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	bound := true
	eachThread(func(id int) { bound = unix.SchedSetaffinity(id, &set) == nil && bound })
	return bound
}
