package chart

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/findings"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/league"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
	"github.com/rejectbench/rejectbench/analysis/table"
	"github.com/rejectbench/rejectbench/results"
)

// The measurements of scenarios are no figures of a strategy, because scenarios share no
// conditions.
func TestScenariosStayOutOfPlotsAndComparisons(t *testing.T) {
	run := analysistest.EveryVerdict()
	if figures := laidOut(t, run); len(figures) != 0 {
		t.Errorf("%d figures are drawn of scenarios alone", len(figures))
	}
	mixed := analysistest.Synthetic(t, analysistest.TinyGrid())
	grid := findingsOf(analysis.NewStudy(mixed))
	points := len(newFacets(analysis.NewStudy(mixed), byRTT(), true).summaries)
	mixed.Cells = append(mixed.Cells, run.Cells...)
	mixed.Manifest.Scenarios = run.Manifest.Scenarios
	mixed.Manifest.Planned = len(mixed.Cells)
	study := analysis.NewStudy(mixed)
	all := findingsOf(study)
	if len(grid) < 5 {
		t.Fatalf("the grid has the findings %q", grid)
	}
	for _, sentence := range grid[:len(grid)-1] { // the last counts valid rounds
		if !slices.Contains(all, sentence) {
			t.Errorf("scenarios changed the finding %q", sentence)
		}
	}
	if got := len(newFacets(study, byRTT(), true).summaries); got != points {
		t.Errorf("%d points are drawn, want %d", got, points)
	}
	var b bytes.Buffer
	if err := table.Write(&b, study.Summaries); err != nil || !regexp.MustCompile(`lost +it `).MatchString(b.String()) {
		t.Errorf("the table leaves the scenarios out: %v", err)
	}
}

func TestPointsOfDifferentImpairmentsNeverShareAPanel(t *testing.T) {
	run := analysistest.Synthetic(t, analysistest.TinyGrid())
	other := analysistest.Synthetic(t, analysistest.TinyGrid())
	for i := range other.Cells {
		other.Cells[i].Impairments = "jitter 5ms"
	}
	run.Cells = append(run.Cells, other.Cells...)
	f := newFacets(analysis.NewStudy(run), byRTT(), true)
	points := 0
	for _, row := range f.rows {
		for _, body := range f.columns {
			for _, s := range f.panel(row, body) {
				points++
				if s.Impairments != row.point.Impairments {
					t.Errorf("%v in a panel of %q", s.Point, row.point.Impairments)
				}
			}
		}
		want := "no other impairment"
		if row.point.Impairments != "" {
			want = row.point.Impairments
		}
		if !strings.Contains(row.description, want) {
			t.Errorf("%q does not name %q", row.description, want)
		}
	}
	if points != len(f.summaries) || points == 0 {
		t.Errorf("%d of %d points are in a panel", points, len(f.summaries))
	}
	if all := newFacets(analysis.NewStudy(other), byRTT(), true); !strings.Contains(all.conditions(), "jitter 5ms") {
		t.Errorf("the subtitle %q does not name what all panels share", all.conditions())
	}
}

func findingsOf(study *analysis.Study) []string {
	return findings.Of(study, league.New(study), reproduce.Judge(study))
}

// byRTT is the axis of round trips.
func byRTT() *results.Coordinate { return results.CoordinateByName("rtt") }

func TestAPanelBesideCurvesShowsWhatWasMeasuredForIt(t *testing.T) {
	run := &results.Run{}
	for _, p := range []struct {
		client string
		rtt    float64
		body   int64
	}{{"blocking", 10, 64 << 10}, {"blocking", 20, 64 << 10}, {"blocking", 20, 256 << 10}, {"duplex", 20, 256 << 10}} {
		run.Cells = append(run.Cells, analysistest.CellOf("close", p.client, p.rtt, p.body, 30, 60))
	}
	f := newFacets(analysis.NewStudy(run), results.CoordinateByName("rtt"), true)
	for _, row := range f.rows {
		for _, column := range f.columns {
			measured := slices.ContainsFunc(run.Cells, func(c results.Cell) bool { return f.holds(row, c.Point) && number(f.column, c.Point) == column })
			if drawn := len(f.panel(row, column)) > 0; drawn != measured {
				t.Errorf("%s, body %v: measured %v, drawn %v", row.description, column, measured, drawn)
			}
		}
	}
	if len(f.rows) != 2 || len(f.columns) != 2 {
		t.Errorf("%d rows and %d columns", len(f.rows), len(f.columns))
	}
}
