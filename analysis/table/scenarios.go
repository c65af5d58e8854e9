package table

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
)

// WriteScenarios writes one line per part: the scenario with its verdict, the part's
// role, the delivered share with its interval and n, and the other outcomes. It
// writes nothing for a run without scenarios. Lines are at most f.Width columns; names,
// verdicts and outcomes are cut where they do not fit.
func WriteScenarios(w io.Writer, judged []reproduce.Result, f Fit) error {
	if len(judged) == 0 {
		return nil
	}
	heads := []string{"scenario", "verdict", "part", "shows", "delivered %", "95% interval", "n", "lost as %"}
	columns := make([]*fitColumn, len(heads))
	for i, head := range heads {
		columns[i] = &fitColumn{head: [2]string{head}, left: true, gap: 2, cut: i < 3 || i == len(heads)-1}
	}
	columns[0].gap = 0
	for _, r := range judged {
		name, verdict := r.Name, r.Heading()
		for _, p := range r.Parts {
			share, interval, n, rest := PartCells(p)
			for i, cell := range []string{name, verdict, p.Name, p.Shows, share, interval, n, rest} {
				columns[i].cells = append(columns[i].cells, cell)
			}
			name, verdict = "", ""
		}
	}
	if f.Width > 0 && lineWidth(columns) > f.Width {
		return writeNarrowScenarios(w, judged, f)
	}
	widths := widthsOf(columns)
	for row := -1; row < len(columns[0].cells); row++ {
		var line strings.Builder
		for i, c := range columns {
			cell := c.head[0]
			if row >= 0 {
				cell = c.cells[row]
			}
			line.WriteString(strings.Repeat(" ", c.gap) + pad(words.Cut(cell, widths[i]), widths[i], c.left))
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return fmt.Errorf("write a table: %w", err)
		}
	}
	return nil
}

// writeNarrowScenarios writes a line per scenario with its verdict, and below it a line
// per part.
func writeNarrowScenarios(w io.Writer, judged []reproduce.Result, f Fit) error {
	columns := []*fitColumn{{left: true, gap: 1}, {left: true, gap: 1}, {gap: 1, share: true}, {left: true, gap: 1, share: true}, {left: true, gap: 2}}
	for _, r := range judged {
		for _, p := range r.Parts {
			share, interval, lost := words.None, "", p.Missing()
			if p.Known() {
				share, interval, lost = narrowShare(p.Summary, 0), narrowInterval(p.Summary, 0), lossCell(p.Summary)
			}
			for i, cell := range []string{p.Name, p.Shows, share, interval, lost} {
				columns[i].cells = append(columns[i].cells, cell)
			}
		}
	}
	for _, c := range columns {
		c.cut = c.left && !c.share
	}
	widths := widthsOf(columns)
	squeeze(columns, widths, f.Width-1)
	var rows []*analysis.Summary
	row := 0
	for _, r := range judged {
		lines := []string{words.Cut(r.Name+": "+r.Heading(), f.Width)}
		for _, p := range r.Parts {
			m := mark{}
			if p.Known() {
				m = markOf(p.Summary)
				rows = append(rows, p.Summary)
			}
			line := " " + f.paint(cmp.Or(m.sign, " "), m)
			for i, c := range columns {
				cell := strings.Repeat(" ", c.gap) + pad(words.Cut(c.cells[row], widths[i]), widths[i], c.left)
				if c.share {
					cell = f.paint(cell, m)
				}
				line += cell
			}
			lines = append(lines, strings.TrimRight(line, " "))
			row++
		}
		if _, err := fmt.Fprintln(w, strings.Join(lines, "\n")); err != nil {
			return fmt.Errorf("write a table: %w", err)
		}
	}
	for _, line := range f.legend(rows) {
		fmt.Fprintln(w, line)
	}
	return nil
}

// PartCells returns a part's figures as text, and in rest its other outcomes. Figures
// that are not known are dashes, and rest is then the reason.
func PartCells(p reproduce.PartResult) (share, interval, n, rest string) {
	if !p.Known() {
		return words.None, words.None, words.None, p.Missing()
	}
	d := p.Delivered()
	value, _, _ := words.Bounds(d)
	return value, words.Interval(d), strconv.FormatInt(d.N, 10), lossCell(p.Summary)
}
