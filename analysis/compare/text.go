package compare

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/align"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results"
)

// varying returns the coordinates that differ between rows, and a text for those of the
// others that are set or always named.
func varying(rows []Row) (columns []*results.Coordinate, constant string) {
	var parts []string
	for i := range results.Coordinates {
		c := &results.Coordinates[i]
		first := c.Value(&rows[0].Point)
		differs := slices.ContainsFunc(rows, func(r Row) bool { return c.Value(&r.Point) != first })
		switch {
		case differs:
			columns = append(columns, c)
		case c.Always || c.Set(&rows[0].Point):
			parts = append(parts, c.Name+" "+c.TextWithUnit(&rows[0].Point))
		}
	}
	return columns, strings.Join(parts, ", ")
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

// cells returns the columns of a row after its coordinates; head names them. The share
// of a run has its interval where wide is true.
func (r *Row) cells(wide bool) []string {
	estimate, interval := r.difference()
	base, new := r.figure(r.Base), r.figure(r.New)
	if !wide && r.Metric.Share != nil {
		base, _, _ = strings.Cut(base, " ")
		new, _, _ = strings.Cut(new, " ")
	}
	return []string{base, new, estimate, interval, r.pValue(), r.samples()}
}

// head returns the heads of the columns of cells.
func head(m analysis.Metric) []string {
	if m.Share != nil {
		return []string{"base, %", "new, %", "points", "interval", "p", "n"}
	}
	unit := ""
	if m.Unit != "" {
		unit = ", " + m.Unit
	}
	return []string{"base" + unit, "new" + unit, "change", "interval", "p", "rounds"}
}

// tableOf returns the cells of a block, its heads first. The first columns are the
// coordinates that differ between rows; constant is a text for the others. The last
// column is the verdict, with the number of its reason among reasons, from 1.
func tableOf(rows []Row, wide bool) (table [][]string, coordinates int, constant string, reasons []string) {
	columns, constant := varying(rows)
	var heads []string
	for _, c := range columns {
		heads = append(heads, c.Name)
	}
	table = [][]string{append(append(heads, head(rows[0].Metric)...), "verdict")}
	for _, r := range rows {
		var line []string
		for _, c := range columns {
			line = append(line, c.TextWithUnit(&r.Point))
		}
		verdict := r.Verdict.String()
		if r.Reason != "" {
			at := slices.Index(reasons, r.Reason)
			if at < 0 {
				at, reasons = len(reasons), append(reasons, r.Reason)
			}
			verdict += fmt.Sprintf(" (%d)", at+1)
		}
		table = append(table, append(append(line, r.cells(wide)...), verdict))
	}
	return table, len(columns), constant, reasons
}

// textWidth is the width that lines of the text keep to where they can be broken.
const textWidth = 80

// WriteText writes the comparison for a terminal: the verdict with the number of rows by
// verdict, the runs with the conditions that differ, and a table per metric of the rows
// that changed. With Options.All the tables have every row.
func (c *Comparison) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, c.verdictLine())
	for _, line := range c.countLines() {
		fmt.Fprintln(b, line)
	}
	writeWrapped(b, "", "  ", c.undecidedReasons())
	fmt.Fprintf(b, "\nBASE %s\nNEW  %s\n", describeRun(c.Base), describeRun(c.New))
	for _, line := range c.differenceLines() {
		fmt.Fprintln(b, line)
	}
	writeWrapped(b, "note: ", "      ", c.Notes)
	hidden := 0
	for _, rows := range c.blocks() {
		all := len(rows)
		if rows = c.visible(rows); len(rows) > 0 {
			if err := c.writeBlock(b, rows); err != nil {
				return err
			}
		}
		hidden += all - len(rows)
	}
	if hidden > 0 {
		fmt.Fprintf(b, "\n--all shows %s, neither better nor worse\n", words.Plural(hidden, "more row"))
	}
	return b.Flush()
}

// visible returns the rows that text and Markdown show.
func (c *Comparison) visible(rows []Row) []Row {
	if c.Options.All {
		return rows
	}
	var changed []Row
	for _, r := range rows {
		if r.Verdict == Worse || r.Verdict == better {
			changed = append(changed, r)
		}
	}
	return changed
}

// writeBlock writes the table of a metric.
func (c *Comparison) writeBlock(b io.Writer, rows []Row) error {
	table, coordinates, constant, reasons := tableOf(rows, false)
	fmt.Fprintln(b)
	writeWrapped(b, "", "  ", []string{c.heading(rows[0].Metric, rows[0].Gated)})
	if constant != "" {
		writeWrapped(b, "", "  ", []string{constant})
	}
	// Coordinates and the verdict are flush left.
	left := append(slices.Repeat([]bool{true}, coordinates), make([]bool, len(table[0])-coordinates)...)
	left[len(left)-1] = true
	if err := align.Write(b, table, left); err != nil {
		return err
	}
	for i, reason := range reasons {
		writeWrapped(b, fmt.Sprintf("(%d) ", i+1), "    ", []string{reason})
	}
	return nil
}

// writeWrapped writes each text with a prefix, in lines of at most textWidth characters
// where its words are short enough. Further lines of a text begin with an indent.
func writeWrapped(b io.Writer, prefix, indent string, texts []string) {
	for _, text := range texts {
		line, start := prefix, true
		for _, word := range strings.Fields(text) {
			switch {
			case start:
				line += word
			case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > textWidth:
				fmt.Fprintln(b, line)
				line = indent + word
			default:
				line += " " + word
			}
			start = false
		}
		fmt.Fprintln(b, line)
	}
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

// gateText is the verdict of the gated rows in words, with the exit code of the command
// compare.
var gateText = map[Verdict]struct {
	word string
	exit int
}{Worse: {"worse", 1}, Unmeasurable: {"undecided", 3}, same: {"nothing worse", 0}}

// verdictLine states the verdict of the gated rows and what it means.
func (c *Comparison) verdictLine() string {
	counts := c.counts(true)
	gated := 0
	for _, n := range counts {
		gated += n
	}
	text := gateText[c.Gate()]
	var why string
	switch {
	case gated == 0:
		why = "no row is gated"
	case counts[Worse] > 0:
		why = fmt.Sprintf("NEW is worse than BASE in %d of %s", counts[Worse], words.Plural(gated, "gated row"))
	case counts[Unmeasurable] > 0:
		why = fmt.Sprintf("%d of %s unmeasurable, none worse", counts[Unmeasurable], words.Plural(gated, "gated row"))
	case counts[better] > 0:
		why = fmt.Sprintf("NEW is better than BASE in %d of %s", counts[better], words.Plural(gated, "gated row"))
	default:
		why = fmt.Sprintf("%s the same", words.Plural(gated, "gated row"))
	}
	return fmt.Sprintf("%s: %s (exit code %d)", text.word, why, text.exit)
}

// countLines returns the number of rows by verdict: of the gated ones, and of the
// others if there are any.
func (c *Comparison) countLines() []string {
	all, gated := c.counts(false), c.counts(true)
	other, some := all, false
	for v, n := range gated {
		other[v] -= n
		some = some || other[v] > 0
	}
	lines := []string{"gated: " + countVerdicts(gated)}
	if some {
		lines = append(lines, "other: "+countVerdicts(other))
	}
	return lines
}

// undecidedReasons returns why gated rows are unmeasurable, with the number of rows of
// each reason. Reasons that differ in figures only are counted together, and the one
// that needs most is given.
func (c *Comparison) undecidedReasons() (lines []string) {
	type group struct {
		reason string
		needed int64
		rows   int
	}
	var groups []*group
	byKind := map[string]*group{}
	for _, r := range c.Rows {
		if !r.Gated || r.Verdict != Unmeasurable {
			continue
		}
		kind, _, _ := strings.Cut(r.Reason, ":")
		kind = strings.Map(withoutDigits, kind)
		g := byKind[kind]
		if g == nil {
			g = &group{reason: r.Reason, needed: r.Needed}
			byKind[kind] = g
			groups = append(groups, g)
		}
		if g.rows++; r.Needed > g.needed {
			g.reason, g.needed = r.Reason, r.Needed
		}
	}
	for _, g := range groups {
		text := g.reason
		if g.rows > 1 && strings.Contains(text, ":") {
			text += " (the row that needs most)"
		}
		lines = append(lines, fmt.Sprintf("unmeasurable, %s: %s", words.Plural(g.rows, "row"), text))
	}
	return lines
}

// withoutDigits drops digits from a text, for strings.Map.
func withoutDigits(c rune) rune {
	if c >= '0' && c <= '9' {
		return -1
	}
	return c
}

func countVerdicts(counts [len(verdictNames)]int) string {
	var parts []string
	for _, v := range []Verdict{better, Worse, same, Unmeasurable, notJudged} {
		if v != notJudged || counts[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[v], v))
		}
	}
	return strings.Join(parts, ", ")
}
