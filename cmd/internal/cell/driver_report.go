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

// driverReport makes a fleet's report of a driver's attempts. It has no times to
// connect and of the handshake, which a driver does not measure.
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
	r.Latency = results.Latency{Response: response.percentiles(), End: end.percentiles()}
	if err := response.encode(r.Histograms, "response/"); err != nil {
		return r, err
	}
	return r, end.encode(r.Histograms, "end/")
}

// outcomeHistograms are the times of one phase, in nanoseconds, by outcome.
type outcomeHistograms map[results.Outcome]*hdrhistogram.Histogram

func (h outcomeHistograms) record(o results.Outcome, ns int64) {
	if h[o] == nil {
		h[o] = results.NewHistogram()
	}
	results.Record(h[o], ns)
}

// percentiles are those of all outcomes together.
func (h outcomeHistograms) percentiles() results.Percentiles {
	all := results.NewHistogram()
	for _, one := range h {
		all.Merge(one)
	}
	return results.Summarise(all)
}

// encode adds the histograms to out. Their keys are prefix and outcome.
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

// joinDriverWire is joinWire for a driver's attempts, which have neither times on
// the path's clock nor byte counts. The n-th attempt of a port is joined with the
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
		w := wire.Attempt{Port: a.LocalPort, Outcome: a.Outcome, Started: began, Connected: c.Connected, End: began + a.End, Sent: c.Request}
		if a.FirstByte != 0 {
			w.FirstByte, w.Received = began+a.FirstByte, c.AnswerArrived
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
