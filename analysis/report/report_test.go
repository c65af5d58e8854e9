package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/chart"
	"github.com/rejectbench/rejectbench/analysis/findings"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/league"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
	"github.com/rejectbench/rejectbench/results"
)

// contentOfStudy is what the page of a study shows, without pictures.
func contentOfStudy(study *analysis.Study) Content {
	l, judged := league.New(study), reproduce.Judge(study)
	axes, err := chart.Axes(study, "")
	if err != nil {
		panic(err) // names no axis
	}
	return Content{Study: study, League: l, Scenarios: judged, Findings: findings.Of(study, l, judged), Axes: axes}
}

func withLadders(c Content, ladders []string) Content {
	c.Ladders = ladders
	return c
}

// contentOf is what the page of a run shows.
func contentOf(t testing.TB, run *results.Run, drawn bool) Content {
	t.Helper()
	study := analysis.NewStudy(run)
	c := contentOfStudy(study)
	if drawn {
		var err error
		if c.Figures, err = chart.Figures(study, c.League, c.Axes); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// reportOf is a run's page, without its scripts.
func reportOf(t *testing.T, run *results.Run, ladders ...string) string {
	t.Helper()
	c := contentOf(t, run, true)
	c.Ladders = ladders
	var b bytes.Buffer
	if err := Write(&b, c); err != nil {
		t.Fatal(err)
	}
	return withoutScripts(b.String())
}

// withoutScripts leaves out of a page what is the same in every one: the chart
// library, the page's own script and its style.
func withoutScripts(page string) string {
	for name, text := range map[string]string{"echarts-6.1.0.min.js": reportCharts, "report.js": reportScript, "report.css": reportStyle} {
		page = strings.Replace(page, text, "("+name+")", 1)
	}
	return page
}

func TestReportHasEveryPlotAndMakesNoRequest(t *testing.T) {
	run := analysistest.Flawed(analysistest.Synthetic(t, analysistest.SmallGrid()))
	page := reportOf(t, run)
	if got, want := strings.Count(page, "<svg"), len(contentOf(t, run, true).Figures); got != want {
		t.Errorf("%d plots, want %d", got, want)
	}
	// Links are for readers; what a browser would load by itself must not leave the page.
	for _, loads := range []string{"<link", "<img", "<iframe", "@import", "url(", "src="} {
		if strings.Contains(page, loads) || strings.Contains(reportStyle, loads) {
			t.Errorf("the page holds %s", loads)
		}
	}
	if outside := regexp.MustCompile(`href="[a-z]+:`).FindString(page); outside != "" {
		t.Errorf("a link leads out of the run's folder: %s", outside)
	}
	if len(page) > 2<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
}

// More strategies than the grid that is run by default, each with drawings of
// as many lines as a ladder of lost packets has.
func TestReportOfALargeRunStaysBelow3MB(t *testing.T) {
	g := analysistest.FullGrid()
	g.Rounds, g.Attempts = 1, 100
	run := analysistest.Synthetic(t, g)
	large := strings.Replace(ladder, "<path ", strings.Repeat(`<path d="M0 0L4 4" stroke="currentColor"/>`, 400)+"<path ", 1)
	files := map[string]string{}
	var names []string
	for _, strategy := range g.Strategies {
		for _, client := range g.Clients {
			name := strategy + "-" + client + "-rtt50ms-body0.svg"
			names, files[name] = append(names, name), large
		}
	}
	page := reportOf(t, run, inFolder(t, files, names...)...)
	if len(page) > 3<<20 || len(page) < len(names)*len(large) {
		t.Errorf("the page has %d bytes", len(page))
	}
}

func TestReportEscapesTextOfTheRun(t *testing.T) {
	const evil = `<script>alert("x")</script>`
	g := analysistest.TinyGrid()
	g.Strategies, g.Rounds = []string{evil, "close"}, 1
	run := analysistest.Synthetic(t, g)
	run.Manifest.Name, run.Manifest.Kernel, run.Manifest.Options["out"] = evil, evil, evil
	run.Manifest.Strategies = append([]results.Term{{Name: evil, Summary: evil}}, run.Manifest.Strategies...)
	run.Cells[0].Valid, run.Cells[0].InvalidReason = false, evil
	page := reportOf(t, run)
	if strings.Contains(page, "<script>alert") || strings.Count(page, "<script") != 3 || strings.Count(page, "</script") != 3 {
		t.Error("text of the run became markup")
	}
}

func TestReportOfAnEmptyRunIsWhole(t *testing.T) {
	page := reportOf(t, &results.Run{})
	for _, want := range []string{"The run has no cells on record.", "no cells on record", "</html>"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestEveryTableRowHasAHeadAndEveryColumnAScope(t *testing.T) {
	page := reportOf(t, analysistest.Synthetic(t, analysistest.SingleGrid()))
	if got := strings.Count(page, "<th"); got != strings.Count(page, "<th ")+strings.Count(page, "<thead") {
		t.Errorf("a head without attributes among %d", got)
	}
	heads := regexp.MustCompile(`<th [^>]*>`).FindAllString(page, -1)
	if len(heads) == 0 {
		t.Error("the page has no heads")
	}
	for _, head := range heads {
		if !strings.Contains(head, "scope=") {
			t.Errorf("no scope: %s", head)
		}
	}
}
