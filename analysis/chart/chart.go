package chart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/league"
	"github.com/rejectbench/rejectbench/results/units"
)

// Figure is one drawn plot of a run.
type Figure struct {
	Name    string // stem of its file names
	Title   string // what is measured
	Caption string // how to read it
	// SVG and PNG are whole files.
	SVG, PNG []byte
}

// Figures draws every plot of a run; none where nothing is on record. The same
// run gives the same bytes.
func Figures(study *analysis.Study) ([]Figure, error) {
	figures := layOut(study)
	drawn := make([]Figure, len(figures))
	errs := make([]error, len(figures))
	var drawing sync.WaitGroup
	// A PNG takes tens of megabytes while it is drawn.
	places := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, f := range figures {
		places <- struct{}{}
		drawing.Go(func() {
			drawn[i], errs[i] = Render(f)
			<-places
		})
	}
	drawing.Wait()
	return drawn, errors.Join(errs...)
}

func Render(f *figure.Figure) (Figure, error) {
	svg, err := f.SVG()
	if err != nil {
		return Figure{}, err
	}
	png, err := f.PNG()
	return Figure{Name: f.Name, Title: f.Title, Caption: f.Caption, SVG: svg, PNG: png}, err
}

// Write writes each figure as SVG and PNG into a folder, which it makes if
// it is missing, and returns the files' paths.
func Write(figures []Figure, dir string) (paths []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the plots' folder: %w", err)
	}
	for _, f := range figures {
		for _, file := range []struct {
			ext   string
			bytes []byte
		}{{".svg", f.SVG}, {".png", f.PNG}} {
			path := filepath.Join(dir, f.Name+file.ext)
			if err := os.WriteFile(path, file.bytes, 0o644); err != nil {
				return paths, fmt.Errorf("write a plot: %w", err)
			}
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// layOut lays out every plot of a run.
func layOut(study *analysis.Study) []*figure.Figure {
	f := newFacets(study)
	if len(f.summaries) == 0 {
		return nil
	}
	var all []*figure.Figure
	if l := league.New(&study.Run.Manifest, study.Summaries); l != nil {
		all = append(all, league.Figure(l))
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

// grid makes a figure's panels, row by row. The function fill fills a panel and
// reports whether it drew anything; a panel without anything says why.
func (f *facets) grid(sh sheet, fill func(p *plot.Plot, points []*analysis.Summary) bool) [][]*plot.Plot {
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
			p := figure.NewPanel(title, labelX, labelY)
			if !fill(p, points) {
				blank(p, points, sh.empty)
			}
			panels[i] = append(panels[i], p)
		}
	}
	return panels
}

// blank says why a panel shows nothing.
func blank(p *plot.Plot, points []*analysis.Summary, empty string) {
	text := figure.Note(empty)
	switch {
	case len(points) == 0:
		text = "not measured"
	case len(analysis.Where(points, (*analysis.Summary).Valid)) == 0:
		text = figure.Note("no valid cell: " + points[0].Invalid[0].Reason)
	}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		if a.Min > a.Max { // nothing in the whole figure gave it a scale
			a.Min, a.Max = 0, 1
			a.Tick.Marker = plot.ConstantTicks{}
		}
	}
	p.Add(text)
}

// rttAxis gives every round trip the same room, so that 0 and 200 ms both read well.
func (f *facets) rttAxis(a *plot.Axis) {
	names := make([]string, len(f.rtts))
	for i, v := range f.rtts {
		names[i] = units.Number(v)
	}
	a.Min, a.Max = -0.5, float64(len(f.rtts))-0.5
	a.Tick.Marker = figure.NamedTicks(names)
}

func (f *facets) rttPlace(ms float64) float64 {
	for i, v := range f.rtts {
		if v == ms {
			return float64(i)
		}
	}
	return -1
}
