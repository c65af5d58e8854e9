package chart

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/stats"
)

// barChart is a figure of stacked bars: one for each strategy, at the longest
// round trip, or the extreme of another x axis.
type barChart struct {
	name, title, caption string
	x                    string // title of the x axis, with its unit
	empty                string // note in a panel without bars
	nothing              string // label in place of a bar without parts
	bracketed            string // names the share that a bracket marks
	parts                []barPart
	bracket              func(*analysis.Summary) stats.Share
}

// barPart is one way in which attempts or answers ended. Bars stack the parts in the
// order of barChart.parts.
type barPart struct {
	name  string
	color color.Color
	of    func(*analysis.Summary) stats.Share
}

// figure draws the chart, with a legend of the parts that some bar has.
func (b barChart) figure(f *facets) *figure.Figure {
	seen := make([]bool, len(b.parts))
	panels := f.barPanels(panelSpec{x: b.x, extreme: true, empty: b.empty}, func(s *analysis.Summary) figure.Bar {
		whole := b.bracket(s)
		bar := figure.Bar{Interval: whole, Label: fmt.Sprintf("n=%d", whole.N)}
		for i, part := range b.parts {
			if share := part.of(s); share.K > 0 {
				bar.Parts = append(bar.Parts, figure.Segment{Share: share.Value, Color: part.color})
				seen[i] = true
			}
		}
		if len(bar.Parts) == 0 {
			bar.Label = b.nothing
		}
		return bar
	})
	var legend []figure.LegendEntry
	for i, part := range b.parts {
		if seen[i] {
			legend = append(legend, figure.LegendEntry{Name: part.name, Look: figure.Look{Color: part.color}})
		}
	}
	return &figure.Figure{
		Name:     b.name,
		Title:    b.title,
		Subtitle: f.conditions(f.extremePhrase(), "bracket: 95% interval of the share "+b.bracketed),
		Caption:  b.caption,
		Panels:   panels, Legend: legend,
		PanelWidth: f.panelWidth() + 10, PanelHeight: vg.Length(42 + 14*max(len(f.strategies), 4)),
	}
}

// barPanels makes panels of one bar for each strategy. The function fill makes the
// bar of a valid point.
func (f *facets) barPanels(spec panelSpec, fill func(*analysis.Summary) figure.Bar) [][]*plot.Plot {
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
			for _, s := range f.byStrategy(points, strategy) {
				b.Label = "no valid cell"
				if !s.Valid() {
					continue
				}
				b = fill(s)
				b.At = float64(i)
				any = any || len(b.Parts) > 0
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
