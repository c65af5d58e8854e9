package cell

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// The ways in which the parts of a cell are placed on the CPUs: the values of
// Spec.Placement.
const (
	// Together gives server and path the same half of the CPUs. An answer races the reset
	// behind it for a few microseconds, and how long the server takes to wake decides the
	// race. Where the kernel places the parts as it likes, the path is now beside the
	// server and now beside the fleet: close at 64 KiB then delivered 24% of a round, or
	// 87%. Beside the server the path is what an interrupt is on a server's machine.
	// Clients have all CPUs: a library client with several threads is late on half of two.
	//
	// Measured with 20 clients at 80 ms, close, 64 KiB, two CPUs. A line has 3 or 4 runs
	// of 8 or 10 rounds of 60 attempts, whose processes were bound once they ran. The last
	// column is the mean dispersion of close, shutdown and read-header:
	//
	//	fleet  server  path   delivered  dispersion
	//	0      1       1      87%        0.5
	//	any    1       1      86%        0.7
	//	any    1       1      89%        0.5, bound before they started, as here
	//	0      0       1      73%        1.2
	//	any    any     any    74%        1.5; another run delivered 54%
	//	0      1       0      24%        9.5
	//	0      1       any    64%        28.7
	Together = "together"
	// Free lets the kernel place all parts on all CPUs that the run may use.
	Free = "free"
)

// Placements is the table of the values of Spec.Placement.
var Placements = []results.Term{
	{Name: Together, Summary: "server and path have the same half of the CPUs, clients have all: shares repeat from run to run"},
	{Name: Free, Summary: "the kernel places all parts on all CPUs: shares repeat less well"},
}

// serverCPUs returns the CPUs that server and path are to share, of all that the cell may
// use. There are none where nothing is bound: with a single CPU, and without a delay
// line, whose thread is what has to be near the server.
func (s *Spec) serverCPUs(all []int) []int {
	if s.Placement != Together || s.Path.Kind != netpath.DelayLine || len(all) < 2 {
		return nil
	}
	return all[len(all)/2:]
}

// bindServer binds this process, which carries the packets, and with it the server that
// it starts. The server is bound before it starts, because programs and runtimes choose
// their threads by the CPUs that they find. bindServer returns a list of the CPUs, such
// as 2-3, empty if nothing is bound, and the function that ends the binding of this
// process.
func (s *Spec) bindServer() (list string, end func()) {
	all := process.CPUs()
	half := s.serverCPUs(all)
	if half == nil {
		return "", func() {}
	}
	end = func() { process.Bind(all) }
	if !process.Bind(half) {
		end()
		return "", func() {}
	}
	return cpuList(half), end
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
