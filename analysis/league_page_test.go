package analysis

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
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

func TestThePageOfALeagueIsAsRecorded(t *testing.T) {
	run := leagueRun(t)
	spoilField(run, "h2o", "curl", 20, 0)
	golden(t, "report-league.golden.html", []byte(leagueSection(t, reportOf(t, run))))
}

func TestOnlyALeagueHasTheSection(t *testing.T) {
	if page := reportOf(t, synthetic(t, tinyGrid())); strings.Contains(page, "League") {
		t.Error("a run of strategies has one")
	}
}

func TestTheCaveatsStandOnceOnThePage(t *testing.T) {
	page := reportOf(t, leagueRun(t))
	for _, text := range leagueOf(leagueRun(t)).caveats() {
		if n := strings.Count(page, strings.ReplaceAll(text, "'", "&#39;")); n != 1 {
			t.Errorf("%d times: %s", n, text)
		}
	}
}

func TestEveryFieldOfALeagueIsTextUnderItsHeads(t *testing.T) {
	run := leagueRun(t)
	spoilField(run, "h2o", "curl", 20, 0)
	l := leagueOf(run)
	b := openReport(t, run)
	// The label of a row and a column, by which a screen reader names a field, and its text.
	type field struct{ Table, Server, Client, Text, Title string }
	fields := eval[[]field](b, `[...document.querySelectorAll("#league-tables table")].flatMap((table) => [...table.querySelectorAll("td.field")].map((td) => ({
		Table: table.parentElement.getAttribute("aria-label"), Server: td.parentElement.querySelector("th[scope=row]").textContent,
		Client: [...table.querySelectorAll("thead tr:first-child th[scope=col]")][td.cellIndex]?.textContent ?? "",
		Text: td.firstChild.textContent, Title: td.title })))`)
	for _, condition := range l.conditions {
		for _, server := range l.servers {
			for _, client := range l.clients {
				at := slices.IndexFunc(fields, func(f field) bool {
					return f.Table == "shares delivered, "+conditionText(condition) && f.Server == server && f.Client == client
				})
				if at < 0 {
					t.Fatalf("no field of %s, %s, %s", server, client, conditionText(condition))
				}
				want, reason := none, "path late: p99 2.9 ms"
				if share := l.share(server, client, condition); share.Known() {
					want, reason = heatNumber(share), sharePhrase(share)
				}
				if got := fields[at]; got.Text != want || !strings.HasSuffix(got.Title, reason) {
					t.Errorf("%+v, want %s and %s", got, want, reason)
				}
			}
		}
	}
	b.sound()
}

func TestTheLeagueIsUsableWithoutEyesOrColours(t *testing.T) {
	run := leagueRun(t)
	spoilField(run, "h2o", "curl", 20, 0)
	b := openReport(t, run)
	for _, theme := range []string{"light", "dark"} {
		for _, problem := range eval[[]string](b, accessibility) {
			t.Errorf("%s: %s", theme, problem)
		}
		b.run(switchTheme(), b.drawn())
	}
	// What scrolls is reached with the keyboard alone.
	for i := range eval[int](b, `document.querySelectorAll("#league-tables .scroll").length`) {
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
