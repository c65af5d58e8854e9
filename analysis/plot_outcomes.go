package analysis

import (
	"fmt"

	"github.com/rejectbench/rejectbench/results"
)

// outcomePlot shows how all attempts ended, a bar a strategy, at the longest round trip.
func outcomePlot(f *facets) *figure {
	var seen results.Counts
	panels := f.barPanels(sheet{x: "attempts (%)", longest: true, empty: "no attempt was made"}, "no attempt", func(s *Summary, at float64) bar {
		return outcomeBar(s, at, &seen)
	})
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
		panelWidth: f.panelWidth() + 10, panelHeight: f.barHeight(),
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
