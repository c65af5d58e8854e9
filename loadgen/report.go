package loadgen

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// Report is the measurement of a fleet as plain data, which can cross a pipe. The
// zero value is that of a fleet without attempts.
type Report struct {
	Attempts      []Attempt // in the order of their ends
	Counts        results.Counts
	UnreadAtReset int64               // delivered answers with Attempt.ResetBeforeRead
	Unstarted     int64               // attempts that were due but never started
	Seconds       float64             // from when the first attempt was due to the last end
	Latency       results.Latency     // from Due to Connected, FirstByte and End, without Earlier, in milliseconds
	Uncorrected   *results.Latency    // the same from Started; nil in a closed loop
	Lag           results.Percentiles // from Due to Started in an open loop, in milliseconds
	StallMs       float64             // longest that a due attempt waited although a slot was free, in milliseconds; 0 for library clients and closed loops
	Handshake     results.Percentiles // the kernel's round trip of SYN and SYN-ACK, in milliseconds
	Histograms    map[string]string   // see results.Cell
	TLSEnds       results.TLSCounts   // nil without TLS
	Errors        map[string]int64    // of library clients; see results.Cell
	// Dispersion and EffectiveN tell how far the attempts depend on each other; see
	// results.Cell. Nil for too few attempts.
	Dispersion, EffectiveN *float64
}

// Report summarises the result.
func (r *Result) Report() (Report, error) {
	out := Report{
		Attempts: r.Attempts, Counts: r.Counts, UnreadAtReset: r.unreadAtReset, Unstarted: r.unstarted,
		Seconds: r.Seconds, Latency: r.corrected.latency(), Lag: results.Summarise(r.lag), StallMs: float64(r.stall) / 1e6,
		Histograms: map[string]string{},
	}
	if dispersion, effectiveN, ok := results.Batches(r.batches()); ok {
		out.Dispersion, out.EffectiveN = &dispersion, &effectiveN
	}
	handshake := results.NewHistogram()
	for i := range r.Attempts {
		if us := r.Attempts[i].HandshakeUs; us != 0 {
			results.Record(handshake, int64(us)*1000)
		}
	}
	out.Handshake = results.Summarise(handshake)
	if r.tls {
		out.TLSEnds = results.TLSCounts{}
		for i := range r.Attempts {
			out.TLSEnds.Add(r.Attempts[i].TLSEnd, r.Attempts[i].Outcome, 1)
		}
	}
	err := r.corrected.encode(out.Histograms, "")
	if err == nil && r.lag != nil {
		l := r.uncorrected.latency()
		out.Uncorrected = &l
		err = r.uncorrected.encode(out.Histograms, "uncorrected/")
	}
	return out, err
}

// ReportOf summarises the attempts of another program that kept the schedule of cfg.
// unstarted is Report.Unstarted. A closed loop has no schedule, and its attempts are
// due when they start.
func ReportOf(cfg Config, attempts []Attempt, unstarted int64) (Report, error) {
	r := newResult(cfg)
	r.unstarted = unstarted
	openLoop := cfg.openLoop()
	for _, a := range attempts {
		if !openLoop {
			a.Due = a.Started
		}
		r.Attempts = append(r.Attempts, a)
		r.add(&a, openLoop)
	}
	r.finish()
	return r.Report()
}

// Problems returns the reasons why the attempts are no valid measurement.
func (r Report) Problems() (reasons []string) {
	if n := r.Counts[results.LocalError]; n > 0 {
		reasons = append(reasons, fmt.Sprintf("%d attempts found no port, descriptor or memory on the client's side", n))
	}
	if r.Unstarted > 0 {
		reasons = append(reasons, fmt.Sprintf("the fleet was behind its schedule: %d attempts were never started", r.Unstarted))
	}
	return reasons
}

// Describe adds the measurement to a record. What only the server and the path know
// stays as it is.
func (r Report) Describe(c *results.Cell) {
	c.Attempts, c.Outcomes, c.Delivered = r.Counts.Total(), r.Counts, r.Counts.Delivered()
	c.TLSEnds, c.Errors, c.UnreadAtReset = r.TLSEnds, r.Errors, r.UnreadAtReset
	c.LatencyMs, c.LatencyUncorrectedMs, c.HandshakeMs = r.Latency, r.Uncorrected, r.Handshake
	c.Histograms, c.Seconds = r.Histograms, r.Seconds
	c.Dispersion, c.EffectiveN = r.Dispersion, r.EffectiveN
}

// finestBatches is the number of batches that the attempts are counted in.
const finestBatches = 100

// batches returns how many rejections were delivered in each batch of successive
// starts, and how many there were.
func (r *Result) batches() (delivered, rejected []int64) {
	order := make([]int32, len(r.Attempts))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(r.Attempts[a].Started, r.Attempts[b].Started) })
	for b := range finestBatches {
		var counts results.Counts
		for _, i := range order[b*len(order)/finestBatches : (b+1)*len(order)/finestBatches] {
			counts[r.Attempts[i].Outcome]++
		}
		delivered, rejected = append(delivered, counts.Delivered()), append(rejected, counts.RejectedWithoutLedger())
	}
	return delivered, rejected
}

// finish sorts the attempts by their ends and computes Seconds.
func (r *Result) finish() {
	slices.SortStableFunc(r.Attempts, func(a, b Attempt) int { return cmp.Compare(a.End, b.End) })
	if n := len(r.Attempts); n > 0 {
		first := r.Attempts[0].Due
		for i := range r.Attempts {
			first = min(first, r.Attempts[i].Due)
		}
		r.Seconds = float64(r.Attempts[n-1].End-first) / 1e9
	}
}
