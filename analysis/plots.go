package analysis

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// Plots draws the run's plots and writes each as SVG and PNG into a folder,
// which it makes if it is missing. It returns the files' paths. The same run
// gives the same bytes.
func Plots(run *results.Run, dir string) ([]string, error) { return NewStudy(run).Plots(dir) }

func writePlots(figures []*figure, dir string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the plots' folder: %w", err)
	}
	drawn := make([][]string, len(figures))
	errs := make([]error, len(figures))
	var drawing sync.WaitGroup
	for i, f := range figures {
		drawing.Go(func() { drawn[i], errs[i] = f.write(dir) })
	}
	drawing.Wait()
	return slices.Concat(drawn...), errors.Join(errs...)
}

// write writes the figure as SVG and PNG and returns the files' paths.
func (f *figure) write(dir string) (paths []string, err error) {
	for _, format := range []struct {
		ext    string
		render func() ([]byte, error)
	}{{"svg", f.svg}, {"png", f.png}} {
		b, err := format.render()
		if err != nil {
			return paths, err
		}
		path := filepath.Join(dir, f.name+"."+format.ext)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			return paths, fmt.Errorf("write a plot: %w", err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func figures(run *results.Run) []*figure { return NewStudy(run).figures() }

// figures lays out every plot of a run; none where nothing is on record.
func (study *Study) figures() []*figure {
	f := study.facets()
	if len(f.summaries) == 0 {
		return nil
	}
	var all []*figure
	if l := newLeague(&study.Run.Manifest, study.Summaries); l != nil {
		all = append(all, heatPlot(l))
	}
	all = append(all, deliveryPlot(f), outcomePlot(f))
	if fates := fatePlot(f); fates != nil {
		all = append(all, fates)
	}
	all = append(all, latencyPlot(f))
	all = append(all, resetPlots(f)...)
	all = append(all, costPlot(f))
	if frontier := frontierPlot(f); frontier != nil {
		all = append(all, frontier)
	}
	return all
}

// sheet is what the panels of one figure have in common.
type sheet struct {
	x, y    string // what the axes show, with units
	longest bool   // only the longest round trip of each panel
	empty   string // said in a panel whose valid points have nothing to draw
}

// grid makes a figure's panels, row by row. The function draw fills a panel and
// reports whether it drew anything; a panel without anything says why.
func (f *facets) grid(sh sheet, draw func(p *plot.Plot, points []*Summary) bool) [][]*plot.Plot {
	ragged := sh.longest && f.ragged()
	panels := make([][]*plot.Plot, len(f.rows))
	for i, row := range f.rows {
		for j, body := range f.bodies {
			// Axes are named once, at the edges of the grid.
			labelX, labelY := "", ""
			if i == len(f.rows)-1 {
				labelX = sh.x
			}
			if j == 0 {
				labelY = sh.y
			}
			points, title := f.panel(row, body), f.panelTitle(row, body)
			if sh.longest {
				points = f.atLongest(row, body)
			}
			if ragged && len(points) > 0 {
				title += ", rtt " + units.Number(points[0].RTTMs) + " ms"
			}
			p := newPanel(title, labelX, labelY)
			if !draw(p, points) {
				blank(p, points, sh.empty)
			}
			panels[i] = append(panels[i], p)
		}
	}
	return panels
}

// blank says why a panel shows nothing.
func blank(p *plot.Plot, points []*Summary, empty string) {
	text := note(empty)
	switch {
	case len(points) == 0:
		text = "not measured"
	case len(where(points, (*Summary).Valid)) == 0:
		text = note("no valid cell: " + points[0].Invalid[0].Reason)
	}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		if a.Min > a.Max { // nothing in the whole figure gave it a scale
			a.Min, a.Max = 0, 1
			a.Tick.Marker = plot.ConstantTicks{}
		}
	}
	p.Add(text)
}

// percentAxis shows shares in percent, from 0 or, when every interval lies
// above 90, from there.
func percentAxis(a *plot.Axis, lowest float64) {
	a.Min, a.Max = -3, 103
	step := 25.0
	if lowest >= 0.9 {
		a.Min, step = 89.7, 2.5
		a.Max = 100.3
	}
	var ticks plot.ConstantTicks
	for v := 100.0; v >= a.Min; v -= step {
		ticks = append(ticks, plot.Tick{Value: v, Label: units.Number(v)})
	}
	a.Tick.Marker = ticks
}

// rttAxis gives every round trip the same room, so that 0 and 200 ms both read well.
func (f *facets) rttAxis(a *plot.Axis) {
	names := make([]string, len(f.rtts))
	for i, v := range f.rtts {
		names[i] = units.Number(v)
	}
	a.Min, a.Max = -0.5, float64(len(f.rtts))-0.5
	a.Tick.Marker = namedTicks(names)
}

func (f *facets) rttPlace(ms float64) float64 {
	for i, v := range f.rtts {
		if v == ms {
			return float64(i)
		}
	}
	return -1
}
