package chart

import (
	"slices"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
)

// numericCoordinates are all that can be an axis.
func numericCoordinates() []*results.Coordinate {
	var all []*results.Coordinate
	for i := range results.Coordinates {
		if c := &results.Coordinates[i]; numeric(c) {
			all = append(all, c)
		}
	}
	return all
}

func TestEveryNumericCoordinateIsDrawnAsAnAxis(t *testing.T) {
	if n := len(numericCoordinates()); n < 6 {
		t.Fatalf("only %d coordinates are numeric", n)
	}
	for _, x := range numericCoordinates() {
		t.Run(x.Name, func(t *testing.T) {
			g, values := analysistest.AxisGrid(t, x.Name)
			run := analysistest.Synthetic(t, g)
			axes := axesOf(t, analysis.NewStudy(run))
			if len(axes) != 1 || axes[0] != x {
				t.Fatalf("%d axes, the first is %s", len(axes), axes[0].Name)
			}
			resets := "resets-by-" + x.Name
			if x.Name == "rtt" {
				resets = "resets" // the name that it always had
			}
			svgs := map[string]string{}
			for _, f := range laidOut(t, run) {
				b, err := f.SVG()
				if err != nil {
					t.Fatal(err)
				}
				svgs[f.Name] = string(b)
			}
			for _, name := range []string{"delivered-by-" + x.Name, "latency-by-" + x.Name, "cost-by-" + x.Name, resets} {
				svg := svgs[name]
				if svg == "" {
					t.Errorf("no plot %s", name)
					continue
				}
				for _, text := range append([]string{axisTitle(x)}, values...) {
					if !strings.Contains(svg, ">"+text+"</text>") {
						t.Errorf("%s does not have the text %q", name, text)
					}
				}
			}
			if admitted := strings.Contains(svgs["latency-by-"+x.Name], "admitted, p99"); admitted != (x.Name == "limit") {
				t.Errorf("latency of admitted requests is drawn: %v", admitted)
			}
		})
	}
}

func TestPointsOfAPanelDifferInStrategyAndAxisOnly(t *testing.T) {
	g := analysistest.SmallGrid()
	g.Rounds, g.Losses = 1, []float64{0, 0.01}
	run := analysistest.Synthetic(t, g)
	concurrent, _ := analysistest.AxisGrid(t, "concurrency")
	run.Cells = append(run.Cells, analysistest.Synthetic(t, concurrent).Cells...)
	study := analysis.NewStudy(run)
	axes := axesOf(t, study)
	if len(axes) != 4 {
		t.Errorf("%d axes", len(axes))
	}
	for _, x := range axes {
		f := newFacets(study, x, x == axes[0])
		panels := 0
		for _, row := range f.rows {
			for _, column := range f.columns {
				points := f.panel(row, column)
				for _, s := range points {
					if s.Without("strategy", x.Name) != points[0].Without("strategy", x.Name) {
						t.Errorf("by %s: %v is in a panel with %v", x.Name, s.Point, points[0].Point)
					}
				}
				if len(distinct(points, x)) > 1 {
					panels++
				}
			}
		}
		if panels == 0 {
			t.Errorf("by %s: no panel has two values of it", x.Name)
		}
		if len(f.rows) > maxFacetRows {
			t.Errorf("by %s: %d rows", x.Name, len(f.rows))
		}
	}
}

func TestARunOfTooManyRowsNamesTheValuesThatItFixes(t *testing.T) {
	g, _ := analysistest.AxisGrid(t, "concurrency")
	run := analysistest.Synthetic(t, g)
	var cells []results.Cell
	for _, rtt := range []float64{1, 10, 50, 100, 200} {
		for _, c := range run.Cells {
			c.RTTMs = rtt
			cells = append(cells, c)
		}
	}
	run.Cells = cells
	f := newFacets(analysis.NewStudy(run), results.CoordinateByName("concurrency"), false)
	if text := f.conditions(); !strings.Contains(text, "rtt 50 ms (measured too: 1, 10, 100, 200)") || len(f.rows) != 1 {
		t.Errorf("%d rows, %q", len(f.rows), text)
	}
}

func TestTheNamedAxisIsTheFirst(t *testing.T) {
	study := analysis.NewStudy(analysistest.Synthetic(t, analysistest.SmallGrid()))
	axes, err := Axes(study, "body")
	if err != nil || axes[0].Name != "body" || !slices.Contains(axes, results.CoordinateByName("rtt")) {
		t.Errorf("%v, %v", axes, err)
	}
	if _, err := Axes(study, "loss"); err == nil || !strings.Contains(err.Error(), "rtt and body") {
		t.Errorf("an axis that the run does not vary: %v", err)
	}
}
