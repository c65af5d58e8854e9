package compare

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"golang.org/x/perf/benchmath"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results/units"
)

// size formats a difference without its sign: of shares in percentage points, of
// values as a percentage of the base.
func (r *Row) size(v float64) string {
	if r.Metric.Share != nil {
		return words.FixedPoints(v) + " points"
	}
	return ratioPercent(math.Abs(v))
}

// signedPoints formats a difference of shares in percentage points, signed unless 0.
func signedPoints(v float64) string {
	if text := words.FixedPoints(v); text != "0.00" && text != "-0.00" {
		return fmt.Sprintf("%+.2f", v*100)
	}
	return "0.00"
}

// ratioPercent formats a log ratio as a relative difference in percent, and a ratio
// above 10 as a factor.
func ratioPercent(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "-100%"
	case v > math.Log(10):
		return "×" + units.Number(math.Exp(v))
	}
	return strconv.FormatFloat(math.Expm1(v)*100, 'f', 1, 64) + "%"
}

// signedRatio is ratioPercent with a sign unless 0.
func signedRatio(v float64) string {
	text := ratioPercent(v)
	switch {
	case text == "-0.0%":
		return "0.0%"
	case v > 0 && v <= math.Log(10) && text != "0.0%":
		return "+" + text
	}
	return text
}

// difference formats the estimate and its interval.
func (r *Row) difference() (estimate, interval string) {
	if r.Test == "" {
		return "", ""
	}
	d := r.Difference
	if r.single() {
		return signedPoints(d.Value), "one round"
	}
	if r.Metric.Share != nil {
		return signedPoints(d.Value), "[" + signedPoints(d.Low) + ", " + signedPoints(d.High) + "]"
	}
	if math.IsInf(d.Low, -1) && math.IsInf(d.High, 1) {
		return signedRatio(d.Value), "[any]"
	}
	return signedRatio(d.Value), "[" + signedRatio(d.Low) + ", " + signedRatio(d.High) + "]"
}

// figure formats what one run measured: a share with its interval, or the median of
// the rounds with the largest deviation from it.
func (r *Row) figure(s Side) string {
	if r.Metric.Share != nil {
		if !s.Share.Known() {
			return ""
		}
		if !s.Share.HasInterval() {
			return words.Percent(s.Share.Value)
		}
		value, low, high := words.Bounds(s.Share)
		return value + " [" + low + ", " + high + "]"
	}
	switch len(s.Values) {
	case 0:
		return ""
	case 1: // one value does not deviate
		return units.Number(s.Median.Center)
	}
	extremes := benchmath.Summary{Center: s.Median.Center, Lo: slices.Min(s.Values), Hi: slices.Max(s.Values)}
	return units.Number(extremes.Center) + " ± " + extremes.PctRangeString()
}

// samples formats the number of samples of each run: attempts of a share, rounds of a
// value.
func (r *Row) samples() string {
	base, new := int64(len(r.Base.Values)), int64(len(r.New.Values))
	if r.Metric.Share != nil {
		base, new = r.Base.Share.N, r.New.Share.N
	}
	if base == new {
		return strconv.FormatInt(base, 10)
	}
	return fmt.Sprintf("%d+%d", base, new)
}

// pValue formats the adjusted p-value; a dash where the test could not be significant.
func (r *Row) pValue() string {
	switch p := r.Adjusted.P; {
	case r.Test == "" || r.Metric.Better == analysis.Neither:
		return ""
	case !r.Adjusted.Possible:
		return "-"
	case p < 0.001:
		return "<0.001"
	default:
		return strconv.FormatFloat(p, 'f', 3, 64)
	}
}
