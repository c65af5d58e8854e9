package chart

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/rejectbench/rejectbench/analysis/frontier"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
)

// frontierPlot shows the delivered share of each strategy, pooled over conditions,
// against its hold time, and marks the frontier. It has one panel for each client. It
// is nil where no two strategies were measured under the same conditions.
func frontierPlot(f *facets) *figure.Figure {
	names, parts := frontier.Mixes(frontier.Rejecting(f.summaries))
	drawn := map[string]bool{}
	var found [][]frontier.Position
	var titles []string
	low, high, lowest := math.Inf(1), math.Inf(-1), 1.0
	for i, name := range names {
		points, conditions := frontier.Of(parts[i], frontier.Costs[0])
		if len(points) == 0 {
			continue
		}
		found, titles = append(found, points), append(titles, fmt.Sprintf("%s, %s", name, words.Plural(conditions, "condition")))
		for _, p := range points {
			low, high, lowest = min(low, figure.LogMs(p.Cost)), max(high, figure.LogMs(p.Cost)), min(lowest, p.Delivered.Value)
			drawn[p.Strategy] = false
		}
	}
	if len(found) == 0 {
		return nil
	}
	var panels [][]*plot.Plot
	for i, points := range found {
		p := figure.NewPanel(titles[i], "", "delivered (% of rejections)")
		if i == len(found)-1 {
			p.X.Label.Text = "descriptor held (fd-ms per rejection, log scale)"
		}
		figure.PercentAxis(&p.Y, lowest)
		p.X.Tick.Marker = figure.LogTicks{}
		p.X.Min, p.X.Max = low-0.15, high+0.15
		var all figure.Scatter
		edge := frontierLine{}
		var names figure.Labels
		for _, at := range points {
			d := at.Delivered
			here := figure.ShareSample(figure.LogMs(at.Cost), d)
			all = append(all, figure.Series{Look: f.looks[at.Strategy], Samples: []figure.Sample{here}})
			if at.Place != frontier.Beaten {
				edge = append(edge, frontierPoint{here, at.Place})
			}
			names = append(names, figure.Label{Sample: here, Text: shorten(at.Strategy), Bold: at.Place == frontier.OnFrontier})
		}
		p.Add(figure.Gridlines{Horizontal: true, Vertical: true}, edge, all, names)
		panels = append(panels, []*plot.Plot{p})
	}
	return &figure.Figure{
		Name:     "frontier",
		Title:    "The frontier of delivered share against what a rejection costs",
		Subtitle: f.conditions("shares over all conditions, without intervals", "top left is best"),
		Caption:  "Each glyph is one strategy, pooled over the conditions measured for all of them. Rings mark the frontier; dashed rings mark strategies that the data do not distinguish from it. For a strategy on the frontier, no other delivers a share that is not measurably lower at a measurably lower cost, or a measurably higher share at no higher cost. The grey line is the best share up to each cost.",
		Panels:   panels, Legend: f.strategyLegend(drawn),
		PanelWidth: 520, PanelHeight: 230,
	}
}

// frontierPoint is a sample on the frontier, or one that the data do not distinguish
// from it.
type frontierPoint struct {
	figure.Sample
	place frontier.Place
}

// frontierLine draws the best share up to each cost as a step line, and a ring around
// each point.
type frontierLine []frontierPoint

// Plot implements plot.Plotter.
func (all frontierLine) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var stairs []vg.Point
	best := math.Inf(-1)
	for _, e := range all {
		if e.place != frontier.OnFrontier || e.Y < best {
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
		c.StrokeLines(draw.LineStyle{Color: figure.Faint, Width: 0.8}, stairs)
	}
	for _, e := range all {
		ring := draw.LineStyle{Color: figure.Ink, Width: 0.7}
		if e.place == frontier.NotApart {
			ring.Dashes = []vg.Length{1.5, 1.5}
		}
		c.SetLineStyle(ring)
		var path vg.Path
		path.Move(vg.Point{X: x(e.X) + 6, Y: y(e.Y)})
		path.Arc(vg.Point{X: x(e.X), Y: y(e.Y)}, 6, 0, 2*math.Pi)
		c.Stroke(path)
	}
}
