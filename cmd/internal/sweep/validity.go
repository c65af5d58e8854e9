package sweep

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/witness"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// A cell that breaks one of these bounds says something about the instrument, not
// about the server.
const (
	// handshakeShare and handshakeFloor bound how far the median handshake may be
	// off the round trip: by a share of that, or by the floor if that is more.
	handshakeShare = 0.03
	handshakeFloor = 500 * time.Microsecond
	// lagBound bounds how late the fleet may start its attempts in an open loop: at the
	// 99th percentile, or at the 90th if they are spread. The times of spread starts are
	// random anyway, so one stall of the machine that moves a few of them does no harm,
	// as long as the others start independently. Spread attempts may be late by their mean
	// distance if that is more: chance alone brings neighbours as close together. The lag
	// of a library client counts from its median.
	lagBound = 10 * time.Millisecond
	// stallBound bounds how long the path may keep a packet, and the fleet an attempt,
	// beyond their time, once. A process that stands still for seconds delays few of
	// them, which no percentile shows. In 3,612 valid cells no packet was later than
	// 11 ms.
	stallBound = 100 * time.Millisecond
	// takenFloor is the CPU time that others may take of any cell, beside
	// results.TakenBound. It is above what a short cell's time is off by, which is known
	// in hundredths of a second.
	takenFloor = 60 * time.Millisecond
)

// problems are the reasons for which a cell is invalid.
type problems []string

func (found *problems) add(format string, args ...any) {
	*found = append(*found, fmt.Sprintf(format, args...))
}

// invalidReason returns why a cell is invalid, or nothing. inLedger tells whether
// the server's ledger has every rejected connection. use is how the machine's CPUs were
// used; nil if that is not known.
func invalidReason(p results.Point, im impair.Set, inLedger bool, r cell.Report, use *witness.Use) string {
	if r.Error != "" {
		return r.Error
	}
	var found problems
	found.checkPath(p, im, r)
	found.checkEnds(p, r)
	found.checkCPU(r.Waited, use)
	found.checkWire(r.Wire)
	// A lost packet can hide a connection from one end; nothing else may.
	if im.KeepsPackets() {
		found.checkLedgers(p.Limit, inLedger, r)
	}
	return strings.Join(found, "; ")
}

func (found *problems) checkPath(p results.Point, im impair.Set, r cell.Report) {
	// Only on a path of fixed delays is a handshake's time known.
	if h := r.Fleet.Handshake; h.Count > 0 && im.SteadyDelay() {
		rtt := p.RTTMs
		bound := max(rtt*handshakeShare, units.Milliseconds(handshakeFloor))
		if math.Abs(h.P50-rtt) > bound {
			found.add("the median handshake took %.2f ms on a path of %.2f ms, off by more than %.2f ms", h.P50, rtt, bound)
		}
	}
	if late := r.Path.LateMs; late.Count > 0 {
		if bound := cell.LatenessBound(p.RTT()); late.P99 > bound {
			found.add("the path was late by %.2f ms at p99, more than %.2f ms", late.P99, bound)
		} else if late.Max > bound+units.Milliseconds(stallBound) {
			found.add("the path stood still: it was late by %.0f ms once", late.Max)
		}
	}
	if n := r.Path.RingDrops + r.Path.SendErrors; n > 0 {
		found.add("the path itself lost %d packets", n)
	}
}

func (found *problems) checkEnds(p results.Point, r cell.Report) {
	*found = append(*found, r.Fleet.Problems()...)
	if r.AcceptErrors > 0 {
		found.add("the server could not accept %d times", r.AcceptErrors)
	}
	lag, percentile, bound := r.Fleet.Lag.P99, "p99", lagBound
	if p.Arrivals == results.SpreadArrivals {
		lag, percentile, bound = r.Fleet.Lag.P90, "p90", max(lagBound, dueEvery(r.Fleet.Attempts))
	}
	if _, library := drivers.ByName(p.Client); library {
		// What every attempt takes to begin, such as a process that curl starts, moves
		// all of them and no two together.
		lag -= r.Fleet.Lag.P50
	}
	if lag > units.Milliseconds(bound) {
		found.add("the fleet was behind its schedule by %.2f ms at %s, more than %.2f ms", lag, percentile, units.Milliseconds(bound))
	} else if stall := r.Fleet.StallMs; stall > units.Milliseconds(stallBound) {
		found.add("the fleet stood still: an attempt was due for %.0f ms, with a slot free", stall)
	}
}

// dueEvery returns the mean time from when an attempt was due until the next was; 0 for
// fewer than two attempts.
func dueEvery(attempts []loadgen.Attempt) time.Duration {
	if len(attempts) < 2 {
		return 0
	}
	first, last := attempts[0].Due, attempts[0].Due
	for i := range attempts {
		first, last = min(first, attempts[i].Due), max(last, attempts[i].Due)
	}
	return time.Duration(last-first) / time.Duration(len(attempts)-1)
}

// checkCPU checks whether others took CPU time that the cell was waiting for. use may be
// nil.
func (found *problems) checkCPU(waited *results.CPUWait, use *witness.Use) {
	cpu := cpuOf(waited, use)
	if cpu == nil || use.CPUs == 0 {
		return
	}
	taken := cpu.TakenShare(use.Total.Seconds() / float64(use.CPUs))
	if taken <= results.TakenBound || taken*use.Total.Seconds() <= takenFloor.Seconds() {
		return
	}
	text := fmt.Sprintf("other processes took %.0f%% of the CPU time", cpu.OthersShare*100)
	if cpu.StealShare > 0 {
		text += fmt.Sprintf(", and the hypervisor %.0f%%", cpu.StealShare*100)
	}
	found.add("%s", text)
}

// cpuOf returns the record of the CPUs; nil where it is not known.
func cpuOf(waited *results.CPUWait, use *witness.Use) *results.CPU {
	if waited == nil || use == nil {
		return nil
	}
	return &results.CPU{OthersShare: use.OthersShare(), StealShare: use.StolenShare(), WaitMs: *waited}
}

// checkWire compares the wire's ledger with those of the ends. w may be nil.
func (found *problems) checkWire(w *results.Wire) {
	switch {
	case w == nil:
	case w.Missed > 0:
		found.add("the path's record missed %d packets", w.Missed)
	case w.Agreement.Disagreed > 0:
		first := w.Agreement.Disagreements[0]
		found.add("the ledgers of wire, fleet and server disagree on %d connections, the first from port %d: %s",
			w.Agreement.Disagreed, first.ClientPort, first.What)
	}
}

func (found *problems) checkLedgers(limit int, inLedger bool, r cell.Report) {
	l := r.Ledger
	if l.ServerOnly > 0 || (inLedger && l.FleetOnly > 0) {
		found.add("the ledgers disagree: %d connections only in the fleet's, %d only in the server's", l.FleetOnly, l.ServerOnly)
	}
	n := r.Fleet.Counts.RejectedWithoutLedger() - r.Fleet.Counts[results.TimeoutConnect]
	if limit == 0 && inLedger && n != r.Server.Rejected {
		found.add("the fleet saw %d rejections and the server counts %d", n, r.Server.Rejected)
	}
}
