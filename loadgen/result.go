package loadgen

import (
	"syscall"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rejectbench/rejectbench/results"
)

// Attempt is the fleet's ledger entry for one attempt. Times are nanoseconds
// since the fleet's first attempt was due; 0 in Connected and FirstByte means
// it never happened.
type Attempt struct {
	Due       int64 // when the schedule wanted it started
	Started   int64 // when connect was called
	Connected int64 // TCP's handshake; TLS's comes after it, and is part of the wait for the answer
	FirstByte int64 // first byte of the answer read
	End       int64
	// Earlier is how long the requests before the n-th took (Config.Nth), in
	// nanoseconds: from the first one's start to the last one's whole answer, which
	// is the n-th's start. The latencies of response and end leave it out, so that
	// they are those of one request whatever its place; FirstByte is the first byte of
	// the n-th's answer. 0 for a connection's first request, and for an attempt
	// that ended before its n-th.
	Earlier int64
	// Sent and Received are the bytes of all requests, header and body, that the
	// kernel took, and of all answers that were read; with TLS of what is within it.
	Sent     int64
	Received int64
	// HandshakeUs is the kernel's own round trip of SYN and SYN-ACK in
	// microseconds (TCP_INFO tcpi_rtt when connected); 0 where it is unknown, as
	// everywhere but on Linux.
	HandshakeUs uint32
	LocalPort   uint16 // 0 when no socket got one
	Outcome     results.Outcome
	Errno       syscall.Errno  // of the call that failed; 0 when none did
	TLSEnd      results.TLSEnd // meaningless without Target.TLS
	// ResetBeforeRead is set when the connection had been reset before the
	// client's first read.
	ResetBeforeRead bool
}

// phase is one of the three moments of an attempt that have a duration.
type phase int

const (
	phaseConnect phase = iota
	phaseResponse
	phaseEnd
	numPhases
)

var phaseNames = [numPhases]string{"connect", "response", "end"}

// Result is what a fleet measured.
type Result struct {
	Attempts []Attempt // in order of ending
	Counts   results.Counts
	// unreadAtReset counts delivered answers with ResetBeforeRead.
	unreadAtReset int64
	// Seconds from the first attempt due to the last ended.
	Seconds float64
	// unstarted is the number of attempts that were due but never started,
	// because the fleet was behind its schedule when the time was over.
	unstarted int64
	// lag is how late attempts of an open loop were started, in nanoseconds; nil in a closed loop.
	lag *hdrhistogram.Histogram

	tls         bool       // the attempts have a TLSEnd
	corrected   histograms // from due
	uncorrected histograms // from started; recorded by an open loop only
}

// newResult returns an empty result for a fleet or a part of one.
func newResult(cfg Config) *Result {
	r := &Result{tls: cfg.Target.TLS}
	if cfg.Rate > 0 {
		r.lag = results.NewHistogram()
	}
	return r
}

// merge adds the counts and histograms of another part of the fleet; its
// attempts and times are the caller's to put together.
func (r *Result) merge(o *Result) {
	r.Counts.Add(o.Counts)
	r.unreadAtReset += o.unreadAtReset
	r.unstarted += o.unstarted
	r.corrected.merge(&o.corrected)
	r.uncorrected.merge(&o.uncorrected)
	if o.lag != nil {
		r.lag.Merge(o.lag)
	}
}

// histograms holds one histogram a phase and outcome, made when first needed.
type histograms [numPhases][results.NumOutcomes]*hdrhistogram.Histogram

func (h *histograms) record(p phase, o results.Outcome, ns int64) {
	if h[p][o] == nil {
		h[p][o] = results.NewHistogram()
	}
	results.Record(h[p][o], ns)
}

// add counts one ended attempt in the result's histograms and totals.
func (r *Result) add(a *Attempt, openLoop bool) {
	r.Counts[a.Outcome]++
	if a.ResetBeforeRead && a.Outcome.IsDelivered() {
		r.unreadAtReset++
	}
	r.corrected.recordAttempt(a, a.Due)
	if openLoop {
		r.uncorrected.recordAttempt(a, a.Started)
		results.Record(r.lag, a.Started-a.Due)
	}
}

// recordAttempt records the phases that an attempt came through, from a moment of it.
func (h *histograms) recordAttempt(a *Attempt, from int64) {
	if a.Connected != 0 {
		h.record(phaseConnect, a.Outcome, a.Connected-from)
	}
	if a.FirstByte != 0 {
		h.record(phaseResponse, a.Outcome, a.FirstByte-a.Earlier-from)
	}
	h.record(phaseEnd, a.Outcome, a.End-a.Earlier-from)
}

func (h *histograms) merge(o *histograms) {
	for p := range h {
		for i, from := range o[p] {
			switch {
			case from == nil:
			case h[p][i] == nil:
				h[p][i] = from
			default:
				h[p][i].Merge(from)
			}
		}
	}
}

// latency summarises every outcome together.
func (h *histograms) latency() results.Latency {
	var all [numPhases]results.Percentiles
	for p := range h {
		sum := results.NewHistogram()
		for _, from := range h[p] {
			if from != nil {
				sum.Merge(from)
			}
		}
		all[p] = results.Summarise(sum)
	}
	return results.Latency{Connect: all[phaseConnect], Response: all[phaseResponse], End: all[phaseEnd]}
}

// encode puts the histograms into out under prefix/phase/outcome.
func (h *histograms) encode(out map[string]string, prefix string) error {
	for p := range h {
		for o, hist := range h[p] {
			if hist == nil {
				continue
			}
			s, err := results.EncodeHistogram(hist)
			if err != nil {
				return err
			}
			out[prefix+phaseNames[p]+"/"+results.Outcome(o).String()] = s
		}
	}
	return nil
}
