package chart

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
)

// barPanels makes panels of one stacked bar for each strategy, at the longest round
// trip. The function fill makes the bar of a point; a bar without parts is replaced by
// the label nothing.
func (f *facets) barPanels(spec panelSpec, nothing string, fill func(s *analysis.Summary, at float64) figure.Bar) [][]*plot.Plot {
	names := slices.Clone(f.strategies)
	slices.Reverse(names) // the y axis goes up: the first strategy is on top
	short := make([]string, len(names))
	for i, n := range names {
		short[i] = shorten(n)
	}
	panels := f.grid(spec, func(p *plot.Plot, points []*analysis.Summary) bool {
		p.X.Min, p.X.Max = 0, 116 // leaves space for n on the right
		p.X.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 25, Label: "25"}, {Value: 50, Label: "50"}, {Value: 75, Label: "75"}, {Value: 100, Label: "100"}}
		p.Y.Min, p.Y.Max = -0.6, float64(len(names))-0.4
		p.Y.Tick.Marker = figure.NamedTicks(short)
		p.Y.Tick.Label.YAlign = figure.Midline - 0.2 // gonum raises the labels of an axis by the descent of their letters
		p.Y.Tick.Length = 0
		var all figure.Bars
		any := false
		for i, strategy := range names {
			b := figure.Bar{At: float64(i), Label: "not measured"}
			for _, s := range byStrategy(points, strategy) {
				b.Label = "no valid cell"
				if !s.Valid() {
					continue
				}
				if b = fill(s, float64(i)); len(b.Parts) == 0 {
					b.Label = nothing
				} else {
					any = true
				}
			}
			all = append(all, b)
		}
		if any {
			p.Add(figure.Gridlines{Vertical: true}, all)
		}
		return any
	})
	for _, row := range panels {
		for _, p := range row[1:] { // only the first panel of a row has the names
			p.Y.Tick.Marker = plot.ConstantTicks{}
		}
	}
	return panels
}

func (f *facets) barHeight() vg.Length { return vg.Length(42 + 14*max(len(f.strategies), 4)) }
