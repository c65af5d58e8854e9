package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/league"
	"github.com/rejectbench/rejectbench/results"
)

// leagueSection is the league's part of a page.
func leagueSection(t *testing.T, page string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, `<section id="league-tables">`)
	section, _, closed := strings.Cut(rest, "</section>")
	if !found || !closed {
		t.Fatal("the page has no league")
	}
	return section
}

// leagueOf is the section of the page on a run's league.
func leagueOf(run *results.Run) *league.Page {
	return league.New(analysis.NewStudy(run)).Page()
}

func TestThePageOfALeagueIsAsRecorded(t *testing.T) {
	run := analysistest.LeagueRun(t)
	analysistest.SpoilField(run, "h2o", "curl", 20, 0)
	analysistest.Golden(t, "report-league.golden", outline(t, leagueSection(t, reportOf(t, run))))
}

func TestOnlyALeagueHasTheSection(t *testing.T) {
	if page := reportOf(t, analysistest.Synthetic(t, analysistest.TinyGrid())); strings.Contains(page, "League") {
		t.Error("a run of strategies has one")
	}
}

func TestThePageHasEachCaveatOnce(t *testing.T) {
	page := reportOf(t, analysistest.LeagueRun(t))
	caveats := leagueOf(analysistest.LeagueRun(t)).Caveats
	if len(caveats) < 5 {
		t.Fatalf("caveats %q", caveats)
	}
	for _, text := range caveats {
		if n := strings.Count(page, strings.ReplaceAll(text, "'", "&#39;")); n != 1 {
			t.Errorf("%d times: %s", n, text)
		}
	}
}

func TestEveryFieldOfALeagueIsTextUnderItsHeads(t *testing.T) {
	run := analysistest.LeagueRun(t)
	analysistest.SpoilField(run, "h2o", "curl", 20, 0)
	b := openReport(t, run)
	// The label of a row and a column, by which a screen reader names a field, and its text.
	type field struct{ Table, Server, Client, Text, Title string }
	fields := eval[[]field](b, `[...document.querySelectorAll("#league-tables table")].flatMap((table) => [...table.querySelectorAll("td.field")].map((td) => ({
		Table: table.parentElement.getAttribute("aria-label"), Server: td.parentElement.querySelector("th[scope=row]").textContent,
		Client: [...table.querySelectorAll("thead tr:first-child th[scope=col]")][td.cellIndex]?.textContent ?? "",
		Text: td.firstChild.textContent, Title: td.title })))`)
	checked := 0
	for _, table := range leagueOf(run).Fields {
		for _, row := range table.Rows {
			for i, want := range row.Cells {
				checked++
				at := slices.IndexFunc(fields, func(f field) bool {
					return f.Table == "shares delivered, "+table.Title && f.Server == row.Server && f.Client == table.Clients[i]
				})
				if at < 0 {
					t.Fatalf("no field of %s, %s, %s", row.Server, table.Clients[i], table.Title)
				}
				if got := fields[at]; got.Text != want.Text || got.Title != want.Title {
					t.Errorf("%+v, want %s and %s", got, want.Text, want.Title)
				}
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d fields were compared", checked)
	}
	b.sound()
}

func TestTheLeagueIsUsableWithoutEyesOrColours(t *testing.T) {
	run := analysistest.LeagueRun(t)
	analysistest.SpoilField(run, "h2o", "curl", 20, 0)
	b := openReport(t, run)
	for _, theme := range []string{"light", "dark"} {
		for _, problem := range eval[[]string](b, accessibility) {
			t.Errorf("%s: %s", theme, problem)
		}
		b.run(switchTheme(), b.drawn())
	}
	// The keyboard alone reaches every table that scrolls.
	tables := eval[int](b, `document.querySelectorAll("#league-tables .scroll").length`)
	if tables < 3 {
		t.Errorf("the league has %d tables", tables)
	}
	for i := range tables {
		pick := fmt.Sprintf(`document.querySelectorAll("#league-tables .scroll")[%d]`, i)
		if !eval[bool](b, fmt.Sprintf(`(() => { const e = %s; e.focus(); return document.activeElement === e && !!e.getAttribute("aria-label"); })()`, pick)) {
			t.Errorf("table %d is not reached", i)
		}
	}
	b.run(chromedp.EmulateViewport(400, 800), b.drawn())
	if width := eval[int](b, `document.documentElement.scrollWidth`); width > 400 {
		t.Errorf("a page of 400 pixels scrolls to %d", width)
	}
	b.sound()
}
