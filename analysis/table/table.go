package table

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/results"
)

// Write writes one line a point: the delivered share with its interval and n,
// what became of the rest, and what it cost. Points come in the order of their
// coordinates, names by alphabet. Below it stand the rounds without a valid try,
// with their reasons, and the ledgers that disagree.
func Write(w io.Writer, summaries []*analysis.Summary) error {
	summaries = slices.SortedFunc(slices.Values(summaries), func(a, b *analysis.Summary) int { return results.ComparePoints(&a.Point, &b.Point, nil) })
	b := bufio.NewWriter(w)
	if len(summaries) == 0 {
		fmt.Fprintln(b, "no cells on record")
		return b.Flush()
	}
	columns := ColumnsOf(summaries)
	writeAligned(b, columns, summaries)
	writeNotes(b, summaries)
	return b.Flush()
}

// writeAligned writes the head, the units and a line a point. An empty line
// parts the conditions, so that the eye compares strategies.
func writeAligned(w io.Writer, columns []Column, summaries []*analysis.Summary) {
	rows := make([][]string, 0, len(summaries)+2)
	head, units := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		head[i], units[i] = c.Head, c.Unit
	}
	rows = append(rows, head, units)
	for _, s := range summaries {
		row := make([]string, len(columns))
		for i, c := range columns {
			row[i] = c.Cell(s)
			if !s.Valid() && i == len(columns)-1 {
				row[i] = "INVALID, see below"
			}
		}
		rows = append(rows, row)
	}
	widths := make([]int, len(columns))
	for _, row := range rows {
		for i, text := range row[:len(row)-1] {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	several := ManyStrategies(summaries)
	for r, row := range rows {
		if s := r - 2; several && s > 0 && summaries[s].Conditions() != summaries[s-1].Conditions() {
			fmt.Fprintln(w)
		}
		var line strings.Builder
		for i, text := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			pad := strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(text), 0))
			if columns[i].Left {
				line.WriteString(text + pad)
			} else {
				line.WriteString(pad + text)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

func ManyStrategies(summaries []*analysis.Summary) bool {
	for _, s := range summaries {
		if s.Strategy != summaries[0].Strategy {
			return true
		}
	}
	return false
}
