// Package tune searches for the cheapest value of a server's setting that reaches a
// target share of delivered answers.
//
// Goal says what has to be reached, and Search which values are measured and when
// the evidence suffices. Tuning is the result: NewCost adds up what a candidate
// costs, Write writes the result as text, and Plot draws it. Package
// cmd/internal/tune measures for the search.
package tune

import (
	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// Tuning is the result of a search: the cheapest value of a setting that reaches
// the target in all corners of a range of conditions, and every measurement that the
// answer is based on.
type Tuning struct {
	// Point is the hardest corner as far as known, without its client. Its coordinates
	// are fields of the JSON object.
	Point   results.Point `json:"-"`
	Setting string        `json:"setting,omitempty"`
	Clients []Client      `json:"clients,omitempty"`
	Unit    string        `json:"unit,omitempty"` // of values: ns, bytes or connections

	// Server is the server of the catalogue that was measured, as NAME or NAME:VARIANT;
	// empty for the reference server.
	Server string `json:"server,omitempty"`
	// Corners are the conditions of the range. Each has a client, empty for a mix.
	Corners []results.Point `json:"corners"`
	Advice  Advice          `json:"advice"`

	Target      float64 `json:"target"`                 // delivered share of rejections, 0 to 1
	Confidence  float64 `json:"confidence"`             // 0 to 1
	ObjectiveMs float64 `json:"objective_ms,omitempty"` // highest p99 of the response time of admitted requests; 0 is no objective

	// Chosen is the confirmed value, nil where none was confirmed. It is Edge, the
	// cheapest value that the search did not rule out, times Margin (a limit is divided
	// by it). Neighbor is half of Edge, or twice for a limit; nil where that is outside
	// of the range.
	Margin   float64    `json:"margin"`
	Edge     *Candidate `json:"edge,omitempty"`
	Chosen   *Candidate `json:"chosen"`
	Neighbor *Candidate `json:"other"`
	// Best is the value with the best share where no value was confirmed, else nil.
	Best       *Candidate  `json:"best,omitempty"`
	Candidates []Candidate `json:"candidates"` // in the order of their verdicts
	// Unfinished says why the search ended without an answer; empty where it did not.
	Unfinished string `json:"unfinished,omitempty"`

	// HoldBoundMs is the longest time for which a client that keeps sending single
	// bytes can hold a descriptor with the chosen value. HoldBound names the setting
	// that limits it. They are 0 and empty where the strategy does not wait, and where
	// HoldUnknown is set: this program does not bound how long.
	HoldBoundMs float64 `json:"hold_bound_ms"`
	HoldBound   string  `json:"hold_bound"`
	HoldUnknown bool    `json:"-"`

	Equivalents []Equivalent `json:"words"` // the setting in other servers
	// Servers are the servers that were measured with their defaults and with the
	// directive, and those that could not be.
	Servers []Verification `json:"servers"`

	Cells    int     `json:"cells"` // measured, invalid ones among them
	Invalid  int     `json:"invalid"`
	Attempts int64   `json:"attempts"`
	Seconds  float64 `json:"seconds"`
}

// Advice is what a tuning says to do.
type Advice string

// What to do.
const (
	SetIt        Advice = "set"           // the chosen value
	LeaveDefault Advice = "leave-default" // the server's default reaches the target in all corners
	NothingHelps Advice = "none"          // no value of the range reaches it
	Undecided    Advice = "undecided"     // see Tuning.Unfinished
)

// Verification is what was measured of a server of the catalogue in all corners.
type Verification struct {
	Server  string `json:"server"`            // name in the catalogue
	Version string `json:"version,omitempty"` // empty where it is not installed
	Setting string `json:"setting,omitempty"` // name of the directive; empty where it has none for the setting
	Default string `json:"default,omitempty"` // value of the directive without configuration
	// AsIs is the server without configuration of the directive. Set is the server with
	// Directive. Others are other variants of it, measured where neither reaches the
	// target. They are nil where they were not measured.
	AsIs      *Candidate  `json:"as_is"`
	Directive string      `json:"directive,omitempty"`
	Set       *Candidate  `json:"set"`
	Others    []Candidate `json:"others,omitempty"`
	// Otherwise says what else may help, from the catalogue and not measured.
	Otherwise string `json:"otherwise,omitempty"`
	// NotVerified says why the server was not measured, or not in all; else empty.
	NotVerified string `json:"not_verified,omitempty"`
}

// Advice is what the verification says to do.
func (v *Verification) Advice() Advice {
	switch {
	case v.AsIs != nil && v.AsIs.Verdict == meets:
		return LeaveDefault
	case v.Set != nil && v.Set.Verdict == meets:
		return SetIt
	case v.NotVerified != "" || v.AsIs == nil:
		return Undecided
	}
	return NothingHelps
}

// Client is one client behaviour and its weight in the mix.
type Client struct {
	Client string  `json:"client"`
	Weight float64 `json:"weight"` // 0 to 1; all weights add up to 1, or each is 1 where each client has its own corners
}

// Candidate is a value of the setting, or a configuration, measured for one purpose.
type Candidate struct {
	Value   int64   `json:"value"` // in nanoseconds, bytes or connections; 0 for a configuration
	Text    string  `json:"text"`  // for readers
	Phase   Phase   `json:"phase"`
	Verdict Verdict `json:"verdict"`
	// Corner is the index of the worst corner, which the share and the response times
	// are of.
	Corner int   `json:"corner"`
	N      int64 `json:"n"`      // rejections
	Rounds int   `json:"rounds"` // in which they were measured
	// Share is the delivered share, 0 to 1, weighted over the clients. Low and High
	// are one-sided bounds of it, each at the tuning's confidence; 0 and 1 for a single
	// round.
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	// Admitted is the number of response times of admitted requests. P99LowMs and
	// P99HighMs bound their 99th percentile by order statistics; a bound is 0 where
	// there are too few.
	Admitted  int64   `json:"admitted,omitempty"`
	P99Ms     float64 `json:"response_p99_ms,omitempty"`
	P99LowMs  float64 `json:"response_p99_low_ms,omitempty"`
	P99HighMs float64 `json:"response_p99_high_ms,omitempty"`
	// Cost is that of the dearest corner, figure by figure.
	Cost Cost `json:"cost"`
	// Corners are all corners that were measured.
	Corners []CornerResult `json:"corners,omitempty"`
}

// CornerResult is what was measured of a candidate in a corner.
type CornerResult struct {
	Corner  int     `json:"corner"` // index in Tuning.Corners
	Verdict Verdict `json:"verdict"`
	N       int64   `json:"n"`
	Rounds  int     `json:"rounds"`
	Share   float64 `json:"share"`
	Low     float64 `json:"low"` // as Candidate.Low
	High    float64 `json:"high"`
}

// NewCandidate returns a judgement as a candidate without its text and cost.
func NewCandidate(j *Judgement, confidence float64) Candidate {
	worst := j.Worst()
	c := Candidate{
		Value: j.Value, Phase: j.Phase, Verdict: j.Verdict,
		Corner: worst.Corner, N: worst.Evidence.Rejected(), Rounds: len(worst.Evidence.Rounds),
	}
	c.Share, c.Low, c.High = worst.Evidence.Bounds(confidence)
	if r := worst.Evidence.Response; r != nil {
		c.Admitted = r.TotalCount()
		c.P99Ms = results.Summarise(r).P99
		low, high, _, _ := worst.Evidence.P99(confidence)
		c.P99LowMs, c.P99HighMs = units.Milliseconds(low), units.Milliseconds(high)
	}
	for _, of := range j.Corners {
		r := CornerResult{Corner: of.Corner, Verdict: of.Verdict, N: of.Evidence.Rejected(), Rounds: len(of.Evidence.Rounds)}
		r.Share, r.Low, r.High = of.Evidence.Bounds(confidence)
		c.Corners = append(c.Corners, r)
	}
	return c
}

// Cost is what a rejection costs the server, weighted over the clients.
type Cost struct {
	HoldMs       float64 `json:"hold_ms"`     // mean, descriptor-milliseconds per rejection
	HoldP99Ms    float64 `json:"hold_p99_ms"` // of the client with the longest
	CPUUs        float64 `json:"cpu_us"`      // of the server, per rejection
	DrainedBytes float64 `json:"drained_bytes"`
}

// Max returns the larger of each figure.
func (c Cost) Max(o Cost) Cost {
	return Cost{max(c.HoldMs, o.HoldMs), max(c.HoldP99Ms, o.HoldP99Ms), max(c.CPUUs, o.CPUUs), max(c.DrainedBytes, o.DrainedBytes)}
}

// Equivalent is the setting in the configuration of another server.
type Equivalent struct {
	Server string `json:"server"`
	// Directive is the line of configuration that sets the chosen value; empty where
	// the server has no such setting.
	Directive string `json:"directive,omitempty"`
	// Steps says which values the server keeps, and StepsSource where that is from.
	Steps       string `json:"steps,omitempty"`
	StepsSource string `json:"steps_source,omitempty"`
	Note        string `json:"note,omitempty"`
	Source      string `json:"source"`
}

// NewCost returns the cost of a rejection in the valid cells of one value.
func NewCost(cells []results.Cell, clients []Client) (cost Cost) {
	var known, timed float64 // weights of the clients whose costs are known
	for _, client := range clients {
		var of []*results.Cell
		for i, c := range cells {
			if c.Valid && c.Client == client.Client {
				of = append(of, &cells[i])
			}
		}
		all := analysis.CostOf(of)
		if all.CPUUs > 0 {
			timed += client.Weight
			cost.CPUUs += client.Weight * all.CPUUs
		}
		// A server without a ledger has no other costs on record.
		drained, ok := all.DrainedPerRejection()
		if !ok {
			continue
		}
		known += client.Weight
		cost.HoldMs += client.Weight * all.HoldMs.Mean
		cost.HoldP99Ms = max(cost.HoldP99Ms, all.HoldMs.P99)
		cost.DrainedBytes += client.Weight * drained
	}
	if known > 0 {
		cost.HoldMs /= known
		cost.DrainedBytes /= known
	}
	if timed > 0 {
		cost.CPUUs /= timed
	}
	return cost
}
