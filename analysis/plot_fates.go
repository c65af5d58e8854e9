package analysis

import (
	"fmt"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// fatePlot shows what became of each rejection's answer by the packets' account,
// a bar a strategy, at the longest round trip; nil where no path kept a record.
func fatePlot(f *facets) *figure {
	if !exist(f.summaries, (*Summary).witnessed) {
		return nil
	}
	seen := map[results.Fate]bool{}
	panels := f.barPanels(sheet{x: "answers (% of rejections)", longest: true, empty: "nothing was rejected on the wire"}, "no rejection on the wire", func(s *Summary, at float64) bar {
		return fateBar(s, at, seen)
	})
	var legend []legendEntry
	for _, fate := range slices.Backward(results.Fates[:]) {
		if seen[fate.Fate] {
			legend = append(legend, legendEntry{name: fate.Name, look: look{color: fateColor(fate.Fate)}})
		}
	}
	return &figure{
		name:     "fates",
		title:    "What became of each rejection's answer, by what the wire saw",
		subtitle: f.conditions(f.longestPhrase(), "bracket: 95% Wilson interval of the share that was read"),
		caption:  "One bar is the answers to all rejections of a strategy at the longest round trip. Blue was read by the client's code; orange had arrived whole in the client's kernel and was not read; darker colours never arrived whole. The bracket is the 95% interval of the share that was read, n the number of rejections on the wire.",
		panels:   panels, legend: legend,
		panelWidth: f.panelWidth() + 10, panelHeight: f.barHeight(),
	}
}

// fateBar stacks a point's fates, from read to unknown.
func fateBar(s *Summary, at float64, seen map[results.Fate]bool) bar {
	b := bar{at: at}
	read := s.Fate(results.Read)
	if !read.Known() {
		return b
	}
	for _, fate := range slices.Backward(results.Fates[:]) {
		if share := s.Fate(fate.Fate); share.K > 0 {
			b.parts = append(b.parts, part{share.Value, fateColor(fate.Fate)})
			seen[fate.Fate] = true
		}
	}
	b.whole, b.label = read, fmt.Sprintf("n=%d", read.N)
	return b
}
