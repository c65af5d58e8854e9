package analysis

import (
	"gonum.org/v1/plot"
)

// deliveryPlot shows the delivered share against the round trip.
func deliveryPlot(f *facets) *figure {
	drawn := map[string]bool{}
	lowest := lowestShare(f.summaries)
	panels := f.grid(sheet{x: "round trip (ms)", y: "delivered (% of rejections)", empty: "nothing was rejected"}, func(p *plot.Plot, points []*Summary) bool {
		f.rttAxis(&p.X)
		percentAxis(&p.Y, lowest)
		p.Add(bands(len(f.rtts)), rules{horizontal: true})
		any := false
		for i, strategy := range f.strategies {
			s := series{look: f.looks[strategy], shift: dodge(i, len(f.strategies))}
			for _, point := range byStrategy(points, strategy) {
				if d := point.Delivered; point.Valid() && d.Known() {
					s.samples = append(s.samples, sample{f.rttPlace(point.RTTMs), d.Value * 100, d.Low * 100, d.High * 100})
				}
			}
			if len(s.samples) > 0 {
				any, drawn[strategy] = true, true
				p.Add(s)
			}
		}
		return any
	})
	return &figure{
		name:     "delivered-by-rtt",
		title:    "Share of 503 answers that reached the client, by round trip",
		subtitle: f.conditions("95% Wilson intervals"),
		caption:  "Each glyph is one strategy at one round trip, with its 95% interval; strategies stand side by side so that equal shares stay apart. Round trips are evenly spaced, whatever their length.",
		panels:   panels, legend: f.strategyLegend(drawn),
		notes:      f.omissions(f.summaries, func(s *Summary) bool { return s.Delivered.Known() }, "Without a rejection, hence without a share"),
		panelWidth: f.panelWidth(), panelHeight: 165,
	}
}

// lowestShare is the lowest bound of any delivered share, 0 without one.
func lowestShare(summaries []*Summary) float64 {
	known := where(summaries, func(s *Summary) bool { return s.Valid() && s.Delivered.Known() })
	if len(known) == 0 {
		return 0
	}
	lowest := 1.0
	for _, s := range known {
		lowest = min(lowest, s.Delivered.Low)
	}
	return lowest
}
