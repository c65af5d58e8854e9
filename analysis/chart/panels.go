package chart

import (
	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results/units"
)

// panelSpec is what all panels of one figure have in common.
type panelSpec struct {
	x, y    string // titles of the axes, with units
	longest bool   // whether a panel shows only its longest round trip
	empty   string // the note in a panel whose valid points have nothing to draw
}

// grid makes the panels of a figure, row by row. The function fill adds the data of
// a panel and reports whether there was any; a panel without data gets a note of why.
func (f *facets) grid(spec panelSpec, fill func(p *plot.Plot, points []*analysis.Summary) bool) [][]*plot.Plot {
	varies := spec.longest && f.longestRTTVaries()
	panels := make([][]*plot.Plot, len(f.rows))
	for i, row := range f.rows {
		for j, body := range f.bodies {
			// Axes have titles only at the edges of the grid.
			labelX, labelY := "", ""
			if i == len(f.rows)-1 {
				labelX = spec.x
			}
			if j == 0 {
				labelY = spec.y
			}
			points, title := f.panel(row, body), f.panelTitle(row, body)
			if spec.longest {
				points = f.atLongestRTT(row, body)
			}
			if varies && len(points) > 0 {
				title += ", rtt " + units.Number(points[0].RTTMs) + " ms"
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

// addSharesByRTT adds the known shares of valid points to a panel with round trips on
// its x axis: a series for each strategy. It notes the strategies in drawn, and reports
// whether there were any.
func (f *facets) addSharesByRTT(p *plot.Plot, points []*analysis.Summary, drawn map[string]bool, share func(*analysis.Summary) stats.Share) bool {
	f.rttAxis(&p.X)
	p.Add(figure.Bands(len(f.rtts)), figure.Gridlines{Horizontal: true})
	any := false
	for i, strategy := range f.strategies {
		series := figure.Series{Look: f.looks[strategy], Shift: figure.Dodge(i, len(f.strategies))}
		for _, point := range byStrategy(points, strategy) {
			if v := share(point); point.Valid() && v.Known() {
				low, high := v.Drawn()
				series.Samples = append(series.Samples, figure.Sample{X: f.rttPosition(point.RTTMs), Y: v.Value * 100, Low: low * 100, High: high * 100})
			}
		}
		if len(series.Samples) > 0 {
			any, drawn[strategy] = true, true
			p.Add(series)
		}
	}
	return any
}

// rttAxis spaces the round trips evenly, so that both 0 and 200 ms are readable.
func (f *facets) rttAxis(a *plot.Axis) {
	names := make([]string, len(f.rtts))
	for i, v := range f.rtts {
		names[i] = units.Number(v)
	}
	a.Min, a.Max = -0.5, float64(len(f.rtts))-0.5
	a.Tick.Marker = figure.NamedTicks(names)
}

// rttPosition is the place of a round trip on that axis.
func (f *facets) rttPosition(ms float64) float64 {
	for i, v := range f.rtts {
		if v == ms {
			return float64(i)
		}
	}
	return -1
}
