package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/results"
)

// record is a row in JSON. A figure that is unknown or infinite is null. Shares are 0
// to 1.
type record struct {
	Metric string `json:"metric"`
	Unit   string `json:"unit"` // unit of a value; % for a share, although its figures are 0 to 1
	Gated  bool   `json:"gated"`
	results.Point
	Path string `json:"path"` // what the path is or does besides round trip and loss, in words; empty for nothing

	Verdict string `json:"verdict"` // worse, unmeasurable, better, same or shown
	Reason  string `json:"reason"`  // why it is unmeasurable; empty otherwise
	// Needed is the approximate number of attempts of each run (for a value: of rounds)
	// that would decide an unmeasurable row; null where more would not.
	Needed *int64 `json:"needed"`

	Base recordSide `json:"base"`
	New  recordSide `json:"new"`

	// Difference is new - base for a share, new/base - 1 for a value.
	Difference     *float64 `json:"difference"`
	DifferenceLow  *float64 `json:"difference_low"`
	DifferenceHigh *float64 `json:"difference_high"`

	Test      string   `json:"test"`       // name of the test; empty where nothing was tested
	P         *float64 `json:"p"`          // p-value of the test alone
	PAdjusted *float64 `json:"p_adjusted"` // p-value in its family: the tests of all gated rows, or of all others
	Tests     int      `json:"tests"`      // number of tests that p_adjusted is corrected for
	// Phi is the dispersion of the rounds of a share, DF its degrees of freedom; null
	// and 0 with one round.
	Phi       *float64 `json:"phi"`
	DF        int      `json:"df"`
	Borrowed  bool     `json:"borrowed"`   // true with one round: phi is the largest of any other point
	Rounds    int      `json:"rounds"`     // rounds that were compared
	OnlyBase  int      `json:"only_base"`  // valid rounds that only BASE has, left out
	OnlyNew   int      `json:"only_new"`   // valid rounds that only NEW has, left out
	BaseFloor *float64 `json:"base_floor"` // noise floor of twin cells: difference of a share, ratio - 1 of a value; null without twins
	NewFloor  *float64 `json:"new_floor"`
}

// recordSide is what one run measured. For a share: K, N, and Figure with its 95%
// interval, which comes from the rounds; null where those are too few. For a value: N
// rounds, and their median with an interval at the level of the comparison.
type recordSide struct {
	K      *int64    `json:"k"`
	N      int64     `json:"n"`
	Figure *float64  `json:"figure"`
	Low    *float64  `json:"low"`
	High   *float64  `json:"high"`
	Values []float64 `json:"values,omitempty"` // one per round
}

// known returns a figure; nil for one that JSON cannot represent.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// record returns the row for JSON.
func (r *Row) record() record {
	p := r.Point
	v := record{
		Metric: r.Metric.Name, Unit: r.Metric.Unit, Gated: r.Gated,
		Point: p, Path: p.PhrasesOf("ipv6", "impairments"),
		Verdict: r.Verdict.String(), Reason: r.Reason,
		Base: r.recordSide(r.Base), New: r.recordSide(r.New),
		Test: r.Test, Rounds: r.Rounds, OnlyBase: r.OnlyBase, OnlyNew: r.OnlyNew, DF: r.Dispersion.DF, Borrowed: r.Borrowed,
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

// recordSide returns what one run measured, for JSON.
func (r *Row) recordSide(s Side) recordSide {
	switch {
	case r.Metric.Share != nil && s.Share.Known():
		side := recordSide{K: &s.Share.K, N: s.Share.N, Figure: &s.Share.Value}
		if s.Share.HasInterval() {
			side.Low, side.High = &s.Share.Low, &s.Share.High
		}
		return side
	case len(s.Values) > 0:
		return recordSide{N: int64(len(s.Values)), Figure: known(s.Median.Center), Low: known(s.Median.Lo), High: known(s.Median.Hi), Values: s.Values}
	}
	return recordSide{}
}

// WriteJSON writes one JSON object per row, each on its own line.
func (c *Comparison) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	for i := range c.Rows {
		if err := e.Encode(c.Rows[i].record()); err != nil {
			return fmt.Errorf("write a row: %w", err)
		}
	}
	return nil
}
