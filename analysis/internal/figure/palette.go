package figure

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/rejectbench/rejectbench/results"
)

// OkabeIto is the palette of Okabe and Ito, which colour-blind readers can tell
// apart. It lacks their yellow, which is too pale for a line on white.
// Source: M. Okabe and K. Ito, "Color Universal Design" (2008).
func OkabeIto() []color.Color {
	return []color.Color{
		RGB(0x0072B2), RGB(0xD55E00), RGB(0x009E73), RGB(0xCC79A7), RGB(0xE69F00), RGB(0x56B4E9), RGB(0x000000),
	}
}

// seriesColors are the colours of strategies: those of OkabeIto, then five of Paul
// Tol's schemes and a grey, which are lighter or darker than the colours among the
// first seven that have their hue. Two colours that a colour-blind reader could take
// for each other have different glyphs.
// Source: P. Tol, "Colour Schemes", SRON/EPS/TN/09-002, issue 3.2 (2021).
func seriesColors() []color.Color {
	return append(OkabeIto(),
		RGB(0x882255), RGB(0x999933), RGB(0x332288), RGB(0xAA4499), RGB(0x661100), RGB(0x808080),
	)
}

// RGB is the opaque colour 0xRRGGBB.
func RGB(hex uint32) color.Color {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff}
}

// The greys of text and of backgrounds.
var (
	Ink   = color.NRGBA{R: 0x22, G: 0x22, B: 0x22, A: 0xff} // text
	Faint = color.NRGBA{R: 0x66, G: 0x66, B: 0x66, A: 0xff} // secondary text and axes
	Shade = color.NRGBA{R: 0xf4, G: 0xf5, B: 0xf7, A: 0xff} // areas behind data
	Rule  = color.NRGBA{R: 0xe4, G: 0xe4, B: 0xe4, A: 0xff} // grid lines
)

// Look is how one strategy is drawn. It is the same in every plot of a run.
type Look struct {
	Place int // from 0, in the run's vocabulary: what the look is chosen by
	Color color.Color
	Dash  []vg.Length
	Glyph draw.GlyphDrawer
}

// lookOf gives each place in the vocabulary a different look. The first 13 places
// have different colours. Because 13 colours and 8 glyphs have no common divisor, a
// pair repeats only after 104 strategies. The dash changes each time the colours
// start again.
func lookOf(place int) Look {
	colors := seriesColors()
	glyphs := []draw.GlyphDrawer{
		draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.CrossGlyph{},
		draw.RingGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.PlusGlyph{},
	}
	dashes := [][]vg.Length{nil, {5, 2.5}, {1.5, 2}, {7, 2, 1.5, 2}}
	return Look{
		Place: place,
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

// Looks maps every strategy of a run to its look. The place of a strategy is that
// in the manifest; names that the manifest lacks follow by alphabet.
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

// OutcomeColor is the colour of an outcome: blue for answers that arrived, warm
// colours for resets, grey for timeouts.
func OutcomeColor(o results.Outcome) color.Color {
	switch o {
	case results.Admitted:
		return RGB(0xDDEEDD)
	case results.Delivered:
		return RGB(0x0072B2)
	case results.DeliveredThenReset:
		return RGB(0x8CC8EC)
	case results.Truncated:
		return RGB(0xF0E442)
	case results.ResetConnect:
		return RGB(0x7A2E00)
	case results.ResetSend:
		return RGB(0xD55E00)
	case results.ResetReceive:
		return RGB(0xF2A65A)
	case results.BrokenPipe:
		return RGB(0xCC79A7)
	case results.Closed:
		return RGB(0x009E73)
	case results.Refused:
		return RGB(0x6A3D9A)
	case results.TimeoutConnect:
		return RGB(0x4D4D4D)
	case results.TimeoutSend:
		return RGB(0x808080)
	case results.TimeoutReceive:
		return RGB(0xB8B8B8)
	case results.BadResponse:
		return RGB(0x8C6D31)
	}
	return RGB(0x000000)
}

// FateColor is the colour of a fate: blue for an answer that was read, orange for
// one that arrived, dark colours for one that did not, grey for an unknown fate.
func FateColor(f results.Fate) color.Color {
	switch f {
	case results.Read:
		return RGB(0x0072B2)
	case results.ArrivedNotRead:
		return RGB(0xE69F00)
	case results.LostOnPath:
		return RGB(0x7A2E00)
	case results.NeverSent:
		return RGB(0x6A3D9A)
	}
	return RGB(0xB8B8B8)
}

// Hex writes a colour as #rrggbb.
func Hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
