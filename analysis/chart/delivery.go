package chart

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/stats"
)

// deliveryPlot shows the delivered share over the x axis.
func deliveryPlot(f *facets) *figure.Figure {
	drawn := map[string]bool{}
	lowest := lowestShare(f.summaries)
	delivered := shareOf(func(s *analysis.Summary) stats.Share { return s.Delivered })
	panels := f.grid(panelSpec{x: axisTitle(f.x), y: "delivered (% of rejections)", empty: "nothing was rejected"}, func(p *plot.Plot, points []*analysis.Summary) bool {
		figure.PercentAxis(&p.Y, lowest)
		return f.addValues(p, points, drawn, delivered)
	})
	return &figure.Figure{
		Name:     "delivered-by-" + f.x.Name,
		Title:    "Share of 503 answers that reached the client, by " + strings.ToLower(f.x.Label),
		Subtitle: f.conditions("bars: 95% intervals from the rounds"),
		Caption:  fmt.Sprintf("Each glyph is one strategy at one value of %s, with its 95%% interval; a glyph without a bar was measured in one round, which cannot tell the interval. A line joins values that differ by more than their intervals. Strategies are drawn side by side so that equal shares do not overlap. Values are evenly spaced, whatever their distance.", strings.ToLower(f.x.Label)),
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
