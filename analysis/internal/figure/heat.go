package figure

import (
	"image/color"
	"math"
	"strconv"

	"github.com/rejectbench/rejectbench/analysis/stats"
)

// heatShades returns the shades of shares from 1 down to 0, evenly spaced. They have
// one hue and get darker, so that their order is visible to colour-blind readers and in
// a grey print.
func heatShades() []color.NRGBA {
	shades := []uint32{0xFFF8EE, 0xF9D3A4, 0xF0A35E, 0xCB5A12, 0x6B2600}
	all := make([]color.NRGBA, len(shades))
	for i, hex := range shades {
		all[i] = RGB(hex).(color.NRGBA)
	}
	return all
}

// HeatColor interpolates the colour of a share between the two nearest shades. The ink
// of the text on it is black or white, whichever has more contrast.
func HeatColor(share float64) (field, ink color.NRGBA) {
	shades := heatShades()
	at := (1 - min(max(share, 0), 1)) * float64(len(shades)-1)
	i := min(int(at), len(shades)-2)
	mix := func(a, b uint8) uint8 {
		return uint8(math.Round(float64(a) + (float64(b)-float64(a))*(at-float64(i))))
	}
	a, b := shades[i], shades[i+1]
	field = color.NRGBA{R: mix(a.R, b.R), G: mix(a.G, b.G), B: mix(a.B, b.B), A: 0xff}
	if contrast(luminance(field), 0) < contrast(1, luminance(field)) {
		return field, color.NRGBA{R: 0xff, G: 0xff, B: 0xff, A: 0xff}
	}
	return field, color.NRGBA{A: 0xff}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(c color.NRGBA) float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// contrast is the contrast ratio of WCAG 2.2 of two luminances.
func contrast(lighter, darker float64) float64 { return (lighter + 0.05) / (darker + 0.05) }

// HeatNumber writes a share in whole percent. 100 means all and 0 means none; other
// shares are rounded to 1 to 99.
func HeatNumber(s stats.Share) string {
	switch s.K {
	case s.N:
		return "100"
	case 0:
		return "0"
	}
	return strconv.Itoa(min(max(int(math.Round(s.Value*100)), 1), 99))
}
