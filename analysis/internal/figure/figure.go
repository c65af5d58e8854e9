package figure

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"regexp"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is a grid of panels with a title above and a legend below, so that no
// text covers data.
type Figure struct {
	Name     string // stem of the file names
	Title    string // what is measured
	Subtitle string // under which conditions
	Caption  string // how to read it, for the report
	Panels   [][]*plot.Plot
	Legend   []LegendEntry
	Notes    []string // below the legend: what is not drawn, and why
	// PanelWidth and PanelHeight are the size of one panel with its axes, in points.
	PanelWidth, PanelHeight vg.Length
}

// LegendEntry explains a line with its glyph, or a filled box where Look.Glyph is nil.
type LegendEntry struct {
	Name string
	Look
	GlyphsOnly bool // without the line
}

const (
	margin     = 12 // around the figure, in points
	minWidth   = 7 * vg.Inch
	pngDPI     = 144
	legendMark = 26 // width of an entry's mark, in points
	legendGap  = 14

	// Midline is the vertical alignment that centres text on its small letters
	// instead of on the line.
	Midline = -0.4
)

// TextStyle is the house's regular type at a size in points.
func TextStyle(points float64, c color.Color) text.Style {
	return text.Style{
		Color:   c,
		Font:    font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, font.Length(points)),
		Handler: plot.DefaultTextHandler,
	}
}

// BoldStyle is the house's bold type in Ink, at a size in points.
func BoldStyle(points float64) text.Style {
	s := TextStyle(points, Ink)
	s.Font.Weight = 3 // golang.org/x/image/font.WeightBold
	return s
}

// NewPanel returns an empty plot in the house's type and colours. It takes the
// title of the panel and of its axes.
func NewPanel(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.Title.TextStyle = title, BoldStyle(9)
	p.Title.TextStyle.XAlign = text.XCenter
	p.Title.TextStyle.YAlign = text.YTop
	p.Title.Padding = 4
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		xAlign, yAlign := a.Tick.Label.XAlign, a.Tick.Label.YAlign
		a.Tick.Label = TextStyle(8, Ink)
		a.Tick.Label.XAlign, a.Tick.Label.YAlign = xAlign, yAlign
		rotation, labelX, labelY := a.Label.TextStyle.Rotation, a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign
		a.Label.TextStyle = TextStyle(8.5, Ink)
		a.Label.TextStyle.Rotation, a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign = rotation, labelX, labelY
		a.LineStyle = draw.LineStyle{Color: Faint, Width: 0.6}
		a.Tick.LineStyle = a.LineStyle
		a.Tick.Length = 3
		a.Padding = 3
	}
	return p
}

// Gridlines draws faint lines at the labelled ticks of the axes.
type Gridlines struct{ Horizontal, Vertical bool }

// Plot implements plot.Plotter.
func (r Gridlines) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	line := draw.LineStyle{Color: Rule, Width: 0.6}
	if r.Horizontal {
		for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
			if t.Label != "" && t.Value >= p.Y.Min && t.Value <= p.Y.Max {
				c.StrokeLine2(line, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
			}
		}
	}
	if r.Vertical {
		for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
			if t.Label != "" && t.Value >= p.X.Min && t.Value <= p.X.Max {
				c.StrokeLine2(line, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
			}
		}
	}
}

// Bands shades every second of n categories along x, so that readers see which
// series belong to the same category.
type Bands int

// Plot implements plot.Plotter.
func (n Bands) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for i := 1; i < int(n); i += 2 {
		left, right := x(float64(i)-0.5), x(float64(i)+0.5)
		c.FillPolygon(Shade, []vg.Point{{X: left, Y: c.Min.Y}, {X: right, Y: c.Min.Y}, {X: right, Y: c.Max.Y}, {X: left, Y: c.Max.Y}})
	}
}

// wrap breaks a text into lines of at most a width, at spaces and line ends but
// not at no-break spaces.
func wrap(s string, style text.Style, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' }) {
		longer := strings.TrimPrefix(line+" "+word, " ")
		if line != "" && style.Width(longer) > width {
			lines = append(lines, line)
			longer = word
		}
		line = longer
	}
	return append(lines, line)
}

// block is a text broken into lines.
type block struct {
	lines   []string
	style   text.Style
	leading vg.Length
}

func newBlock(s string, style text.Style, width vg.Length) block {
	if s == "" {
		return block{style: style}
	}
	return block{wrap(s, style, width), style, style.Font.Size * 1.35}
}

func (b block) height() vg.Length { return b.leading * vg.Length(len(b.lines)) }

// draw writes the block at the top of the canvas and returns the canvas below it.
func (b block) draw(c draw.Canvas) draw.Canvas {
	b.style.YAlign = text.YTop
	for i, line := range b.lines {
		c.FillText(b.style, vg.Point{X: c.Min.X, Y: c.Max.Y - b.leading*vg.Length(i)}, line)
	}
	return draw.Crop(c, 0, 0, 0, -b.height())
}

// layout is a figure with the sizes of all its parts.
type layout struct {
	*Figure
	width, height    vg.Length
	title, sub       block
	notes            []block
	columns, rows    int // of the legend
	column           vg.Length
	legendHeight     vg.Length
	panelsW, panelsH vg.Length
}

func (f *Figure) layOut() layout {
	l := layout{Figure: f}
	cols := len(f.Panels[0])
	l.panelsW = max(f.PanelWidth*vg.Length(cols), minWidth-2*margin)
	l.panelsH = f.PanelHeight * vg.Length(len(f.Panels))
	for _, row := range f.Panels {
		for _, p := range row { // a title must not overlap that of the next panel
			lines := wrap(p.Title.Text, p.Title.TextStyle, l.panelsW/vg.Length(cols)-14)
			p.Title.Text = strings.Join(lines, "\n")
		}
	}
	l.width = l.panelsW + 2*margin
	l.title = newBlock(f.Title, BoldStyle(13), l.panelsW)
	l.sub = newBlock(f.Subtitle, TextStyle(9.5, Faint), l.panelsW)
	var notesHeight vg.Length
	for _, n := range f.Notes {
		b := newBlock(n, TextStyle(8, Faint), l.panelsW)
		l.notes = append(l.notes, b)
		notesHeight += b.height()
	}
	style := TextStyle(9, Ink)
	for _, e := range f.Legend {
		l.column = max(l.column, legendMark+style.Width(e.Name)+legendGap)
	}
	if len(f.Legend) > 0 {
		l.columns = max(int(l.panelsW/l.column), 1)
		l.rows = (len(f.Legend) + l.columns - 1) / l.columns
		l.legendHeight = vg.Length(l.rows)*14 + 6
	}
	l.height = 2*margin + l.title.height() + l.sub.height() + 8 + l.panelsH + 6 + l.legendHeight + notesHeight
	return l
}

func (l layout) draw(c draw.Canvas) {
	c.FillPolygon(color.White, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	c = draw.Crop(c, margin, -margin, margin, -margin)
	c = l.title.draw(c)
	c = l.sub.draw(c)
	c = draw.Crop(c, 0, 0, 0, -8)

	panels := c
	panels.Min.Y = c.Max.Y - l.panelsH
	tiles := draw.Tiles{Rows: len(l.Panels), Cols: len(l.Panels[0]), PadX: 12, PadY: 10, PadRight: 4}
	for i, row := range plot.Align(l.Panels, tiles, panels) {
		for j, at := range row {
			l.Panels[i][j].Draw(at)
		}
	}
	c.Max.Y = panels.Min.Y - 6
	l.drawLegend(c)
	c.Max.Y -= l.legendHeight
	for _, n := range l.notes {
		c = n.draw(c)
	}
}

func (l layout) drawLegend(c draw.Canvas) {
	style := TextStyle(9, Ink)
	style.YAlign = Midline
	for i, e := range l.Legend {
		// Entries run down the columns.
		x := c.Min.X + l.column*vg.Length(i/l.rows)
		y := c.Max.Y - 14*vg.Length(i%l.rows) - 8
		if e.Glyph == nil {
			c.FillPolygon(e.Color, []vg.Point{{X: x + 6, Y: y - 4}, {X: x + 20, Y: y - 4}, {X: x + 20, Y: y + 4}, {X: x + 6, Y: y + 4}})
		} else {
			if !e.GlyphsOnly {
				c.StrokeLine2(e.line(), x, y, x+legendMark-4, y)
			}
			c.DrawGlyphNoClip(e.mark(), vg.Point{X: x + (legendMark-4)/2, Y: y})
		}
		c.FillText(style, vg.Point{X: x + legendMark, Y: y}, e.Name)
	}
}

// SVG renders the figure as SVG.
func (f *Figure) SVG() ([]byte, error) {
	l := f.layOut()
	canvas := vgsvg.New(l.width, l.height)
	l.draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("render %s: %w", f.Name, err)
	}
	return tidySVG(b.Bytes(), f.Title), nil
}

var (
	svgFont   = regexp.MustCompile(`font-family:Liberation Sans;font-variant:[a-z]+;font-weight:(\w+);font-style:normal`)
	svgSpaces = regexp.MustCompile(`\n\t`)
)

// tidySVG adds fonts of the same metrics for viewers without Liberation Sans, and
// a title for screen readers.
func tidySVG(b []byte, title string) []byte {
	b = svgFont.ReplaceAll(b, []byte(`font-family:Liberation Sans,Arial,Helvetica,sans-serif;font-weight:$1`))
	b = svgSpaces.ReplaceAll(b, []byte(" "))
	head, rest, found := bytes.Cut(b, []byte(`xmlns:xlink="http://www.w3.org/1999/xlink">`))
	if !found {
		return b
	}
	open := fmt.Appendf(slices.Clone(head), `xmlns:xlink="http://www.w3.org/1999/xlink" role="img"><title>%s</title>`, html.EscapeString(title))
	return append(open, rest...)
}

// PNG renders the figure as PNG.
func (f *Figure) PNG() ([]byte, error) {
	l := f.layOut()
	canvas := vgimg.NewWith(vgimg.UseWH(l.width, l.height), vgimg.UseDPI(pngDPI))
	l.draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(&b); err != nil {
		return nil, fmt.Errorf("render %s: %w", f.Name, err)
	}
	return b.Bytes(), nil
}
