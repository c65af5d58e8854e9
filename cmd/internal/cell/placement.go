package cell

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// The ways in which the parts of a cell are placed on the CPUs: the values of
// Spec.Placement.
const (
	// Bound gives server and path the second half of the CPUs that the run may use. An
	// answer races the reset behind it for a few microseconds, and how long the server
	// takes to wake decides the race. Where the kernel places the parts as it likes, the
	// path is now beside the server and now beside the fleet: close at 64 KiB then
	// delivered 24% of a round, or 87%. The clients need no binding, because the kernel
	// puts them where the path is not.
	//
	// Measured with 20 clients at 80 ms, close, 64 KiB, two CPUs. A line has 3 or 4 runs
	// of 8 or 10 rounds of 60 attempts, and the last column is the mean variance between
	// rounds of close, shutdown and read-header, divided by that of independent attempts:
	//
	//	fleet  server  path   delivered  variance
	//	0      1       1      87%        0.5
	//	any    1       1      86%        0.7
	//	0      0       1      73%        1.2
	//	any    any     any    74%        1.5; another run delivered 54%
	//	0      1       0      24%        9.5
	//	0      1       any    64%        28.7
	Bound = "bound"
	// Free lets the kernel place all parts on all CPUs that the run may use.
	Free = "free"
)

// Placements is the table of the values of Spec.Placement.
var Placements = []results.Term{
	{Name: Bound, Summary: "server and path run on the second half of the CPUs, clients on all: shares repeat from run to run"},
	{Name: Free, Summary: "the kernel places all parts on all CPUs: shares repeat less well"},
}

// place places the server's processes and this one, which carries the packets, on the
// CPUs, and returns a list of them, such as 2-3. The list is empty if nothing is bound:
// with a single CPU, on a system that binds no process, and without a delay line, whose
// thread is what has to be near the server.
func (s *Spec) place(server []int) (string, error) {
	if s.Placement != Bound || s.Path.Kind != netpath.DelayLine {
		return "", nil
	}
	cpus, err := process.CPUs()
	if err != nil || len(cpus) < 2 {
		return "", err
	}
	half := cpus[len(cpus)/2:]
	for _, pid := range append(slices.Clone(server), os.Getpid()) {
		err = errors.Join(err, process.Pin(pid, half))
	}
	return cpuList(half), err
}

// cpuList writes increasing numbers of CPUs as the kernel does: 0-3,8.
func cpuList(cpus []int) string {
	var parts []string
	for i := 0; i < len(cpus); {
		first := i
		for i++; i < len(cpus) && cpus[i] == cpus[i-1]+1; i++ {
		}
		part := strconv.Itoa(cpus[first])
		if i-first > 1 {
			part = fmt.Sprintf("%s-%d", part, cpus[i-1])
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ",")
}
