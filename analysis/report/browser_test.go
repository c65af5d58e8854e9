package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/frontier"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results"
)

var reportedCharts = []string{"chart-delivered", "chart-times", "chart-latency", "chart-resets", "chart-cost", "chart-outcomes", "chart-fates", "chart-frontier"}

func TestFiltersDriveTheTableAndEveryChart(t *testing.T) {
	b := openReport(t, analysistest.Flawed(analysistest.Synthetic(t, analysistest.SmallGrid())))
	rows := func() int { return eval[int](b, `document.querySelectorAll("#grid tbody tr").length`) }
	all := rows()
	if want := len(analysis.NewStudy(&results.Run{Cells: analysistest.Synthetic(t, analysistest.SmallGrid()).Cells}).Summaries); all != want {
		t.Errorf("%d rows, want %d", all, want)
	}
	keyOf := func(chart string) string {
		return eval[string](b, fmt.Sprintf(`document.querySelector("#%s .key").textContent`, chart))
	}
	for _, chart := range reportedCharts {
		b.run(b.sight(chart))
		if n := eval[int](b, fmt.Sprintf(`document.querySelectorAll("#%s .plot svg path").length`, chart)); n < 10 {
			t.Errorf("%s has %d paths", chart, n)
		}
		if text := eval[string](b, fmt.Sprintf(`document.querySelector("#%s .plot").getAttribute("aria-label") ?? ""`, chart)); len(text) < 40 {
			t.Errorf("%s is described as %q", chart, text)
		}
		b.run(press("#"+chart+" details summary"), b.drawn())
		if n := eval[int](b, fmt.Sprintf(`document.querySelectorAll("#%s details tbody tr").length`, chart)); n == 0 {
			t.Errorf("%s has no figures as text", chart)
		}
	}
	before := map[string]string{"chart-delivered": keyOf("chart-delivered"), "chart-frontier": keyOf("chart-frontier")}
	b.run(chromedp.Click("#filter-fold summary"), chromedp.ScrollIntoView("#facets"), chromedp.Click(`[data-key="strategy"] label:nth-of-type(1)`), chromedp.Click(`[data-key="strategy"] label:nth-of-type(2)`), b.drawn())
	if n := rows(); n == 0 || n >= all {
		t.Errorf("%d of %d rows after a filter", n, all)
	}
	if text := eval[string](b, `document.getElementById("count").textContent`); !strings.Contains(text, fmt.Sprintf("%d of %d points", rows(), all)) {
		t.Errorf("the count says %q", text)
	}
	for chart, was := range before {
		b.run(b.sight(chart), b.drawn())
		if now := keyOf(chart); now == was || strings.Contains(now, "lingering-close") {
			t.Errorf("%s still shows %q", chart, now)
		}
	}
	b.run(chromedp.SendKeys("#text", "duplex 1mib"), chromedp.Click(`#filters button[type=reset]`), b.drawn())
	if n := rows(); n != all {
		t.Errorf("%d of %d rows after everything is shown again", n, all)
	}
	b.run(chromedp.SendKeys("#text", "no such words"), b.drawn())
	if n := rows(); n != 0 {
		t.Errorf("%d rows have words that are nowhere", n)
	}
	b.sound()
}

func TestTheTableSortsByKeyboard(t *testing.T) {
	b := openReport(t, analysistest.Flawed(analysistest.Synthetic(t, analysistest.SmallGrid())))
	column := func() []string {
		return eval[[]string](b, `(() => { const n = [...document.querySelectorAll("#grid thead th")].findIndex((th) => th.dataset.key === "hold_ms"); return [...document.querySelectorAll("#grid tbody tr")].map((tr) => tr.children[n].textContent); })()`)
	}
	numbers := func() (known []float64, dashes int) {
		for _, text := range column() {
			var v float64
			if _, err := fmt.Sscan(text, &v); err != nil {
				dashes++
			} else if dashes > 0 {
				t.Error("a point without a figure stands before one with it")
			} else {
				known = append(known, v)
			}
		}
		return known, dashes
	}
	for _, press := range []struct{ key, sort string }{{kb.Enter, "ascending"}, {" ", "descending"}, {kb.Enter, "ascending"}} {
		b.run(chromedp.Focus(`[data-key="hold_ms"] button`), chromedp.KeyEvent(press.key), b.drawn())
		if got := eval[string](b, `document.querySelector('[data-key="hold_ms"]').getAttribute("aria-sort")`); got != press.sort {
			t.Errorf("aria-sort is %s, want %s", got, press.sort)
		}
		known, dashes := numbers()
		if press.sort == "descending" {
			slices.Reverse(known)
		}
		if len(known) < 10 || dashes == 0 || !slices.IsSorted(known) {
			t.Errorf("%s: %v", press.sort, known)
		}
	}
	if n := eval[int](b, `document.querySelectorAll('#grid th[aria-sort]:not([aria-sort="none"])').length`); n != 1 {
		t.Errorf("%d columns say that they are sorted", n)
	}
	b.sound()
}

func TestTheDownloadHasTheFilteredPoints(t *testing.T) {
	run := analysistest.Synthetic(t, analysistest.SmallGrid())
	for i, c := range run.Cells {
		if c.Strategy == "close" {
			run.Cells[i].Strategy = `close, "quoted"`
		}
	}
	b := openReport(t, run)
	dir := t.TempDir()
	const clicks = 5
	ended := make(chan string, clicks)
	listening := chromedp.ListenBrowser(b, func(event any) {
		if e, ok := event.(*browser.EventDownloadProgress); ok && e.State == browser.DownloadProgressStateCompleted {
			ended <- e.GUID
		}
	})
	_, err := chromedp.CallBrowser(b, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: dir, EventsEnabled: new(true),
	})
	if err := errors.Join(listening, err); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // the browser outlives the tab, and this folder does not
		if _, err := chromedp.CallBrowser(b, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorDefault}); err != nil {
			t.Error(err)
		}
	})
	b.run(chromedp.Click("#filter-fold summary"), chromedp.SendKeys("#text", "quoted duplex"), b.drawn())
	var guid string
	// The page may still move under the pointer of the first click.
	for click := 1; guid == ""; click++ {
		b.run(chromedp.Click("#csv"))
		select {
		case guid = <-ended:
		case <-time.After(10 * time.Second):
			if click == clicks {
				t.Fatalf("nothing was downloaded after %d clicks", clicks)
			}
		case <-b.Done():
			t.Fatal("nothing was downloaded in the time of the test")
		}
	}
	f, err := os.Open(filepath.Join(dir, guid))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var want []*analysis.Summary
	for _, s := range analysis.NewStudy(run).Summaries {
		if s.Strategy == `close, "quoted"` && s.Client == "duplex" {
			want = append(want, s)
		}
	}
	want = worstFirst(want) // as the table
	if len(want) == 0 || len(lines) != len(want)+1 {
		t.Fatalf("%d lines for %d points", len(lines), len(want))
	}
	for i, s := range want {
		for key, value := range map[string]string{
			"strategy": s.Strategy, "client": s.Client, "rtt_ms": fmt.Sprint(s.RTTMs), "body_bytes": fmt.Sprint(s.BodyBytes),
			"rejected": fmt.Sprint(s.Rejected), "delivered_share": fmt.Sprint(s.Delivered.Value),
		} {
			if got := lines[i+1][slices.Index(lines[0], key)]; got != value {
				t.Errorf("line %d: %s is %q, want %q", i+1, key, got, value)
			}
		}
	}
	b.sound()
}

// The script's function is evaluated by itself, because the page shows no share of its
// own choice.
func TestThePageWritesSharesAsGoDoes(t *testing.T) {
	source := regexp.MustCompile(`(?s)\n  const percent = (\(v\) => \{.*?\n  \});\n`).FindStringSubmatch(reportScript)
	if source == nil {
		t.Fatal("the script has no function percent")
	}
	b := openReport(t, analysistest.Synthetic(t, analysistest.TinyGrid()))
	for _, v := range []float64{0, 1, 1e-9, 4.9e-5, 5.1e-5, 0.001, 0.0099, 0.00999, 0.01, 0.123, 0.5, 0.98, 0.99, 0.9901, 0.9987, 0.99994, 0.99996, 0.999999999} {
		want := words.Percent(v)
		if got := eval[string](b, fmt.Sprintf("(%s)(%v)", source[1], v)); got != want {
			t.Errorf("the page writes %v as %s, Go as %s", v, got, want)
		}
	}
	b.sound()
}

func TestThePageComputesTheFrontierThatGoComputes(t *testing.T) {
	g := analysistest.SmallGrid()
	g.Strategies = append(g.Strategies, "drain-until-acked", "read-request", "delayed-close")
	run := analysistest.Synthetic(t, g)
	b := openReport(t, run)
	b.run(b.sight("chart-frontier"), chromedp.Click("#chart-frontier details summary"), b.drawn())
	rejecting := frontier.Rejecting(analysis.NewStudy(run).Summaries)
	names, parts := frontier.Mixes(rejecting)
	for _, cost := range frontier.Costs {
		b.run(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const s = document.querySelector("#chart-frontier select"); s.value = %q; s.dispatchEvent(new Event("change")); })()`, cost.Name)), b.drawn())
		rows := eval[[][]string](b, `[...document.querySelectorAll("#chart-frontier details tbody tr")].map((tr) => [...tr.children].map((c) => c.textContent))`)
		got := map[string]string{}
		for _, r := range rows {
			mix, _, _ := strings.Cut(r[1], ",")
			got[mix+"/"+r[0]] = r[4]
		}
		want := map[string]string{}
		for i, name := range names {
			points, _ := frontier.Of(parts[i], cost)
			for _, p := range points {
				want[name+"/"+p.Strategy] = strings.TrimSuffix(p.Place.String()+" by "+p.BeatenBy, " by ")
			}
		}
		if len(want) == 0 && cost.Name != "drained_bytes" {
			t.Errorf("%s: nothing to compare", cost.Name)
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: the page says %v, Go %v", cost.Name, got, want)
		}
	}
	b.sound()
}

func TestThePageFollowsTheReadersColourScheme(t *testing.T) {
	b := openReport(t, analysistest.Synthetic(t, analysistest.TinyGrid()))
	background := func() (rgb [3]int) {
		text := eval[string](b, `getComputedStyle(document.body).backgroundColor`)
		if _, err := fmt.Sscanf(text, "rgb(%d, %d, %d)", &rgb[0], &rgb[1], &rgb[2]); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		return rgb
	}
	if v := background(); v[0] < 200 {
		t.Errorf("the page is %v at first", v)
	}
	b.run(switchTheme(), b.drawn())
	if v := background(); v[0] > 60 {
		t.Errorf("the page is %v after the switch", v)
	}
	b.run(switchTheme(), b.drawn())
	if v := background(); v[0] < 200 {
		t.Errorf("the page is %v after it was switched back", v)
	}
	_, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
	if err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Reload(), b.drawn())
	if v := background(); v[0] > 60 {
		t.Errorf("the page is %v for a reader who likes it dark", v)
	}
	b.sound()
}

// The script walks what assistive technology does: names of controls, order of
// headings, and contrast of all text against what lies behind it.
const accessibility = `(() => {
	const wrong = [];
	for (const e of document.querySelectorAll("input, select, button")) {
		if (!e.checkVisibility() && e.type !== "checkbox") continue;
		const name = e.getAttribute("aria-label") || (e.labels && [...e.labels].map((l) => l.textContent).join("")) || e.textContent;
		if (!name.trim()) wrong.push("no name: " + e.outerHTML.slice(0, 80));
	}
	let level = 0;
	for (const h of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
		const n = +h.tagName[1];
		if (n > level + 1) wrong.push("heading " + h.textContent + " skips a level");
		level = n;
	}
	const ids = new Set();
	for (const e of document.querySelectorAll("[id]")) {
		if (ids.has(e.id)) wrong.push("id twice: " + e.id);
		ids.add(e.id);
	}
	for (const landmark of ["header", "main", "nav[aria-label]", ".skip"]) if (!document.querySelector(landmark)) wrong.push("no " + landmark);
	const parse = (text) => { const m = text.match(/[\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
	const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0) return c; } return [255, 255, 255, 1]; };
	let seen = 0;
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const e = texts.currentNode.parentElement;
		if (!texts.currentNode.data.trim() || !e.checkVisibility() || e.closest("script, svg, .skip, :disabled")) continue;
		seen++;
		const a = luminance(parse(getComputedStyle(e).color)), b = luminance(behind(e));
		const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (contrast < 4.5) wrong.push(contrast.toFixed(2) + ": " + texts.currentNode.data.slice(0, 40));
	}
	for (const e of document.querySelectorAll(".plot svg text")) {
		if (!e.checkVisibility() || !e.textContent.trim()) continue;
		const fill = getComputedStyle(e).fill;
		if (!fill.startsWith("rgb")) continue;
		seen++;
		const a = luminance(parse(fill)), b = luminance(behind(e.closest(".plot")));
		const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (contrast < 4.5) wrong.push("chart " + contrast.toFixed(2) + ": " + e.textContent);
	}
	if (seen < 100) wrong.push("only " + seen + " texts were looked at");
	return wrong;
})()`

func TestThePageIsUsableWithoutEyesOrColours(t *testing.T) {
	b := openReport(t, analysistest.Flawed(analysistest.Synthetic(t, analysistest.SmallGrid())))
	for _, theme := range []string{"light", "dark"} {
		for _, chart := range reportedCharts {
			b.run(b.sight(chart))
		}
		b.run(chromedp.Evaluate[chromedp.Void](`document.querySelector("[data-key=client] input").click()`), b.drawn())
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

func TestThePagePrintsItsChartsAndDetails(t *testing.T) {
	b := openReport(t, analysistest.Synthetic(t, analysistest.SmallGrid()))
	pdf, err := chromedp.Run(b, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize()))
	if err != nil {
		t.Fatal(err)
	}
	if pages := strings.Count(string(pdf), "/Type /Page\n") + strings.Count(string(pdf), "/Type /Page "); pages < 3 {
		t.Errorf("%d pages of %d bytes", pages, len(pdf))
	}
	b.run(chromedp.Evaluate[chromedp.Void](`dispatchEvent(new Event("beforeprint"))`))
	if closed := eval[int](b, `document.querySelectorAll("details:not([open]):not(.stills)").length`); closed != 0 {
		t.Errorf("%d folds are closed on paper", closed)
	}
	for _, chart := range reportedCharts {
		if eval[int](b, fmt.Sprintf(`document.querySelectorAll("#%s .plot svg").length`, chart)) == 0 {
			t.Errorf("%s is not on paper", chart)
		}
	}
	b.run(chromedp.Evaluate[chromedp.Void](`dispatchEvent(new Event("afterprint"))`))
	if open := eval[int](b, `document.querySelectorAll(".chart details[open]").length`); open != 0 {
		t.Errorf("%d folds stay open after printing", open)
	}
	b.sound()
}

func TestAPageOfAnEmptyOrInvalidRunWorks(t *testing.T) {
	spoilt := analysistest.Synthetic(t, analysistest.TinyGrid())
	for i := range spoilt.Cells {
		spoilt.Cells[i].Valid, spoilt.Cells[i].InvalidReason = false, "path late"
	}
	openReport(t, &results.Run{}).sound()
	b := openReport(t, spoilt)
	for _, chart := range reportedCharts[:len(reportedCharts)-1] {
		if eval[bool](b, fmt.Sprintf(`!!document.getElementById(%q)`, chart)) {
			b.run(chromedp.ScrollIntoView("#"+chart), b.drawn())
		}
	}
	b.sound()
}

// chooseAxis chooses the x axis of the charts.
func (b *tab) chooseAxis(key string) act {
	return chromedp.Steps(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const s = document.getElementById("show-x"); s.value = %q; s.dispatchEvent(new Event("change")); })()`, key)), b.drawn())
}

func TestTheReaderChoosesTheAxisOfTheCharts(t *testing.T) {
	run := analysistest.Synthetic(t, analysistest.SmallGrid())
	concurrent, values := analysistest.AxisGrid(t, "concurrency")
	run.Cells = append(run.Cells, analysistest.Synthetic(t, concurrent).Cells...)
	b := openReport(t, run)
	b.run(b.sight("chart-delivered"), b.drawn(), b.chooseAxis("concurrency"))
	text := eval[string](b, `document.getElementById("chart-delivered").textContent`)
	for _, want := range append(values, "by concurrency", "blocking client, body 1 MiB") {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
	if strings.Contains(text, "body 0 B") || strings.Contains(text, "duplex client") {
		t.Errorf("a panel of points with one concurrency: %q", text)
	}
	b.run(b.chooseAxis("body_bytes"))
	if text := eval[string](b, `document.getElementById("chart-delivered").textContent`); !strings.Contains(text, "duplex client, rtt 50 ms") {
		t.Errorf("panels by body: %q", text)
	}
	b.sound()
}

func TestThePageBeginsWithTheAnswer(t *testing.T) {
	b := openReport(t, analysistest.Synthetic(t, analysistest.SmallGrid()))
	order := eval[[]string](b, `[...document.querySelectorAll("main > section")].map((s) => s.id)`)
	want := []string{"verdict", "worst", "set", "findings", "charts", "points", "wire", "validity", "environment", "words", "files"}
	if !slices.Equal(order, want) {
		t.Errorf("the sections are %q, want %q", order, want)
	}
	if n := eval[int](b, `document.querySelectorAll("#findings > ul > li").length`); n == 0 || n > maxFindings {
		t.Errorf("%d findings are unfolded", n)
	}
	if n := eval[int](b, `document.querySelectorAll("#chart-delivered .plot svg").length`); n == 0 {
		t.Error("the first chart waits to be scrolled to")
	}
	shares := eval[[]float64](b, `(() => { const n = [...document.querySelectorAll("#grid thead th")].findIndex((th) => th.dataset.key === "delivered_share"); return [...document.querySelectorAll("#grid tbody tr")].map((tr) => parseFloat(tr.children[n].textContent.replace(/[<>]/, ""))).filter((v) => !isNaN(v)); })()`)
	if len(shares) < 10 || !slices.IsSorted(shares) {
		t.Errorf("the table does not begin with the largest loss: %v", shares)
	}
	b.sound()
}

// A slow answer is no failure on a busy machine, so the bound is generous; the
// log has what it took.
func TestThePageOfTenThousandPointsAnswersAFilter(t *testing.T) {
	b := openReport(t, largeRun(t, 10_000))
	b.run(chromedp.Click("#filter-fold summary"))
	const measure = `(() => { const e = performance.getEntriesByName("%s").at(-1); return e ? e.duration : -1; })()`
	for _, step := range []struct {
		name string
		do   act
	}{
		{"one strategy", chromedp.Click(`[data-key="strategy"] label:nth-of-type(2)`)},
		{"and a round trip", chromedp.Click(`[data-key="rtt_ms"] label:nth-of-type(2)`)},
		{"words", chromedp.SendKeys("#text", "k")},
		{"everything", chromedp.Click(`#filters button[type=reset]`)},
	} {
		b.run(step.do, b.drawn())
		filter := eval[float64](b, fmt.Sprintf(measure, "filter"))
		t.Logf("%s: %.1f ms until the table is written, rows %s", step.name, filter, eval[string](b, `document.getElementById("range").textContent`))
		if filter < 0 || filter > 1000 {
			t.Errorf("%s: %v ms", step.name, filter)
		}
	}
	for _, chart := range reportedCharts {
		b.run(b.sight(chart), chromedp.Evaluate[chromedp.Void](`(() => { const s = document.querySelector("[data-key=client] input"); s.click(); })()`), b.drawn())
		t.Logf("%s: %.0f ms for the charts in sight", chart, eval[float64](b, fmt.Sprintf(measure, "charts")))
	}
	b.sound()
}
