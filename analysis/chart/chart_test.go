package chart

import (
	"bytes"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/league"
	"github.com/rejectbench/rejectbench/results"
)

// plotRuns are the shapes of runs that plots must stand.
func plotRuns(t *testing.T) map[string]*results.Run {
	t.Helper()
	spoilt := analysistest.Synthetic(t, analysistest.TinyGrid())
	for i := range spoilt.Cells {
		spoilt.Cells[i].Valid, spoilt.Cells[i].InvalidReason = false, "path late & <slow>"
	}
	long := analysistest.TinyGrid()
	long.Strategies = []string{"close", "nginx:with-a-very-long-variant-name-of-its-own", "<b>&\"bold\""}
	return map[string]*results.Run{
		"several":   analysistest.Flawed(analysistest.Synthetic(t, analysistest.TinyGrid())),
		"alone":     analysistest.Synthetic(t, analysistest.SingleGrid()),
		"invalid":   spoilt,
		"long":      analysistest.Synthetic(t, long),
		"unlabeled": {Cells: analysistest.Synthetic(t, analysistest.SingleGrid()).Cells},
	}
}

func TestPlotsAreWholeSVGAndPNGFiles(t *testing.T) {
	for name, run := range plotRuns(t) {
		t.Run(name, func(t *testing.T) {
			study := analysis.NewStudy(run)
			figures, err := Figures(study, nil, axesOf(t, study))
			if err != nil {
				t.Fatal(err)
			}
			paths, err := Write(figures, filepath.Join(t.TempDir(), "plots"))
			if err != nil {
				t.Fatal(err)
			}
			if len(paths) < 10 || len(paths)%2 != 0 {
				t.Fatalf("%d files: %q", len(paths), paths)
			}
			for _, path := range paths {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasSuffix(path, ".svg") {
					analysistest.CheckXML(t, path, b)
					continue
				}
				if _, err := png.Decode(bytes.NewReader(b)); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
		})
	}
}

func TestPlotsOfTheSameRunAreTheSameBytes(t *testing.T) {
	run := analysistest.Flawed(analysistest.Synthetic(t, analysistest.TinyGrid()))
	shuffled := *run
	shuffled.Cells = slices.Clone(run.Cells)
	slices.Reverse(shuffled.Cells)
	one, two := laidOut(t, run), laidOut(t, &shuffled)
	if len(one) != len(two) || len(one) == 0 {
		t.Fatalf("%d and %d figures", len(one), len(two))
	}
	for i := range one {
		for _, render := range []func(*figure.Figure) ([]byte, error){(*figure.Figure).SVG, (*figure.Figure).PNG} {
			a, errA := render(one[i])
			b, errB := render(two[i])
			if err := errors.Join(errA, errB); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(a, b) {
				t.Errorf("%s differs", one[i].Name)
			}
		}
	}
}

func TestNoPanelIsEmpty(t *testing.T) {
	for name, run := range plotRuns(t) {
		panels := 0
		for _, f := range laidOut(t, run) {
			for _, p := range slices.Concat(f.Panels...) {
				panels++
				if !hasContent(p) {
					t.Errorf("%s: %s: panel %q shows nothing", name, f.Name, p.Title.Text)
				}
			}
		}
		if panels == 0 {
			t.Errorf("%s: no panel", name)
		}
	}
}

// hasContent tells whether a panel has more than lines and bands behind its data.
func hasContent(p *plot.Plot) bool {
	plotters := reflect.ValueOf(p).Elem().FieldByName("plotters")
	for i := range plotters.Len() {
		switch plotters.Index(i).Elem().Type() {
		case reflect.TypeFor[figure.Gridlines](), reflect.TypeFor[figure.Bands]():
		default:
			return true
		}
	}
	return false
}

func TestARunWithoutValidCellsSaysSoInEveryPanel(t *testing.T) {
	figures := laidOut(t, plotRuns(t)["invalid"])
	if len(figures) == 0 {
		t.Fatal("no figures")
	}
	for _, f := range figures {
		svg, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(string(svg), "no valid cell: path late"); got != len(f.Panels)*len(f.Panels[0]) {
			t.Errorf("%s: said in %d panels", f.Name, got)
		}
	}
}

func TestANameFitsAFileName(t *testing.T) {
	for description, want := range map[string]string{
		"": "", "duplex client": "-duplex", "nethttp client, loss 0.5%": "-nethttp-loss-0.5", "../a/b client": "-a-b", "loss 1%, 50 attempts/s": "-loss-1-50-attempts-s",
	} {
		if got := fileSuffix(description); got != want {
			t.Errorf("fileSuffix(%q) = %q, want %q", description, got, want)
		}
	}
}

// laidOut is every plot of a run.
func laidOut(t testing.TB, run *results.Run) []*figure.Figure {
	study := analysis.NewStudy(run)
	return layOut(study, league.New(study), axesOf(t, study))
}

// axesOf is every axis of a run.
func axesOf(t testing.TB, study *analysis.Study) []*results.Coordinate {
	t.Helper()
	axes, err := Axes(study, "")
	if err != nil {
		t.Fatal(err)
	}
	return axes
}
