package compare

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/align"
	"github.com/rejectbench/rejectbench/results"
)

// varying returns the coordinates that differ between rows, and a text for those of the
// others that are set or always named.
func varying(rows []Row) (columns []*results.Coordinate, constant string) {
	var words []string
	for i := range results.Coordinates {
		c := &results.Coordinates[i]
		first := c.Value(&rows[0].Point)
		differs := slices.ContainsFunc(rows, func(r Row) bool { return c.Value(&r.Point) != first })
		switch {
		case differs:
			columns = append(columns, c)
		case c.Always || c.Set(&rows[0].Point):
			words = append(words, c.Name+" "+c.TextWithUnit(&rows[0].Point))
		}
	}
	return columns, strings.Join(words, ", ")
}

// blocks returns the rows of each metric, in order.
func (c *Comparison) blocks() (blocks [][]Row) {
	start := 0
	for i := range c.Rows {
		if i+1 == len(c.Rows) || c.Rows[i+1].Metric.Name != c.Rows[i].Metric.Name {
			blocks = append(blocks, c.Rows[start:i+1])
			start = i + 1
		}
	}
	return blocks
}

// heading returns the heading of a block: the metric and its direction.
func (c *Comparison) heading(m analysis.Metric, gated bool) string {
	text := m.Name + ": " + m.Summary
	switch m.Better {
	case analysis.Higher:
		text += "; higher is better"
	case analysis.Lower:
		text += "; lower is better"
	}
	if gated {
		text += "; gated"
	}
	return text
}

// cells returns the columns of a row after its coordinates; head names them.
func (r *Row) cells() []string {
	estimate, interval := r.difference()
	verdict := r.Verdict.String()
	if r.Reason != "" {
		verdict += ": " + r.Reason
	}
	return []string{r.figure(r.Base), r.figure(r.New), estimate, interval, r.pValue(), r.samples(), verdict}
}

// head returns the heads of the columns of cells.
func head(m analysis.Metric) []string {
	if m.Share != nil {
		return []string{"base, %", "new, %", "points", "interval", "p", "n", "verdict"}
	}
	unit := ""
	if m.Unit != "" {
		unit = ", " + m.Unit
	}
	return []string{"base" + unit, "new" + unit, "change", "interval", "p", "rounds", "verdict"}
}

// tableOf returns the cells of a block, its heads first. The first columns are the
// coordinates that differ between rows; constant is a text for the others.
func tableOf(rows []Row) (table [][]string, coordinates int, constant string) {
	columns, constant := varying(rows)
	var heads []string
	for _, c := range columns {
		heads = append(heads, c.Name)
	}
	table = [][]string{append(heads, head(rows[0].Metric)...)}
	for _, r := range rows {
		var line []string
		for _, c := range columns {
			line = append(line, c.TextWithUnit(&r.Point))
		}
		table = append(table, append(line, r.cells()...))
	}
	return table, len(columns), constant
}

// WriteText writes the comparison for a terminal: the conditions that differ, the notes,
// one table per metric, and the number of rows by verdict.
func (c *Comparison) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "BASE %s\nNEW  %s\n", describeRun(c.Base), describeRun(c.New))
	for _, line := range c.differenceLines() {
		fmt.Fprintln(b, line)
	}
	for _, note := range c.Notes {
		fmt.Fprintln(b, "note:", note)
	}
	for _, rows := range c.blocks() {
		table, coordinates, constant := tableOf(rows)
		fmt.Fprintf(b, "\n%s\n", c.heading(rows[0].Metric, rows[0].Gated))
		if constant != "" {
			fmt.Fprintln(b, constant)
		}
		// Coordinates and the verdict are flush left.
		left := append(slices.Repeat([]bool{true}, coordinates), make([]bool, len(table[0])-coordinates)...)
		left[len(left)-1] = true
		if err := align.Write(b, table, left); err != nil {
			return err
		}
	}
	fmt.Fprintf(b, "\n%s\n", c.summaryLine())
	return b.Flush()
}

// describeRun returns the folder, name and start of a run.
func describeRun(r *results.Run) string {
	text := r.Dir + ": " + r.Manifest.Name
	if !r.Manifest.Started.IsZero() {
		text += ", " + r.Manifest.Started.UTC().Format("2006-01-02 15:04:05Z")
	}
	return text
}

// differenceLines returns the conditions that differ, one per line.
func (c *Comparison) differenceLines() []string {
	if len(c.Differences) == 0 {
		return nil
	}
	lines := []string{"the conditions of the runs differ, which may explain a difference:"}
	for _, d := range c.Differences {
		lines = append(lines, fmt.Sprintf("  %s: %s in BASE, %s in NEW", d.What, quoted(d.Values[0]), quoted(d.Values[1])))
	}
	return lines
}

// quoted returns the value of a condition, also where there is none.
func quoted(value string) string {
	if value == "" {
		return "nothing"
	}
	return value
}

// summaryLine returns the number of rows by verdict, of all rows and of the gated ones
// where these are fewer.
func (c *Comparison) summaryLine() string {
	all, gated := c.counts(false), c.counts(true)
	text := countVerdicts(all)
	if gated != all {
		text += "; gated: " + countVerdicts(gated)
	}
	return text
}

func countVerdicts(counts [len(verdictNames)]int) string {
	var words []string
	for _, v := range []Verdict{better, Worse, same, Unmeasurable, notJudged} {
		if v != notJudged || counts[v] > 0 {
			words = append(words, fmt.Sprintf("%d %s", counts[v], v))
		}
	}
	return strings.Join(words, ", ")
}
