package chart

import (
	"math"

	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
)

// costPlot shows the delivered share against the time for which a rejection holds a
// descriptor of the server. The top left is best. It is nil where answers were counted
// and no server recorded hold times.
func costPlot(f *facets) *figure.Figure {
	drawn := map[string]bool{}
	at := f.allAtExtreme()
	counted := (*analysis.Summary).HasShare
	drawable := func(s *analysis.Summary) bool { return counted(s) && s.HoldMs.Count > 0 }
	if analysis.Any(at, counted) && !analysis.Any(at, drawable) {
		return nil
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range analysis.Where(at, drawable) {
		low, high = min(low, figure.LogMs(s.HoldMs.Mean)), max(high, figure.LogMs(s.HoldMs.Mean))
	}
	lowest := lowestShare(at)
	panels := f.grid(panelSpec{x: "descriptor held (fd-ms per rejection, log scale)", y: "delivered (% of rejections)", extreme: true, empty: "no rejection, or no hold time"}, func(p *plot.Plot, points []*analysis.Summary) bool {
		figure.PercentAxis(&p.Y, lowest)
		p.X.Tick.Marker = figure.LogTicks{}
		if low <= high {
			p.X.Min, p.X.Max = low-0.15, high+0.15
		}
		p.Add(figure.Gridlines{Horizontal: true, Vertical: low <= high})
		var all figure.Scatter
		for _, strategy := range f.strategies {
			for _, s := range analysis.Where(f.byStrategy(points, strategy), drawable) {
				d := s.Delivered
				all = append(all, figure.Series{Look: f.looks[strategy], Samples: []figure.Sample{figure.ShareSample(figure.LogMs(s.HoldMs.Mean), d)}})
				drawn[strategy] = false
			}
		}
		p.Add(all)
		return len(all) > 0
	})
	return &figure.Figure{
		Name:     "cost",
		Title:    "Delivered share against what a rejection costs the server",
		Subtitle: f.conditions(f.extremePhrase(), "95% intervals from the rounds", "top left is best"),
		Caption:  "The mean time from accept to close of a rejected connection is the descriptor-milliseconds one rejection costs. Strategies near the top left deliver for little. Glyphs that would overlap are drawn side by side.",
		Panels:   panels, Legend: f.strategyLegend(drawn),
		Notes:      f.omissions(at, drawable, "Without a rejection, or without its hold time"),
		PanelWidth: f.panelWidth(), PanelHeight: 165,
	}
}
