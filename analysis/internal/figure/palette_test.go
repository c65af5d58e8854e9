package figure

import (
	"image/color"
	"math"
	"testing"

	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
)

func TestAStrategyLooksTheSameInEveryRun(t *testing.T) {
	m := &results.Manifest{Strategies: analysistest.AllStrategies}
	some := Looks(m, []string{"close"})
	all := Looks(m, []string{"zeta", "nethttp", "close", "alpha"})
	if some["close"].Glyph != all["close"].Glyph || some["close"].Color != all["close"].Color {
		t.Error("the look of close depends on what else was measured")
	}
	if want := lookOf(len(analysistest.AllStrategies)); all["alpha"].Glyph != want.Glyph || all["alpha"].Color != want.Color {
		t.Error("names the manifest does not know do not follow by alphabet")
	}
}

func TestLooksOfDifferentStrategiesDiffer(t *testing.T) {
	type pair struct{ color, glyph any }
	seen := map[pair]int{}
	for i := range 104 {
		l := lookOf(i)
		p := pair{l.Color, l.Glyph}
		if j, ok := seen[p]; ok {
			t.Fatalf("%d looks like %d", i, j)
		}
		seen[p] = i
	}
}

// visions are linear maps of RGB that show what readers with full dichromacy see: those
// of G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, "A physiologically-based
// model for simulation of color vision deficiency" (2009), at severity 1.
var visions = map[string][3][3]float64{
	"normal":       {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// lab is a colour in CIELAB (D65), as a reader sees it.
func lab(c color.Color, seen [3][3]float64) (l [3]float64) {
	r, g, b, _ := c.RGBA()
	var linear, shown [3]float64
	for i, v := range []uint32{r, g, b} {
		x := float64(v) / 0xffff
		if linear[i] = x / 12.92; x > 0.04045 {
			linear[i] = math.Pow((x+0.055)/1.055, 2.4)
		}
	}
	for i := range shown {
		for j := range linear {
			shown[i] += seen[i][j] * linear[j]
		}
		shown[i] = min(max(shown[i], 0), 1)
	}
	f := func(a, b, c, white float64) float64 {
		t := (a*shown[0] + b*shown[1] + c*shown[2]) / white
		if t > 0.008856 {
			return math.Cbrt(t)
		}
		return 7.787*t + 16.0/116
	}
	x, y, z := f(0.4124, 0.3576, 0.1805, 0.9505), f(0.2126, 0.7152, 0.0722, 1), f(0.0193, 0.1192, 0.9505, 1.089)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func colorDistance(a, b color.Color, seen [3][3]float64) float64 {
	p, q := lab(a, seen), lab(b, seen)
	return math.Hypot(math.Hypot(p[0]-q[0], p[1]-q[1]), p[2]-q[2])
}

// A difference of 20 in CIELAB is clear between small marks.
func TestStrategiesDifferForColourBlindReadersToo(t *testing.T) {
	const apart = 20
	for name, seen := range visions {
		for i := range analysistest.AllStrategies {
			for j := range i {
				a, b := lookOf(i), lookOf(j)
				d := colorDistance(a.Color, b.Color, seen)
				if d < apart && (a.Glyph == b.Glyph || name == "normal") {
					t.Errorf("%s and %s are %.0f apart (%s)", analysistest.AllStrategies[i].Name, analysistest.AllStrategies[j].Name, d, name)
				}
			}
		}
	}
}
