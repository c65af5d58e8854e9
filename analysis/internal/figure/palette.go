package figure

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/rejectbench/rejectbench/results"
)

// The colours of Okabe and Ito, which colour-blind readers tell apart, without
// the yellow, which is too pale for a line on white.
// Source: M. Okabe and K. Ito, "Color Universal Design" (2008).
func OkabeIto() []color.Color {
	return []color.Color{
		Rgb(0x0072B2), Rgb(0xD55E00), Rgb(0x009E73), Rgb(0xCC79A7), Rgb(0xE69F00), Rgb(0x56B4E9), Rgb(0x000000),
	}
}

func Rgb(hex uint32) color.Color {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff}
}

var (
	Ink   = color.NRGBA{R: 0x22, G: 0x22, B: 0x22, A: 0xff}
	Faint = color.NRGBA{R: 0x66, G: 0x66, B: 0x66, A: 0xff}
	Shade = color.NRGBA{R: 0xf4, G: 0xf5, B: 0xf7, A: 0xff}
	Ruled = color.NRGBA{R: 0xe4, G: 0xe4, B: 0xe4, A: 0xff}
)

// Look is how one strategy is drawn. It is the same in every plot of a run.
type Look struct {
	Color color.Color
	Dash  []vg.Length
	Glyph draw.GlyphDrawer
}

// lookOf gives each place in the vocabulary its own look: 7 colours and 8
// glyphs have no common divisor, so 56 strategies pass before a pair repeats,
// and the dash changes with every turn of the colours.
func lookOf(place int) Look {
	colors := OkabeIto()
	glyphs := []draw.GlyphDrawer{
		draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.CrossGlyph{},
		draw.RingGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.PlusGlyph{},
	}
	dashes := [][]vg.Length{nil, {5, 2.5}, {1.5, 2}, {7, 2, 1.5, 2}}
	return Look{
		Color: colors[place%len(colors)],
		Dash:  dashes[place/len(colors)%len(dashes)],
		Glyph: glyphs[place%len(glyphs)],
	}
}

func (l Look) line() draw.LineStyle {
	return draw.LineStyle{Color: l.Color, Width: 1.1, Dashes: l.Dash}
}

func (l Look) mark() draw.GlyphStyle {
	return draw.GlyphStyle{Color: l.Color, Radius: 2.6, Shape: l.Glyph}
}

// Looks maps every strategy of a run to its look: by its place in the
// manifest, and for names the manifest does not know by alphabet after those.
func Looks(m *results.Manifest, strategies []string) map[string]Look {
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
	of := make(map[string]Look, len(place))
	for name, i := range place {
		of[name] = lookOf(i)
	}
	return of
}

// OutcomeColor is one colour an outcome: blues arrived, warm colours were
// reset, greys ended in silence.
func OutcomeColor(o results.Outcome) color.Color {
	switch o {
	case results.Admitted:
		return Rgb(0xDDEEDD)
	case results.Delivered:
		return Rgb(0x0072B2)
	case results.DeliveredThenReset:
		return Rgb(0x8CC8EC)
	case results.Truncated:
		return Rgb(0xF0E442)
	case results.ResetConnect:
		return Rgb(0x7A2E00)
	case results.ResetSend:
		return Rgb(0xD55E00)
	case results.ResetReceive:
		return Rgb(0xF2A65A)
	case results.BrokenPipe:
		return Rgb(0xCC79A7)
	case results.Closed:
		return Rgb(0x009E73)
	case results.Refused:
		return Rgb(0x6A3D9A)
	case results.TimeoutConnect:
		return Rgb(0x4D4D4D)
	case results.TimeoutSend:
		return Rgb(0x808080)
	case results.TimeoutReceive:
		return Rgb(0xB8B8B8)
	case results.BadResponse:
		return Rgb(0x8C6D31)
	}
	return Rgb(0x000000)
}

// FateColor is one colour a fate: blue was read, orange arrived, dark colours
// did not, grey is not known.
func FateColor(f results.Fate) color.Color {
	switch f {
	case results.Read:
		return Rgb(0x0072B2)
	case results.ArrivedNotRead:
		return Rgb(0xE69F00)
	case results.LostOnPath:
		return Rgb(0x7A2E00)
	case results.NeverSent:
		return Rgb(0x6A3D9A)
	}
	return Rgb(0xB8B8B8)
}

func Hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
