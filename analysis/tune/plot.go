package tune

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/rejectbench/rejectbench/analysis/chart"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/results/units"
)

// Plot draws the delivered share of candidates against their cost, as tune.svg and
// tune.png in a folder, which it makes if necessary. It returns the paths of the
// files, none where nothing was measured.
func Plot(t *Tuning, dir string) ([]string, error) {
	f := newFigure(t)
	if f == nil {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the plots' folder: %w", err)
	}
	drawn, err := chart.Draw(f)
	if err != nil {
		return nil, err
	}
	return chart.Write([]chart.Figure{drawn}, dir)
}

// phaseLooks are the looks of candidates, by phase of the search.
var phaseLooks = []struct {
	phase  Phase
	legend string
	look   figure.Look
}{
	{searching, "measured on the way", figure.Look{Color: figure.Faint, Glyph: draw.RingGlyph{}}},
	{halving, "half of it, or twice for a limit", figure.Look{Color: figure.OkabeIto()[1], Glyph: draw.TriangleGlyph{}}},
	{confirming, "confirmation", figure.Look{Color: figure.OkabeIto()[0], Glyph: draw.CircleGlyph{}}},
}

func newFigure(t *Tuning) *figure.Figure {
	cost, axis := func(c *Candidate) float64 { return c.Cost.HoldMs }, "descriptor held (fd-ms per rejection, log scale)"
	against := "its cost"
	switch {
	case t.ObjectiveMs > 0:
		cost, axis = func(c *Candidate) float64 { return c.P99Ms }, "admitted response time, p99 (ms, log scale)"
	case len(t.Corners) > 1 || t.Server != "":
		// The cost differs from corner to corner, and is unknown of other servers.
		scale, unit := 1.0, t.Unit
		if t.Unit == "ns" {
			scale, unit = float64(time.Millisecond), "ms"
		}
		cost, axis = func(c *Candidate) float64 { return float64(c.Value) / scale }, fmt.Sprintf("%s (%s, log scale)", t.Setting, unit)
		against = "the value, in the worst corner"
	}
	var drawn []*Candidate
	low, high, lowest := math.Inf(1), math.Inf(-1), 1.0
	for i := range t.Candidates {
		c := &t.Candidates[i]
		if c.N == 0 || cost(c) <= 0 {
			continue
		}
		drawn = append(drawn, c)
		low, high, lowest = min(low, figure.LogMs(cost(c))), max(high, figure.LogMs(cost(c))), min(lowest, c.Low)
	}
	if len(drawn) == 0 {
		return nil
	}
	if t.ObjectiveMs > 0 {
		low, high = min(low, figure.LogMs(t.ObjectiveMs)), max(high, figure.LogMs(t.ObjectiveMs))
	}
	p := figure.NewPanel("", axis, "delivered (% of rejections)")
	figure.PercentAxis(&p.Y, lowest)
	room := max(0.05, (high-low)*0.12)
	p.X.Min, p.X.Max, p.X.Tick.Marker = low-room, high+room, figure.LogTicks{}
	p.Add(figure.Gridlines{Horizontal: true, Vertical: true}, targetLine{y: t.Target * 100, x: figure.LogMs(t.ObjectiveMs), vertical: t.ObjectiveMs > 0})
	f := &figure.Figure{
		Name:     "tune",
		Title:    fmt.Sprintf("%s of %s: delivered share against %s", t.Setting, t.subject(), against),
		Subtitle: t.conditions() + fmt.Sprintf(", bounds at %s%% confidence each", units.Number(t.Confidence*100)),
		Panels:   [][]*plot.Plot{{p}},
		Notes:    []string{"The dashed line is the target, " + t.target() + t.objective() + "."},
		// The only panel takes the width of the page.
		PanelWidth: 7 * vg.Inch, PanelHeight: 290,
	}
	for _, phase := range phaseLooks {
		any := false
		for _, c := range drawn {
			if c.Phase == phase.phase {
				any = true
				p.Add(figure.Series{Look: phase.look, Samples: []figure.Sample{{X: figure.LogMs(cost(c)), Y: c.Share * 100, Low: c.Low * 100, High: c.High * 100}}})
			}
		}
		if any {
			f.Legend = append(f.Legend, figure.LegendEntry{Name: phase.legend, Look: phase.look, GlyphsOnly: true})
		}
	}
	if t.Chosen != nil && cost(t.Chosen) > 0 {
		chosen := figure.Look{Color: figure.OkabeIto()[2], Glyph: halo{}}
		p.Add(figure.Series{Look: chosen, Samples: []figure.Sample{{X: figure.LogMs(cost(t.Chosen)), Y: t.Chosen.Share * 100, Low: t.Chosen.Share * 100, High: t.Chosen.Share * 100}}})
		f.Legend = append(f.Legend, figure.LegendEntry{Name: "chosen: " + t.Chosen.Text, Look: chosen, GlyphsOnly: true})
	}
	p.Add(labelsOf(drawn, t.Chosen, cost))
	return f
}

// targetLine marks the target share and, where vertical, the objective.
type targetLine struct {
	y, x     float64
	vertical bool
}

// Plot implements plot.Plotter.
func (l targetLine) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := draw.LineStyle{Color: figure.OkabeIto()[2], Width: 1, Dashes: []vg.Length{4, 3}}
	c.StrokeLine2(style, c.Min.X, y(l.y), c.Max.X, y(l.y))
	if l.vertical {
		c.StrokeLine2(style, x(l.x), c.Min.Y, x(l.x), c.Max.Y)
	}
}

// halo is a ring wide enough to surround another glyph.
type halo struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (halo) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, at vg.Point) {
	c.SetLineStyle(draw.LineStyle{Color: sty.Color, Width: 1.8})
	var path vg.Path
	path.Move(vg.Point{X: at.X + 6, Y: at.Y})
	path.Arc(at, 6, 0, 2*math.Pi)
	path.Close()
	c.Stroke(path)
}

// labelsOf names each value once, at its point with the most attempts. Its other
// points get labels without text.
func labelsOf(drawn []*Candidate, chosen *Candidate, cost func(*Candidate) float64) (all figure.Labels) {
	named := map[int64]*Candidate{}
	for _, c := range drawn {
		if before := named[c.Value]; before == nil || c.N > before.N {
			named[c.Value] = c
		}
	}
	for _, c := range drawn {
		l := figure.Label{Sample: figure.Sample{X: figure.LogMs(cost(c)), Y: c.Share * 100, Low: c.Low * 100, High: c.High * 100}}
		if named[c.Value] == c {
			l.Text = c.Text
		}
		l.Bold = chosen != nil && chosen.Value == c.Value
		all = append(all, l)
	}
	// The chosen value is placed first.
	slices.SortStableFunc(all, func(a, b figure.Label) int {
		if a.Bold != b.Bold {
			if a.Bold {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.X, b.X)
	})
	return all
}
