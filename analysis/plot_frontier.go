package analysis

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// frontierPlot shows the strategies over the mix of conditions, a panel a kind
// of client, with the frontier of share against hold time marked; nil where no
// two strategies were measured under the same conditions.
func frontierPlot(f *facets) *figure {
	names, parts := mixes(rejectingOf(f.summaries))
	drawn := map[string]bool{}
	var found [][]FrontierPoint
	var titles []string
	low, high, lowest := math.Inf(1), math.Inf(-1), 1.0
	for i, name := range names {
		points, conditions := Frontier(parts[i], Costs[0])
		if len(points) == 0 {
			continue
		}
		found, titles = append(found, points), append(titles, fmt.Sprintf("%s, %s", name, plural(conditions, "condition")))
		for _, p := range points {
			low, high, lowest = min(low, logMs(p.Cost)), max(high, logMs(p.Cost)), min(lowest, p.Delivered.Low)
			drawn[p.Strategy] = true
		}
	}
	if len(found) == 0 {
		return nil
	}
	var panels [][]*plot.Plot
	for i, points := range found {
		p := newPanel(titles[i], "", "delivered (% of rejections)")
		if i == len(found)-1 {
			p.X.Label.Text = "descriptor held (fd-ms per rejection, log scale)"
		}
		percentAxis(&p.Y, lowest)
		p.X.Tick.Marker = logTicks{}
		p.X.Min, p.X.Max = low-0.15, high+0.15
		var all scatter
		edge := frontierLine{}
		for _, at := range points {
			d := at.Delivered
			here := sample{logMs(at.Cost), d.Value * 100, d.Low * 100, d.High * 100}
			all = append(all, series{look: f.looks[at.Strategy], samples: []sample{here}})
			if at.Place != Beaten {
				edge = append(edge, edgePoint{here, at.Place})
			}
		}
		p.Add(rules{horizontal: true, vertical: true}, edge, all)
		panels = append(panels, []*plot.Plot{p})
	}
	legend := f.strategyLegend(drawn)
	for i := range legend {
		legend[i].loose = true
	}
	return &figure{
		name:     "frontier",
		title:    "The frontier of delivered share against what a rejection costs",
		subtitle: f.conditions("95% Wilson intervals", "top left is best"),
		caption:  "Each glyph is one strategy, pooled over the conditions measured for all of them. Rings mark the frontier, dashed rings what the samples do not tell apart from it: there no other strategy delivers a share that is not measurably lower for measurably less, or a measurably higher one for no more. The grey line is the best share up to each cost.",
		panels:   panels, legend: legend,
		panelWidth: 520, panelHeight: 175,
	}
}

// edgePoint is a sample on the frontier, or not told apart from it.
type edgePoint struct {
	sample
	place Place
}

// frontierLine draws the best share up to each cost as stairs, and a ring
// around each point.
type frontierLine []edgePoint

// Plot implements plot.Plotter.
func (all frontierLine) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var stairs []vg.Point
	best := math.Inf(-1)
	for _, e := range all {
		if e.place != OnFrontier || e.Y < best {
			continue
		}
		if len(stairs) > 0 {
			stairs = append(stairs, vg.Point{X: x(e.X), Y: y(best)})
		}
		stairs = append(stairs, vg.Point{X: x(e.X), Y: y(e.Y)})
		best = e.Y
	}
	if len(stairs) > 0 {
		stairs = append(stairs, vg.Point{X: c.Max.X, Y: y(best)})
		c.StrokeLines(draw.LineStyle{Color: faint, Width: 0.8}, stairs)
	}
	for _, e := range all {
		ring := draw.LineStyle{Color: ink, Width: 0.7}
		if e.place == NotApart {
			ring.Dashes = []vg.Length{1.5, 1.5}
		}
		c.SetLineStyle(ring)
		var path vg.Path
		path.Move(vg.Point{X: x(e.X) + 6, Y: y(e.Y)})
		path.Arc(vg.Point{X: x(e.X), Y: y(e.Y)}, 6, 0, 2*math.Pi)
		c.Stroke(path)
	}
}
