// Package align writes cells as text in aligned columns, two spaces apart. It
// stands in for text/tabwriter, which aligns all columns to the same side.
package align

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Side is the side that a column's cells are flush with.
type Side bool

// The sides.
const (
	Right Side = false
	Left  Side = true
)

// Write writes a line a row and an empty line for a row without cells. Every
// other row has one cell a column. A width is the number of code points in the
// column's longest cell. Lines have no trailing spaces.
func Write(w io.Writer, rows [][]string, sides []Side) error {
	widths := make([]int, len(sides))
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
			if sides[i] == Left {
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
