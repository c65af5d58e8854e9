package figure

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Label is the name of a sample beside one of its points; without text it only
// keeps other labels off the point.
type Label struct {
	Sample
	Text string
	Bold bool
}

// Labels writes names beside points without overlap: to the right, to the left, below
// or above the interval, or further below, whichever is free first.
type Labels []Label

// area is a rectangle of the page.
type area struct{ left, right, bottom, top vg.Length }

func (a area) meets(b area) bool {
	return a.left < b.right && b.left < a.right && a.bottom < b.top && b.bottom < a.top
}

// Plot implements plot.Plotter.
func (all Labels) Plot(c draw.Canvas, p *plot.Plot) {
	const glyph, row = 5, 11
	x, y := p.Transforms(&c)
	var taken []area
	for _, l := range all {
		at, room := x(l.X), vg.Length(glyph)
		if l.Bold {
			room += 3
		}
		taken = append(taken, area{at - room, at + room, min(y(l.Low), y(l.Y)-room), max(y(l.High), y(l.Y)+room)})
	}
	type name struct {
		text.Style
		at   vg.Point
		area area
		text string
	}
	var names []name // drawn last, above the lines that lead to them
	for i, l := range all {
		if l.Text == "" {
			continue
		}
		style := TextStyle(7.5, Ink)
		if l.Bold {
			style = BoldStyle(7.5)
		}
		style.XAlign, style.YAlign = text.XCenter, Midline
		at, own, half := vg.Point{X: x(l.X), Y: y(l.Y)}, taken[i], style.Width(l.Text)/2+1
		// A name below or above stays within the panel.
		middle := min(max(at.X, c.Min.X+half), c.Max.X-half)
		places := []vg.Point{
			{X: own.right + half, Y: at.Y}, {X: own.left - half, Y: at.Y},
			{X: middle, Y: own.bottom - row/2}, {X: middle, Y: own.top + row/2},
		}
		for n := range 20 {
			places = append(places, vg.Point{X: middle, Y: own.bottom - row*vg.Length(n+1) - row/2})
		}
		for n, place := range places {
			a := area{place.X - half, place.X + half, place.Y - row/2, place.Y + row/2}
			if a.left < c.Min.X || a.right > c.Max.X || a.bottom < c.Min.Y || a.top > c.Max.Y+row || slices.ContainsFunc(taken, a.meets) {
				continue
			}
			taken = append(taken, a)
			if n > 3 {
				c.StrokeLine2(draw.LineStyle{Color: Faint, Width: 0.5}, at.X, own.bottom-1, at.X, a.top)
			}
			names = append(names, name{style, place, a, l.Text})
			break
		}
	}
	for _, n := range names {
		a := n.area
		c.FillPolygon(color.White, []vg.Point{{X: a.left, Y: a.bottom}, {X: a.right, Y: a.bottom}, {X: a.right, Y: a.top}, {X: a.left, Y: a.top}})
		c.FillText(n.Style, n.at, n.text)
	}
}
