package chart

import (
	"fmt"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// outcomePlot shows the outcomes of all attempts: one bar for each strategy, at the
// longest round trip.
func outcomePlot(f *facets) *figure.Figure {
	var seen results.Counts
	panels := f.barPanels(panelSpec{x: "attempts (%)", longest: true, empty: "no attempt was made"}, "no attempt", func(s *analysis.Summary, at float64) figure.Bar {
		return outcomeBar(s, at, &seen)
	})
	var legend []figure.LegendEntry
	for _, o := range results.Outcomes {
		if seen[o.Outcome] > 0 {
			legend = append(legend, figure.LegendEntry{Name: o.Name, Look: figure.Look{Color: figure.OutcomeColor(o.Outcome)}})
		}
	}
	return &figure.Figure{
		Name:     "outcomes",
		Title:    "How attempts ended, from delivered to lost",
		Subtitle: f.conditions(f.longestRTTPhrase(), "bracket: 95% Wilson interval of the share with a whole answer"),
		Caption:  "One bar is all attempts of a strategy at the longest round trip. Blue reached the client whole; warm colours were reset; greys ended in silence. The bracket is the 95% interval of the share with a whole answer, n the number of attempts.",
		Panels:   panels, Legend: legend,
		PanelWidth: f.panelWidth() + 10, PanelHeight: f.barHeight(),
	}
}

// outcomeBar stacks the outcomes of a point in their order in results.Outcomes, from
// admitted and delivered to lost.
func outcomeBar(s *analysis.Summary, at float64, seen *results.Counts) figure.Bar {
	b := figure.Bar{At: at, Label: fmt.Sprintf("n=%d", s.Attempts)}
	for o, n := range s.Outcomes {
		if n > 0 {
			b.Parts = append(b.Parts, figure.Segment{Share: float64(n) / float64(s.Attempts), Color: figure.OutcomeColor(results.Outcome(o))})
		}
	}
	seen.Add(s.Outcomes)
	b.Interval = stats.NewShare(s.Outcomes[results.Admitted]+s.Outcomes.Delivered(), s.Attempts)
	return b
}
