package report

import (
	"bytes"
	"cmp"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/chart"
	"github.com/rejectbench/rejectbench/analysis/frontier"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/league"
	"github.com/rejectbench/rejectbench/analysis/table"

	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

//go:embed report.tmpl
var reportTemplate string

//go:embed assets/report.css
var reportStyle string

//go:embed assets/report.js
var reportScript string

// The page's charts are drawn by Apache ECharts 6.1.0 (Apache-2.0, its licence
// and notice beside the file; https://echarts.apache.org). It is one file that
// needs no build step and no network; its SVG renderer gives charts that print
// as vectors and text that stays crisp; custom series draw interval bars, and its
// aria option describes each chart to a screen reader.
//
//go:embed assets/echarts-6.1.0.min.js
var reportCharts string

// Content is what a page shows.
type Content struct {
	Study    *analysis.Study
	Findings []string
	Figures  []chart.Figure
	// Ladders are the paths of the SVG files of drawn connections.
	Ladders []string
}

// Write writes one self-contained page: environment, findings, the table of
// all points with its filters, charts, plots, validity, glossaries and links to
// the run's files, which it expects beside it. The page makes no request;
// without scripts it still shows everything but filters and charts, of tables
// and pictures up to a bound that it names.
func Write(w io.Writer, c Content) error {
	t, err := template.New("report").Parse(reportTemplate)
	if err != nil {
		return fmt.Errorf("parse the report's template: %w", err)
	}
	p, err := newPage(c)
	if err != nil {
		return err
	}
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// page is what the template shows.
type page struct {
	Manifest    results.Manifest
	Started     string
	Duration    string
	Validity    string
	AllValid    bool
	Findings    []string
	Environment []pair
	Options     []pair
	TCP         []pair
	Figures     []inlined
	League      *league.PageLeague // nil where the run is none
	Wire        *pageWire          // nil where no path kept a record
	Ladders     []drawings
	Scenarios   *pageScenarios // nil in a run of a grid
	Points      pageTable
	Grid        bool // there are points that belong to no scenario
	Notes       []pageNotes
	Outcomes    []results.OutcomeInfo
	Strategies  []results.Term
	Clients     []results.Term
	Counters    []results.CounterInfo
	Files       []pair
	Places      []pair
	Unshown     string // which pictures there was no room for

	CSS                   template.CSS
	Script, ECharts, Data template.JS
}

// What a page that needs no script shows at most: more rows nobody reads, and a
// page of ten thousand points is to stay below ten megabytes.
const (
	maxStillRows    = 300
	maxNotes        = 300
	maxPictureBytes = 3 << 19
)

type pair struct{ Name, Text string }

// inlined is a plot with the words around it.
type inlined struct {
	Name, Title, Caption string
	SVG                  template.HTML
}

// pageWire is the section on what the path saw.
type pageWire struct {
	Agreement     string
	Fates, Resets pageTable
	FateWords     []results.FateInfo
	CauseWords    []results.ResetCauseInfo
}

type pageTable struct {
	Label   string
	Columns []pageColumn
	Rows    []pageRow
	Rest    string // how many rows there was no room for
}

type pageColumn struct {
	Head, Unit, Title string
	Left              bool
}

type pageRow struct {
	Valid bool
	First bool // of its conditions
	Cells []pageCell
}

type pageCell struct {
	Text string
	Left bool
}

type pageNotes struct {
	Head  string
	Lines []string
}

func newPage(c Content) (page, error) {
	study, summaries := c.Study, c.Study.Summaries
	m := study.Run.Manifest
	p := page{
		Manifest: m, Findings: c.Findings, TCP: sorted(m.TCP), Options: sorted(m.Options),
		Outcomes: results.Outcomes[:], Strategies: m.Strategies, Clients: m.Clients, Counters: results.Counters,
		Files: []pair{
			{results.ManifestFile, "what was run, on which machine, with which options"},
			{results.CellsFile, "every cell, one JSON object a line, invalid tries among them"},
			{results.LatencyFile, "every latency histogram, in HdrHistogram's log format"},
		},
	}
	if !m.Started.IsZero() {
		p.Started = m.Started.UTC().Format("2006-01-02 15:04 UTC")
		if m.Finished.After(m.Started) {
			p.Duration = m.Finished.Sub(m.Started).Round(time.Second).String()
		}
	}
	p.Validity, p.AllValid = validity(study.WithTwins())
	p.Environment = environment(m)
	p.Points = pointTable(summaries)
	p.Scenarios, p.Grid = scenarioSection(study), len(study.Grid()) > 0
	p.Wire = wireSection(analysis.Where(summaries, (*analysis.Summary).Recorded))
	for _, n := range table.NotesOf(summaries) {
		if len(n.Lines) > 0 {
			lines := n.Lines[:min(len(n.Lines), maxNotes)]
			if more := len(n.Lines) - len(lines); more > 0 {
				lines = append(slices.Clone(lines), fmt.Sprintf("and %d more, which %s holds", more, results.CellsFile))
			}
			p.Notes = append(p.Notes, pageNotes{n.Head, lines})
		}
	}
	if l := league.New(&m, summaries); l != nil {
		p.League = l.Page() // which has room for the caveats
		p.Findings = slices.DeleteFunc(slices.Clone(p.Findings), func(text string) bool { return slices.Contains(p.League.Caveats, text) })
	}
	p.Ladders = openDrawings(summaries, results.NewTermOrder(m.Strategies), c.Ladders)
	for _, place := range frontier.Places {
		p.Places = append(p.Places, pair{place.Name, place.Summary})
	}
	p.CSS, p.Script, p.ECharts = template.CSS(reportStyle), template.JS(reportScript), template.JS(reportCharts)
	data, err := newPageData(study).json()
	if err != nil {
		return p, err
	}
	p.Data = template.JS(data) // the encoder escapes what could end the element
	p.Figures, p.Unshown = inline(c.Figures)
	return p, nil
}

// validity is the one line above everything else.
func validity(summaries []*analysis.Summary) (text string, all bool) {
	var rounds, invalid, retries int
	for _, s := range summaries {
		rounds += s.Rounds
		invalid += len(s.Invalid)
		retries += s.Retries
	}
	if rounds == 0 {
		return "no cells on record", false
	}
	text = fmt.Sprintf("%d of %s valid; %s", rounds-invalid, words.Plural(rounds, "measured round"), words.Retried(retries))
	return text, invalid == 0
}

// environment is what the figures hold for.
func environment(m results.Manifest) []pair {
	all := []pair{
		{"kernel", m.Kernel},
		{"congestion control", m.TCP["tcp_congestion_control"]},
		{"path", m.PathKind},
		{"seed", fmt.Sprint(m.Seed)},
		{"machine", strings.Trim(fmt.Sprintf("%s, %s", m.CPU, words.Plural(m.Cores, "core")), ", ")},
		{"system", m.System},
		{"tool", strings.Trim(m.Tool+", "+m.Go, ", ")},
	}
	return slices.DeleteFunc(all, func(p pair) bool { return p.Text == "" })
}

func sorted(m map[string]string) []pair {
	pairs := make([]pair, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, pair{name, m[name]})
	}
	return pairs
}

// pointTable shows the columns of the text table and those it has no room for.
func pointTable(summaries []*analysis.Summary) pageTable {
	columns := table.ColumnsOf(summaries)
	at := slices.IndexFunc(columns, func(c table.Column) bool { return c.Head == "valid" })
	columns = slices.Insert(columns, at, table.MoreColumns()...)
	return newTable("table of the points", columns, summaries)
}

// wireSection is what the path saw of the points that it kept a record of; nil
// without one.
func wireSection(witnessed []*analysis.Summary) *pageWire {
	if len(witnessed) == 0 {
		return nil
	}
	return &pageWire{
		Agreement: agreement(analysis.Pool(witnessed).Wire.Agreement),
		Fates:     newTable("fates of answers", append(table.PointColumns(witnessed), table.FateColumns(witnessed)...), witnessed),
		Resets:    newTable("resets", append(table.PointColumns(witnessed), table.ResetColumns(witnessed)...), witnessed),
		FateWords: results.Fates[:], CauseWords: results.ResetCauses[:],
	}
}

// agreement says how far the ledgers of valid cells fit together.
func agreement(g results.WireAgreement) string {
	if g.Agreed == g.Wire && g.Disagreed == 0 {
		return fmt.Sprintf("The ledgers agree on all %d connections of valid cells.", g.Wire)
	}
	text := fmt.Sprintf("Of %d connections of valid cells the ledgers agree on %d and disagree on %d", g.Wire, g.Agreed, g.Disagreed)
	if g.NeverAccepted > 0 {
		text += fmt.Sprintf("; %d never came before the server's program", g.NeverAccepted)
	}
	return text + "."
}

func newTable(label string, columns []table.Column, summaries []*analysis.Summary) pageTable {
	t := pageTable{Label: label}
	for _, c := range columns {
		t.Columns = append(t.Columns, pageColumn{c.Head, c.Unit, c.Title, c.Left})
	}
	if more := len(summaries) - maxStillRows; more > 0 {
		t.Rest = fmt.Sprintf("The first %d of %d points: %s holds all of them, and so does the table that this page shows where scripts run.", maxStillRows, len(summaries), results.CellsFile)
	}
	for i, s := range summaries[:min(len(summaries), maxStillRows)] {
		first := i > 0 && s.Conditions() != summaries[i-1].Conditions()
		row := pageRow{Valid: s.Valid(), First: first && table.ManyStrategies(summaries)}
		for _, c := range columns {
			row.Cells = append(row.Cells, pageCell{c.Cell(s), c.Left})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// inline puts figures into the page, as many as there is room for.
func inline(figures []chart.Figure) (all []inlined, unshown string) {
	var shown int
	var left []string
	for _, f := range figures {
		if shown+len(f.SVG) > maxPictureBytes {
			left = append(left, f.Name)
			continue
		}
		shown += len(f.SVG)
		svg := f.SVG
		// A page takes the element alone, without the XML declaration before it.
		if start := bytes.Index(svg, []byte("<svg")); start > 0 {
			svg = svg[start:]
		}
		all = append(all, inlined{f.Name, cmp.Or(f.Title, f.Name), f.Caption, template.HTML(svg)}) // whose text is escaped
	}
	if len(left) > 0 {
		unshown = fmt.Sprintf("Beside this page, in the folder %s, there are also %s.", results.PlotsDir, words.List(left))
	}
	return all, unshown
}
