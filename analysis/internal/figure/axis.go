package figure

import (
	"math"

	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/results/units"
)

// LogMs is the base-10 logarithm of a time, no shorter than a microsecond.
func LogMs(ms float64) float64 { return math.Log10(max(ms, 1e-3)) }

// PercentAxis shows shares in percent, from 0 or, when every interval lies
// above 90, from there.
func PercentAxis(a *plot.Axis, lowest float64) {
	a.Min, a.Max = -3, 103
	step := 25.0
	if lowest >= 0.9 {
		a.Min, step = 89.7, 2.5
		a.Max = 100.3
	}
	var ticks plot.ConstantTicks
	for v := 100.0; v >= a.Min; v -= step {
		ticks = append(ticks, plot.Tick{Value: v, Label: units.Number(v)})
	}
	a.Tick.Marker = ticks
}
