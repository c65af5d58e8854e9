package sweep

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// The conditions a cell must have met itself, or its figures say something
// about the instrument instead of the server.
const (
	// handshakeShare and handshakeFloor bound how far the median handshake may
	// be off the round trip that was asked for.
	handshakeShare = 0.03
	handshakeFloor = 500 * time.Microsecond
	// lagBound bounds how late an open loop may start its attempts at the 99th percentile.
	lagBound = 10 * time.Millisecond
)

// judge returns why a cell is not to be trusted, or nothing.
func judge(p Point, im impair.Set, limit int, answers bool, r cell.Report) string {
	var reasons []string
	object := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	if r.Error != "" {
		object("%s", r.Error)
		return strings.Join(reasons, "; ")
	}
	rtt := float64(p.RTT) / 1e6
	// Only a path of fixed delays has a handshake time to be held to.
	if h := r.Fleet.Handshake; h.Count > 0 && im.SteadyDelay() {
		bound := max(rtt*handshakeShare, ms(handshakeFloor))
		if off := h.P50 - rtt; math.Abs(off) > bound {
			object("the median handshake took %.2f ms on a path of %.2f ms, off by more than %.2f ms", h.P50, rtt, bound)
		}
	}
	if r.Path.LateMs.Count > 0 {
		bound := cell.LatenessBound(p.RTT)
		if late := r.Path.LateMs.P99; late > bound {
			object("the path was late by %.2f ms at p99, more than %.2f ms", late, bound)
		}
	}
	if n := r.Path.RingDrops + r.Path.SendErrors; n > 0 {
		object("the path lost %d packets of its own", n)
	}
	if n := r.Fleet.Counts[results.LocalError]; n > 0 {
		object("%d attempts found no port, descriptor or memory on the client's side", n)
	}
	if r.AcceptErrors > 0 {
		object("the server could not accept %d times", r.AcceptErrors)
	}
	if r.Fleet.Unstarted > 0 {
		object("the fleet was behind its schedule: %d attempts were never started", r.Fleet.Unstarted)
	}
	if lag := r.Fleet.Lag; lag.Count > 0 && lag.P99 > ms(lagBound) {
		object("the fleet was behind its schedule by %.2f ms at p99", lag.P99)
	}
	if doubt := wireDisagreement(r.Wire); doubt != "" {
		object("%s", doubt)
	}
	// A lost packet can hide a connection from one side; nothing else may.
	if im.KeepsPackets() {
		l := r.Ledger
		if l.ServerOnly > 0 || (answers && l.FleetOnly > 0) {
			object("the ledgers disagree: %d connections only in the fleet's, %d only in the server's", l.FleetOnly, l.ServerOnly)
		}
		if n := r.Fleet.Counts.RejectedWithoutLedger() - r.Fleet.Counts[results.TimeoutConnect]; limit == 0 && answers && n != r.Server.Rejected {
			object("the fleet saw %d rejections and the server counts %d", n, r.Server.Rejected)
		}
	}
	return strings.Join(reasons, "; ")
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// wireDisagreement is why the wire's ledger and the others do not fit together,
// or nothing.
func wireDisagreement(w *results.Wire) string {
	switch {
	case w == nil:
		return ""
	case w.Missed > 0:
		return fmt.Sprintf("the path's record missed %d packets", w.Missed)
	case w.Agreement.Disagreed > 0:
		first := w.Agreement.Disagreements[0]
		return fmt.Sprintf("the ledgers of wire, fleet and server disagree on %d connections, the first from port %d: %s",
			w.Agreement.Disagreed, first.ClientPort, first.What)
	}
	return ""
}
