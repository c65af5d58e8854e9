// Package chart draws the still pictures of a run: delivered share, latency, resets
// by cause and cost over each coordinate that the run varies; outcomes, fates of
// answers, distributions of latency, share against cost, frontier; and the heat map of
// a league.
//
// Axes returns the coordinates that can be an x axis. facets selects the points that
// can share a figure over one of them and arranges them in small multiples: a row for
// each kind of client and path, a column for each body size. Each kind of figure is a
// function of facets. Figures lays all of them out and draws them; Write writes the
// files.
package chart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/league"
	"github.com/rejectbench/rejectbench/results"
)

// Figure is one drawn plot of a run.
type Figure struct {
	Name    string // stem of its file names
	Title   string // what it shows
	Caption string // how to read it
	// SVG and PNG are whole files.
	SVG, PNG []byte
}

// Figures draws every plot of a run as SVG and PNG: those over an x axis for each of
// the axes that Axes returned, the others at the extreme of the first axis. It returns
// none for a run without cells outside of scenarios. The same run gives the same bytes.
func Figures(study *analysis.Study, l *league.League, axes []*results.Coordinate) ([]Figure, error) {
	figures := layOut(study, l, axes)
	drawn := make([]Figure, len(figures))
	errs := make([]error, len(figures))
	var drawing sync.WaitGroup
	// A PNG takes tens of megabytes while it is drawn.
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, f := range figures {
		free <- struct{}{}
		drawing.Go(func() {
			drawn[i], errs[i] = Draw(f)
			<-free
		})
	}
	drawing.Wait()
	return drawn, errors.Join(errs...)
}

// Draw renders one figure.
func Draw(f *figure.Figure) (Figure, error) {
	svg, err := f.SVG()
	if err != nil {
		return Figure{}, err
	}
	png, err := f.PNG()
	return Figure{Name: f.Name, Title: f.Title, Caption: f.Caption, SVG: svg, PNG: png}, err
}

// Write writes each figure as SVG and PNG into a folder and returns the paths of
// the files. It makes the folder if necessary.
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

// layOut lays out every figure of a run without drawing it.
func layOut(study *analysis.Study, l *league.League, axes []*results.Coordinate) []*figure.Figure {
	if len(study.Grid()) == 0 {
		return nil
	}
	var all []*figure.Figure
	if l != nil {
		all = append(all, league.Figure(l))
	}
	over := make([]*facets, len(axes))
	for i, x := range axes {
		over[i] = newFacets(study, x, i == 0)
		all = append(all, deliveryPlot(over[i]))
	}
	f := over[0]
	all = append(all, outcomePlot(f))
	if fates := fatePlot(f); fates != nil {
		all = append(all, fates)
	}
	all = append(all, latencyPlot(f))
	for _, f := range over {
		all = append(all, latencyPlots(f)...)
	}
	for _, f := range over {
		all = append(all, resetPlots(f)...)
	}
	if cost := costPlot(f); cost != nil {
		all = append(all, cost)
	}
	for _, f := range over {
		all = append(all, costPlots(f)...)
	}
	if frontier := frontierPlot(f); frontier != nil {
		all = append(all, frontier)
	}
	return all
}
