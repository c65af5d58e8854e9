package chart

import (
	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
)

// deliveryPlot shows the delivered share against the round trip.
func deliveryPlot(f *facets) *figure.Figure {
	drawn := map[string]bool{}
	lowest := lowestShare(f.summaries)
	panels := f.grid(panelSpec{x: "round trip (ms)", y: "delivered (% of rejections)", empty: "nothing was rejected"}, func(p *plot.Plot, points []*analysis.Summary) bool {
		f.rttAxis(&p.X)
		figure.PercentAxis(&p.Y, lowest)
		p.Add(figure.Bands(len(f.rtts)), figure.Gridlines{Horizontal: true})
		any := false
		for i, strategy := range f.strategies {
			s := figure.Series{Look: f.looks[strategy], Shift: figure.Dodge(i, len(f.strategies))}
			for _, point := range byStrategy(points, strategy) {
				if d := point.Delivered; point.Valid() && d.Known() {
					s.Samples = append(s.Samples, figure.Sample{X: f.rttPosition(point.RTTMs), Y: d.Value * 100, Low: d.Low * 100, High: d.High * 100})
				}
			}
			if len(s.Samples) > 0 {
				any, drawn[strategy] = true, true
				p.Add(s)
			}
		}
		return any
	})
	return &figure.Figure{
		Name:     "delivered-by-rtt",
		Title:    "Share of 503 answers that reached the client, by round trip",
		Subtitle: f.conditions("95% Wilson intervals"),
		Caption:  "Each glyph is one strategy at one round trip, with its 95% interval. Strategies are drawn side by side so that equal shares do not overlap. Round trips are evenly spaced, whatever their length.",
		Panels:   panels, Legend: f.strategyLegend(drawn),
		Notes:      f.omissions(f.summaries, func(s *analysis.Summary) bool { return s.Delivered.Known() }, "Without a rejection, hence without a share"),
		PanelWidth: f.panelWidth(), PanelHeight: 165,
	}
}

// lowestShare is the lowest bound of any delivered share, 0 without one.
func lowestShare(summaries []*analysis.Summary) float64 {
	known := analysis.Where(summaries, func(s *analysis.Summary) bool { return s.Valid() && s.Delivered.Known() })
	if len(known) == 0 {
		return 0
	}
	lowest := 1.0
	for _, s := range known {
		lowest = min(lowest, s.Delivered.Low)
	}
	return lowest
}
