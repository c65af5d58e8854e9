package loadgen

import (
	"syscall"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rejectbench/rejectbench/results"
)

// Attempt is the fleet's ledger entry for one attempt. Times are nanoseconds of the
// fleet's monotonic clock, from the start of the fleet. 0 in
// Connected and FirstByte means that the event did not happen.
type Attempt struct {
	Due       int64 // when the schedule planned the start
	Started   int64 // when connect was called
	Connected int64 // end of the TCP handshake; a TLS handshake is part of the wait for the answer
	FirstByte int64 // when the first byte of the answer was read
	End       int64
	// Earlier is the duration of the requests before the n-th (Config.Nth) in
	// nanoseconds: from the start of the first to the complete answer to the last,
	// which is the start of the n-th. The latencies of response and end exclude it, so
	// that they are those of one request; FirstByte is of the answer to the n-th. It
	// is 0 for a connection's first request, and for an attempt that ended before its
	// n-th request.
	Earlier int64
	// Sent is the number of bytes of all requests, header and body, that the kernel
	// accepted. Received is the number of bytes of all answers that were read. With
	// TLS both count plaintext.
	Sent     int64
	Received int64
	// HandshakeUs is the kernel's measurement of the round trip of SYN and SYN-ACK in
	// microseconds (TCP_INFO tcpi_rtt when connected). It is 0 if unknown, as on all
	// systems but Linux.
	HandshakeUs uint32
	LocalPort   uint16 // 0 if the socket had none
	Outcome     results.Outcome
	Errno       syscall.Errno  // of the failed call; 0 if none failed
	TLSEnd      results.TLSEnd // meaningless without Target.TLS
	// ResetBeforeRead is set if the connection had been reset before the client's
	// first read.
	ResetBeforeRead bool
}

// phase is one of the three durations of an attempt.
type phase int

const (
	phaseConnect phase = iota
	phaseResponse
	phaseEnd
	numPhases
)

var phaseNames = [numPhases]string{"connect", "response", "end"}

// Result holds the attempts of a fleet and their figures.
type Result struct {
	Attempts []Attempt // in the order of their ends
	Counts   results.Counts
	// unreadAtReset is the number of delivered answers with ResetBeforeRead.
	unreadAtReset int64
	// Seconds is the time from when the first attempt was due to the last end.
	Seconds float64
	// unstarted is the number of attempts that were due but never started, because
	// the fleet was behind its schedule at its end.
	unstarted int64
	// lag is the delay between due and started of an open loop in nanoseconds; nil in
	// a closed loop.
	lag *hdrhistogram.Histogram
	// stall is the longest that an attempt of an open loop which was due waited although
	// a slot was free, in nanoseconds; 0 where that is not known.
	stall int64

	tls         bool       // the attempts have a TLSEnd
	corrected   histograms // from Due
	uncorrected histograms // from Started; only in an open loop
}

// newResult returns an empty result for a fleet or a part of one.
func newResult(cfg Config) *Result {
	r := &Result{tls: cfg.Target.TLS}
	if cfg.openLoop() {
		r.lag = results.NewHistogram()
	}
	return r
}

// merge adds the counts and histograms of another part of the fleet. The caller
// joins the attempts and times.
func (r *Result) merge(o *Result) {
	r.Counts.Add(o.Counts)
	r.unreadAtReset += o.unreadAtReset
	r.unstarted += o.unstarted
	r.stall = max(r.stall, o.stall)
	r.corrected.merge(&o.corrected)
	r.uncorrected.merge(&o.uncorrected)
	if o.lag != nil {
		r.lag.Merge(o.lag)
	}
}

// histograms holds one histogram for each phase and outcome; nil has no values.
type histograms [numPhases][results.NumOutcomes]*hdrhistogram.Histogram

func (h *histograms) record(p phase, o results.Outcome, ns int64) {
	if h[p][o] == nil {
		h[p][o] = results.NewHistogram()
	}
	results.Record(h[p][o], ns)
}

// add adds an ended attempt to the counts and histograms.
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

// recordAttempt records the phases that an attempt completed, as durations since from.
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

// latency summarises all outcomes together.
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

// encode adds the histograms to out with the keys prefix + phase/outcome.
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
