package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/results"
)

// Record is a row as --format json writes it, an object a line. A
// figure that is not known or infinite is null. Shares are 0 to 1.
type Record struct {
	Metric string `json:"metric"`
	Unit   string `json:"unit"` // of a value; % for a share, whose figures are 0 to 1 all the same
	Gated  bool   `json:"gated"`
	results.Point
	Path string `json:"path"` // what the path is and does besides the round trip and the loss, in words; empty when nothing

	Verdict string `json:"verdict"` // worse, unmeasurable, better, same or shown
	Reason  string `json:"reason"`  // why it is unmeasurable
	// Needed is about the number of attempts of each run (of rounds, for a value)
	// that would settle an unmeasurable row; null where more would not.
	Needed *int64 `json:"needed"`

	Base RecordSide `json:"base"`
	New  RecordSide `json:"new"`

	// Difference is new less base for a share, new/base - 1 for a value.
	Difference     *float64 `json:"difference"`
	DifferenceLow  *float64 `json:"difference_low"`
	DifferenceHigh *float64 `json:"difference_high"`

	Test      string   `json:"test"`       // empty where nothing was tested
	P         *float64 `json:"p"`          // the test's own
	PAdjusted *float64 `json:"p_adjusted"` // in the family of all tests of the comparison
	Tests     int      `json:"tests"`      // how many it was corrected for
	// Phi is the dispersion of a share's rounds, with its degrees of freedom; null
	// with one round.
	Phi       *float64 `json:"phi"`
	DF        int      `json:"df"`
	Borrowed  bool     `json:"borrowed"`   // of one round: phi is the largest of any other point
	Rounds    int      `json:"rounds"`     // compared
	OnlyBase  int      `json:"only_base"`  // valid rounds of BASE alone, left out
	OnlyNew   int      `json:"only_new"`   // valid rounds of NEW alone, left out
	BaseFloor *float64 `json:"base_floor"` // what twin cells differ by: points of a share, a ratio less 1 of a value
	NewFloor  *float64 `json:"new_floor"`
}

// RecordSide is what one run measured. Of a share: K, N and Figure with its 95%
// Wilson interval. Of a value: N rounds, and their median with the interval at
// the comparison's level.
type RecordSide struct {
	K      *int64    `json:"k"`
	N      int64     `json:"n"`
	Figure *float64  `json:"figure"`
	Low    *float64  `json:"low"`
	High   *float64  `json:"high"`
	Values []float64 `json:"values,omitempty"` // one a round
}

// known returns a figure, or nil for one that JSON cannot hold.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// Record returns the row as it is written in JSON.
func (r *Row) Record() Record {
	p := r.Point
	v := Record{
		Metric: r.Metric.Name, Unit: r.Metric.Unit, Gated: r.Gated,
		Point: p, Path: analysis.PathPhrase(p),
		Verdict: r.Verdict.String(), Reason: r.Reason,
		Base: r.record(r.Base), New: r.record(r.New),
		Test: r.Test, Rounds: r.Rounds, OnlyBase: r.BaseRounds, OnlyNew: r.NewRounds, DF: r.Dispersion.DF, Borrowed: r.Borrowed,
	}
	if r.Needed > 0 {
		v.Needed = &r.Needed
	}
	onScale := func(d float64) *float64 {
		if r.Metric.Share == nil {
			d = math.Expm1(d)
		}
		return known(d)
	}
	if r.Test != "" {
		v.Difference, v.DifferenceLow, v.DifferenceHigh = onScale(r.Difference.Value), onScale(r.Difference.Low), onScale(r.Difference.High)
		v.P = known(r.P)
		if r.Metric.Better != analysis.Neither {
			v.PAdjusted, v.Tests = known(r.Adjusted.P), r.Adjusted.Tests
		}
	}
	if r.Dispersion.DF > 0 {
		v.Phi = known(r.Dispersion.Phi)
	}
	if r.BaseFloor >= 0 {
		v.BaseFloor = onScale(r.BaseFloor)
	}
	if r.NewFloor >= 0 {
		v.NewFloor = onScale(r.NewFloor)
	}
	return v
}

func (r *Row) record(s Side) RecordSide {
	switch {
	case r.Metric.Share != nil && s.Share.Known():
		return RecordSide{K: &s.Share.K, N: s.Share.N, Figure: &s.Share.Value, Low: &s.Share.Low, High: &s.Share.High}
	case len(s.Values) > 0:
		return RecordSide{N: int64(len(s.Values)), Figure: known(s.Median.Center), Low: known(s.Median.Lo), High: known(s.Median.Hi), Values: s.Values}
	}
	return RecordSide{}
}

// WriteJSON writes one ComparisonRecord a row, a line each, and nothing else.
func (c *Comparison) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	for i := range c.Rows {
		if err := e.Encode(c.Rows[i].Record()); err != nil {
			return fmt.Errorf("write a row: %w", err)
		}
	}
	return nil
}
