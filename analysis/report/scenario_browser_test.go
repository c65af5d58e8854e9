package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
)

func TestThePageOfScenariosWorksInABrowser(t *testing.T) {
	run := analysistest.EveryVerdict()
	b := openReport(t, run)
	if n := eval[int](b, `document.querySelectorAll("#scenarios article").length`); n != len(run.Manifest.Scenarios) {
		t.Errorf("%d scenarios are shown of %d", n, len(run.Manifest.Scenarios))
	}
	if rows := eval[int](b, `document.querySelectorAll("#grid tbody tr").length`); rows != len(run.Cells) {
		t.Errorf("the table has %d of %d points", rows, len(run.Cells))
	}
	if eval[bool](b, `!!document.getElementById("charts")`) {
		t.Error("points that have nothing in common are charted")
	}
	b.run(chromedp.Evaluate[chromedp.Void](`for (const d of document.querySelectorAll("details")) d.open = true`))
	for _, theme := range []string{"light", "dark"} {
		for _, problem := range eval[[]string](b, accessibility) {
			t.Errorf("%s: %s", theme, problem)
		}
		b.run(switchTheme(), b.drawn())
	}
	b.run(chromedp.EmulateViewport(400, 800), b.drawn())
	if width := eval[int](b, `document.documentElement.scrollWidth`); width > 400 {
		t.Errorf("a page of 400 pixels scrolls to %d", width)
	}
	b.sound()
}

func TestChartsBesideScenariosShowTheGridAlone(t *testing.T) {
	run, scenarios := analysistest.Synthetic(t, analysistest.TinyGrid()), analysistest.EveryVerdict()
	run.Cells = append(run.Cells, scenarios.Cells...)
	run.Manifest.Scenarios = scenarios.Manifest.Scenarios
	b := openReport(t, run)
	for _, chart := range []string{"chart-delivered", "chart-outcomes", "chart-frontier"} {
		b.run(b.sight(chart))
		text := eval[string](b, fmt.Sprintf(`document.getElementById(%q).textContent`, chart))
		if strings.Contains(text, "read-header") || !strings.Contains(text, "lingering-close") {
			t.Errorf("%s: %s", chart, text)
		}
	}
	b.sound()
}
