package cell

import (
	"os"

	"github.com/rejectbench/rejectbench/cmd/internal/witness"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// cellProcesses are the ids of the processes of a cell besides its own, which carries
// the packets. Of a library client it has the process that starts the driver, because
// the driver has ended when it is read.
type cellProcesses struct{ fleet, server []int }

// waited returns how long the processes' threads have waited for a CPU so far; nil
// where the system does not say.
func (p cellProcesses) waited() *results.CPUWait {
	var w results.CPUWait
	for _, part := range []struct {
		ms   *float64
		pids []int
	}{{&w.Fleet, p.fleet}, {&w.Server, p.server}, {&w.Path, []int{os.Getpid()}}} {
		d, err := witness.Waited(part.pids...)
		if err != nil {
			return nil
		}
		*part.ms = units.Milliseconds(d)
	}
	return &w
}

// waitedSince is after minus before; nil if one of them is not known. A thread that has
// ended takes its time with it, so no difference is below 0.
func waitedSince(before, after *results.CPUWait) *results.CPUWait {
	if before == nil || after == nil {
		return nil
	}
	return &results.CPUWait{
		Fleet:  max(after.Fleet-before.Fleet, 0),
		Server: max(after.Server-before.Server, 0),
		Path:   max(after.Path-before.Path, 0),
	}
}
