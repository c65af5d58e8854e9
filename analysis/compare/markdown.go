package compare

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis/internal/words"
)

// WriteMarkdown writes the comparison for the summary of a CI job: the verdict, the rows
// that changed, why gated rows could not be told, and the conditions. With Options.All
// the whole tables follow, folded.
func (c *Comparison) WriteMarkdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "### rejectbench compare: %s\n\n", words.MarkdownCell(c.verdictLine()))
	for _, line := range c.countLines() {
		fmt.Fprintf(b, "- %s\n", words.MarkdownCell(line))
	}
	for _, line := range c.undecidedReasons() {
		fmt.Fprintf(b, "- %s\n", words.MarkdownCell(line))
	}
	fmt.Fprintln(b)
	if changed := c.worstFirst(); len(changed) > 0 {
		c.writeChanged(b, changed)
	}
	fmt.Fprintf(b, "BASE %s  \nNEW %s\n\n", words.MarkdownCell(describeRun(c.Base)), words.MarkdownCell(describeRun(c.New)))
	if len(c.Differences) > 0 {
		fmt.Fprint(b, "**The conditions of the runs differ,** which may explain a difference:\n\n| | BASE | NEW |\n|---|---|---|\n")
		for _, d := range c.Differences {
			fmt.Fprintf(b, "| %s | %s | %s |\n", words.MarkdownCell(d.What), words.MarkdownCell(quoted(d.Values[0])), words.MarkdownCell(quoted(d.Values[1])))
		}
		fmt.Fprintln(b)
	}
	for _, note := range c.Notes {
		fmt.Fprintf(b, "- %s\n", words.MarkdownCell(note))
	}
	if len(c.Notes) > 0 {
		fmt.Fprintln(b)
	}
	if c.Options.All {
		c.writeTables(b)
	}
	return b.Flush()
}

// writeTables writes the table of each metric, folded.
func (c *Comparison) writeTables(b io.Writer) {
	for _, rows := range c.blocks() {
		fmt.Fprintf(b, "<details><summary>%s</summary>\n\n", words.MarkdownCell(c.heading(rows[0].Metric, rows[0].Gated)))
		table, _, constant, reasons := tableOf(rows, true)
		if constant != "" {
			fmt.Fprintf(b, "%s\n\n", words.MarkdownCell(constant))
		}
		writeMarkdownRow(b, table[0])
		fmt.Fprintln(b, strings.Repeat("|---", len(table[0]))+"|")
		for _, line := range table[1:] {
			writeMarkdownRow(b, line)
		}
		for i, reason := range reasons {
			fmt.Fprintf(b, "\n(%d) %s\n", i+1, words.MarkdownCell(reason))
		}
		fmt.Fprint(b, "\n</details>\n\n")
	}
}

// worstFirst returns the rows that changed: worse before better, and gated rows first.
func (c *Comparison) worstFirst() []Row {
	var rows []Row
	for _, r := range c.Rows {
		if r.Verdict == Worse || r.Verdict == better {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		if a.Gated != b.Gated && a.Verdict == b.Verdict {
			if a.Gated {
				return -1
			}
			return 1
		}
		return int(a.Verdict) - int(b.Verdict)
	})
	return rows
}

// writeChanged writes a table of rows of several metrics.
func (c *Comparison) writeChanged(b io.Writer, rows []Row) {
	columns, constant := varying(rows)
	if constant != "" {
		fmt.Fprintf(b, "%s\n\n", words.MarkdownCell(constant))
	}
	heads := []string{"verdict", "metric"}
	for _, col := range columns {
		heads = append(heads, col.Name)
	}
	heads = append(heads, "base", "new", "change", "interval", "p", "n")
	writeMarkdownRow(b, heads)
	fmt.Fprintln(b, strings.Repeat("|---", len(heads))+"|")
	for _, r := range rows {
		verdict := r.Verdict.String()
		if r.Gated && r.Verdict == Worse {
			verdict = "**" + verdict + "**"
		}
		line := []string{verdict, r.Metric.Name}
		for _, col := range columns {
			line = append(line, col.TextWithUnit(&r.Point))
		}
		writeMarkdownRow(b, append(line, r.cells(true)...))
	}
	fmt.Fprintln(b)
}

func writeMarkdownRow(w io.Writer, cells []string) {
	var b strings.Builder
	for _, text := range cells {
		b.WriteString("| " + words.MarkdownCell(text) + " ")
	}
	fmt.Fprintln(w, b.String()+"|")
}
