// Package report writes the page of a run: report.html, one self-contained file
// that makes no request.
//
// Content is what the caller computed: study, league, scenarios, findings, figures,
// ladder diagrams.
// newPage lays it out for the template report.tmpl, and newPageData lays the same
// points out as JSON for the script assets/report.js, which filters them and draws
// charts with ECharts. Without scripts the page shows the tables and the still
// pictures. A run's folder may come from anyone: its text is escaped, and cleanSVG
// admits only the elements and attributes that a ladder diagram needs.
package report

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/chart"
	"github.com/rejectbench/rejectbench/analysis/frontier"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/league"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
	"github.com/rejectbench/rejectbench/analysis/table"
	"github.com/rejectbench/rejectbench/analysis/verdict"
	"github.com/rejectbench/rejectbench/results"
)

//go:embed report.tmpl
var reportTemplate string

//go:embed assets/report.css
var reportStyle string

//go:embed assets/report.js
var reportScript string

// Apache ECharts 6.1.0 draws the page's charts (Apache-2.0, with its licence and
// notice beside the file; https://echarts.apache.org). It is one file that needs no
// build step and no network. Its SVG renderer makes charts that print as vectors,
// its custom series draw interval bars, and its aria option describes each chart to
// screen readers.
//
//go:embed assets/echarts-6.1.0.min.js
var reportCharts string

// Content is what a page shows.
type Content struct {
	Study     *analysis.Study
	League    *league.League     // nil where the run is none
	Scenarios []reproduce.Result // empty in a run of a grid
	Findings  []string
	Figures   []chart.Figure
	// Verdict is the headline. The page computes it where it is nil, without knowing for
	// how long a hostile client can hold a connection.
	Verdict *verdict.Verdict
	// Axes are the coordinates that can be the x axis of the page's charts, the main one
	// first, as chart.Axes returns them. Nil stands for all of them.
	Axes []*results.Coordinate
	// Ladders are the paths of ladder diagrams, SVG files that results.Point.FileName
	// names.
	Ladders []string
}

// Write writes the page, the answer first: the verdict, the heat map of the worst
// conditions, what to set, findings, charts, the table of all points with the worst
// first, plots, what the wire saw, validity, environment, glossaries, and links to the
// run's files, which it expects in the same folder. Without scripts the page lacks filters and charts,
// and it says where it cuts a table or leaves out a picture.
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
	Findings    []string     // the first ones
	More        []string     // the others
	Verdict     *pageVerdict // nil without a point outside scenarios
	Worst       *pageWorst   // nil as Verdict
	Axis        string       // of the main chart
	Environment []entry
	Options     []entry
	TCP         []entry
	Figures     []inlineFigure
	League      *league.Page // nil where the run is not a league
	Wire        *pageWire    // nil where no path recorded packets
	Ladders     []drawings
	Scenarios   *pageScenarios // nil in a run of a grid
	Points      pageTable
	Grid        bool // whether some point belongs to no scenario
	Notes       []pageNotes
	Outcomes    []results.OutcomeInfo
	Strategies  []results.Term
	Clients     []results.Term
	Counters    []results.CounterInfo
	Files       []entry
	Places      []entry
	Unshown     string // names the pictures that are only files; empty where the page has all

	CSS                   template.CSS
	Script, ECharts, Data template.JS
}

// The bounds of what the page shows without its script. They keep a page of ten
// thousand points below 10 MB.
const (
	maxStillRows    = 300
	maxNotes        = 300
	maxPictureBytes = 11 << 17
)

type entry struct{ Name, Text string }

// inlineFigure is a plot with its title and caption.
type inlineFigure struct {
	Name, Title, Caption string
	SVG                  template.HTML
}

// pageWire is the section on what the recorded packets show.
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
	Rest    string // says how many rows are left out; empty where none is
}

type pageColumn struct {
	Head, Unit, Title string
	Left              bool
}

type pageRow struct {
	Valid bool
	First bool // whether it is the first row of its conditions
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

// maxFindings is the most findings that the page shows unfolded.
const maxFindings = 5

func newPage(c Content) (page, error) {
	if c.Axes == nil {
		var err error
		if c.Axes, err = chart.Axes(c.Study, ""); err != nil {
			return page{}, err
		}
	}
	if c.Verdict == nil {
		v := verdict.New(c.Study, verdict.Options{})
		c.Verdict = &v
	}
	study, summaries := c.Study, c.Study.Summaries
	m := study.Run.Manifest
	p := page{
		Manifest: m, Findings: c.Findings, TCP: sorted(m.TCP), Options: sorted(m.Options),
		Outcomes: results.Outcomes[:], Strategies: m.Strategies, Clients: m.Clients, Counters: results.Counters,
		Files: []entry{
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
	p.Environment = environment(study.Run)
	p.Points = pointTable(worstFirst(summaries))
	p.Verdict, p.Worst = verdictSection(c.Verdict, &m), worstSection(study.Grid(), c.Verdict, &m)
	p.Axis = strings.ToLower(c.Axes[0].Label)
	p.Scenarios, p.Grid = scenarioSection(c.Scenarios, &m), len(study.Grid()) > 0
	p.Wire = wireSection(analysis.Where(summaries, (*analysis.Summary).Recorded))
	for _, n := range table.Notes(summaries) {
		if len(n.Lines) > 0 {
			lines := n.Lines[:min(len(n.Lines), maxNotes)]
			if more := len(n.Lines) - len(lines); more > 0 {
				lines = append(slices.Clone(lines), fmt.Sprintf("and %d more, in %s", more, results.CellsFile))
			}
			p.Notes = append(p.Notes, pageNotes{n.Head, lines})
		}
	}
	if c.League != nil {
		p.League = c.League.Page() // shows the caveats, so the findings need not
		p.Findings = slices.DeleteFunc(slices.Clone(p.Findings), func(text string) bool { return slices.Contains(p.League.Caveats, text) })
	}
	if len(p.Findings) > maxFindings {
		p.Findings, p.More = p.Findings[:maxFindings], p.Findings[maxFindings:]
	}
	p.Ladders = readLadders(summaries, results.NewTermOrder(m.Strategies), c.Ladders)
	for _, place := range frontier.Places {
		p.Places = append(p.Places, entry{place.Name, place.Summary})
	}
	p.CSS, p.Script, p.ECharts = template.CSS(reportStyle), template.JS(reportScript), template.JS(reportCharts)
	data, err := newPageData(study, c.Axes).json()
	if err != nil {
		return p, err
	}
	p.Data = template.JS(data) // the encoder escapes <, so that the data cannot end their element
	p.Figures, p.Unshown = inlineFigures(c.Figures)
	return p, nil
}

// validity is the line at the top of the page. It also reports whether all rounds
// are valid.
func validity(summaries []*analysis.Summary) (text string, all bool) {
	rounds, invalid, retries := analysis.CountRounds(summaries)
	if rounds == 0 {
		return "no cells on record", false
	}
	text = fmt.Sprintf("%d of %s valid; %s", rounds-invalid, words.Plural(rounds, "measured round"), words.Retried(retries))
	return text, invalid == 0
}

// environment is what the run was measured on.
func environment(run *results.Run) []entry {
	m := run.Manifest
	all := []entry{
		{"kernel", m.Kernel},
		{"congestion control", m.TCP["tcp_congestion_control"]},
		{"path", m.PathKind},
		{"seed", fmt.Sprint(m.Seed)},
		{"machine", strings.Trim(fmt.Sprintf("%s, %s", m.CPU, words.Plural(m.Cores, "core")), ", ")},
		{"CPUs", placement(run.Cells)},
		{"system", m.System},
		{"tool", strings.Trim(m.Tool+", "+m.Go, ", ")},
	}
	return slices.DeleteFunc(all, func(p entry) bool { return p.Text == "" })
}

// placement says which CPUs the parts of the cells had; it is empty where that is not on
// record.
func placement(cells []results.Cell) string {
	var all []string
	for _, c := range cells {
		if c.CPU == nil || !c.Valid {
			continue
		}
		text := "all parts on all CPUs"
		if c.CPU.ServerCPUs != "" {
			text = fmt.Sprintf("server and path on CPUs %s, clients on all", c.CPU.ServerCPUs)
		}
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, "; ")
}

func sorted(m map[string]string) []entry {
	pairs := make([]entry, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, entry{name, m[name]})
	}
	return pairs
}

// worstFirst sorts points by their delivered shares, those without a share last.
func worstFirst(summaries []*analysis.Summary) []*analysis.Summary {
	sorted := slices.Clone(summaries)
	slices.SortStableFunc(sorted, func(a, b *analysis.Summary) int {
		switch known, other := a.HasShare(), b.HasShare(); {
		case known && other:
			return cmp.Compare(a.Delivered.Value, b.Delivered.Value)
		case known:
			return -1
		case other:
			return 1
		}
		return 0
	})
	return sorted
}

// pointTable shows the columns of the text table, and those for which that is too
// narrow.
func pointTable(summaries []*analysis.Summary) pageTable {
	columns := table.Columns(summaries)
	at := slices.IndexFunc(columns, func(c table.Column) bool { return c.Head == "valid" })
	columns = slices.Insert(columns, at, table.MoreColumns()...)
	t := newTable("table of the points", columns, summaries)
	for i := range t.Rows {
		t.Rows[i].First = false // the order is not that of conditions
	}
	return t
}

// wireSection shows what the recorded packets say of each point; nil without such
// points.
func wireSection(recorded []*analysis.Summary) *pageWire {
	if len(recorded) == 0 {
		return nil
	}
	return &pageWire{
		Agreement: agreement(analysis.Pool(recorded).Wire.Agreement),
		Fates:     newTable("fates of answers", append(table.PointColumns(recorded), table.FateColumns(recorded)...), recorded),
		Resets:    newTable("resets", append(table.PointColumns(recorded), table.ResetColumns(recorded)...), recorded),
		FateWords: results.Fates[:], CauseWords: results.ResetCauses[:],
	}
}

// agreement says on how many connections of valid cells the ledgers agree.
func agreement(g results.WireAgreement) string {
	if g.Agreed == g.Wire && g.Disagreed == 0 {
		return fmt.Sprintf("The ledgers agree on all %d connections of valid cells.", g.Wire)
	}
	text := fmt.Sprintf("Of %d connections of valid cells the ledgers agree on %d and disagree on %d", g.Wire, g.Agreed, g.Disagreed)
	if g.NeverAccepted > 0 {
		text += fmt.Sprintf("; %d were never accepted by the server's program", g.NeverAccepted)
	}
	return text + "."
}

func newTable(label string, columns []table.Column, summaries []*analysis.Summary) pageTable {
	t := pageTable{Label: label}
	for _, c := range columns {
		t.Columns = append(t.Columns, pageColumn{c.Head, c.Unit, c.Title, c.Left})
	}
	if more := len(summaries) - maxStillRows; more > 0 {
		t.Rest = fmt.Sprintf("The first %d of %d points. All are in %s, and in the table that this page shows when scripts run.", maxStillRows, len(summaries), results.CellsFile)
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

// inlineFigures prepares as many figures for the page as maxPictureBytes admits.
func inlineFigures(figures []chart.Figure) (all []inlineFigure, unshown string) {
	var shown int
	var left []string
	for _, f := range figures {
		if shown+len(f.SVG) > maxPictureBytes {
			left = append(left, f.Name)
			continue
		}
		shown += len(f.SVG)
		svg := f.SVG
		// HTML allows no XML declaration before the element.
		if start := bytes.Index(svg, []byte("<svg")); start > 0 {
			svg = svg[start:]
		}
		all = append(all, inlineFigure{f.Name, cmp.Or(f.Title, f.Name), f.Caption, template.HTML(svg)}) // chart escapes its text
	}
	if len(left) > 0 {
		unshown = fmt.Sprintf("The folder %s beside this page also has %s.", results.PlotsDir, words.List(left))
	}
	return all, unshown
}
