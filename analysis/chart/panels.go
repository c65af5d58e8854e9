package chart

import (
	"slices"

	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// panelSpec is what all panels of one figure have in common.
type panelSpec struct {
	x, y    string // titles of the axes, with units
	extreme bool   // whether a panel shows only the points of facets.atExtreme
	empty   string // the note in a panel whose valid points have nothing to draw
}

// grid makes the panels of a figure, row by row. The function fill adds the data of
// a panel and reports whether there was any; a panel without data gets a note of why.
func (f *facets) grid(spec panelSpec, fill func(p *plot.Plot, points []*analysis.Summary) bool) [][]*plot.Plot {
	varies := spec.extreme && f.extremeVaries()
	panels := make([][]*plot.Plot, len(f.rows))
	for i, row := range f.rows {
		for j, column := range f.columns {
			// Axes have titles only at the edges of the grid.
			labelX, labelY := "", ""
			if i == len(f.rows)-1 {
				labelX = spec.x
			}
			if j == 0 {
				labelY = spec.y
			}
			points, title := f.panel(row, column), f.panelTitle(row, column)
			if spec.extreme {
				points = f.atExtreme(row, column)
			}
			if varies && len(points) > 0 {
				title += ", " + f.x.Words(&points[0].Point)
			}
			p := figure.NewPanel(title, labelX, labelY)
			if !fill(p, points) {
				explainEmpty(p, points, spec.empty)
			}
			panels[i] = append(panels[i], p)
		}
	}
	return panels
}

// explainEmpty adds a note of why a panel shows no data.
func explainEmpty(p *plot.Plot, points []*analysis.Summary, empty string) {
	text := figure.Note(empty)
	switch {
	case len(points) == 0:
		text = "not measured"
	case len(analysis.Where(points, (*analysis.Summary).Valid)) == 0:
		text = figure.Note("no valid cell: " + points[0].Invalid[0].Reason)
	}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		if a.Min > a.Max { // no panel of the figure has data to scale the axis by
			a.Min, a.Max = 0, 1
			a.Tick.Marker = plot.ConstantTicks{}
		}
	}
	p.Add(text)
}

// value returns the sample of a point at x; false where the point has none.
type value func(x float64, s *analysis.Summary) (figure.Sample, bool)

// shareOf is the value of a share.
func shareOf(share func(*analysis.Summary) stats.Share) value {
	return func(x float64, s *analysis.Summary) (figure.Sample, bool) {
		v := share(s)
		return figure.ShareSample(x, v), v.Known()
	}
}

// addValues adds the values of valid points to a panel over the x axis: a series for
// each strategy, with a line where its values measurably differ. It notes the
// strategies in drawn, true for those with a line, and reports whether there were any.
func (f *facets) addValues(p *plot.Plot, points []*analysis.Summary, drawn map[string]bool, of value) bool {
	f.xAxis(&p.X)
	p.Add(figure.Bands(len(f.xs)), figure.Gridlines{Horizontal: p.Y.Min <= p.Y.Max})
	any := false
	for i, strategy := range f.strategies {
		series := figure.Series{Look: f.looks[strategy], Shift: figure.Dodge(i, len(f.strategies))}
		for _, point := range f.byStrategy(points, strategy) {
			if sample, known := of(f.position(point.Point), point); known && point.Valid() {
				series.Samples = append(series.Samples, sample)
			}
		}
		if len(series.Samples) > 0 {
			series.Line = figure.Differ(series.Samples)
			any, drawn[strategy] = true, drawn[strategy] || series.Line
			p.Add(series)
		}
	}
	return any
}

// xAxis spaces the values of x evenly, so that both 0 and 200 ms are readable.
func (f *facets) xAxis(a *plot.Axis) {
	names := make([]string, len(f.xs))
	for i, v := range f.xs {
		names[i] = textOf(f.summaries, f.x, v)
	}
	a.Min, a.Max = -0.5, float64(len(f.xs))-0.5
	a.Tick.Marker = figure.NamedTicks(names)
}

// position is the place of a point on that axis.
func (f *facets) position(p results.Point) float64 {
	return float64(slices.Index(f.xs, number(f.x, p)))
}
