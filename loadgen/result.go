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
	Connected int64
	FirstByte int64 // first byte of the answer read
	End       int64
	Sent      int64 // request bytes the kernel took, header and body
	Received  int64 // answer bytes read
	// HandshakeUs is the kernel's own round trip of SYN and SYN-ACK in
	// microseconds (TCP_INFO tcpi_rtt when connected); 0 where it is unknown.
	HandshakeUs uint32
	LocalPort   uint16 // 0 when no socket got one
	Outcome     results.Outcome
	Errno       syscall.Errno // of the call that failed; 0 when none did
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
	// UnreadAtReset counts delivered answers with ResetBeforeRead.
	UnreadAtReset int64
	// Seconds from the first attempt due to the last ended.
	Seconds float64
	// Unstarted is the number of attempts that were due but never started,
	// because the fleet was behind its schedule when the time was over.
	Unstarted int64
	// Lag is how late attempts of an open loop were started, in nanoseconds; nil in a closed loop.
	Lag *hdrhistogram.Histogram

	corrected   histograms // from due
	uncorrected histograms // from started; recorded by an open loop only
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
		r.UnreadAtReset++
	}
	r.corrected.recordAttempt(a, a.Due)
	if openLoop {
		r.uncorrected.recordAttempt(a, a.Started)
		results.Record(r.Lag, a.Started-a.Due)
	}
}

func (h *histograms) recordAttempt(a *Attempt, from int64) {
	if a.Connected != 0 {
		h.record(phaseConnect, a.Outcome, a.Connected-from)
	}
	if a.FirstByte != 0 {
		h.record(phaseResponse, a.Outcome, a.FirstByte-from)
	}
	h.record(phaseEnd, a.Outcome, a.End-from)
}
