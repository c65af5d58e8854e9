package league

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// scaleShares are the shares whose shades a scale shows.
func scaleShares() []float64 { return []float64{1, 0.75, 0.5, 0.25, 0} }

// heat is the content of a panel: a row for each server, the first at the top, and a
// column for each client.
type heat [][]*analysis.Summary

// The size of a field and of its text, in points.
const (
	heatWidth  = 15
	heatHeight = 10.5
	heatType   = 6
)

// Plot implements plot.Plotter.
func (h heat) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := figure.TextStyle(heatType, figure.Ink)
	style.XAlign, style.YAlign = text.XCenter, figure.Midline
	for i, row := range h {
		for j, s := range row {
			left, right := x(float64(j)-0.5), x(float64(j)+0.5)
			bottom, top := y(float64(len(h)-1-i)-0.5), y(float64(len(h)-1-i)+0.5)
			middle := vg.Point{X: (left + right) / 2, Y: (bottom + top) / 2}
			box := vg.Rectangle{Min: vg.Point{X: left, Y: bottom}, Max: vg.Point{X: right, Y: top}}
			switch {
			case s == nil:
			case !s.HasShare():
				hatch(&c, box)
			default:
				field, on := figure.HeatColor(s.Delivered.Value)
				paint(&c, field, box)
				style.Color = on
				c.FillText(style, middle, figure.HeatNumber(s.Delivered))
			}
			outline(&c, box)
		}
	}
}

func corners(r vg.Rectangle) []vg.Point {
	return []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}}
}

func paint(c *draw.Canvas, of color.Color, r vg.Rectangle) { c.FillPolygon(of, corners(r)) }

func outline(c *draw.Canvas, r vg.Rectangle) {
	at := corners(r)
	c.StrokeLines(draw.LineStyle{Color: figure.Rule, Width: 0.4}, append(at, at[0]))
}

// hatch fills a box with diagonal lines, which mark a field without a share.
func hatch(c *draw.Canvas, r vg.Rectangle) {
	paint(c, figure.Shade, r)
	const gap = 3.5
	height := r.Max.Y - r.Min.Y
	for x := r.Min.X - height + gap/2; x < r.Max.X; x += gap {
		from, to := vg.Point{X: x, Y: r.Min.Y}, vg.Point{X: x + height, Y: r.Max.Y}
		if cut := r.Min.X - from.X; cut > 0 {
			from.X, from.Y = from.X+cut, from.Y+cut
		}
		if cut := to.X - r.Max.X; cut > 0 {
			to.X, to.Y = to.X-cut, to.Y-cut
		}
		c.StrokeLine2(draw.LineStyle{Color: figure.Faint, Width: 0.5}, from.X, from.Y, to.X, to.Y)
	}
}

// hatchGlyph and emptyGlyph are the legend's glyphs of fields without a share.
type (
	hatchGlyph struct{}
	emptyGlyph struct{}
)

func glyphBox(at vg.Point) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: at.X - 7, Y: at.Y - 4}, Max: vg.Point{X: at.X + 7, Y: at.Y + 4}}
}

// DrawGlyph implements draw.GlyphDrawer.
func (hatchGlyph) DrawGlyph(c *draw.Canvas, _ draw.GlyphStyle, at vg.Point) {
	hatch(c, glyphBox(at))
	outline(c, glyphBox(at))
}

// DrawGlyph implements draw.GlyphDrawer.
func (emptyGlyph) DrawGlyph(c *draw.Canvas, _ draw.GlyphStyle, at vg.Point) { outline(c, glyphBox(at)) }

// Figure shows every field of a league: a panel for each condition, those of one body
// size side by side.
func Figure(l *League) *figure.Figure {
	columns, rows, drawn := l.panelGrid()
	panels := make([][]*plot.Plot, len(rows))
	for i, row := range rows {
		for j := range columns {
			var condition *results.Point
			if j < len(row) {
				condition = &row[j]
			}
			p := l.panel(condition)
			if j > 0 { // the first panel of a row has the servers' names
				p.Y.Tick.Marker = plot.ConstantTicks{}
			}
			panels[i] = append(panels[i], p)
		}
	}
	f := &figure.Figure{
		Name:        "league",
		Title:       "Share of 503 answers that reached the client, by server and client (%)",
		Subtitle:    l.conditionsText(),
		Caption:     "A row is a server; the server with the largest share is at the top. A column is a client. A panel is a round trip and a body. A darker field lost more answers; 100 means that all arrived. The tables of the league give each field's interval and n, and the reasons of fields without a share.",
		Panels:      panels,
		Legend:      l.heatLegend(),
		Notes:       []string{"Versions: " + strings.Join(l.versions(), ", ") + "."},
		PanelWidth:  heatWidth*vg.Length(len(l.clients)) + 14 + widest(l.servers)/vg.Length(columns),
		PanelHeight: heatHeight*vg.Length(len(l.servers)) + widest(l.clients) + 28,
	}
	if drawn < len(l.conditions) {
		f.Notes = append(f.Notes, fmt.Sprintf("Drawn are %d of %d conditions.", drawn, len(l.conditions)))
	}
	return f
}

// tickType is the size of the names of servers and clients, in points.
const tickType = 7

// widest is the width of the widest of some names along an axis.
func widest(names []string) vg.Length {
	var width vg.Length
	style := figure.TextStyle(tickType, figure.Ink)
	for _, name := range names {
		width = max(width, style.Width(name))
	}
	return width
}

// panel is the heat map of a condition. With nil it has only the outlines of fields.
func (l *League) panel(condition *results.Point) *plot.Plot {
	p := figure.NewPanel("not measured", "", "")
	names := slices.Clone(l.servers)
	slices.Reverse(names) // the y axis goes up: the first server is on top
	p.X.Tick.Marker, p.Y.Tick.Marker = figure.NamedTicks(l.clients), figure.NamedTicks(names)
	p.X.Min, p.X.Max = -0.5, float64(len(l.clients))-0.5
	p.Y.Min, p.Y.Max = -0.5, float64(len(l.servers))-0.5
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = tickType, tickType
	p.X.Tick.Label.Rotation = math.Pi / 2
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = text.XRight, text.YCenter
	p.Y.Tick.LineStyle.Width = 0
	p.X.Tick.LineStyle.Color = color.White // unseen ticks keep the names away from the fields
	p.X.LineStyle.Width, p.Y.LineStyle.Width = 0, 0
	p.X.Padding, p.Y.Padding = 1, 1
	fields := make(heat, len(l.servers))
	for i := range fields {
		fields[i] = make([]*analysis.Summary, len(l.clients))
	}
	if condition != nil {
		p.Title.Text = conditionText(*condition)
		for i, server := range l.servers {
			for j, client := range l.clients {
				fields[i][j] = l.field(server, client, *condition)
			}
		}
	}
	p.Add(fields)
	return p
}

// heatLegend explains the shades, and the fields without a share where there are any.
func (l *League) heatLegend() []figure.LegendEntry {
	var legend []figure.LegendEntry
	for _, share := range scaleShares() {
		shade, _ := figure.HeatColor(share)
		legend = append(legend, figure.LegendEntry{Name: units.Number(share*100) + "%", Look: figure.Look{Color: shade}})
	}
	if l.missing(func(s *analysis.Summary) bool { return s != nil && !s.HasShare() }) {
		legend = append(legend, figure.LegendEntry{Name: "no valid cell", Look: figure.Look{Glyph: hatchGlyph{}}, GlyphsOnly: true})
	}
	if l.missing(func(s *analysis.Summary) bool { return s == nil }) {
		legend = append(legend, figure.LegendEntry{Name: "not measured", Look: figure.Look{Glyph: emptyGlyph{}}, GlyphsOnly: true})
	}
	return legend
}

// The largest size of a figure.
const (
	heatAcross = 440 // width of the fields of panels side by side, in points
	heatRows   = 6   // rows of panels
)

// panelGrid arranges the conditions in rows of panels, those of one body size side by
// side. It returns as many as fit into the figure, and their number.
func (l *League) panelGrid() (columns int, rows [][]results.Point, drawn int) {
	across := max(heatAcross/(heatWidth*len(l.clients)), 1)
	for i, p := range l.conditions {
		last := len(rows) - 1
		if i > 0 && p.BodyBytes == l.conditions[i-1].BodyBytes && len(rows[last]) < across {
			rows[last] = append(rows[last], p)
		} else if len(rows) < heatRows {
			rows = append(rows, []results.Point{p})
		} else {
			break
		}
		columns, drawn = max(columns, len(rows[len(rows)-1])), drawn+1
	}
	return columns, rows, drawn
}

// missing reports whether some field satisfies a condition. A field that was not
// measured is nil.
func (l *League) missing(meets func(*analysis.Summary) bool) bool {
	for _, s := range l.servers {
		for _, c := range l.clients {
			for _, p := range l.conditions {
				if meets(l.field(s, c, p)) {
					return true
				}
			}
		}
	}
	return false
}
