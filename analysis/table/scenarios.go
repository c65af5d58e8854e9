package table

import (
	"io"
	"slices"
	"strconv"

	"github.com/rejectbench/rejectbench/analysis/internal/align"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
)

// WriteScenarios writes one line per part: the scenario with its verdict, the part's
// role, the delivered share with its interval and n, and the other outcomes. It
// writes nothing for a run without scenarios.
func WriteScenarios(w io.Writer, judged []reproduce.Result) error {
	if len(judged) == 0 {
		return nil
	}
	rows := [][]string{{"scenario", "verdict", "part", "shows", "delivered %", "95% interval", "n", "lost as %"}}
	for _, r := range judged {
		name, verdict := r.Name, r.Heading()
		for _, p := range r.Parts {
			share, interval, n, rest := PartCells(p)
			rows = append(rows, []string{name, verdict, p.Name, p.Shows, share, interval, n, rest})
			name, verdict = "", ""
		}
	}
	return align.Write(w, rows, slices.Repeat([]bool{true}, len(rows[0])))
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
