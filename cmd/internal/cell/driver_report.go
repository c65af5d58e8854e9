package cell

import (
	"cmp"
	"fmt"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// driverReport makes a fleet's report of a driver's attempts. It has no times to
// connect and of the handshake, and no ends of TLS, which a driver does not report.
func driverReport(fleet loadgen.Config, done driven) (loadgen.Report, error) {
	fleet.Target.TLS = false
	attempts := make([]loadgen.Attempt, len(done.attempts))
	for i, d := range done.attempts {
		a := loadgen.Attempt{
			Due: int64(d.due), Started: int64(d.started), End: int64(d.started + d.End), LocalPort: d.Port, Outcome: d.Outcome,
		}
		if d.Response > 0 {
			a.FirstByte = int64(d.started + d.Response)
		}
		attempts[i] = a
	}
	r, err := loadgen.ReportOf(fleet, attempts, done.unstarted)
	r.Errors = countErrors(done.attempts)
	return r, err
}

// joinDriverLedgers is joinLedgers for a driver's attempts. A driver reports how
// each attempt ended, not whether it connected. An attempt with a port had a
// socket; one without can only be counted.
func joinDriverLedgers(attempts []loadgen.Attempt, entries []targets.LedgerEntry) results.Ledger {
	var l results.Ledger
	unmatched := map[uint16]int{} // entries by port
	for i := range entries {
		unmatched[entries[i].PeerPort]++
	}
	var withoutPort int64 // attempts that must have connected
	for i := range attempts {
		a := &attempts[i]
		switch {
		case a.LocalPort != 0 && unmatched[a.LocalPort] > 0:
			unmatched[a.LocalPort]--
			l.Matched++
		case !a.Outcome.ReachedServer():
		case a.LocalPort == 0:
			withoutPort++
		default:
			l.FleetOnly++
		}
	}
	for _, n := range unmatched {
		l.ServerOnly += int64(n)
	}
	matched := min(withoutPort, l.ServerOnly)
	l.Matched += matched
	l.ServerOnly -= matched
	l.FleetOnly += withoutPort - matched
	return l
}

// joinDriverWire is joinWire for a driver's attempts, whose times are not on
// the path's clock and which have no byte counts. The n-th attempt of a port is joined with the
// port's n-th connection, and gets the times and bytes of that. An attempt without
// a port has no connection.
func joinDriverWire(log *wire.Log, attempts []loadgen.Attempt, entries []targets.LedgerEntry) []wire.Joined {
	conns := wire.Connections(log)
	byPort := map[uint16][]*wire.Connection{}
	for i := range conns {
		byPort[conns[i].ClientPort] = append(byPort[conns[i].ClientPort], &conns[i])
	}
	var fleet []wire.Attempt
	for i := range attempts {
		a := &attempts[i]
		remaining := byPort[a.LocalPort]
		if a.LocalPort == 0 || len(remaining) == 0 {
			continue
		}
		c := remaining[0]
		byPort[a.LocalPort] = remaining[1:]
		began := cmp.Or(c.Syn, c.SynAck, c.Reset, c.AnswerStart)
		w := wire.Attempt{Port: a.LocalPort, Outcome: a.Outcome, Started: began, Connected: c.Connected, End: began + a.End - a.Started, Sent: c.Request}
		if a.FirstByte != 0 {
			w.FirstByte, w.Received = began+a.FirstByte-a.Started, c.AnswerArrived
		}
		fleet = append(fleet, w)
	}
	return wire.Join(conns, fleet, serverEntries(log, entries))
}

// portsKnown reports whether every attempt that may have a connection has a port.
func portsKnown(attempts []loadgen.Attempt) bool {
	for i := range attempts {
		if attempts[i].LocalPort == 0 && attempts[i].Outcome.ReachedServer() {
			return false
		}
	}
	return true
}

// completeFates replaces the unknown fates of rejections where some ports are
// unknown and counts decide. Every delivered answer arrived whole, so it accounts
// for one unknown fate; the answers left over arrived and were not read. Their
// outcomes stay unknown. Over TLS the leftovers stay unknown as well: what arrived
// unread need not hold the answer.
func completeFates(w *results.Wire, r loadgen.Report, tls bool) error {
	if portsKnown(r.Attempts) {
		return nil
	}
	unknown, read, notRead := results.UnknownFate.String(), results.Read.String(), results.ArrivedNotRead.String()
	delivered := r.Counts.Delivered() - w.Fates[read]
	left := w.Fates[unknown] - delivered
	if left < 0 {
		return fmt.Errorf("the client counts %d answers as delivered, and %d arrived", r.Counts.Delivered(), w.Fates[read]+w.Fates[unknown])
	}
	rest := notRead
	if tls {
		rest = unknown
	}
	w.Fates[unknown] = 0
	w.FateOutcomes[unknown] = map[string]int64{}
	w.Fates[read] += delivered
	w.Fates[rest] += left
	if delivered > 0 {
		w.FateOutcomes[read][results.Delivered.String()] += delivered
	}
	if left > 0 {
		w.FateOutcomes[rest][results.NoOutcome] += left
	}
	return nil
}
