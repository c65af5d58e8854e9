package analysis

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/rejectbench/rejectbench/results"
)

// The colours of Okabe and Ito, which colour-blind readers tell apart, without
// the yellow, which is too pale for a line on white.
// Source: M. Okabe and K. Ito, "Color Universal Design" (2008).
func okabeIto() []color.Color {
	return []color.Color{
		rgb(0x0072B2), rgb(0xD55E00), rgb(0x009E73), rgb(0xCC79A7), rgb(0xE69F00), rgb(0x56B4E9), rgb(0x000000),
	}
}

func rgb(hex uint32) color.Color {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff}
}

var (
	ink   = color.NRGBA{R: 0x22, G: 0x22, B: 0x22, A: 0xff}
	faint = color.NRGBA{R: 0x66, G: 0x66, B: 0x66, A: 0xff}
	shade = color.NRGBA{R: 0xf4, G: 0xf5, B: 0xf7, A: 0xff}
	ruled = color.NRGBA{R: 0xe4, G: 0xe4, B: 0xe4, A: 0xff}
)

// look is how one strategy is drawn. It is the same in every plot of a run.
type look struct {
	color color.Color
	dash  []vg.Length
	glyph draw.GlyphDrawer
}

// lookOf gives each place in the vocabulary its own look: 7 colours and 8
// glyphs have no common divisor, so 56 strategies pass before a pair repeats,
// and the dash changes with every turn of the colours.
func lookOf(place int) look {
	colors := okabeIto()
	glyphs := []draw.GlyphDrawer{
		draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.CrossGlyph{},
		draw.RingGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.PlusGlyph{},
	}
	dashes := [][]vg.Length{nil, {5, 2.5}, {1.5, 2}, {7, 2, 1.5, 2}}
	return look{
		color: colors[place%len(colors)],
		dash:  dashes[place/len(colors)%len(dashes)],
		glyph: glyphs[place%len(glyphs)],
	}
}

func (l look) line() draw.LineStyle {
	return draw.LineStyle{Color: l.color, Width: 1.1, Dashes: l.dash}
}

func (l look) mark() draw.GlyphStyle {
	return draw.GlyphStyle{Color: l.color, Radius: 2.6, Shape: l.glyph}
}

// looks maps every strategy of a run to its look: by its place in the
// manifest, and for names the manifest does not know by alphabet after those.
func looks(m *results.Manifest, strategies []string) map[string]look {
	place := map[string]int{}
	for i, t := range m.Strategies {
		if _, seen := place[t.Name]; !seen {
			place[t.Name] = i
		}
	}
	next := len(m.Strategies)
	for _, name := range results.TermOrder(nil).Sort(append([]string(nil), strategies...)) {
		if _, known := place[name]; !known {
			place[name] = next
			next++
		}
	}
	of := make(map[string]look, len(place))
	for name, i := range place {
		of[name] = lookOf(i)
	}
	return of
}

// outcomeColor is one colour an outcome: blues arrived, warm colours were
// reset, greys ended in silence.
func outcomeColor(o results.Outcome) color.Color {
	switch o {
	case results.Admitted:
		return rgb(0xDDEEDD)
	case results.Delivered:
		return rgb(0x0072B2)
	case results.DeliveredThenReset:
		return rgb(0x8CC8EC)
	case results.Truncated:
		return rgb(0xF0E442)
	case results.ResetConnect:
		return rgb(0x7A2E00)
	case results.ResetSend:
		return rgb(0xD55E00)
	case results.ResetReceive:
		return rgb(0xF2A65A)
	case results.BrokenPipe:
		return rgb(0xCC79A7)
	case results.Closed:
		return rgb(0x009E73)
	case results.Refused:
		return rgb(0x6A3D9A)
	case results.TimeoutConnect:
		return rgb(0x4D4D4D)
	case results.TimeoutSend:
		return rgb(0x808080)
	case results.TimeoutReceive:
		return rgb(0xB8B8B8)
	case results.BadResponse:
		return rgb(0x8C6D31)
	}
	return rgb(0x000000)
}

// fateColor is one colour a fate: blue was read, orange arrived, dark colours
// did not, grey is not known.
func fateColor(f results.Fate) color.Color {
	switch f {
	case results.Read:
		return rgb(0x0072B2)
	case results.ArrivedNotRead:
		return rgb(0xE69F00)
	case results.LostOnPath:
		return rgb(0x7A2E00)
	case results.NeverSent:
		return rgb(0x6A3D9A)
	}
	return rgb(0xB8B8B8)
}
