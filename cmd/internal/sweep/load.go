package sweep

import (
	"math"
	"runtime"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
)

// Cells that mostly wait for a long round trip may run side by side, if the user asks
// for it (Options.SideBySide). Each has its own processes and namespaces, so they share
// only the CPUs. A cell's load is the CPU time that its attempts are expected to take in
// a second, in CPUs. Cells run side by side while their loads add up to at most
// loadBudget of the CPUs; the rest is for the start-up of further cells, and
// for what the estimate misses. A cell that needs more runs alone.
//
// The load is an estimate from above: losses and limits of the path make a cell wait
// longer, and a server that closes early receives less than the whole body.
//
// Cells side by side bend each other although their paths are on time, where the share
// is a race for the CPU. With a body of 64 KiB over 200 ms, close delivered 77% alone,
// and 73% beside others within this budget.
const (
	// loadBudget is the share of the CPUs of their servers and paths that cells side by
	// side may use.
	loadBudget = 0.1
	// attemptCPU and byteCPU are the CPU time of an attempt in all processes of a cell
	// and in the kernel, without a body and for each byte of the body.
	attemptCPU = 300 * time.Microsecond
	byteCPU    = 6 * time.Nanosecond
	// leastOverlap is the shortest round trip of cells that run side by side. Shorter
	// cells take little more time than the start of another, which disturbs them: of
	// 156 tries at 20 ms, 46 were late beside others, and of 105 without a round trip
	// alone, none.
	leastOverlap = 40 * time.Millisecond
	// mostSideBySide bounds the cells that are measured at once. A cell that ends and has
	// not yet read its record of packets is beside them.
	mostSideBySide = 4
)

// load estimates the CPUs that a point's cell uses. It is infinite for a cell that has
// to run alone: without a round trip the fleet is as fast as the machine, and the CPU
// time of a program or of a library client is not known.
func (o Options) load(p results.Point) float64 {
	if _, program := o.Programs[p.Strategy]; program {
		return math.Inf(1)
	}
	if _, driver := drivers.ByName(p.Client); driver {
		return math.Inf(1)
	}
	if o.PathOf(p).RTT() < leastOverlap {
		return math.Inf(1)
	}
	each := attemptCPU + time.Duration(p.BodyBytes)*byteCPU
	return attemptsPerSecond(p, o.PathOf(p).RTT()) * each.Seconds()
}

// attemptsPerSecond is how many attempts a point's fleet makes in a second at most. An
// attempt takes a round trip to connect and one to be answered.
func attemptsPerSecond(p results.Point, rtt time.Duration) float64 {
	if p.Rate > 0 {
		return p.Rate
	}
	return float64(p.Concurrency) / (2 * rtt).Seconds() // infinite without a round trip
}

// fits reports whether a cell may start beside the running ones, of which none is in
// its start-up.
func (o Options) fits(load float64, running []float64) bool {
	most := mostSideBySide
	if o.SideBySide > 0 {
		most = min(most, o.SideBySide)
	}
	if len(running) == 0 {
		return true
	}
	sum := load
	for _, l := range running {
		sum += l
	}
	cpus := runtime.NumCPU()
	if o.Placement == cell.Together {
		cpus = max(cpus/2, 1) // all servers and paths share these
	}
	return len(running) < most && sum <= loadBudget*float64(cpus)
}
