package figure

import (
	"math"

	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/results/units"
)

// LogMs is the base-10 logarithm of a time in milliseconds. Times below 1 us count
// as 1 us.
func LogMs(ms float64) float64 { return math.Log10(max(ms, 1e-3)) }

// PercentAxis makes an axis of shares in percent. It starts at 0, or at 90 where
// lowest, the lowest bound of any interval (0 to 1), is at least 0.9.
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
