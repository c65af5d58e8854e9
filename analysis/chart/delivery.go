package chart

import (
	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/stats"
)

// deliveryPlot shows the delivered share against the round trip.
func deliveryPlot(f *facets) *figure.Figure {
	drawn := map[string]bool{}
	lowest := lowestShare(f.summaries)
	panels := f.grid(panelSpec{x: "round trip (ms)", y: "delivered (% of rejections)", empty: "nothing was rejected"}, func(p *plot.Plot, points []*analysis.Summary) bool {
		figure.PercentAxis(&p.Y, lowest)
		return f.addSharesByRTT(p, points, drawn, func(s *analysis.Summary) stats.Share { return s.Delivered })
	})
	return &figure.Figure{
		Name:     "delivered-by-rtt",
		Title:    "Share of 503 answers that reached the client, by round trip",
		Subtitle: f.conditions("95% intervals from the rounds"),
		Caption:  "Each glyph is one strategy at one round trip, with its 95% interval. Strategies are drawn side by side so that equal shares do not overlap. Round trips are evenly spaced, whatever their length.",
		Panels:   panels, Legend: f.strategyLegend(drawn),
		Notes:      f.omissions(f.summaries, func(s *analysis.Summary) bool { return s.Delivered.Known() }, "Without a rejection, hence without a share"),
		PanelWidth: f.panelWidth(), PanelHeight: 165,
	}
}

// lowestShare is the lowest end of the error bar of any delivered share, 0 without one.
func lowestShare(summaries []*analysis.Summary) float64 {
	known := analysis.Where(summaries, (*analysis.Summary).HasShare)
	if len(known) == 0 {
		return 0
	}
	lowest := 1.0
	for _, s := range known {
		low, _ := s.Delivered.Drawn()
		lowest = min(lowest, low)
	}
	return lowest
}
