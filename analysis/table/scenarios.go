package table

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
)

// WriteScenarios writes a line a part: the scenario with its verdict, the part's
// role, the delivered share with its interval and n, and the other outcomes. It
// writes nothing for a run without scenarios.
func WriteScenarios(w io.Writer, judged []reproduce.Result) error {
	if len(judged) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "scenario\tverdict\tpart\tshows\tdelivered %\t95% interval\tn\tlost as %")
	for _, r := range judged {
		name, verdict := r.Name, r.Heading()
		for _, p := range r.Parts {
			share, limits, n, rest := PartCells(p)
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, verdict, p.Name, p.Shows, share, limits, n, rest)
			name, verdict = "", ""
		}
	}
	return t.Flush()
}

// PartCells writes a part's figures. What is not known is a dash, and then rest is
// the reason.
func PartCells(p reproduce.PartResult) (share, limits, n, rest string) {
	if !p.Known() {
		return words.None, words.None, words.None, p.Missing()
	}
	d := p.Delivered()
	value, _, _ := words.Bounds(d)
	return value, words.Interval(d), strconv.FormatInt(d.N, 10), lossCell(p.Summary)
}
