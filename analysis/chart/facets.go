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
)

// facets arranges the points of a run in small multiples over one x axis. A row is one
// combination of all coordinates that vary besides strategy, x and the columns'
// coordinate. The points of a panel differ only in strategy and x.
type facets struct {
	manifest   *results.Manifest
	x          *results.Coordinate
	column     *results.Coordinate // the body, or the round trip where x is the body
	measured   []*analysis.Summary // all points, except those that fix leaves out
	summaries  []*analysis.Summary // those that are drawn
	rows       []facetRow
	columns    []float64
	xs         []float64
	strategies []string // in the order of the manifest
	looks      map[string]figure.Look
	fixed      []string // words for the values that were chosen of several
	omitted    string   // how many of the rows and columns are drawn, where that is not all
	shared     []string // words for the coordinates that all rows have in common
	common     []string // the names of these coordinates
}

// facetRow is what the panels of one row have in common: a point without strategy, x
// and the columns' coordinate.
type facetRow struct {
	point       results.Point
	description string
}

func (f *facets) rowPoint(p results.Point) results.Point {
	return p.Without("strategy", f.x.Name, f.column.Name)
}

func (f *facets) holds(r facetRow, p results.Point) bool { return r.point == f.rowPoint(p) }

// newFacets arranges the points of a study. Over the main axis it keeps clients without
// a curve.
func newFacets(study *analysis.Study, x *results.Coordinate, main bool) *facets {
	all := study.Grid()
	f := &facets{manifest: &study.Run.Manifest, x: x, measured: all, column: results.CoordinateByName("body")}
	if x.Name == "body" {
		f.column = results.CoordinateByName("rtt")
	}
	f.strategies = results.NewTermOrder(f.manifest.Strategies).Sort(analysis.NamesOf(all, analysis.StrategyOf))
	f.looks = figure.Looks(f.manifest, f.strategies)
	f.summaries = withCurves(all, x, main)
	f.limitRows()
	f.columns = distinct(f.summaries, f.column)
	f.limitColumns()
	// A panel beside those with a curve shows what was measured for it too.
	f.summaries = analysis.Where(f.measured, func(s *analysis.Summary) bool {
		return f.drawn(s) && slices.Contains(f.columns, number(f.column, s.Point))
	})
	f.xs = distinct(f.summaries, x)
	f.describeRows()
	return f
}

// withCurves leaves out the rows with a single value of x. If others is true, it keeps
// those of clients that have no row with several.
func withCurves(all []*analysis.Summary, x *results.Coordinate, others bool) []*analysis.Summary {
	rows := rowsThatVary(all, x)
	clients := map[string]bool{}
	for p := range rows {
		clients[p.Client] = true
	}
	return analysis.Where(all, func(s *analysis.Summary) bool {
		return rows[s.Without("strategy", x.Name)] || others && !clients[s.Client]
	})
}

// The most rows and columns of panels in a figure. More would be unreadable, and
// drawing them would take longer than the rest of the report.
const (
	maxFacetRows    = 4
	maxFacetColumns = 4
)

// limitRows finds the rows. While there are too many, it fixes the numeric coordinate
// with the most values at the one that most points have; then it keeps the first rows.
func (f *facets) limitRows() {
	for {
		f.rows = nil
		for _, s := range f.summaries {
			if row := (facetRow{point: f.rowPoint(s.Point)}); !slices.Contains(f.rows, row) {
				f.rows = append(f.rows, row)
			}
		}
		if len(f.rows) <= maxFacetRows {
			return
		}
		var widest *results.Coordinate
		most := 1
		for i := range results.Coordinates {
			c := &results.Coordinates[i]
			if !numeric(c) || c.Name == f.x.Name || c.Name == f.column.Name {
				continue
			}
			if n := len(distinct(f.summaries, c)); n > most {
				widest, most = c, n
			}
		}
		if widest == nil {
			break
		}
		f.fix(widest)
	}
	f.omitted = fmt.Sprintf("drawn are %d of %s of client and path", maxFacetRows, words.Plural(len(f.rows), "kind"))
	f.rows = f.rows[:maxFacetRows]
	f.summaries = analysis.Where(f.summaries, f.drawn) // columns and values of x are those of the rows
}

// drawn reports whether a row holds a point.
func (f *facets) drawn(s *analysis.Summary) bool {
	return slices.ContainsFunc(f.rows, func(r facetRow) bool { return f.holds(r, s.Point) })
}

// fix keeps the points with the most common value of a coordinate.
func (f *facets) fix(c *results.Coordinate) {
	value := mostCommon(f.summaries, c)
	var others []string
	for _, v := range distinct(f.summaries, c) {
		if v != value {
			others = append(others, textOf(f.summaries, c, v))
		}
	}
	keep := func(s *analysis.Summary) bool { return number(c, s.Point) == value }
	f.measured, f.summaries = analysis.Where(f.measured, keep), analysis.Where(f.summaries, keep)
	f.fixed = append(f.fixed, c.Words(&f.summaries[0].Point)+" (measured too: "+strings.Join(others, ", ")+")")
	f.common = append(f.common, c.Name)
}

// limitColumns keeps the smallest and the largest column, and some evenly spaced
// between them.
func (f *facets) limitColumns() {
	n := len(f.columns)
	if n <= maxFacetColumns {
		return
	}
	kept := make([]float64, maxFacetColumns)
	for i := range kept {
		kept[i] = f.columns[i*(n-1)/(maxFacetColumns-1)]
	}
	f.columns = kept
	values := "body sizes"
	if f.column.Name == "rtt" {
		values = "round trips"
	}
	if f.omitted == "" {
		f.omitted = "drawn are "
	} else {
		f.omitted += " and "
	}
	f.omitted += fmt.Sprintf("%d of %d %s", maxFacetColumns, n, values)
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
		if c.Name == "strategy" || c.Name == f.x.Name || c.Name == f.column.Name || c.Phrase == "" {
			continue
		}
		varies := slices.ContainsFunc(f.rows, func(r facetRow) bool { return c.Value(&r.point) != c.Value(first) })
		switch {
		case varies:
			for j := range f.rows {
				f.rows[j].description = strings.TrimPrefix(f.rows[j].description+", "+facetWords(c, &f.rows[j].point), ", ")
			}
		case slices.Contains(f.common, c.Name): // the subtitle has it with the other values
		case c.Always || c.Set(first):
			f.shared, f.common = append(f.shared, facetWords(c, first)), append(f.common, c.Name)
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
	parts := slices.Concat(f.shared, f.fixed, extra)
	if f.omitted != "" {
		parts = append(parts, f.omitted)
	}
	return strings.Join(append(parts, analysis.SystemPhrases(f.manifest)...), ", ")
}

// atExtreme returns the points of a panel at the longest round trip, highest
// concurrency and so on that was measured for that panel, where losses are largest.
// Panels may differ in it, because a run may have measured some clients at fewer
// values than others.
func (f *facets) atExtreme(row facetRow, column float64) []*analysis.Summary {
	points := f.panel(row, column)
	if len(points) == 0 {
		return nil
	}
	value := extreme(points, f.x)
	return analysis.Where(points, func(s *analysis.Summary) bool { return number(f.x, s.Point) == value })
}

// allAtExtreme returns the points that atExtreme returns for every panel.
func (f *facets) allAtExtreme() []*analysis.Summary {
	var all []*analysis.Summary
	for _, row := range f.rows {
		for _, column := range f.columns {
			all = append(all, f.atExtreme(row, column)...)
		}
	}
	return all
}

// extremeVaries reports whether the value of atExtreme differs between panels.
func (f *facets) extremeVaries() bool { return len(distinct(f.allAtExtreme(), f.x)) > 1 }

// extremePhrase names the value of atExtreme for a subtitle.
func (f *facets) extremePhrase() string {
	at := f.allAtExtreme()
	if len(at) == 0 {
		return ""
	}
	point := at[0].Point
	switch {
	case len(f.xs) == 1:
		return f.x.Words(&point)
	case f.extremeVaries():
		return "at the " + extremePhrase(f.x) + " measured for each panel"
	}
	return "at the " + extremePhrase(f.x) + " measured, " + f.x.TextWithUnit(&point)
}

// panel returns the points of one panel.
func (f *facets) panel(row facetRow, column float64) []*analysis.Summary {
	return analysis.Where(f.summaries, func(s *analysis.Summary) bool {
		return f.holds(row, s.Point) && number(f.column, s.Point) == column
	})
}

// panelTitle names a panel by its row and column.
func (f *facets) panelTitle(row facetRow, column float64) string {
	title := f.columnTitle(column)
	if row.description != "" {
		title = row.description + ", " + title
	}
	return title
}

// columnTitle names a column, with no-break spaces.
func (f *facets) columnTitle(column float64) string {
	for _, s := range f.summaries {
		if number(f.column, s.Point) == column {
			return strings.ReplaceAll(f.column.Words(&s.Point), " ", "\u00a0")
		}
	}
	return ""
}

// byStrategy returns the points of one strategy, ordered by x.
func (f *facets) byStrategy(summaries []*analysis.Summary, strategy string) []*analysis.Summary {
	of := analysis.OfStrategy(summaries, strategy)
	slices.SortStableFunc(of, func(a, b *analysis.Summary) int { return cmp.Compare(number(f.x, a.Point), number(f.x, b.Point)) })
	return of
}

// strategyLegend returns the legend entries of the strategies that are drawn: those in
// the map, true for those with a line.
func (f *facets) strategyLegend(drawn map[string]bool) []figure.LegendEntry {
	var entries []figure.LegendEntry
	for _, s := range f.strategies {
		if line, ok := drawn[s]; ok {
			entries = append(entries, figure.LegendEntry{Name: shorten(s), Look: f.looks[s], GlyphsOnly: !line})
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
			invalid = append(invalid, f.brief(s.Point))
		case !drawable(s) && drawn[s.Strategy]:
			missing = append(missing, f.brief(s.Point))
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

// brief names a point by its strategy and by the conditions that not all points of
// the figure have in common.
func (f *facets) brief(p results.Point) string {
	return fmt.Sprintf("%s (%s)", p.Strategy, p.Phrases(append([]string{"strategy"}, f.common...)...))
}

// panelWidth is the width of one panel in points. Four panels side by side are
// narrower, so that a page still shows them at a readable size.
func (f *facets) panelWidth() vg.Length {
	if len(f.columns) > 3 {
		return 205
	}
	return 260
}
