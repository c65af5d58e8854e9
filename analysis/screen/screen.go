// Package screen writes what a run shows as text for a terminal: first the answer, then
// a table that fits the terminal, then a few findings, then where the report is.
package screen

import (
	"bufio"
	"fmt"
	"io"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
	"github.com/rejectbench/rejectbench/analysis/table"
	"github.com/rejectbench/rejectbench/analysis/verdict"
	"github.com/rejectbench/rejectbench/results"
)

// The size of the screen where there is no terminal.
const (
	DefaultWidth  = 80
	defaultHeight = 50
)

// Options say how much is shown, and on what. The zero value shows all findings.
type Options struct {
	Width  int  // columns; 0 is DefaultWidth
	Height int  // lines, for the number of rows of the table; 0 is 50
	Colour bool // whether losses are coloured
	Wide   bool // a table with every column, on lines of any length
	All    bool // a row for every point, and every note
	// Findings is the most findings that are shown; 0 is no limit.
	Findings int
}

// Content is what a run shows.
type Content struct {
	Study     *analysis.Study
	Scenarios []reproduce.Result // empty for a run without scenarios
	Findings  []string           // the most important first
	Verdict   verdict.Verdict
}

// Write writes the content. The only line that may be longer than o.Width is one of a
// wide table.
func Write(w io.Writer, c Content, o Options) error {
	if o.Width <= 0 {
		o.Width = DefaultWidth
	}
	if o.Height <= 0 {
		o.Height = defaultHeight
	}
	b := bufio.NewWriter(w)
	writeAnswer(b, c, o)
	fmt.Fprintln(b)
	if err := writeTables(b, c, o); err != nil {
		return err
	}
	writeNotes(b, c, o)
	writeFindings(b, c.Findings, o)
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return nil
}

// writeTables writes the table of points, and that of scenarios. The points of
// scenarios are in the table of points only where everything is shown.
func writeTables(w io.Writer, c Content, o Options) error {
	points := c.Study.Summaries
	if !o.All && len(c.Scenarios) > 0 {
		points = c.Study.Grid()
	}
	width := o.Width
	if o.Wide {
		width = 0
	}
	fit := table.Fit{Width: width, Rows: rows(o), Colour: o.Colour, Programs: programs(&c.Study.Run.Manifest, points)}
	if len(points) > 0 || len(c.Scenarios) == 0 {
		if err := table.WriteFit(w, points, fit); err != nil {
			return err
		}
	}
	if len(c.Scenarios) > 0 {
		if len(points) > 0 {
			fmt.Fprintln(w)
		}
		return table.WriteScenarios(w, c.Scenarios, fit)
	}
	return nil
}

// rows is the most rows of the table: those that a screen has room for below the
// answer, but at least ten; 0 is no limit.
func rows(o Options) int {
	if o.All {
		return 0
	}
	return max(10, o.Height-answerLines-2)
}

// programs reports whether all points are of servers of other projects.
func programs(m *results.Manifest, points []*analysis.Summary) bool {
	return len(points) > 0 && !analysis.Any(points, func(s *analysis.Summary) bool {
		_, other := m.Servers[results.Program(s.Strategy)]
		return !other
	})
}

// writeNotes writes what no figure includes or what the records contradict; only how
// much of it there is, unless everything is shown.
func writeNotes(w io.Writer, c Content, o Options) {
	more := 0
	for _, n := range table.Notes(c.Study.Summaries) {
		if !o.All {
			more += len(n.Lines)
			continue
		}
		if len(n.Lines) == 0 {
			continue
		}
		fmt.Fprintln(w)
		writeWrapped(w, n.Head+":", o.Width, "")
		for _, line := range n.Lines {
			writeWrapped(w, "  "+line, o.Width, "    ")
		}
	}
	if more > 0 {
		writeWrapped(w, fmt.Sprintf("%s on invalid rounds, ledgers and warnings; --all shows them.", words.Plural(more, "note")), o.Width, "")
	}
}

// writeFindings writes the findings, and says how many are left out.
func writeFindings(w io.Writer, all []string, o Options) {
	shown := all
	if o.Findings > 0 && len(all) > o.Findings {
		shown = all[:o.Findings]
	}
	if len(shown) == 0 {
		return
	}
	fmt.Fprintln(w)
	for _, sentence := range shown {
		writeWrapped(w, "- "+sentence, o.Width, "  ")
	}
	if left := len(all) - len(shown); left > 0 {
		writeWrapped(w, fmt.Sprintf("%s; --findings all shows the rest.", words.Plural(left, "more finding")), o.Width, "")
	}
}

// writeWrapped writes a text on lines of at most width columns. Spaces at its
// beginning are kept.
func writeWrapped(w io.Writer, text string, width int, indent string) {
	for _, line := range words.Wrap(text, width, indent) {
		fmt.Fprintln(w, line)
	}
}
