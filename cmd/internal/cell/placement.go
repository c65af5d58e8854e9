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
)

// The ways in which the parts of a cell are placed on the CPUs: the values of
// Spec.Placement.
const (
	// Halves gives the fleet the first half of the CPUs that the run may use, and
	// server and path the second. An answer races the reset behind it for a few
	// microseconds, and how long the server takes to wake decides the race. Where the
	// kernel places the parts as it likes, the path is now beside the server and now
	// beside the fleet: close at 64 KiB and 80 ms then delivered 24% of a round, or 87%.
	//
	// Measured with 20 clients on two CPUs, 4 runs of 10 rounds a line:
	//
	//	fleet  server  path   delivered  variance between rounds / binomial
	//	0      1       1      87%        0.5
	//	0      0       1      73%        1.2
	//	any    any     any    74%        1.5; another run delivered 54%
	//	0      1       0      24%        9.5
	//	0      1       any    64%        28.7
	Halves = "halves"
	// Shared lets the kernel place all parts on all CPUs that the run may use.
	Shared = "shared"
)

// Placements is the table of the values of Spec.Placement.
var Placements = []results.Term{
	{Name: Halves, Summary: "the fleet runs on the first half of the CPUs, server and path on the second: shares repeat from run to run"},
	{Name: Shared, Summary: "the kernel places all parts on all CPUs: shares repeat less well"},
}

// place places the processes of a cell, besides its own, and returns where they are. It
// returns nil if they share all CPUs: with a single one, on a system that binds no
// process, and for a server of whose processes only the first is known.
func (p cellProcesses) place(placement string) (*results.Placement, error) {
	if placement != Halves || p.hidden {
		return nil, nil
	}
	cpus, err := process.CPUs()
	if err != nil || len(cpus) < 2 {
		return nil, err
	}
	fleet, server := cpus[:len(cpus)/2], cpus[len(cpus)/2:]
	for _, pid := range p.fleet {
		err = errors.Join(err, process.Pin(pid, fleet))
	}
	for _, pid := range append(slices.Clone(p.server), os.Getpid()) {
		err = errors.Join(err, process.Pin(pid, server))
	}
	return &results.Placement{Fleet: cpuList(fleet), Server: cpuList(server)}, err
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
