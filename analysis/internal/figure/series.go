package figure

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results/units"
)

// Sample is one point of a series, in the units of the axes. Low and High bound
// its interval along y; both equal Y where there is no interval.
type Sample struct {
	X, Y, Low, High float64
}

// ShareSample is a share in percent at x. It has no interval where the share has none.
func ShareSample(x float64, s stats.Share) Sample {
	low, high := s.Drawn()
	return Sample{X: x, Y: s.Value * 100, Low: low * 100, High: high * 100}
}

// hasInterval reports whether the sample has an interval.
func (s Sample) hasInterval() bool { return s.Low < s.High }

// Differ reports whether the samples measurably differ: whether each has an interval
// and two of the intervals do not overlap. Only then a line between them shows more
// than the noise of independent measurements.
func Differ(samples []Sample) bool {
	low, high := math.Inf(-1), math.Inf(1)
	for _, s := range samples {
		if !s.hasInterval() {
			return false
		}
		low, high = max(low, s.Low), min(high, s.High)
	}
	return low > high
}

// Series draws one strategy: a glyph and an interval bar at each sample. A sample
// without an interval has no bar.
type Series struct {
	Look
	Samples []Sample
	// Shift moves the whole series along x, in units of the axis, so that
	// series with the same values stay apart.
	Shift float64
	// Marks draws a glyph only at every Marks-th sample, starting at sample First.
	// 0 draws one at each sample.
	Marks, First int
	// Line draws a line through the samples.
	Line bool
}

// Plot implements plot.Plotter.
func (s Series) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	points := make([]vg.Point, len(s.Samples))
	for i, v := range s.Samples {
		points[i] = vg.Point{X: x(v.X + s.Shift), Y: y(v.Y)}
	}
	if s.Line && len(points) > 1 {
		c.StrokeLines(s.line(), c.ClipLinesXY(points)...)
	}
	bar := draw.LineStyle{Color: s.Color, Width: 0.9}
	const cap = 1.6
	for i, v := range s.Samples {
		at := points[i].X
		if v.hasInterval() {
			low, high := y(v.Low), y(v.High)
			c.StrokeLine2(bar, at, low, at, high)
			c.StrokeLine2(bar, at-cap, low, at+cap, low)
			c.StrokeLine2(bar, at-cap, high, at+cap, high)
		}
		if s.Marks == 0 || i%s.Marks == s.First {
			c.DrawGlyphNoClip(s.mark(), points[i])
		}
	}
}

// Scatter draws series of one sample each. Glyphs that would overlap are drawn
// side by side, centred on their mean x.
type Scatter []Series

// Plot implements plot.Plotter.
func (all Scatter) Plot(c draw.Canvas, p *plot.Plot) {
	const apart = 6 // points of the page
	x, y := p.Transforms(&c)
	place := func(s Series) vg.Point { return vg.Point{X: x(s.Samples[0].X), Y: y(s.Samples[0].Y)} }
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b Series) int {
		return cmp.Compare(a.Samples[0].X, b.Samples[0].X)
	})
	for len(sorted) > 0 {
		// A cluster is the first glyph left and all that overlap one of the cluster.
		cluster := sorted[:1:1]
		var rest Scatter
		for _, s := range sorted[1:] {
			if slices.ContainsFunc(cluster, func(o Series) bool {
				a, b := place(o), place(s)
				return math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)) < apart
			}) {
				cluster = append(cluster, s)
			} else {
				rest = append(rest, s)
			}
		}
		var middle vg.Length
		for _, s := range cluster {
			middle += place(s).X / vg.Length(len(cluster))
		}
		for i, s := range cluster {
			moved := c
			if len(cluster) > 1 {
				by := middle + apart*(vg.Length(i)-vg.Length(len(cluster)-1)/2) - place(s).X
				moved.Min.X, moved.Max.X = c.Min.X+by, c.Max.X+by
			}
			s.Plot(moved, p)
		}
		sorted = rest
	}
}

// dodgeRoom is the part of a category's width that its series take side by side.
const dodgeRoom = 0.68

// Dodge is the shift along x of series i of n within a category of width 1, so
// that the series stand side by side, centred on 0.
func Dodge(i, n int) float64 {
	if n < 2 {
		return 0
	}
	return dodgeRoom * (float64(i)/float64(n-1) - 0.5)
}

// Bar is one horizontal bar of stacked parts.
type Bar struct {
	At    float64 // its middle, on the y axis
	Parts []Segment
	// Interval is drawn as a bracket across the bar; a share without one draws none.
	Interval stats.Share
	Label    string // to the right of the bar
}

// Segment is one piece of a bar, as a share of the whole.
type Segment struct {
	Share float64 // 0 to 1
	Color color.Color
}

// Bars draws horizontal stacked bars along an x axis in percent.
type Bars []Bar

// Plot implements plot.Plotter.
func (b Bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := TextStyle(7, Faint)
	style.YAlign = Midline
	for _, bar := range b {
		bottom, top := y(bar.At-0.36), y(bar.At+0.36)
		from := 0.0
		for _, part := range bar.Parts {
			to := from + part.Share*100
			c.FillPolygon(part.Color, []vg.Point{{X: x(from), Y: bottom}, {X: x(to), Y: bottom}, {X: x(to), Y: top}, {X: x(from), Y: top}})
			from = to
		}
		if bar.Interval.HasInterval() {
			middle := (bottom + top) / 2
			low, high := x(bar.Interval.Low*100), x(bar.Interval.High*100)
			// A black line on a wider white one is visible on any colour.
			for _, line := range []draw.LineStyle{{Color: color.White, Width: 2.4}, {Color: Ink, Width: 0.9}} {
				c.StrokeLine2(line, low, middle, high, middle)
				c.StrokeLine2(line, low, middle-2, low, middle+2)
				c.StrokeLine2(line, high, middle-2, high, middle+2)
			}
		}
		at := x(101.5)
		if len(bar.Parts) == 0 {
			at = x(1.5)
		}
		c.FillText(style, vg.Point{X: at, Y: (bottom + top) / 2}, bar.Label)
	}
}

// Note is a sentence in the middle of a panel that shows no data.
type Note string

// Plot implements plot.Plotter.
func (n Note) Plot(c draw.Canvas, _ *plot.Plot) {
	style := TextStyle(9, Faint)
	style.XAlign, style.YAlign = text.XCenter, text.YCenter
	lines := wrap(string(n), style, c.Max.X-c.Min.X-8)
	for i, line := range lines {
		at := c.Center()
		half := style.Width(line)/2 + 3
		at.Y += style.Height("X") * 1.4 * vg.Length(float64(len(lines)-1)/2-float64(i))
		c.FillPolygon(color.White, []vg.Point{{X: at.X - half, Y: at.Y - 6.5}, {X: at.X + half, Y: at.Y - 6.5}, {X: at.X + half, Y: at.Y + 6.5}, {X: at.X - half, Y: at.Y + 6.5}})
		c.FillText(style, at, line)
	}
}

// LogTicks marks an axis of base-10 logarithms at 1, 2 and 5 times each power of
// ten, and at more values where the axis spans less than one power. Over more than
// 2.2 powers only the powers themselves have labels.
type LogTicks struct{}

// Ticks implements plot.Ticker.
func (LogTicks) Ticks(low, high float64) []plot.Tick {
	steps := []float64{1, 2, 5}
	if high-low < 1 {
		steps = []float64{1, 1.5, 2, 3, 4, 6, 8}
	}
	if high-low < 0.2 {
		steps = []float64{1, 1.1, 1.2, 1.35, 1.5, 1.75, 2, 2.25, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9}
	}
	var ticks []plot.Tick
	for e := math.Floor(low); e <= math.Ceil(high); e++ {
		for _, m := range steps {
			v := e + math.Log10(m)
			if v < low-1e-9 || v > high+1e-9 {
				continue
			}
			label := ""
			if m == 1 || high-low <= 2.2 {
				label = units.Number(m * math.Pow(10, e))
			}
			ticks = append(ticks, plot.Tick{Value: v, Label: label})
		}
	}
	return ticks
}

// NamedTicks labels 0, 1, 2 and so on with names.
func NamedTicks(names []string) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, len(names))
	for i, name := range names {
		ticks[i] = plot.Tick{Value: float64(i), Label: name}
	}
	return ticks
}
