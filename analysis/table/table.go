package table

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/align"
	"github.com/rejectbench/rejectbench/results"
)

// Write writes one line per point: the delivered share with its interval and n, the
// other outcomes, and the costs. Points are sorted by their coordinates, names
// alphabetically. Notes follow: rounds without a valid try, with their reasons, and
// ledgers that disagree.
func Write(w io.Writer, summaries []*analysis.Summary) error {
	summaries = slices.SortedFunc(slices.Values(summaries), func(a, b *analysis.Summary) int { return results.ComparePoints(&a.Point, &b.Point, nil) })
	b := bufio.NewWriter(w)
	if len(summaries) == 0 {
		fmt.Fprintln(b, "no cells on record")
		return b.Flush()
	}
	columns := Columns(summaries)
	if err := writeRows(b, columns, summaries); err != nil {
		return err
	}
	writeNotes(b, summaries)
	return b.Flush()
}

// writeRows writes the head, the units and one line per point. An empty line
// separates conditions, so that the strategies of one condition are side by side.
func writeRows(w io.Writer, columns []Column, summaries []*analysis.Summary) error {
	rows := make([][]string, 0, len(summaries)+2)
	head, units, left := make([]string, len(columns)), make([]string, len(columns)), make([]bool, len(columns))
	for i, c := range columns {
		head[i], units[i], left[i] = c.Head, c.Unit, c.Left
	}
	rows = append(rows, head, units)
	several := ManyStrategies(summaries)
	for i, s := range summaries {
		if several && i > 0 && s.Conditions() != summaries[i-1].Conditions() {
			rows = append(rows, nil)
		}
		row := make([]string, len(columns))
		for j, c := range columns {
			row[j] = c.Cell(s)
		}
		if !s.Valid() {
			row[len(row)-1] = "INVALID, see below"
		}
		rows = append(rows, row)
	}
	return align.Write(w, rows, left)
}

// ManyStrategies tells whether the points have more than one strategy.
func ManyStrategies(summaries []*analysis.Summary) bool {
	for _, s := range summaries {
		if s.Strategy != summaries[0].Strategy {
			return true
		}
	}
	return false
}
