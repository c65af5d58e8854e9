package analysis

import (
	"math"

	"gonum.org/v1/plot"
)

// costPlot shows the delivered share against what a rejection costs the server
// in descriptors: the nearer to the top left, the better.
func costPlot(f *facets) *figure {
	drawn := map[string]bool{}
	at := f.allAtLongest()
	drawable := func(s *Summary) bool { return s.Valid() && s.Delivered.Known() && s.HoldMs.Count > 0 }
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range where(at, drawable) {
		low, high = min(low, logMs(s.HoldMs.Mean)), max(high, logMs(s.HoldMs.Mean))
	}
	lowest := lowestShare(at)
	panels := f.grid(sheet{x: "descriptor held (fd-ms per rejection, log scale)", y: "delivered (% of rejections)", longest: true, empty: "nothing was rejected"}, func(p *plot.Plot, points []*Summary) bool {
		percentAxis(&p.Y, lowest)
		p.X.Tick.Marker = logTicks{}
		if low <= high {
			p.X.Min, p.X.Max = low-0.15, high+0.15
		}
		p.Add(rules{horizontal: true, vertical: low <= high})
		var all scatter
		for _, strategy := range f.strategies {
			for _, s := range where(byStrategy(points, strategy), drawable) {
				d := s.Delivered
				all = append(all, series{look: f.looks[strategy], samples: []sample{{logMs(s.HoldMs.Mean), d.Value * 100, d.Low * 100, d.High * 100}}})
				drawn[strategy] = true
			}
		}
		p.Add(all)
		return len(all) > 0
	})
	legend := f.strategyLegend(drawn)
	for i := range legend {
		legend[i].loose = true
	}
	return &figure{
		name:     "cost",
		title:    "Delivered share against what a rejection costs the server",
		subtitle: f.conditions(f.longestPhrase(), "95% Wilson intervals", "top left is best"),
		caption:  "The mean time from accept to close of a rejected connection is the descriptor-milliseconds one rejection costs. Strategies near the top left deliver for little. Glyphs that would cover each other are set side by side, around their place.",
		panels:   panels, legend: legend,
		notes:      f.omissions(at, drawable, "Without a rejection, hence without a share"),
		panelWidth: f.panelWidth(), panelHeight: 165,
	}
}
