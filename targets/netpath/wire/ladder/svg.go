package ladder

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"html"
	"io"
	"math"
	"strings"
	"unicode"

	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

const (
	between   = 500.0
	topMargin = 84.0
	timeWidth = 62.0
)

// Attributes of faint text and of lines. The drawing has no style sheet, because
// that would also apply to the page that embeds it.
const (
	faint  = `fill-opacity=".6" font-size="11"`
	stroke = `fill="none" stroke-width="1.5"`
)

// The colours besides the text colour of the page. Both are legible on white and
// on black.
const (
	resetColour  = "#e5484d"
	answerColour = "#3e7bfa"
)

// SVG writes the drawing as one self-contained SVG. Text and lines have the text
// colour of the page, so the drawing fits light and dark pages.
func (d Drawing) SVG(w io.Writer) error {
	c := canvas{drawing: d, layout: d.layout(topMargin)}
	for _, e := range d.events {
		c.margin = max(c.margin, textWidth(e.Label))
	}
	c.margin += timeWidth + 28
	c.width, c.height = between+2*c.margin, c.bottom+64
	c.draw()
	_, err := w.Write(c.out.Bytes())
	if err != nil {
		return fmt.Errorf("write the drawing: %w", err)
	}
	return nil
}

// canvas holds the SVG of a drawing while it is written.
type canvas struct {
	drawing Drawing
	layout
	width, height, margin float64
	lines, texts, holes   bytes.Buffer // arrows, labels, and the gaps in the arrows for the labels
	out                   bytes.Buffer
}

// x returns the horizontal position of an end's line.
func (c *canvas) x(end wire.Direction) float64 {
	if end == wire.FromClient {
		return c.margin
	}
	return c.width - c.margin
}

// outward returns the direction away from the middle at an end: -1 on the left.
func outward(end wire.Direction) float64 {
	if end == wire.FromClient {
		return -1
	}
	return 1
}

func (c *canvas) draw() {
	for _, a := range c.drawing.arrows {
		c.arrow(a)
	}
	for _, m := range c.moments {
		c.text(c.x(m.end)+outward(m.end)*(c.margin-8), c.y[m]+4, faint, 1, m.end, fmt.Sprintf("%.2f", float64(m.at-c.moments[0].at)/1e6))
	}
	for _, e := range c.drawing.events {
		y := c.y[moment{e.At, e.End, happens}]
		colour := ""
		if e.mark {
			colour = fmt.Sprintf(`fill="%s" font-weight="600"`, answerColour)
			fmt.Fprintf(&c.texts, `<rect fill="%s" x="%.1f" y="%.1f" width="8" height="8"/>`+"\n", answerColour, c.x(e.End)-4, y-4)
		} else {
			fmt.Fprintf(&c.texts, `<circle cx="%.1f" cy="%.1f" r="3.5"/>`+"\n", c.x(e.End), y)
		}
		c.text(c.x(e.End)+outward(e.End)*12, y+4, colour, -1, e.End, e.Label)
	}
	fmt.Fprintf(&c.out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12" color="currentColor" fill="currentColor">
<title>%s</title>
`, c.width, c.height, c.width, c.height, html.EscapeString(c.drawing.Title))
	fmt.Fprintf(&c.out, `<text x="%.1f" y="24" text-anchor="middle" font-size="15" font-weight="600">%s</text>`+"\n", c.width/2, html.EscapeString(c.drawing.Title))
	for _, end := range []wire.Direction{wire.FromClient, wire.FromServer} {
		c.lifeline(end)
	}
	if u := c.drawing.unread; u != (span{}) {
		from, to := c.y[moment{u.from, wire.FromClient, happens}], c.y[moment{u.to, wire.FromClient, happens}]
		fmt.Fprintf(&c.out, `<path fill="none" stroke="%s" stroke-opacity=".45" stroke-width="7" d="M%.1f %.1fV%.1f"/>`+"\n", answerColour, c.x(wire.FromClient), from, to)
	}
	mask := c.maskID()
	fmt.Fprintf(&c.out, `<mask id="%s" maskUnits="userSpaceOnUse" x="0" y="0" width="%.0f" height="%.0f"><rect width="%.0f" height="%.0f" fill="#fff"/>`+"\n", mask, c.width, c.height, c.width, c.height)
	c.out.Write(c.holes.Bytes())
	fmt.Fprintf(&c.out, "</mask>\n<g mask=\"url(#%s)\">\n", mask)
	c.out.Write(c.lines.Bytes())
	c.out.WriteString("</g>\n")
	c.out.Write(c.texts.Bytes())
	fmt.Fprintf(&c.out, `<text %s x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", faint, c.width/2, c.height-14, c.drawing.note())
	c.out.WriteString("</svg>\n")
}

// textWidth estimates the width of a text; common fonts differ little.
func textWidth(s string) (w float64) {
	for _, r := range s {
		switch {
		case unicode.IsUpper(r):
			w += 8.2
		case unicode.IsLower(r), unicode.IsDigit(r):
			w += 6.4
		default:
			w += 4
		}
	}
	return w
}

// maskID names the drawing's mask by its contents: several drawings may stand in
// one page, and the names must differ. Call it once all text and lines are there.
func (c *canvas) maskID() string {
	h := fnv.New64a()
	for _, b := range [][]byte{[]byte(c.drawing.Title), c.lines.Bytes(), c.texts.Bytes()} {
		h.Write(b)
	}
	return fmt.Sprintf("gaps-%x", h.Sum64())
}

// note says that time is not to scale, and what the drawing omits.
func (d Drawing) note() string {
	var parts []string
	for _, p := range []struct {
		n    int
		name string
	}{{d.acks, "bare acknowledgment"}, {d.omitted, "packet"}} {
		switch p.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+p.name)
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", p.n, p.name))
		}
	}
	note := "time runs down and is not to scale"
	if len(parts) > 0 {
		note += "; not drawn: " + strings.Join(parts, " and ")
	}
	return note
}

// lifeline draws the line of an end, dashed where a wait is shortened.
func (c *canvas) lifeline(end wire.Direction) {
	x, name := c.x(end), [...]string{"client", "server"}[end]
	fmt.Fprintf(&c.out, `<text x="%.1f" y="54" text-anchor="middle" font-weight="600">%s</text>`+"\n", x, name)
	c.text(x+outward(end)*(c.margin-8), 54, faint, 1, end, "ms")
	y := 62.0
	segment := func(to float64, dashes string) {
		fmt.Fprintf(&c.out, `<path %s stroke="currentColor"%s d="M%.1f %.1fV%.1f"/>`+"\n", stroke, dashes, x, y, to)
		y = to
	}
	for _, w := range c.waits {
		segment(w.from+6, "")
		segment(w.to-6, ` stroke-dasharray="2 5"`)
	}
	segment(c.bottom+18, "")
}

// text writes a line of text beside an end. It extends outward if grow is -1, and
// inward if grow is 1.
func (c *canvas) text(x, y float64, attributes string, grow int, end wire.Direction, s string) {
	anchor := "start"
	if (end == wire.FromClient) == (grow < 0) {
		anchor = "end"
	}
	fmt.Fprintf(&c.texts, `<text %s x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", attributes, x, y, anchor, html.EscapeString(s))
}

func (c *canvas) arrow(a arrow) {
	from, to := c.x(a.from), c.x(1-a.from)
	y := c.y[moment{a.left, a.from, leaves}]
	inward := -outward(a.from)
	colour := "currentColor"
	switch {
	case a.flags.Has(wire.RST):
		colour = resetColour
	case a.from == wire.FromServer && a.bytes > 0:
		colour = answerColour
	}
	c.label(from+inward*10, y-5, colour, a)
	if a.dropped != wire.Forwarded {
		x := from + (to-from)*0.6
		end := y + flight*0.6
		c.line(from, y, x, end, colour)
		fmt.Fprintf(&c.lines, `<path fill="none" stroke="%s" stroke-width="2.5" d="M%.1f %.1fl12 12m0 -12l-12 12"/>`+"\n", resetColour, x-6, end-6)
		return
	}
	end := c.y[moment{a.arrived, 1 - a.from, arrives}]
	if a.packets > 1 {
		last, lastEnd := c.y[moment{a.lastLeft, a.from, leaves}], c.y[moment{a.lastArrived, 1 - a.from, arrives}]
		fmt.Fprintf(&c.lines, `<path fill-opacity=".16" fill="%s" d="M%.1f %.1fL%.1f %.1fV%.1fL%.1f %.1fZ"/>`+"\n", colour, from, y, to, end, lastEnd, from, last)
		c.line(from, last, to, lastEnd, colour)
		c.head(from, last, to, lastEnd, colour)
	}
	c.line(from, y, to, end, colour)
	c.head(from, y, to, end, colour)
}

// label writes the label above the start of an arrow, where no other arrow starts.
// Arrows that cross it get a gap.
func (c *canvas) label(x, y float64, colour string, a arrow) {
	s := a.label()
	c.text(x, y, fmt.Sprintf(`fill="%s"`, colour), 1, a.from, s)
	width := textWidth(s) + 4
	left := x - 2
	if a.from == wire.FromServer {
		left = x + 2 - width
	}
	fmt.Fprintf(&c.holes, `<rect x="%.1f" y="%.1f" width="%.1f" height="15" fill="#000"/>`+"\n", left, y-11, width)
}

func (c *canvas) line(x1, y1, x2, y2 float64, colour string) {
	fmt.Fprintf(&c.lines, `<path %s stroke="%s" d="M%.1f %.1fL%.1f %.1f"/>`+"\n", stroke, colour, x1, y1, x2, y2)
}

// head draws the arrowhead at the end of a line.
func (c *canvas) head(x1, y1, x2, y2 float64, colour string) {
	angle := math.Atan2(y2-y1, x2-x1) * 180 / math.Pi
	fmt.Fprintf(&c.lines, `<path fill="%s" d="M0 0L-9 -4V4Z" transform="translate(%.1f %.1f) rotate(%.1f)"/>`+"\n", colour, x2, y2, angle)
}
