package analysis

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"github.com/rejectbench/rejectbench/results"
)

// outcomePlot shows how all attempts ended, a bar a strategy, at the longest round trip.
func outcomePlot(f *facets) *figure {
	var seen results.Counts
	names := slices.Clone(f.strategies)
	slices.Reverse(names) // the first strategy stands on top
	short := make([]string, len(names))
	for i, n := range names {
		short[i] = shorten(n)
	}
	panels := f.grid(sheet{x: "attempts (%)", longest: true, empty: "no attempt was made"}, func(p *plot.Plot, points []*Summary) bool {
		p.X.Min, p.X.Max = 0, 116 // room for n on the right
		p.X.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 25, Label: "25"}, {Value: 50, Label: "50"}, {Value: 75, Label: "75"}, {Value: 100, Label: "100"}}
		p.Y.Min, p.Y.Max = -0.6, float64(len(names))-0.4
		p.Y.Tick.Marker = namedTicks(short)
		p.Y.Tick.Label.YAlign = midline - 0.2 // an axis raises its labels by the letters' descent
		p.Y.Tick.Length = 0
		var all bars
		any := false
		for i, strategy := range names {
			b := bar{at: float64(i), label: "not measured"}
			for _, s := range byStrategy(points, strategy) {
				b.label = "no valid cell"
				if s.Valid() && s.Attempts > 0 {
					any = true
					b = outcomeBar(s, float64(i), &seen)
				}
			}
			all = append(all, b)
		}
		if any {
			p.Add(rules{vertical: true}, all)
		}
		return any
	})
	for _, row := range panels {
		for _, p := range row[1:] { // the names stand once a row
			p.Y.Tick.Marker = plot.ConstantTicks{}
		}
	}
	var legend []legendEntry
	for _, o := range results.Outcomes {
		if seen[o.Outcome] > 0 {
			legend = append(legend, legendEntry{name: o.Name, look: look{color: outcomeColor(o.Outcome)}})
		}
	}
	return &figure{
		name:     "outcomes",
		title:    "How attempts ended, from delivered to lost",
		subtitle: f.conditions(f.longestPhrase(), "bracket: 95% Wilson interval of the share with a whole answer"),
		caption:  "One bar is all attempts of a strategy at the longest round trip. Blue reached the client whole; warm colours were reset; greys ended in silence. The bracket is the 95% interval of the share with a whole answer, n the number of attempts.",
		panels:   panels, legend: legend,
		panelWidth: f.panelWidth() + 10, panelHeight: vg.Length(42 + 14*max(len(names), 4)),
	}
}

// outcomeBar stacks a point's outcomes in record order, which goes from
// admitted and delivered to lost.
func outcomeBar(s *Summary, at float64, seen *results.Counts) bar {
	b := bar{at: at, label: fmt.Sprintf("n=%d", s.Attempts)}
	for o, n := range s.Outcomes {
		if n > 0 {
			b.parts = append(b.parts, part{float64(n) / float64(s.Attempts), outcomeColor(results.Outcome(o))})
		}
	}
	seen.Add(s.Outcomes)
	b.whole = NewShare(s.Outcomes[results.Admitted]+s.Outcomes.Delivered(), s.Attempts)
	return b
}
