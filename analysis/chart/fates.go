package chart

import (
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// fatePlot shows the fates of answers, as the recorded packets show them. It is nil
// where no path recorded packets.
func fatePlot(f *facets) *figure.Figure {
	if !analysis.Any(f.summaries, (*analysis.Summary).Recorded) {
		return nil
	}
	b := barChart{
		name:      "fates",
		title:     "What became of each rejection's answer, by what the wire saw",
		caption:   "One bar is the answers to all rejections of a strategy at the conditions that the subtitle names. Blue was read by the client's code; orange had arrived whole in the client's kernel and was not read; darker colours never arrived whole. The bracket is the 95% interval of the share that was read, n the number of rejections on the wire.",
		x:         "answers (% of rejections)",
		empty:     "no rejection on the wire",
		nothing:   "no rejection on the wire",
		bracketed: "that was read",
		bracket:   func(s *analysis.Summary) stats.Share { return s.Fate(results.Read) },
	}
	for _, fate := range slices.Backward(results.Fates[:]) { // from read to unknown
		b.parts = append(b.parts, barPart{fate.Name, figure.FateColor(fate.Fate), func(s *analysis.Summary) stats.Share { return s.Fate(fate.Fate) }})
	}
	return b.figure(f)
}
