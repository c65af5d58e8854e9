package compare

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteMarkdown writes the comparison for the summary of a CI job: the verdict,
// what is worse or unmeasurable of the gated rows, and the rest folded away.
func (c *Comparison) WriteMarkdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	verdict := map[Verdict]string{
		Worse: "worse", Unmeasurable: "cannot tell", Same: "nothing worse",
	}[c.Gate()]
	fmt.Fprintf(b, "### rejectbench compare: %s\n\n%s\n\n", verdict, c.SummaryLine())
	fmt.Fprintf(b, "BASE %s  \nNEW %s\n\n", escape(describeRun(c.Base)), escape(describeRun(c.New)))
	if len(c.Differences) > 0 {
		fmt.Fprint(b, "**The runs were not made alike;** a difference may come from:\n\n| | BASE | NEW |\n|---|---|---|\n")
		for _, d := range c.Differences {
			fmt.Fprintf(b, "| %s | %s | %s |\n", escape(d.What), escape(quoted(d.Base)), escape(quoted(d.New)))
		}
		fmt.Fprintln(b)
	}
	for _, note := range c.Notes {
		fmt.Fprintf(b, "- %s\n", escape(note))
	}
	if len(c.Notes) > 0 {
		fmt.Fprintln(b)
	}
	if urgent := c.worstFirst(); len(urgent) > 0 {
		c.writeUrgent(b, urgent)
	}
	for _, rows := range c.blocks() {
		fmt.Fprintf(b, "<details><summary>%s</summary>\n\n", escape(c.heading(rows[0].Metric, rows[0].Gated)))
		columns, constant := varying(rows)
		if constant != "" {
			fmt.Fprintf(b, "%s\n\n", escape(constant))
		}
		var heads []string
		for _, col := range columns {
			heads = append(heads, col.Name)
		}
		heads = append(heads, head(rows[0].Metric)...)
		writeMarkdownRow(b, heads)
		fmt.Fprintln(b, strings.Repeat("|---", len(heads))+"|")
		for _, r := range rows {
			var line []string
			for _, col := range columns {
				line = append(line, col.TextWithUnit(&r.Point))
			}
			writeMarkdownRow(b, append(line, r.cells()...))
		}
		fmt.Fprint(b, "\n</details>\n\n")
	}
	return b.Flush()
}

// worstFirst are the gated rows that need a look, and all others that changed.
func (c *Comparison) worstFirst() []Row {
	var rows []Row
	for _, r := range c.Rows {
		if r.Verdict == Worse || r.Verdict == Better || r.Gated && r.Verdict == Unmeasurable {
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

func (c *Comparison) writeUrgent(b io.Writer, rows []Row) {
	columns, constant := varying(rows)
	if constant != "" {
		fmt.Fprintf(b, "%s\n\n", escape(constant))
	}
	heads := []string{"verdict", "metric"}
	for _, col := range columns {
		heads = append(heads, col.Name)
	}
	heads = append(heads, "base", "new", "change", "interval", "p", "n")
	writeMarkdownRow(b, heads)
	fmt.Fprintln(b, strings.Repeat("|---", len(heads))+"|")
	for _, r := range rows {
		cells := r.cells()
		verdict := cells[len(cells)-1]
		if r.Gated && r.Verdict == Worse {
			verdict = "**" + verdict + "**"
		}
		line := []string{verdict, r.Metric.Name}
		for _, col := range columns {
			line = append(line, col.TextWithUnit(&r.Point))
		}
		writeMarkdownRow(b, append(line, cells[:len(cells)-1]...))
	}
	fmt.Fprintln(b)
}

func writeMarkdownRow(w io.Writer, cells []string) {
	var b strings.Builder
	for _, text := range cells {
		b.WriteString("| " + escape(text) + " ")
	}
	fmt.Fprintln(w, b.String()+"|")
}

// escape keeps a name from being read as markup.
func escape(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ", "`", "'").Replace(text)
}
