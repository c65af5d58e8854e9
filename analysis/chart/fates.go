package chart

import (
	"fmt"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/results"
)

// fatePlot shows the fates of answers, as the packets show them: one bar for each
// strategy, at the longest round trip. It is nil where no path recorded packets.
func fatePlot(f *facets) *figure.Figure {
	if !analysis.Any(f.summaries, (*analysis.Summary).Recorded) {
		return nil
	}
	seen := map[results.Fate]bool{}
	panels := f.barPanels(panelSpec{x: "answers (% of rejections)", longest: true, empty: "no rejection on the wire"}, "no rejection on the wire", func(s *analysis.Summary, at float64) figure.Bar {
		return fateBar(s, at, seen)
	})
	var legend []figure.LegendEntry
	for _, fate := range slices.Backward(results.Fates[:]) {
		if seen[fate.Fate] {
			legend = append(legend, figure.LegendEntry{Name: fate.Name, Look: figure.Look{Color: figure.FateColor(fate.Fate)}})
		}
	}
	return &figure.Figure{
		Name:     "fates",
		Title:    "What became of each rejection's answer, by what the wire saw",
		Subtitle: f.conditions(f.longestRTTPhrase(), "bracket: 95% Wilson interval of the share that was read"),
		Caption:  "One bar is the answers to all rejections of a strategy at the longest round trip. Blue was read by the client's code; orange had arrived whole in the client's kernel and was not read; darker colours never arrived whole. The bracket is the 95% interval of the share that was read, n the number of rejections on the wire.",
		Panels:   panels, Legend: legend,
		PanelWidth: f.panelWidth() + 10, PanelHeight: f.barHeight(),
	}
}

// fateBar stacks the fates of a point, from read to unknown.
func fateBar(s *analysis.Summary, at float64, seen map[results.Fate]bool) figure.Bar {
	b := figure.Bar{At: at}
	read := s.Fate(results.Read)
	if !read.Known() {
		return b
	}
	for _, fate := range slices.Backward(results.Fates[:]) {
		if share := s.Fate(fate.Fate); share.K > 0 {
			b.Parts = append(b.Parts, figure.Segment{Share: share.Value, Color: figure.FateColor(fate.Fate)})
			seen[fate.Fate] = true
		}
	}
	b.Interval, b.Label = read, fmt.Sprintf("n=%d", read.N)
	return b
}
