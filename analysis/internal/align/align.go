// Package align writes cells as text in aligned columns, two spaces apart. Unlike
// text/tabwriter, it can align each column to the left or to the right.
package align

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Write writes one line per row, and an empty line for a row without cells. Every
// other row has one cell per column. left tells which columns are flush left; the
// others are flush right. The width of a column is the number of code points in its
// longest cell. Lines have no trailing spaces.
func Write(w io.Writer, rows [][]string, left []bool) error {
	widths := make([]int, len(left))
	for _, row := range rows {
		for i, text := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, text := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if left[i] {
				line.WriteString(text + pad)
			} else {
				line.WriteString(pad + text)
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return fmt.Errorf("write a table: %w", err)
		}
	}
	return nil
}
