package cell

import (
	"cmp"
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// fleetKind is how a cell runs its fleet and joins what that says with the rest.
type fleetKind struct {
	role     string
	spec     func(Spec) any // what the role is told
	join     func([]loadgen.Attempt, []targets.LedgerEntry) results.Ledger
	joinWire func(*wire.Log, []loadgen.Attempt, []targets.LedgerEntry) []wire.Joined
	// keeps tells whether what the fleet does not have of the wire is missing there.
	keeps func([]loadgen.Attempt) bool
	// complete adds to what the wire says what the fleet's counts decide.
	complete func(w *results.Wire, r loadgen.Report, tls bool) error
}

var (
	builtinFleet = fleetKind{
		role:     "fleet",
		spec:     func(s Spec) any { return s.Fleet },
		join:     joinLedgers,
		joinWire: joinWire,
		keeps:    func([]loadgen.Attempt) bool { return true },
		complete: func(*results.Wire, loadgen.Report, bool) error { return nil },
	}
	libraryFleet = fleetKind{
		role:     "driver",
		spec:     func(s Spec) any { return newDriverSpec(s) },
		join:     joinDriverLedgers,
		joinWire: joinDriverWire,
		keeps:    portsKnown,
		complete: completeFates,
	}
)

func (s Spec) fleet() fleetKind {
	if s.Driver {
		return libraryFleet
	}
	return builtinFleet
}

// driverReport makes a fleet's report of what a driver says. Times of the
// handshake stay empty, and the ledger has the attempts whose port is known.
func driverReport(attempts []drivers.AttemptLine) (loadgen.Report, error) {
	r := loadgen.Report{Histograms: map[string]string{}, Errors: countErrors(attempts)}
	response, end := outcomeHistograms{}, outcomeHistograms{}
	for _, a := range attempts {
		r.Counts[a.Outcome]++
		r.Attempts = append(r.Attempts, loadgen.Attempt{
			FirstByte: int64(a.Response), End: int64(a.End), LocalPort: a.Port, Outcome: a.Outcome,
		})
		if a.Response > 0 {
			response.record(a.Outcome, int64(a.Response))
		}
		end.record(a.Outcome, int64(a.End))
	}
	r.Latency = results.Latency{Response: response.all(), End: end.all()}
	if err := response.encode(r.Histograms, "response/"); err != nil {
		return r, err
	}
	return r, end.encode(r.Histograms, "end/")
}

// outcomeHistograms is one phase's histograms by outcome.
type outcomeHistograms map[results.Outcome]*hdrhistogram.Histogram

func (h outcomeHistograms) record(o results.Outcome, ns int64) {
	if h[o] == nil {
		h[o] = results.NewHistogram()
	}
	results.Record(h[o], ns)
}

func (h outcomeHistograms) all() results.Percentiles {
	sum := results.NewHistogram()
	for _, one := range h {
		sum.Merge(one)
	}
	return results.Summarise(sum)
}

func (h outcomeHistograms) encode(out map[string]string, prefix string) error {
	for o, one := range h {
		s, err := results.EncodeHistogram(one)
		if err != nil {
			return err
		}
		out[prefix+o.String()] = s
	}
	return nil
}

// joinDriverLedgers is join for what a driver says. It does not say which attempts
// connected, only how each ended; one with a port had a socket, and one without
// can only be counted.
func joinDriverLedgers(attempts []loadgen.Attempt, entries []targets.LedgerEntry) results.Ledger {
	var l results.Ledger
	ports := map[uint16]int{} // of entries that no attempt has taken
	for i := range entries {
		ports[entries[i].PeerPort]++
	}
	var uncounted int64 // attempts without a port that must have connected
	for i := range attempts {
		a := &attempts[i]
		switch {
		case a.LocalPort != 0 && ports[a.LocalPort] > 0:
			ports[a.LocalPort]--
			l.Matched++
		case !a.Outcome.ReachedServer():
		case a.LocalPort == 0:
			uncounted++
		default:
			l.FleetOnly++
		}
	}
	for _, n := range ports {
		l.ServerOnly += int64(n)
	}
	both := min(uncounted, l.ServerOnly)
	l.Matched, l.ServerOnly, l.FleetOnly = l.Matched+both, l.ServerOnly-both, l.FleetOnly+uncounted-both
	return l
}

// joinDriverWire joins the path's record with what a driver says. The driver's
// attempts have no time on the path's clock and no bytes: an attempt is put at the
// connection of its port, the first at the first, and has sent and read what went
// over it. An attempt without a port has no connection.
func joinDriverWire(log *wire.Log, attempts []loadgen.Attempt, entries []targets.LedgerEntry) []wire.Joined {
	conns := wire.Connections(log)
	byPort := map[uint16][]*wire.Connection{}
	for i := range conns {
		byPort[conns[i].ClientPort] = append(byPort[conns[i].ClientPort], &conns[i])
	}
	var fleet []wire.Attempt
	for i := range attempts {
		a := &attempts[i]
		own := byPort[a.LocalPort]
		if a.LocalPort == 0 || len(own) == 0 {
			continue
		}
		c := own[0]
		byPort[a.LocalPort] = own[1:]
		began := cmp.Or(c.Syn, c.SynAck, c.Reset, c.AnswerStart)
		w := wire.Attempt{Port: a.LocalPort, Outcome: a.Outcome, Started: began, Connected: c.Connected, End: began + a.End, Sent: c.Request}
		if a.FirstByte != 0 {
			w.FirstByte, w.Received = began+a.FirstByte, c.AnswerArrived
		}
		fleet = append(fleet, w)
	}
	return wire.Join(conns, fleet, serverEntries(log, entries))
}

// portsKnown tells whether every attempt that may have a connection has a port,
// so that what the fleet does not have on the wire is missing there.
func portsKnown(attempts []loadgen.Attempt) bool {
	for i := range attempts {
		if attempts[i].LocalPort == 0 && attempts[i].Outcome.ReachedServer() {
			return false
		}
	}
	return true
}

// completeFates makes the fates of a fleet without ports known where counts
// decide: each delivered answer is one that arrived whole, and what arrived beyond
// those was not read. Which outcome an answer that was not read met is not known.
// Over TLS nobody knows whether an answer is in what arrived unread.
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
		w.FateOutcomes[rest]["none"] += left
	}
	return nil
}
