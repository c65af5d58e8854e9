package chart

import (
	"math"

	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
)

// latencyPlot shows the distribution of the time to a delivered answer. Its x axis is
// that of HdrHistogram plots: 90%, 99% and 99.9% are evenly spaced.
func latencyPlot(f *facets) *figure.Figure {
	drawn := map[string]bool{}
	at := f.allAtExtreme()
	deepest, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for _, s := range at {
		for _, q := range s.ResponseCurve {
			deepest = max(deepest, nines(q.P))
			low, high = min(low, figure.LogMs(q.Ms)), max(high, figure.LogMs(q.Ms))
		}
	}
	panels := f.grid(panelSpec{x: "percentile (scale of 1/(1-p))", y: "until the answer's first byte (ms)", extreme: true, empty: "no answer was delivered"}, func(p *plot.Plot, points []*analysis.Summary) bool {
		p.X.Min, p.X.Max = 0, max(deepest, 1)
		p.X.Tick.Marker = percentileTicks(p.X.Max)
		p.Y.Tick.Marker = figure.LogTicks{}
		if low <= high {
			pad := max((high-low)*0.06, 0.02)
			p.Y.Min, p.Y.Max = low-pad, high+pad
		}
		any := false
		p.Add(figure.Gridlines{Horizontal: low <= high, Vertical: true})
		for i, strategy := range f.strategies {
			for _, s := range f.byStrategy(points, strategy) {
				if len(s.ResponseCurve) == 0 {
					continue
				}
				// Glyphs start at a different sample for each strategy, so that curves that
				// coincide still show the glyphs of all.
				line := figure.Series{Look: f.looks[strategy], Line: true, Marks: analysis.CurveSteps, First: i * analysis.CurveSteps / max(len(f.strategies), 1)}
				for _, q := range s.ResponseCurve {
					y := figure.LogMs(q.Ms)
					line.Samples = append(line.Samples, figure.Sample{X: nines(q.P), Y: y, Low: y, High: y})
				}
				any, drawn[strategy] = true, true
				p.Add(line)
			}
		}
		return any
	})
	return &figure.Figure{
		Name:     "latency",
		Title:    "Time from when an attempt was due to the first byte of a delivered 503",
		Subtitle: f.conditions(f.extremePhrase()),
		Caption:  "Each curve is all delivered answers of a strategy, merged over the rounds, up to the percentile that a single answer stands for. It counts from when an attempt was due, so that a fleet behind its schedule cannot hide waiting.",
		Panels:   panels, Legend: f.strategyLegend(drawn),
		Notes:      f.omissions(at, func(s *analysis.Summary) bool { return len(s.ResponseCurve) > 0 }, "Without a delivered answer, or without its histogram"),
		PanelWidth: f.panelWidth(), PanelHeight: 165,
	}
}

// nines is the position of a percentile (0 to 1) on the axis: 0 at 0%, 1 at 90%, 2
// at 99%.
func nines(p float64) float64 { return -math.Log10(1 - p) }

func percentileTicks(deepest float64) plot.ConstantTicks {
	ticks := plot.ConstantTicks{{Value: 0, Label: "0%"}, {Value: nines(0.5), Label: "50%"}}
	for i, label := range []string{"90%", "99%", "99.9%", "99.99%", "99.999%", "99.9999%"} {
		if float64(i+1) <= deepest+1e-9 {
			ticks = append(ticks, plot.Tick{Value: float64(i + 1), Label: label})
		}
	}
	return ticks
}
