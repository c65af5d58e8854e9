package analysis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/results"
)

// facets is how a run's points are laid out in small multiples: a row for each
// kind of client (and for each loss, limit and rate where those vary), a column
// for each body size, at the concurrency that most points have.
type facets struct {
	manifest    *results.Manifest
	summaries   []*Summary // at that concurrency
	rows        []facetRow
	bodies      []int64
	rtts        []float64
	strategies  []string // in the order of the manifest
	looks       map[string]look
	concurrency int
	others      []int // concurrencies that are not drawn
	concerns    []string
}

// facetRow is what one row of panels has in common.
type facetRow struct {
	client      string
	loss        float64
	limit       int
	rate        float64
	description string
}

func (r facetRow) holds(p Point) bool {
	return r.client == p.Client && r.loss == p.Loss && r.limit == p.Limit && r.rate == p.Rate
}

func newFacets(run *results.Run) *facets {
	all := Summarize(run.Cells, &run.Manifest)
	f := &facets{manifest: &run.Manifest}
	var concurrencies []int
	f.concurrency, concurrencies = modal(all)
	f.others = slices.DeleteFunc(concurrencies, func(c int) bool { return c == f.concurrency })
	f.summaries = where(all, func(s *Summary) bool { return s.Concurrency == f.concurrency })
	f.strategies = newOrder(run.Manifest.Strategies).sort(namesOf(all, strategyOf))
	f.looks = looks(f.manifest, f.strategies)
	for _, s := range f.summaries {
		f.bodies = append(f.bodies, s.BodyBytes)
		f.rtts = append(f.rtts, s.RTTMs)
		row := facetRow{client: s.Client, loss: s.Loss, limit: s.Limit, rate: s.Rate}
		if !slices.Contains(f.rows, row) {
			f.rows = append(f.rows, row)
		}
	}
	slices.Sort(f.bodies)
	slices.Sort(f.rtts)
	f.bodies, f.rtts = slices.Compact(f.bodies), slices.Compact(f.rtts)
	f.describeRows()
	return f
}

// modal returns the concurrency that most points have, the smallest of several
// such, and all there are.
func modal(summaries []*Summary) (most int, all []int) {
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

// describeRows names rows by what tells them apart, and keeps for the subtitle
// what they share.
func (f *facets) describeRows() {
	if len(f.rows) == 0 {
		return
	}
	first := f.rows[0]
	differs := func(same func(facetRow) bool) bool {
		return slices.ContainsFunc(f.rows, func(r facetRow) bool { return !same(r) })
	}
	coordinates := []struct {
		varies bool
		unset  bool // says nothing worth a subtitle
		text   func(facetRow) string
	}{
		{differs(func(r facetRow) bool { return r.client == first.client }), false, func(r facetRow) string { return r.client + " client" }},
		{differs(func(r facetRow) bool { return r.loss == first.loss }), first.loss == 0, func(r facetRow) string { return "loss " + number(r.loss*100) + "%" }},
		{differs(func(r facetRow) bool { return r.limit == first.limit }), first.limit == 0, func(r facetRow) string { return fmt.Sprintf("limit %d", r.limit) }},
		{differs(func(r facetRow) bool { return r.rate == first.rate }), first.rate == 0, func(r facetRow) string { return number(r.rate) + " attempts/s" }},
	}
	for _, c := range coordinates {
		switch {
		case c.varies:
			for i := range f.rows {
				f.rows[i].description = strings.TrimPrefix(f.rows[i].description+", "+c.text(f.rows[i]), ", ")
			}
		case !c.unset:
			f.concerns = append(f.concerns, c.text(first))
		}
	}
}

// conditions is what all panels share, for a subtitle.
func (f *facets) conditions(extra ...string) string {
	parts := append(slices.Clone(f.concerns), extra...)
	parts = append(parts, fmt.Sprintf("concurrency %d", f.concurrency))
	if len(f.others) > 0 {
		var names []string
		for _, c := range f.others {
			names = append(names, fmt.Sprint(c))
		}
		parts[len(parts)-1] += " (measured too: " + strings.Join(names, ", ") + ")"
	}
	if m := f.manifest; m.PathKind != "" {
		parts = append(parts, "path "+m.PathKind)
	}
	if cc := f.manifest.TCP["tcp_congestion_control"]; cc != "" {
		parts = append(parts, "congestion control "+cc)
	}
	if f.manifest.Kernel != "" {
		parts = append(parts, "Linux "+f.manifest.Kernel)
	}
	return strings.Join(parts, ", ")
}

// longest is the longest round trip measured, where losses show most.
func (f *facets) longest() float64 { return f.rtts[len(f.rtts)-1] }

// atLongest names it for a subtitle.
func (f *facets) atLongest() string {
	if len(f.rtts) == 1 {
		return "rtt " + number(f.longest()) + " ms"
	}
	return "at the longest rtt measured, " + number(f.longest()) + " ms"
}

// panel returns the points of one panel.
func (f *facets) panel(row facetRow, body int64) []*Summary {
	return where(f.summaries, func(s *Summary) bool { return row.holds(s.Point) && s.BodyBytes == body })
}

// panelTitle names a panel by what tells it from the others.
func (f *facets) panelTitle(row facetRow, body int64) string {
	title := "body " + size(body)
	if row.description != "" {
		title = row.description + ", " + title
	}
	return title
}

// byStrategy returns one strategy's points of a panel, by round trip.
func byStrategy(summaries []*Summary, strategy string) []*Summary {
	of := where(summaries, func(s *Summary) bool { return s.Strategy == strategy })
	slices.SortStableFunc(of, func(a, b *Summary) int { return cmp.Compare(a.RTTMs, b.RTTMs) })
	return of
}

// strategyLegend has an entry for each strategy that is drawn.
func (f *facets) strategyLegend(drawn map[string]bool) []legendEntry {
	var entries []legendEntry
	for _, s := range f.strategies {
		if drawn[s] {
			entries = append(entries, legendEntry{name: shorten(s), look: f.looks[s]})
		}
	}
	return entries
}

// shorten keeps a name from pushing the data off the page.
func shorten(name string) string {
	const most = 28
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return name
}

// omissions says which points a plot leaves out, and why.
func (f *facets) omissions(summaries []*Summary, drawable func(*Summary) bool, why string) []string {
	var invalid, other []string
	for _, s := range summaries {
		switch {
		case !s.Valid():
			invalid = append(invalid, f.brief(s.Point))
		case !drawable(s):
			other = append(other, s.Strategy)
		}
	}
	var notes []string
	if len(invalid) > 0 {
		const most = 4
		text := "No valid cell: " + strings.Join(invalid[:min(len(invalid), most)], "; ")
		if len(invalid) > most {
			text += fmt.Sprintf("; and %d more points", len(invalid)-most)
		}
		notes = append(notes, text+". The table gives the reasons.")
	}
	if len(other) > 0 {
		slices.Sort(other)
		notes = append(notes, why+": "+list(slices.Compact(other))+".")
	}
	return notes
}

// brief names a point by the coordinates that vary within a figure.
func (f *facets) brief(p Point) string {
	return fmt.Sprintf("%s (%s, rtt %s ms, body %s)", p.Strategy, p.Client, number(p.RTTMs), size(p.BodyBytes))
}
