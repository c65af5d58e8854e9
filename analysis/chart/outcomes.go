package chart

import (
	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// outcomePlot shows the outcomes of all attempts, in their order in results.Outcomes:
// from admitted and delivered to lost.
func outcomePlot(f *facets) *figure.Figure {
	b := barChart{
		name:      "outcomes",
		title:     "How attempts ended, from delivered to lost",
		caption:   "One bar is all attempts of a strategy at the conditions that the subtitle names. Blue reached the client whole; warm colours were reset; greys ended in silence. The bracket is the 95% interval of the share with a whole answer, n the number of attempts.",
		x:         "attempts (%)",
		empty:     "no attempt was made",
		nothing:   "no attempt",
		bracketed: "with a whole answer",
		bracket: func(s *analysis.Summary) stats.Share {
			return s.ShareOf(func(c *results.Cell) (k, n int64) {
				return c.Outcomes[results.Admitted] + c.Outcomes.Delivered(), c.Attempts
			})
		},
	}
	for _, o := range results.Outcomes {
		b.parts = append(b.parts, barPart{o.Name, figure.OutcomeColor(o.Outcome), func(s *analysis.Summary) stats.Share {
			return stats.NewShare(s.Outcomes[o.Outcome], s.Attempts)
		}})
	}
	return b.figure(f)
}
