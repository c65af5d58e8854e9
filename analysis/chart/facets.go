package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// facets arranges the points of a run in small multiples. A row is one combination
// of client and all other coordinates that vary, such as loss or limit; a column is a
// body size. Only the concurrency that most points have is shown.
type facets struct {
	manifest           *results.Manifest
	summaries          []*analysis.Summary // at that concurrency
	rows               []facetRow
	bodies             []int64
	rtts               []float64
	strategies         []string // in the order of the manifest
	looks              map[string]figure.Look
	concurrency        int
	otherConcurrencies []int    // not drawn
	omitted            string   // how many of the rows and columns are drawn, where that is not all
	shared             []string // words for the coordinates that all rows have in common
}

// facetRow is what the panels of one row have in common: a point without strategy,
// round trip, body and concurrency.
type facetRow struct {
	point       results.Point
	description string
}

func facetPoint(p results.Point) results.Point {
	return p.Without("strategy", "rtt", "body", "concurrency")
}

func (r facetRow) holds(p results.Point) bool { return r.point == facetPoint(p) }

func newFacets(study *analysis.Study) *facets {
	run, all := study.Run, study.Grid()
	f := &facets{manifest: &run.Manifest}
	var concurrencies []int
	f.concurrency, concurrencies = mostCommonConcurrency(all)
	f.otherConcurrencies = slices.DeleteFunc(concurrencies, func(c int) bool { return c == f.concurrency })
	f.summaries = analysis.Where(all, func(s *analysis.Summary) bool { return s.Concurrency == f.concurrency })
	f.strategies = results.NewTermOrder(run.Manifest.Strategies).Sort(analysis.NamesOf(all, analysis.StrategyOf))
	f.looks = figure.Looks(f.manifest, f.strategies)
	for _, s := range f.summaries {
		f.bodies = append(f.bodies, s.BodyBytes)
		f.rtts = append(f.rtts, s.RTTMs)
		row := facetRow{point: facetPoint(s.Point)}
		if !slices.Contains(f.rows, row) {
			f.rows = append(f.rows, row)
		}
	}
	slices.Sort(f.bodies)
	slices.Sort(f.rtts)
	f.bodies, f.rtts = slices.Compact(f.bodies), slices.Compact(f.rtts)
	f.limitPanels()
	f.describeRows()
	return f
}

// The most rows and columns of panels in a figure. More would be unreadable, and
// drawing them would take longer than the rest of the report.
const (
	maxFacetRows    = 4
	maxFacetColumns = 4
)

// limitPanels keeps the first rows, and of the body sizes the smallest, the largest
// and some evenly spaced between them.
func (f *facets) limitPanels() {
	rows, bodies := len(f.rows), len(f.bodies)
	if rows <= maxFacetRows && bodies <= maxFacetColumns {
		return
	}
	f.rows = f.rows[:min(rows, maxFacetRows)]
	if bodies > maxFacetColumns {
		kept := make([]int64, maxFacetColumns)
		for i := range kept {
			kept[i] = f.bodies[i*(bodies-1)/(maxFacetColumns-1)]
		}
		f.bodies = kept
	}
	f.omitted = fmt.Sprintf("drawn are %d of %s and %d of %s", len(f.rows), words.Plural(rows, "kind")+" of client and path", len(f.bodies), words.Plural(bodies, "body size"))
	f.summaries = analysis.Where(f.summaries, func(s *analysis.Summary) bool {
		return slices.Contains(f.bodies, s.BodyBytes) && slices.ContainsFunc(f.rows, func(r facetRow) bool { return r.holds(s.Point) })
	})
}

// mostCommonConcurrency returns the concurrency that most points have, the smallest
// in a tie, and all concurrencies in ascending order.
func mostCommonConcurrency(summaries []*analysis.Summary) (most int, all []int) {
	count := map[int]int{}
	for _, s := range summaries {
		if count[s.Concurrency] == 0 {
			all = append(all, s.Concurrency)
		}
		count[s.Concurrency]++
	}
	slices.Sort(all)
	for _, c := range all {
		if count[c] > count[most] {
			most = c
		}
	}
	return most, all
}

// describeRows describes rows by the coordinates that vary between them, and keeps
// the others for the subtitle.
func (f *facets) describeRows() {
	if len(f.rows) == 0 {
		return
	}
	first := &f.rows[0].point
	for i := range results.Coordinates {
		c := &results.Coordinates[i]
		varies := slices.ContainsFunc(f.rows, func(r facetRow) bool { return c.Value(&r.point) != c.Value(first) })
		switch {
		case varies:
			for j := range f.rows {
				f.rows[j].description = strings.TrimPrefix(f.rows[j].description+", "+facetWords(c, &f.rows[j].point), ", ")
			}
		case c.Set(first):
			f.shared = append(f.shared, facetWords(c, first))
		}
	}
}

// facetWords writes a coordinate for the title of a panel.
func facetWords(c *results.Coordinate, p *results.Point) string {
	if c.Name == "client" {
		return p.Client + " client"
	}
	return c.Words(p)
}

// conditions is the subtitle: what all panels have in common, and extra.
func (f *facets) conditions(extra ...string) string {
	parts := append(slices.Clone(f.shared), extra...)
	parts = append(parts, fmt.Sprintf("concurrency %d", f.concurrency))
	if len(f.otherConcurrencies) > 0 {
		var names []string
		for _, c := range f.otherConcurrencies {
			names = append(names, fmt.Sprint(c))
		}
		parts[len(parts)-1] += " (measured too: " + strings.Join(names, ", ") + ")"
	}
	if f.omitted != "" {
		parts = append(parts, f.omitted)
	}
	return strings.Join(append(parts, analysis.SystemPhrases(f.manifest)...), ", ")
}

// atLongestRTT returns the points of a panel at the longest round trip measured for
// that panel, where losses are largest. Panels may differ in it, because a run may have
// measured some clients at fewer round trips than others.
func (f *facets) atLongestRTT(row facetRow, body int64) []*analysis.Summary {
	points := f.panel(row, body)
	longest := longestRTT(points)
	return analysis.Where(points, func(s *analysis.Summary) bool { return s.RTTMs == longest })
}

func longestRTT(points []*analysis.Summary) float64 {
	var longest float64
	for _, s := range points {
		longest = max(longest, s.RTTMs)
	}
	return longest
}

// allAtLongestRTT returns the points at the longest round trip of every panel.
func (f *facets) allAtLongestRTT() []*analysis.Summary {
	var all []*analysis.Summary
	for _, row := range f.rows {
		for _, body := range f.bodies {
			all = append(all, f.atLongestRTT(row, body)...)
		}
	}
	return all
}

// longestRTTVaries tells whether the longest round trip differs between panels.
func (f *facets) longestRTTVaries() bool {
	longest := longestRTT(f.summaries)
	return slices.ContainsFunc(f.allAtLongestRTT(), func(s *analysis.Summary) bool { return s.RTTMs != longest })
}

// longestRTTPhrase names the longest round trip for a subtitle.
func (f *facets) longestRTTPhrase() string {
	longest := units.Number(longestRTT(f.summaries)) + " ms"
	switch {
	case len(f.rtts) == 1:
		return "rtt " + longest
	case f.longestRTTVaries():
		return "at the longest rtt measured for each panel"
	}
	return "at the longest rtt measured, " + longest
}

// panel returns the points of one panel.
func (f *facets) panel(row facetRow, body int64) []*analysis.Summary {
	return analysis.Where(f.summaries, func(s *analysis.Summary) bool { return row.holds(s.Point) && s.BodyBytes == body })
}

// panelTitle names a panel by its row and column.
func (f *facets) panelTitle(row facetRow, body int64) string {
	title := bodyTitle(body)
	if row.description != "" {
		title = row.description + ", " + title
	}
	return title
}

// bodyTitle names a body size, with no-break spaces.
func bodyTitle(body int64) string { return strings.ReplaceAll("body "+units.Size(body), " ", "\u00a0") }

// byStrategy returns the points of one strategy, ordered by round trip.
func byStrategy(summaries []*analysis.Summary, strategy string) []*analysis.Summary {
	of := analysis.OfStrategy(summaries, strategy)
	slices.SortStableFunc(of, func(a, b *analysis.Summary) int { return cmp.Compare(a.RTTMs, b.RTTMs) })
	return of
}

// strategyLegend returns the legend entries of the strategies that are drawn.
func (f *facets) strategyLegend(drawn map[string]bool) []figure.LegendEntry {
	var entries []figure.LegendEntry
	for _, s := range f.strategies {
		if drawn[s] {
			entries = append(entries, figure.LegendEntry{Name: shorten(s), Look: f.looks[s]})
		}
	}
	return entries
}

// shorten cuts a long name, which would leave too little space for the data.
func shorten(name string) string {
	const most = 28
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return name
}

// omissions returns notes on the points that a figure leaves out, and why. It names
// a strategy that is left out everywhere once, and other points one by one.
func (f *facets) omissions(summaries []*analysis.Summary, drawable func(*analysis.Summary) bool, why string) []string {
	drawn := map[string]bool{}
	for _, s := range summaries {
		if s.Valid() && drawable(s) {
			drawn[s.Strategy] = true
		}
	}
	var invalid, missing []string
	for _, s := range summaries {
		switch {
		case !s.Valid():
			invalid = append(invalid, brief(s.Point))
		case !drawable(s) && drawn[s.Strategy]:
			missing = append(missing, brief(s.Point))
		}
	}
	absent := analysis.Where(summaries, func(s *analysis.Summary) bool { return s.Valid() && !drawn[s.Strategy] })
	missing = append(analysis.NamesOf(absent, analysis.StrategyOf), missing...)
	var notes []string
	if len(invalid) > 0 {
		notes = append(notes, "No valid cell: "+firstNames(invalid)+". The table gives the reasons.")
	}
	if len(missing) > 0 {
		notes = append(notes, why+": "+firstNames(missing)+".")
	}
	return notes
}

// firstNames lists the first of many names and counts the others.
func firstNames(names []string) string {
	const most = 4
	text := strings.Join(names[:min(len(names), most)], "; ")
	if more := len(names) - most; more > 0 {
		text += "; and " + words.Plural(more, "more point")
	}
	return text
}

// brief names a point by its strategy and its conditions. All points of a figure
// have one concurrency.
func brief(p results.Point) string {
	return fmt.Sprintf("%s (%s)", p.Strategy, p.Phrases("strategy", "concurrency"))
}

// panelWidth is the width of one panel in points. Four panels side by side are
// narrower, so that a page still shows them at a readable size.
func (f *facets) panelWidth() vg.Length {
	if len(f.bodies) > 3 {
		return 205
	}
	return 260
}
