package analysis

import (
	"math"

	"gonum.org/v1/plot"
)

// costPlot shows the delivered share against what a rejection costs the server
// in descriptors: the nearer to the top left, the better.
func costPlot(f *facets) *figure {
	drawn := map[string]bool{}
	at := where(f.summaries, func(s *Summary) bool { return s.RTTMs == f.longest() })
	drawable := func(s *Summary) bool { return s.Valid() && s.Delivered.Known() && s.HoldMs.Count > 0 }
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range where(at, drawable) {
		low, high = min(low, logMs(s.HoldMs.Mean)), max(high, logMs(s.HoldMs.Mean))
	}
	lowest := lowestShare(at)
	panels := f.grid("descriptor held (fd-ms per rejection, log scale)", "delivered (% of rejections)", func(p *plot.Plot, points []*Summary, _ facetRow) bool {
		percentAxis(&p.Y, lowest)
		p.X.Tick.Marker = logTicks{}
		if low <= high {
			p.X.Min, p.X.Max = low-0.15, high+0.15
		}
		any := false
		p.Add(rules{horizontal: true, vertical: low <= high})
		for _, strategy := range f.strategies {
			for _, s := range byStrategy(points, strategy) {
				if s.RTTMs != f.longest() || !drawable(s) {
					continue
				}
				d := s.Delivered
				any, drawn[strategy] = true, true
				p.Add(series{look: f.looks[strategy], samples: []sample{{logMs(s.HoldMs.Mean), d.Value * 100, d.Low * 100, d.High * 100}}})
			}
		}
		return any
	})
	legend := f.strategyLegend(drawn)
	for i := range legend {
		legend[i].loose = true
	}
	return &figure{
		name:     "cost",
		title:    "Delivered share against what a rejection costs the server",
		subtitle: f.conditions(f.atLongest(), "95% Wilson intervals", "top left is best"),
		caption:  "The mean time from accept to close of a rejected connection is the descriptor-milliseconds one rejection costs. Strategies near the top left deliver for little.",
		panels:   panels, legend: legend,
		notes:      f.omissions(at, drawable, "Without a rejection, hence without a share"),
		panelWidth: 260, panelHeight: 165,
	}
}
